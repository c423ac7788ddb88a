// What a program's request is shown as: who asks, what for, and the form in which a member allows it, or less.

import type { Environment } from '../../keys/key-format.ts';
import { isUnlimited } from '../../limits/limit.ts';
import type { AuthorizationRequest } from '../../oauth/authorization-request.ts';
import { isDocumentId } from '../../oauth/client-document.ts';
import type { AppView } from '../../partners/app-view-store.ts';
import { Choices, Form, FormError, Post, Select, Submit } from '../../web/components/form.tsx';
import { Note, Panel } from '../../web/components/parts.tsx';
import type { Wrong } from '../../web/forms.ts';
import { scopeText } from '../../web/scope-text.ts';
import type { MemberView } from '../../web/view.ts';
import { useView } from '../../web/view-context.ts';
import { BudgetFields } from './budget-key-parts.tsx';

export const HERE = '/portal/authorize';
export const DAYS = ['1', '7', '30', '90'] as const;

export interface Asked {
  request: AuthorizationRequest;
  /** Those that there are, of what was asked for. */
  scopes: readonly string[];
}

/** With live data, where the partner has live keys and the program is none for tests. */
export const environmentsFor = (
  { workspace }: MemberView,
  { most }: AuthorizationRequest['program'],
): readonly Environment[] =>
  workspace.partner.status === 'active' && most?.environment !== 'test' ? ['live', 'test'] : ['test'];

const placeOf = (uri: string): string => {
  const { host, protocol } = new URL(uri);
  return protocol === 'https:' || protocol === 'http:' ? host : protocol.replace(/:$/, '');
};
const isThisMachine = (uri: string): boolean => new URL(uri).protocol === 'http:';

/** Where a redirect URI leads, as a person is told it. */
export function Place({ uri }: { uri: string }) {
  const { m } = useView();
  return (
    <>
      <span class="mono">{placeOf(uri)}</span>
      {isThisMachine(uri) && <> ({m.grants.thisMachine})</>}
    </>
  );
}

const Facts = ({ asked: { request } }: { asked: Asked }) => {
  const { m } = useView();
  const { program, redirectUri, resource } = request;
  const isDescribed = isDocumentId(program.clientId);
  return (
    <Panel title={program.name}>
      <dl class="facts pad">
        <dt>{m.grants.describes}</dt>
        <dd class="mono">{isDescribed ? program.clientId : m.grants.own}</dd>
        <dt>{m.grants.answers}</dt>
        <dd>
          <Place uri={redirectUri} />
        </dd>
        <dt>{m.grants.where}</dt>
        <dd>{resource === undefined ? m.grants.everywhere : <span class="mono">{resource}</span>}</dd>
      </dl>
      {isDescribed && (
        <div class="pad">
          <Note kind="warn">{m.grants.unverified}</Note>
        </div>
      )}
    </Panel>
  );
};

const Limits = ({ view }: { view: MemberView }) => {
  const { m, format, workspace } = view;
  const {
    rate_limit_per_second: second,
    rate_limit_per_day: day,
    rate_limit_per_month: month,
  } = workspace.partner;
  const shown = (limit: number) => (isUnlimited(limit) ? m.grants.none : format.number(limit));
  return (
    <p class="hint">
      {m.grants.limits}
      {m.common.colon} {m.grants.limitsText(shown(second), shown(day), shown(month))}
    </p>
  );
};

interface ConsentProps {
  view: MemberView;
  asked: Asked;
  search: string;
  apps: readonly AppView[];
  currency: string;
  wrong?: Wrong;
}

const ConsentForm = ({ view, asked, search, apps, currency, wrong }: ConsentProps) => {
  const { m, catalog } = view;
  const environments = environmentsFor(view, asked.request.program);
  return (
    <Form
      action={HERE}
      wrong={wrong}
      saved={{
        scopes: asked.scopes.join('\n'),
        app: apps[0]?.id ?? '',
        environment: environments[0] ?? 'test',
        days: '30',
        budget_in: 'units',
      }}
    >
      <input type="hidden" name="request" value={search} />
      <Choices
        name="scopes"
        label={m.keys.scopes}
        options={asked.scopes.map((scope) => [scope, scopeText(catalog, scope, view)] as const)}
      />
      <Select name="app" label={m.grants.app} options={apps.map(({ id, name }) => [id, name] as const)} />
      <Select
        name="environment"
        label={m.grants.environment}
        options={environments.map((each) => [each, m.grants.environments[each]] as const)}
      />
      <BudgetFields label={m.grants.budget} hint={m.grants.budgetHint} currency={currency} />
      <Select
        name="days"
        label={m.grants.ends}
        options={DAYS.map((days) => [days, m.grants.days[days]] as const)}
      />
      <Limits view={view} />
      <FormError />
      <Submit>{m.grants.allow}</Submit>
    </Form>
  );
};

export const Consent = (props: ConsentProps) => {
  const { view, asked, search, apps } = props;
  const { m, workspace } = view;
  return (
    <>
      <h1>{m.grants.asks(asked.request.program.name)}</h1>
      <p>{m.grants.asksText(workspace.partner.name)}</p>
      <Facts asked={asked} />
      {apps.length === 0 ? (
        <Note kind="warn">
          {m.grants.noApp} <a href="/portal/apps">{m.nav.apps}</a>
        </Note>
      ) : (
        <Panel title={m.grants.scopes}>
          <div class="pad">
            <ConsentForm {...props} />
          </div>
        </Panel>
      )}
      <Post action={`${HERE}/refuse`} fields={{ request: search }}>
        {m.grants.refuse}
      </Post>
    </>
  );
};
