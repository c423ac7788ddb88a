// Requests: the latest of a range with filters, followed live; and one request by its id.

import type { Child } from 'hono/jsx';
import * as z from 'zod';
import { AppError } from '../../core/errors.ts';
import { idOr404, uuidCursor } from '../../http/api.ts';
import { type EventRow, OUTCOMES, queries } from '../../usage/usage-reports.ts';
import { Code, Empty, Panel, Time } from '../../web/components/parts.tsx';
import { type Column, Rows, Table } from '../../web/components/table.tsx';
import { withQuery } from '../../web/redirects.ts';
import type { MemberView } from '../../web/view.ts';
import { render } from '../../web/web.ts';
import { RangeChoice, RemovableFilters } from './filters.tsx';
import { member, Page, type PortalContext, portal } from './portal-web.tsx';
import { factsOf, statusBadge } from './request-facts.tsx';
import { scopeOf } from './usage-pages.tsx';
import { type Range, rangeOf } from './usage-range.ts';

const PAGE_ROWS = 50;
const MOST_TAIL_ROWS = 100;

const filters = z.object({
  outcome: z.enum(OUTCOMES).optional().catch(undefined),
  status: z.coerce.number().int().min(100).max(599).optional().catch(undefined),
  error: z.string().max(100).optional().catch(undefined),
  country: z.string().length(2).optional().catch(undefined),
});

function filteredScope(context: PortalContext, range: Range) {
  const query = Object.fromEntries(Object.entries(context.req.query()).filter(([, value]) => value !== ''));
  return { ...scopeOf(context, range), ...filters.parse(query), fromMs: range.fromMs, toMs: range.toMs };
}

const idOf = (row: EventRow): string => row.request_id;

const columnsOf = (view: MemberView, keyNames: Record<string, string>): Column<EventRow>[] => {
  const { m, format } = view;
  return [
    {
      title: m.requests.request,
      cell: (row) => (
        <a href={`/portal/requests/${row.request_id}`} class="mono">
          {row.method} {row.endpoint}
        </a>
      ),
    },
    {
      title: m.requests.status,
      kind: 'tight',
      cell: (row) => (
        <>
          <span class={`badge ${statusBadge(row.status_code)}`}>{row.status_code}</span>{' '}
          {row.error && <span class="small soft">{row.error}</span>}
        </>
      ),
    },
    {
      title: m.keys.key,
      kind: 'small',
      cell: (row) => (row.key_id ? (keyNames[row.key_id] ?? row.key_id) : ''),
    },
    { title: m.requests.latency, kind: 'num tight', cell: (row) => format.ms(row.latency_ms) },
    { title: m.requests.when, kind: 'tight', cell: (row) => <Time view={view} at={row.occurred_at} /> },
  ];
};

portal.get('/portal/requests', async (context) => {
  const view = member(context);
  const { m } = view;
  const range = rangeOf(context.req.query(), view.nowMs, '24h');
  const scope = filteredScope(context, range);
  const before = uuidCursor(context.req.query('before') || undefined);
  const [rows, steps] = await context.var.services.reports.ask(
    queries.events(scope, PAGE_ROWS + 1, before),
    queries.firstSteps(scope.partnerId),
  );
  const shown = rows.slice(0, PAGE_ROWS);
  const last = shown.at(-1);
  const link = (changes: Record<string, string | undefined>) =>
    withQuery(view.here, { before: undefined, done: undefined, ...changes });
  const active = [
    ['key', scope.keyId && (steps.keyNames[scope.keyId] ?? scope.keyId)],
    ['route', scope.route],
    ['outcome', scope.outcome && m.outcomes[scope.outcome]],
    ['status', scope.status?.toString()],
    ['error', scope.error],
    ['country', scope.country],
  ] as const;
  return render(
    context,
    <Page view={view} title={m.nav.requests}>
      <div class="head">
        <h1 class="grow">{m.nav.requests}</h1>
        <RangeChoice view={view} range={range} link={link} />
        <button
          type="button"
          class="button small hidden"
          data-tail={withQuery('/portal/requests/rows', { ...context.req.query(), before: undefined })}
          data-pause={m.requests.pause}
          data-follow={m.requests.follow}
        >
          {m.requests.follow}
        </button>
      </div>
      <form method="get" action="/portal/requests" class="inline">
        <div>
          <label for="filter-outcome">{m.requests.outcome}</label>
          <select id="filter-outcome" name="outcome">
            <option value="">{m.requests.all}</option>
            {OUTCOMES.map((outcome) => (
              <option value={outcome} selected={scope.outcome === outcome}>
                {m.outcomes[outcome]}
              </option>
            ))}
          </select>
        </div>
        <div>
          <label for="filter-key">{m.keys.key}</label>
          <select id="filter-key" name="key">
            <option value="">{m.requests.all}</option>
            {Object.entries(steps.keyNames).map(([id, name]) => (
              <option value={id} selected={scope.keyId === id}>
                {name}
              </option>
            ))}
          </select>
        </div>
        <div>
          <label for="filter-status">{m.requests.status}</label>
          <input
            id="filter-status"
            name="status"
            inputmode="numeric"
            size={4}
            value={scope.status === undefined ? '' : String(scope.status)}
          />
        </div>
        {range.name === 'custom' ? (
          <>
            <input type="hidden" name="from" value={range.from} />
            <input type="hidden" name="to" value={range.to} />
          </>
        ) : (
          <input type="hidden" name="range" value={range.name} />
        )}
        <button type="submit" class="button">
          {m.requests.filter}
        </button>
        <RemovableFilters view={view} active={active} link={link} />
      </form>
      <form method="get" action="/portal/requests/find" class="inline">
        <div>
          <label for="find">{m.requests.find}</label>
          <input id="find" name="id" size={38} class="mono" placeholder="X-Request-Id" />
        </div>
        <button type="submit" class="button">
          {m.requests.open}
        </button>
      </form>
      <section class="panel">
        {shown.length === 0 && (
          <div data-empty>
            <Empty title={m.requests.emptyTitle}>
              <p>{m.requests.empty}</p>
            </Empty>
          </div>
        )}
        <Table rows={shown} columns={columnsOf(view, steps.keyNames)} idOf={idOf} />
      </section>
      {rows.length > PAGE_ROWS && last && (
        <a class="button" href={link({ before: last.request_id })}>
          {m.requests.older}
        </a>
      )}
    </Page>,
  );
});

/** Rows after the one that was seen last: what the live tail asks for. */
portal.get('/portal/requests/rows', async (context) => {
  const view = member(context);
  const range = rangeOf(context.req.query(), view.nowMs, '24h');
  const scope = filteredScope(context, range);
  const after = uuidCursor(context.req.query('after') || undefined);
  const [rows, steps] = await context.var.services.reports.ask(
    queries.events(scope, MOST_TAIL_ROWS, undefined, after),
    queries.firstSteps(scope.partnerId),
  );
  return context.html(<Rows columns={columnsOf(view, steps.keyNames)} rows={rows} idOf={idOf} />);
});

portal.get('/portal/requests/find', (context) => {
  member(context);
  const id = (context.req.query('id') ?? '').trim();
  return context.redirect(`/portal/requests/${encodeURIComponent(id)}`, 303);
});

portal.get('/portal/requests/:id', async (context) => {
  const view = member(context);
  const { m, format, workspace } = view;
  const { reports, gateway } = context.var.services;
  const row = await reports.event(workspace.partner.id, idOr404(context.req.param('id'), 'request'));
  if (!row) throw new AppError('not_found');
  const found = gateway.catalog.match(row.method, row.endpoint.split('?')[0] ?? '');
  const facts: [string, Child][] = [
    ...factsOf(row, view),
    [m.keys.scopes, found.found === 'route' ? (found.route.scope ?? '–') : '–'],
  ];
  const stages = [
    ...Object.entries(row.timings ?? {}).map(
      ([stage, ms]) => [m.requests.stages[stage as keyof typeof m.requests.stages] ?? stage, ms] as const,
    ),
    [m.requests.total, row.latency_ms] as const,
  ];
  return render(
    context,
    <Page view={view} title={row.request_id}>
      <div>
        <p class="crumbs">
          <a href="/portal/requests">{m.nav.requests}</a>
        </p>
        <h1 class="mono">
          {row.method} {row.endpoint}
        </h1>
      </div>
      <Code view={view} text={row.request_id} label="X-Request-Id" />
      <div class="two">
        <Panel title={m.requests.about}>
          <dl class="facts pad">
            {facts.map(([term, fact]) => (
              <>
                <dt>{term}</dt>
                <dd>{fact}</dd>
              </>
            ))}
          </dl>
        </Panel>
        <Panel title={m.requests.timing}>
          <div class="pad meters">
            {stages.map(([label, ms]) => (
              <div>
                <div class="meter-line">
                  <span>{label}</span>
                  <span class="num">{format.ms(ms)}</span>
                </div>
                <svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                  <rect width={String((ms / Math.max(1, row.latency_ms)) * 100)} height="6" />
                </svg>
              </div>
            ))}
            {row.units === 0 && <p class="hint">{m.requests.notBilled}</p>}
            {row.degraded && <p class="hint">{m.requests.degraded}</p>}
          </div>
        </Panel>
      </div>
    </Page>,
  );
});
