// Personal tokens: the panel of the settings, and the dialog that makes one.

import { newId } from '../../core/ids.ts';
import { permissionsOf } from '../../partners/permissions.ts';
import type { TokenView } from '../../partners/token-service.ts';
import { Confirm, FormDialog, OpenDialog } from '../../web/components/dialog.tsx';
import { Choices, Field, Select } from '../../web/components/form.tsx';
import { Panel, Time, Until } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import type { Wrong } from '../../web/forms.ts';
import { useMemberView } from '../../web/view-context.ts';
import { Proof } from './account-parts.tsx';

export const TOKEN_DAYS = ['7', '30', '90', '365'] as const;
const BASE = '/portal/settings/tokens';

export const TokenPanel = ({ tokens }: { tokens: readonly TokenView[] }) => {
  const { m, nowMs, workspace } = useMemberView();
  return (
    <Panel
      title={m.tokens.title}
      action={
        workspace.partner.status !== 'suspended' && (
          <OpenDialog id="token" kind="small">
            {m.tokens.create}
          </OpenDialog>
        )
      }
    >
      {tokens.length === 0 ? (
        <p class="pad soft">{m.tokens.none}</p>
      ) : (
        <Table
          rows={tokens}
          columns={[
            {
              title: m.tokens.name,
              cell: ({ name, prefix }) => (
                <>
                  {name} <span class="mono small soft">{prefix}…</span>
                </>
              ),
            },
            {
              title: m.tokens.permissions,
              kind: 'small',
              cell: ({ permissions }) =>
                permissions.map((each) => m.tokens.may[each as keyof typeof m.tokens.may]).join(', '),
            },
            { title: m.tokens.lastUsed, cell: ({ lastUsedAt }) => <Time at={lastUsedAt} /> },
            {
              title: m.tokens.ends,
              cell: ({ expiresAt }) =>
                Date.parse(expiresAt) > nowMs ? (
                  <Until at={expiresAt} />
                ) : (
                  <span class="badge bad">{m.tokens.ended}</span>
                ),
            },
            {
              title: m.common.actions,
              isAction: true,
              cell: ({ id, name }) => (
                <Confirm
                  id={`revoke-${id}`}
                  title={m.tokens.revokeTitle(name)}
                  action={`${BASE}/${id}/revoke`}
                  submit={m.tokens.revoke}
                >
                  <p>{m.tokens.revokeText}</p>
                </Confirm>
              ),
            },
          ]}
        />
      )}
    </Panel>
  );
};

export const TokenDialog = ({ wrong }: { wrong?: Wrong }) => {
  const { m, workspace } = useMemberView();
  const offered = permissionsOf(workspace.role).filter((each) => each !== 'read');
  return (
    <FormDialog
      id="token"
      title={m.tokens.create}
      action={BASE}
      submit={m.tokens.create}
      saved={{ days: '30' }}
      wrong={wrong}
    >
      <p>{m.tokens.text(workspace.partner.name)}</p>
      {/* The same form sent twice makes one token. */}
      <input type="hidden" name="form" value={newId()} />
      <Field name="name" label={m.tokens.name} required maxlength={100} hint={m.tokens.nameHint} />
      {offered.length > 0 && (
        <Choices
          name="permissions"
          label={m.tokens.permissions}
          hint={m.tokens.permissionsHint}
          options={offered.map((each) => [each, m.tokens.may[each]] as const)}
        />
      )}
      <Select
        name="days"
        label={m.tokens.ends}
        options={TOKEN_DAYS.map((days) => [days, m.tokens.days(Number(days))] as const)}
      />
      <Proof />
    </FormDialog>
  );
};
