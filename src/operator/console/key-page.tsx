// The incident page: everything about one key, and the switch to stop it.

import * as z from 'zod';
import { DAY_MS, isoDay } from '../../core/time.ts';
import { reason } from '../../http/fields.ts';
import type { KeyView } from '../../keys/key-view-store.ts';
import type { PartnerView } from '../../partners/partner-service.ts';
import { queries } from '../../usage/usage-reports.ts';
import { dayBars } from '../../web/bars.ts';
import { CallsChart } from '../../web/components/chart.tsx';
import { FormDialog, OpenDialog } from '../../web/components/dialog.tsx';
import { Field } from '../../web/components/form.tsx';
import { EnvironmentBadge, KeyBadge } from '../../web/components/key-badge.tsx';
import { Empty, Note, Panel, Time } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { AuditTable, Problem } from '../../web/components/usage-tables.tsx';
import { submit, type Wrong } from '../../web/forms.ts';
import { shownAt, type View } from '../../web/view.ts';
import { useView } from '../../web/view-context.ts';
import { render } from '../../web/web.ts';
import {
  type ConsoleContext,
  ConsolePage,
  done,
  operator,
  operatorActor,
  operatorConsole,
} from './console-web.tsx';
import { KeySecretDialog } from './provisioning-dialogs.tsx';

const DAYS = 7;
const MAX_EVENTS = 100;
const MAX_ENTRIES = 50;
const MAX_FAILURES = 5;

/** The key with its owner, its trail, and what became of its calls lately. */
async function loadKey(context: ConsoleContext, created: KeyView | undefined) {
  const { keys, partners, audit, reports } = context.var.services;
  const { nowMs } = operator(context);
  const key = created ?? (await keys.get(null, context.req.param('key') ?? ''));
  const from = isoDay(nowMs - (DAYS - 1) * DAY_MS);
  const to = isoDay(nowMs);
  const scope = { partnerId: key.partnerId, keyId: key.keyId, from, to };
  const [partner, trail, [outcomes, failures, countries, events]] = await Promise.all([
    partners.get(key.partnerId),
    audit.list(key.partnerId, MAX_ENTRIES, undefined, { target: key.keyId }),
    reports.ask(
      queries.outcomesByDay(scope),
      queries.errors(scope),
      queries.byCountry(scope),
      queries.events({ ...scope, fromMs: nowMs - DAYS * DAY_MS, toMs: nowMs + DAY_MS }, MAX_EVENTS),
    ),
  ]);
  return { key, partner, trail, failures, countries, events, bars: dayBars(outcomes, from, to) };
}
type Loaded = Awaited<ReturnType<typeof loadKey>>;

const KeyHead = ({ view, apiKey, partner }: { view: View; apiKey: KeyView; partner: PartnerView }) => {
  const { m } = view;
  return (
    <div>
      <p class="crumbs">
        <a href="/operator/keys">{m.nav.keys}</a> ·{' '}
        <a href={`/operator/partners/${partner.id}`}>{partner.name}</a>
      </p>
      <div class="head">
        <h1>{apiKey.name}</h1>
        <KeyBadge state={apiKey.state} />
        <EnvironmentBadge environment={apiKey.environment} />
        <span class="grow" />
        {apiKey.isActive && (
          <OpenDialog id="revoke" kind="solid-danger">
            {m.operator.revokeNow}
          </OpenDialog>
        )}
      </div>
      <p class="soft">{m.operator.incidentText}</p>
    </div>
  );
};

const KeyFacts = ({
  view,
  apiKey,
  partner,
  failures,
  countries,
}: {
  view: View;
  apiKey: KeyView;
} & Pick<Loaded, 'partner' | 'failures' | 'countries'>) => {
  const { m, format } = view;
  return (
    <Panel title={m.keys.about}>
      <dl class="facts pad">
        <dt>{m.keys.prefix}</dt>
        <dd class="mono">{apiKey.keyPrefix}</dd>
        <dt>{m.keys.id}</dt>
        <dd class="mono">{apiKey.keyId}</dd>
        <dt>{m.operator.partner}</dt>
        <dd>
          {partner.name}, {partner.email}
        </dd>
        <dt>{m.keys.scopes}</dt>
        <dd>{apiKey.scopes.join(', ')}</dd>
        <dt>{m.keys.lastUsed}</dt>
        <dd>
          <Time at={apiKey.lastUsedAt} />
        </dd>
        <dt>{m.usage.countries}</dt>
        <dd>
          {countries
            .map(({ name, calls }) => `${format.country(name)} (${format.number(calls)})`)
            .join(', ') || '–'}
        </dd>
        <dt>{m.overview.errors}</dt>
        <dd>
          {failures.length === 0 && '–'}
          {failures.slice(0, MAX_FAILURES).map(({ code, calls }, index) => (
            <>
              {index > 0 && ', '}
              <Problem code={code} /> ({format.number(calls)})
            </>
          ))}
        </dd>
      </dl>
    </Panel>
  );
};

const CallTable = ({ view, events }: { view: View } & Pick<Loaded, 'events'>) => {
  const { m, format } = view;
  return (
    <Table
      rows={events}
      columns={[
        {
          title: m.requests.request,
          kind: 'mono small',
          cell: ({ method, endpoint }) => `${method} ${endpoint}`,
        },
        {
          title: m.requests.status,
          kind: 'tight',
          cell: ({ status_code, error }) => (
            <>
              {status_code} <span class="soft small">{error}</span>
            </>
          ),
        },
        {
          title: m.requests.from,
          kind: 'small',
          cell: ({ ip, country }) => `${ip ?? '–'}${country ? `, ${format.country(country)}` : ''}`,
        },
        { title: m.requests.agent, kind: 'small', cell: ({ user_agent }) => user_agent ?? '–' },
        {
          title: m.requests.when,
          kind: 'tight',
          cell: ({ occurred_at }) => <Time at={occurred_at} />,
        },
      ]}
    />
  );
};

const RevokeDialog = ({ apiKey, action, wrong }: { apiKey: KeyView; action: string; wrong?: Wrong }) => {
  const { m } = useView();
  return (
    <FormDialog
      id="revoke"
      title={m.keys.revokeTitle(apiKey.name)}
      action={action}
      submit={m.operator.revokeNow}
      kind="solid-danger"
      wrong={wrong}
    >
      <p>
        {m.keys.revokeText} {m.operator.ownerTold}
      </p>
      <Field name="reason" label={m.operator.reason} required maxlength={500} />
    </FormDialog>
  );
};

interface Shown {
  wrong?: Wrong;
  /** One that was just created, and its secret. */
  key?: KeyView;
  secret?: string;
}

export async function showKey(context: ConsoleContext, { wrong, key: created, secret }: Shown = {}) {
  const { key, partner, trail, failures, countries, events, bars } = await loadKey(context, created);
  const base = `/operator/keys/${key.keyId}`;
  const view = shownAt(operator(context), base);
  const { m } = view;
  return render(
    context,
    <ConsolePage view={view} title={key.name}>
      <KeyHead view={view} apiKey={key} partner={partner} />
      {!key.isActive && (
        <Note kind="bad">
          {m.keys.revokedAt} <Time at={key.revokedAt} />. {m.keys.why}
          {m.common.colon} {key.revokedReason}
        </Note>
      )}
      <div class="two">
        <KeyFacts view={view} apiKey={key} partner={partner} failures={failures} countries={countries} />
        <Panel title={m.operator.audit}>
          {trail.length === 0 ? <Empty title={m.audit.emptyTitle} /> : <AuditTable entries={trail} />}
        </Panel>
      </div>
      <Panel title={m.operator.recent}>
        <div class="pad">
          <CallsChart bars={bars} isHourly={false} linkOf={() => view.path} />
        </div>
        <CallTable view={view} events={events} />
      </Panel>
      {key.isActive && <RevokeDialog apiKey={key} action={`${base}/revoke`} wrong={wrong} />}
      {secret !== undefined && <KeySecretDialog apiKey={key} secret={secret} />}
    </ConsolePage>,
    wrong ? 400 : 200,
  );
}

operatorConsole.get('/operator/keys/:key', (context) => showKey(context));

operatorConsole.post('/operator/keys/:key/revoke', (context) => {
  const { origin } = operator(context);
  return submit(context, z.object({ reason }), {
    async work(data) {
      const { keys } = context.var.services;
      const id = context.req.param('key');
      const key = await keys.revokeAny(id, data.reason, operatorActor(context), origin);
      return done(context, `/operator/keys/${key.keyId}`, 'revoked');
    },
    again: (wrong) => showKey(context, { wrong }),
  });
});
