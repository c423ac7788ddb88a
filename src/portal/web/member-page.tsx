// Members: who they are, what they may do, and who is invited.

import type { InvitationView, MemberView } from '../../partners/member-service.ts';
import { may, ROLES } from '../../partners/permissions.ts';
import { Confirm, FormDialog, OpenDialog } from '../../web/components/dialog.tsx';
import { Field, Form, type Options, Post, Select } from '../../web/components/form.tsx';
import { Note, Panel, Time, Until } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import type { Wrong } from '../../web/forms.ts';
import { shownAt, type View } from '../../web/view.ts';
import { useMemberView, useView } from '../../web/view-context.ts';
import { render } from '../../web/web.ts';
import { member, Page, type PortalContext, portal } from './portal-web.tsx';

const roleOptions = ({ m }: View): Options => ROLES.map((role) => [role, m.roles[role].name] as const);

/** `wrong`: a role that this member could not have. */
const RoleForm = ({ of: person, index, wrong }: { of: MemberView; index: number; wrong?: Wrong }) => {
  const view = useView();
  return (
    <Form
      action="/portal/members/role"
      kind="row"
      scope={`member-${index}`}
      saved={{ role: person.role }}
      wrong={wrong}
    >
      <input type="hidden" name="subject" value={person.subject} />
      <Select name="role" label={view.m.members.roleOf(person.email)} isBare options={roleOptions(view)} />
      <button type="submit" class="button small">
        {view.m.common.save}
      </button>
    </Form>
  );
};

const RemoveButton = ({ of: { subject, name, email }, index }: { of: MemberView; index: number }) => {
  const { m, workspace } = useMemberView();
  const isSelf = subject === workspace.subject;
  return (
    <Confirm
      id={`remove-${index}`}
      title={isSelf ? m.members.leaveTitle(workspace.partner.name) : m.members.removeTitle(name ?? email)}
      action="/portal/members/remove"
      fields={{ subject }}
      submit={isSelf ? m.members.leave : m.members.remove}
    >
      <p>{isSelf ? m.members.leaveText : m.members.removeText}</p>
    </Confirm>
  );
};

const MemberTable = ({ members, wrong }: { members: readonly MemberView[]; wrong?: Wrong }) => {
  const { m, workspace } = useMemberView();
  const isOwner = may(workspace, 'own');
  return (
    <Table
      rows={members}
      columns={[
        {
          title: m.members.who,
          cell: ({ name, email, subject }) => (
            <>
              {name ?? email}
              {subject === workspace.subject && <span class="soft"> {m.members.you}</span>}
              {name && <p class="soft small">{email}</p>}
            </>
          ),
        },
        {
          title: m.members.role,
          cell: (person) =>
            isOwner ? (
              <RoleForm
                of={person}
                index={members.indexOf(person)}
                wrong={wrong?.values.subject === person.subject ? wrong : undefined}
              />
            ) : (
              m.roles[person.role].name
            ),
        },
        { title: m.members.since, cell: ({ createdAt }) => <Time at={createdAt} /> },
        {
          title: m.common.actions,
          isAction: true,
          cell: (person) =>
            (isOwner || person.subject === workspace.subject) && (
              <RemoveButton of={person} index={members.indexOf(person)} />
            ),
        },
      ]}
    />
  );
};

const InvitationTable = ({ invitations }: { invitations: readonly InvitationView[] }) => {
  const { m, workspace } = useMemberView();
  return (
    <Table
      hasHead={false}
      rows={invitations}
      columns={[
        { title: m.signIn.email, cell: ({ email }) => email },
        { title: m.members.role, cell: ({ role }) => m.roles[role].name },
        { title: m.members.until, cell: ({ expiresAt }) => <Until at={expiresAt} /> },
        {
          title: m.common.actions,
          isAction: true,
          cell: ({ id, email, role }) =>
            may(workspace, 'own') && (
              <div class="row">
                <Post action="/portal/members/invite" fields={{ email, role }} kind="button small">
                  {m.members.sendAgain}
                </Post>
                <Confirm
                  id={`withdraw-${id}`}
                  title={m.members.withdrawTitle(email)}
                  action={`/portal/members/invitations/${id}/withdraw`}
                  submit={m.members.withdraw}
                  kind="small"
                >
                  <p>{m.members.withdrawText}</p>
                </Confirm>
              </div>
            ),
        },
      ]}
    />
  );
};

const InviteDialog = ({ wrong }: { wrong?: Wrong }) => {
  const view = useMemberView();
  const { m, workspace } = view;
  return (
    <FormDialog
      id="invite"
      title={m.members.invite}
      action="/portal/members/invite"
      submit={m.members.send}
      saved={{ role: 'developer' }}
      wrong={wrong}
    >
      <p class="soft">{m.members.inviteText(workspace.partner.name)}</p>
      <Field name="email" type="email" label={m.signIn.email} required maxlength={255} autofocus />
      <Select name="role" label={m.members.role} options={roleOptions(view)} />
    </FormDialog>
  );
};

const RolesPanel = () => {
  const { m } = useView();
  return (
    <Panel title={m.members.whatRoles}>
      <dl class="facts pad">
        {ROLES.map((role) => (
          <>
            <dt>{m.roles[role].name}</dt>
            <dd>{m.roles[role].text}</dd>
          </>
        ))}
      </dl>
    </Panel>
  );
};

interface Shown {
  /** Which form was sent, and could not be done. */
  form?: 'invite' | 'role';
  wrong?: Wrong;
  /** Why somebody stays. */
  problem?: string;
}

export async function showMembers(context: PortalContext, { form, wrong, problem }: Shown = {}) {
  const view = shownAt(member(context), '/portal/members');
  const { m, workspace, account } = view;
  const { members } = context.var.services;
  const [list, invitations] = await Promise.all([
    members.members(workspace.partner.id),
    members.invitations(workspace.partner.id),
  ]);
  const isOwner = may(workspace, 'own');
  const wrongIn = (name: Shown['form']) => (form === name ? wrong : undefined);
  return render(
    context,
    <Page view={view} title={m.nav.members} about="both">
      <div class="head">
        <h1 class="grow">{m.nav.members}</h1>
        {isOwner && (
          <OpenDialog id="invite" kind="primary">
            {m.members.invite}
          </OpenDialog>
        )}
      </div>
      {problem && <Note kind="bad">{problem}</Note>}
      <section class="panel">
        <MemberTable members={list} wrong={wrongIn('role')} />
      </section>
      {invitations.length > 0 && (
        <Panel title={m.members.invitations}>
          <InvitationTable invitations={invitations} />
        </Panel>
      )}
      <RolesPanel />
      {isOwner && <InviteDialog wrong={wrongIn('invite')} />}
      <p class="soft small">{m.members.signedInAs(account.email)}</p>
    </Page>,
    wrong?.status ?? (problem ? 409 : 200),
  );
}

portal.get('/portal/members', (context) => showMembers(context));
