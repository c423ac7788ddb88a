// Keys across partners, and the incident page: everything about one key, and the switch to stop it.

import * as z from 'zod';
import { DAY_MS, isoDay } from '../../core/time.ts';
import { reason } from '../../http/fields.ts';
import { queries } from '../../usage/usage-reports.ts';
import { dayBars } from '../../web/bars.ts';
import { CallsChart } from '../../web/components/chart.tsx';
import { Dialog, OpenDialog } from '../../web/components/dialog.tsx';
import { Field } from '../../web/components/form.tsx';
import { KeyBadge } from '../../web/components/key-badge.tsx';
import { Empty, Note, Panel, Time } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { AuditTable } from '../../web/components/usage-tables.tsx';
import { submit, type Wrong } from '../../web/forms.ts';
import { shownAt } from '../../web/view.ts';
import { render } from '../../web/web.ts';
import {
  type ConsoleContext,
  ConsolePage,
  done,
  operator,
  operatorActor,
  operatorConsole,
} from './console-web.tsx';

const DAYS = 7;

operatorConsole.get('/operator/keys', async (context) => {
  const view = operator(context);
  const { m } = view;
  const search = context.req.query('search')?.trim().slice(0, 100) ?? '';
  const keys = await context.var.services.keys.search(search);
  return render(
    context,
    <ConsolePage view={view} title={m.nav.keys}>
      <h1>{m.nav.keys}</h1>
      <form method="get" action="/operator/keys" class="inline">
        <div>
          <label for="search">{m.operator.findKey}</label>
          <input id="search" name="search" value={search} size={40} class="mono" />
        </div>
        <button type="submit" class="button">
          {m.operator.find}
        </button>
      </form>
      <section class="panel">
        {keys.length === 0 ? (
          <Empty title={m.operator.noKey} />
        ) : (
          <Table
            rows={keys}
            columns={[
              {
                title: m.keys.key,
                cell: ({ keyId, name }) => <a href={`/operator/keys/${keyId}`}>{name}</a>,
              },
              {
                title: m.operator.partner,
                cell: ({ partnerId, partner }) => <a href={`/operator/partners/${partnerId}`}>{partner}</a>,
              },
              { title: m.keys.prefix, kind: 'mono small', cell: ({ keyPrefix }) => keyPrefix },
              {
                title: m.keys.state,
                cell: ({ state }) => <KeyBadge state={state} />,
              },
              { title: m.keys.lastUsed, cell: ({ lastUsedAt }) => <Time at={lastUsedAt} /> },
            ]}
          />
        )}
      </section>
    </ConsolePage>,
  );
});

async function showKey(context: ConsoleContext, wrong?: Wrong) {
  const { keys, partners, audit, reports } = context.var.services;
  const key = await keys.get(null, context.req.param('key') ?? '');
  const base = `/operator/keys/${key.keyId}`;
  const view = shownAt(operator(context), base);
  const { m, format, nowMs } = view;
  const from = isoDay(nowMs - (DAYS - 1) * DAY_MS);
  const to = isoDay(nowMs);
  const scope = { partnerId: key.partnerId, keyId: key.keyId, from, to };
  const [partner, trail, [outcomes, failures, countries, events]] = await Promise.all([
    partners.get(key.partnerId),
    audit.list(key.partnerId, 50, undefined, { target: key.keyId }),
    reports.ask(
      queries.outcomesByDay(scope),
      queries.errors(scope),
      queries.byCountry(scope),
      queries.events({ ...scope, fromMs: nowMs - DAYS * DAY_MS, toMs: nowMs + DAY_MS }, 100),
    ),
  ]);
  return render(
    context,
    <ConsolePage view={view} title={key.name}>
      <div>
        <p class="crumbs">
          <a href="/operator/keys">{m.nav.keys}</a> ·{' '}
          <a href={`/operator/partners/${partner.id}`}>{partner.name}</a>
        </p>
        <div class="head">
          <h1>
            {m.operator.incident} · {key.name}
          </h1>
          <KeyBadge state={key.state} />
          <span class="grow" />
          {key.isActive && (
            <OpenDialog id="revoke" kind="solid-danger">
              {m.operator.revokeNow}
            </OpenDialog>
          )}
        </div>
        <p class="soft">{m.operator.incidentText}</p>
      </div>
      {!key.isActive && (
        <Note kind="bad">
          {m.keys.revokedAt} <Time at={key.revokedAt} />. {m.keys.why}: {key.revokedReason}
        </Note>
      )}
      <div class="two">
        <Panel title={m.keys.about}>
          <dl class="facts pad">
            <dt>{m.keys.prefix}</dt>
            <dd class="mono">{key.keyPrefix}</dd>
            <dt>{m.keys.id}</dt>
            <dd class="mono">{key.keyId}</dd>
            <dt>{m.operator.partner}</dt>
            <dd>
              {partner.name}, {partner.email}
            </dd>
            <dt>{m.keys.scopes}</dt>
            <dd>{key.scopes.join(', ')}</dd>
            <dt>{m.keys.lastUsed}</dt>
            <dd>
              <Time at={key.lastUsedAt} />
            </dd>
            <dt>{m.usage.countries}</dt>
            <dd>
              {countries
                .map(({ name, calls }) => `${format.country(name)} (${format.number(calls)})`)
                .join(', ') || '–'}
            </dd>
            <dt>{m.overview.errors}</dt>
            <dd>
              {failures
                .slice(0, 5)
                .map(({ code, calls }) => `${code} (${format.number(calls)})`)
                .join(', ') || '–'}
            </dd>
          </dl>
        </Panel>
        <Panel title={m.operator.audit}>
          <AuditTable entries={trail} />
        </Panel>
      </div>
      <Panel title={m.operator.recent}>
        <div class="pad">
          <CallsChart bars={dayBars(outcomes, from, to)} isHourly={false} linkOf={() => view.path} />
        </div>
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
      </Panel>
      {key.isActive && (
        <Dialog id="revoke" title={m.keys.revokeTitle(key.name)} open={wrong ? true : undefined}>
          <form method="post" action={`${base}/revoke`} class="stack">
            <p>
              {m.keys.revokeText} {m.operator.ownerTold}
            </p>
            <Field
              scope="revoke"
              name="reason"
              label={m.operator.reason}
              required
              maxlength={500}
              value={wrong?.values.reason}
              error={wrong?.errors.reason}
            />
            <div class="actions">
              <button type="submit" class="button solid-danger">
                {m.operator.revokeNow}
              </button>
            </div>
          </form>
        </Dialog>
      )}
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
    again: (wrong) => showKey(context, wrong),
  });
});
