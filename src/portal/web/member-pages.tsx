// Members: who they are, what they may do, invitations, roles, leaving and handing over.

import * as z from 'zod';
import { AppError, type ErrorCode } from '../../core/errors.ts';
import { idOr404 } from '../../http/api.ts';
import { inviteByMail } from '../../partners/invitation-mail.ts';
import { may, ROLES } from '../../partners/permissions.ts';
import { Dialog, OpenDialog } from '../../web/components/dialog.tsx';
import { Field, Post, Select } from '../../web/components/form.tsx';
import { Panel, Time } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { readChoice } from '../../web/forms.ts';
import { shownAt } from '../../web/view.ts';
import { type FormErrors, type FormValues, readForm, render } from '../../web/web.ts';
import { actorFor, done, member, Page, type PortalContext, portal } from './portal-web.tsx';

const invitation = z.object({
  email: z.string().trim().toLowerCase().max(255).pipe(z.email()),
  role: z.enum(ROLES),
});

async function showMembers(
  context: PortalContext,
  state: { values?: FormValues; errors?: FormErrors; problem?: string } = {},
  status: 200 | 400 | 409 | 429 = state.errors ? 400 : state.problem ? 409 : 200,
) {
  const view = shownAt(member(context), '/portal/members');
  const { m, workspace, account } = view;
  const { members } = context.var.services;
  const [list, invitations] = await Promise.all([
    members.members(workspace.partner.id),
    members.invitations(workspace.partner.id),
  ]);
  const isOwner = may(workspace, 'own');
  const roles = ROLES.map((role) => [role, m.roles[role].name] as const);
  return render(
    context,
    <Page view={view} title={m.nav.members}>
      <div class="head">
        <h1 class="grow">{m.nav.members}</h1>
        {isOwner && (
          <OpenDialog id="invite" kind="primary">
            {m.members.invite}
          </OpenDialog>
        )}
      </div>
      {state.problem && (
        <div class="note bad" role="alert">
          {state.problem}
        </div>
      )}
      <section class="panel">
        <Table
          rows={list}
          columns={[
            {
              title: m.members.who,
              cell: (person) => (
                <>
                  {person.name ?? person.email}
                  {person.subject === workspace.subject && <span class="soft"> {m.members.you}</span>}
                  {person.name && <p class="soft small">{person.email}</p>}
                </>
              ),
            },
            {
              title: m.members.role,
              cell: (person) =>
                isOwner ? (
                  <form method="post" action="/portal/members/role" class="row">
                    <input type="hidden" name="subject" value={person.subject} />
                    <select name="role" aria-label={m.members.roleOf(person.email)}>
                      {roles.map(([role, name]) => (
                        <option value={role} selected={role === person.role}>
                          {name}
                        </option>
                      ))}
                    </select>
                    <button type="submit" class="button small">
                      {m.common.save}
                    </button>
                  </form>
                ) : (
                  m.roles[person.role].name
                ),
            },
            { title: m.members.since, cell: ({ createdAt }) => <Time at={createdAt} /> },
            {
              title: m.common.actions,
              isAction: true,
              cell: ({ subject }) =>
                (isOwner || subject === workspace.subject) && (
                  <Post action="/portal/members/remove" fields={{ subject }} kind="button small danger">
                    {subject === workspace.subject ? m.members.leave : m.members.remove}
                  </Post>
                ),
            },
          ]}
        />
      </section>
      {invitations.length > 0 && (
        <Panel title={m.members.invitations}>
          <Table
            hasHead={false}
            rows={invitations}
            columns={[
              { title: m.signIn.email, cell: ({ email }) => email },
              { title: m.members.role, cell: ({ role }) => m.roles[role].name },
              { title: m.members.until, cell: ({ expiresAt }) => <Time at={expiresAt} /> },
              {
                title: m.common.actions,
                isAction: true,
                cell: ({ id }) =>
                  isOwner && (
                    <Post action={`/portal/members/invitations/${id}/withdraw`} kind="button small">
                      {m.members.withdraw}
                    </Post>
                  ),
              },
            ]}
          />
        </Panel>
      )}
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
      {isOwner && (
        <Dialog id="invite" title={m.members.invite} open={state.errors ? true : undefined}>
          <form method="post" action="/portal/members/invite" class="stack">
            <p class="soft">{m.members.inviteText(workspace.partner.name)}</p>
            <Field
              scope="invite"
              name="email"
              type="email"
              label={m.signIn.email}
              required
              maxlength={255}
              value={state.values?.email}
              error={state.errors?.email}
              autofocus
            />
            <Select
              scope="invite"
              name="role"
              label={m.members.role}
              value={state.values?.role ?? 'developer'}
              options={roles}
            />
            <div class="actions">
              <button type="submit" class="button primary">
                {m.members.send}
              </button>
            </div>
          </form>
        </Dialog>
      )}
      <p class="soft small">{m.members.signedInAs(account.email)}</p>
    </Page>,
    status,
  );
}

/** What a service refuses is said on the page. */
async function orSay(context: PortalContext, work: () => Promise<unknown>, path: string, word: string) {
  try {
    await work();
  } catch (error) {
    if (error instanceof AppError && error.code === 'conflict') {
      return showMembers(context, { problem: context.var.view.m.members.lastOwner });
    }
    throw error;
  }
  return done(context, path, word);
}

portal.get('/portal/members', (context) => showMembers(context));

/** Why nobody was invited, said at the address. */
const REFUSALS: { [code in ErrorCode]?: { text: 'already' | 'tooMany'; status: 400 | 429 } } = {
  conflict: { text: 'already', status: 400 },
  rate_limit_exceeded: { text: 'tooMany', status: 429 },
};

portal.post('/portal/members/invite', async (context) => {
  const { workspace, m, language, origin } = member(context, 'own');
  const { values, data, errors } = await readForm(context, invitation);
  if (errors) return showMembers(context, { values, errors });
  const inviting = { actor: actorFor(context), origin, language };
  try {
    await inviteByMail(context.var.services, workspace.partner, data, inviting);
  } catch (error) {
    const why = error instanceof AppError ? REFUSALS[error.code] : undefined;
    if (!why) throw error;
    return showMembers(context, { values, errors: { email: m.members[why.text] } }, why.status);
  }
  return done(context, '/portal/members', 'invited');
});

portal.post('/portal/members/invitations/:id/withdraw', async (context) => {
  const { workspace } = member(context, 'own');
  const id = idOr404(context.req.param('id'), 'invitation');
  await context.var.services.members.withdraw(workspace.partner.id, id, actorFor(context));
  return done(context, '/portal/members', 'withdrawn');
});

const change = z.object({ subject: z.string().min(1).max(600), role: z.enum(ROLES) });

portal.post('/portal/members/role', async (context) => {
  const { workspace } = member(context, 'own');
  const data = await readChoice(context, change);
  const { members } = context.var.services;
  return orSay(
    context,
    () => members.setRole(workspace.partner.id, data.subject, data.role, actorFor(context)),
    '/portal/members',
    'saved',
  );
});

portal.post('/portal/members/remove', async (context) => {
  const data = await readChoice(context, change.pick({ subject: true }));
  const { workspace } = member(context);
  const isSelf = data.subject === workspace.subject;
  if (!isSelf) member(context, 'own');
  const { members } = context.var.services;
  return orSay(
    context,
    () => members.remove(workspace.partner.id, data.subject, actorFor(context)),
    isSelf ? '/portal' : '/portal/members',
    'removed',
  );
});
