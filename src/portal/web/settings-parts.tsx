// The panels of the settings page.

import type { Account } from '../../accounts/account-service.ts';
import type { SessionView } from '../../accounts/session-store.ts';
import type { PartnerView } from '../../partners/partner-service.ts';
import { OpenDialog } from '../../web/components/dialog.tsx';
import { Field, Form, Post, Select } from '../../web/components/form.tsx';
import { Panel, Time } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import type { Wrong } from '../../web/forms.ts';
import { useView } from '../../web/view-context.ts';

const Save = () => (
  <div class="actions start">
    <button type="submit" class="button">
      {useView().m.common.save}
    </button>
  </div>
);

/** `asked`: the address that waits for its link. */
const Address = ({ email, asked }: { email: string; asked?: string }) => {
  const { m } = useView();
  return (
    <div class="pad stack">
      <div class="row">
        <span class="grow">{email}</span>
        <OpenDialog id="email" kind="small">
          {m.common.change}
        </OpenDialog>
      </div>
      {asked && (
        <div class="row">
          <span class="grow soft small">{m.address.waiting(asked)}</span>
          <Post action="/portal/settings/email/cancel" kind="button small">
            {m.address.cancel}
          </Post>
        </div>
      )}
    </div>
  );
};

export const ProfilePanel = ({
  account,
  asked,
  wrong,
}: {
  account: Account;
  asked?: string;
  wrong?: Wrong;
}) => {
  const { m } = useView();
  const { name, language, email } = account;
  return (
    <Panel title={m.settings.you}>
      <Address email={email} asked={asked} />
      <Form action="/portal/settings/account" kind="stack pad" saved={{ name, language }} wrong={wrong}>
        <Field name="name" label={m.signUp.name} required maxlength={100} />
        <Select
          name="language"
          label={m.settings.mailLanguage}
          options={[
            ['en', 'English'],
            ['fr', 'Français'],
          ]}
        />
        <Save />
      </Form>
    </Panel>
  );
};

/** Operators are made and unmade by whoever runs the system: docs/portal.md. */
export const DeletionPanel = () => {
  const { m } = useView();
  return (
    <Panel title={m.deletion.title}>
      <div class="pad row">
        <span class="grow soft">{m.deletion.text}</span>
        <OpenDialog id="delete" kind="small danger">
          {m.deletion.submit}
        </OpenDialog>
      </div>
    </Panel>
  );
};

export const PartnerPanel = ({ partner, wrong }: { partner: PartnerView; wrong?: Wrong }) => {
  const { m } = useView();
  const { name, company } = partner;
  return (
    <Panel title={m.settings.partner}>
      <Form
        action="/portal/settings/partner"
        scope="partner"
        kind="stack pad"
        saved={{ name, company: company ?? '' }}
        wrong={wrong}
      >
        <Field name="name" label={m.settings.partnerName} required maxlength={255} />
        <Field name="company" label={m.settings.company} maxlength={255} />
        <Save />
      </Form>
    </Panel>
  );
};

export const SecurityPanel = ({ account }: { account: Account }) => {
  const { m } = useView();
  return (
    <Panel title={m.settings.security}>
      <div class="pad stack">
        <div class="row">
          <span class="grow">{m.settings.password}</span>
          <OpenDialog id="password" kind="small">
            {m.common.change}
          </OpenDialog>
        </div>
        <div class="row">
          <span>{m.settings.factor}</span>
          <span class={`badge ${account.twoFactorEnabled ? 'good' : ''}`}>
            {account.twoFactorEnabled ? m.settings.on : m.settings.off}
          </span>
          {account.twoFactorEnabled ? (
            <>
              <OpenDialog id="codes" kind="small">
                {m.settings.newCodes}
              </OpenDialog>
              <OpenDialog id="factor-off" kind="small danger">
                {m.settings.turnOff}
              </OpenDialog>
            </>
          ) : (
            <OpenDialog id="factor-on" kind="small">
              {m.settings.turnOn}
            </OpenDialog>
          )}
        </div>
        <p class="hint">{m.settings.factorHint}</p>
      </div>
    </Panel>
  );
};

/** `Mozilla/5.0 (…) … Firefox/140.0` -> Firefox, Linux. */
function deviceOf(userAgent: string | null): string {
  if (!userAgent) return '–';
  const browser = /(Edg|OPR|Firefox|Chrome|Safari|curl)\//.exec(userAgent)?.[1] ?? userAgent.slice(0, 24);
  const system = /(Android|iPhone|iPad|Windows|Mac OS X|Linux)/.exec(userAgent)?.[1];
  const name = { Edg: 'Edge', OPR: 'Opera' }[browser] ?? browser;
  return system ? `${name}, ${system}` : name;
}

/** `current`: the one that looks. */
export const SessionsPanel = ({
  sessions,
  current,
}: {
  sessions: readonly SessionView[];
  current: string;
}) => {
  const { m } = useView();
  const base = '/portal/settings/sessions';
  return (
    <Panel
      title={m.settings.sessions}
      action={
        sessions.length > 1 && (
          <Post action={`${base}/end-others`} kind="button small">
            {m.settings.endOthers}
          </Post>
        )
      }
    >
      <Table
        hasHead={false}
        rows={sessions}
        columns={[
          {
            title: m.requests.agent,
            cell: ({ id, userAgent }) => (
              <>
                {deviceOf(userAgent)} {id === current && <span class="badge good">{m.settings.thisOne}</span>}
              </>
            ),
          },
          { title: m.audit.from, kind: 'mono small', cell: ({ ipAddress }) => ipAddress || '–' },
          { title: m.settings.since, cell: ({ createdAt }) => <Time at={createdAt} /> },
          {
            title: m.common.actions,
            isAction: true,
            cell: ({ id }) =>
              id !== current && (
                <Post action={`${base}/${id}/end`} kind="button small">
                  {m.settings.end}
                </Post>
              ),
          },
        ]}
      />
    </Panel>
  );
};
