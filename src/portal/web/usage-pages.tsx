// Usage: one range, one scope, everything by outcome, time, route, key, status and country; and the same as CSV.

import * as z from 'zod';
import { type Outcome, queries, type UsageLine, type UsageScope } from '../../usage/usage-reports.ts';
import { dayBars, hourBars, totalOf } from '../../web/bars.ts';
import { CallsChart } from '../../web/components/chart.tsx';
import { Empty, Figure, Panel } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { csv } from '../../web/csv.ts';
import { withQuery } from '../../web/redirects.ts';
import { render } from '../../web/web.ts';
import { RangeChoice, RemovableFilters } from './filters.tsx';
import { member, Page, type PortalContext, portal, standingOf } from './portal-web.tsx';
import { QuotaMeters } from './quota-meters.tsx';
import { type Range, rangeBefore, rangeOf } from './usage-range.ts';

const filterText = z.string().max(300).optional().catch(undefined);

export function scopeOf(context: PortalContext, range: Range) {
  const { workspace, environment } = member(context);
  const { app, key, route } = context.req.query();
  return {
    partnerId: workspace.partner.id,
    environment,
    appId: z
      .uuid()
      .optional()
      .catch(undefined)
      .parse(app || undefined),
    keyId: filterText.parse(key || undefined),
    route: filterText.parse(route || undefined),
    from: range.from,
    to: range.to,
  } satisfies UsageScope;
}

portal.get('/portal/usage', async (context) => {
  const view = member(context);
  const { m, format } = view;
  const { reports, limiter } = context.var.services;
  const range = rangeOf(context.req.query(), view.nowMs, '30d');
  const before = rangeBefore(range);
  const scope = scopeOf(context, range);
  const moments = { ...scope, fromMs: range.fromMs, toMs: range.toMs };
  const earlier = { ...scope, from: before.from, to: before.to, fromMs: before.fromMs, toMs: before.toMs };
  const [[outcomes, outcomesBefore, total, routes, keys, statuses, countries, errors, steps], standing] =
    await Promise.all([
      reports.ask(
        range.isHourly ? queries.outcomesByHour(moments) : queries.outcomesByDay(scope),
        range.isHourly ? queries.outcomesByHour(earlier) : queries.outcomesByDay(earlier),
        range.isHourly ? queries.totalOfMoments(moments) : queries.total(scope),
        queries.lines(scope, 'route'),
        queries.lines(scope, 'key'),
        queries.byStatus(scope),
        queries.byCountry(scope),
        queries.errors(scope),
        queries.firstSteps(scope.partnerId),
      ),
      standingOf(view, limiter),
    ]);
  const link = (changes: Record<string, string | undefined>) =>
    withQuery(view.here, { ...changes, done: undefined });
  const toRequests = (changes: Record<string, string | undefined>) =>
    withQuery('/portal/requests', {
      from: range.from,
      to: range.to,
      key: scope.keyId,
      route: scope.route,
      ...changes,
    });
  const beforeTotals = (
    range.isHourly ? hourBars(outcomesBefore, before) : dayBars(outcomesBefore, before.from, before.to)
  ).map(totalOf);
  const bars = range.isHourly
    ? hourBars(outcomes, range, beforeTotals)
    : dayBars(
        outcomes,
        range.from,
        range.to,
        (day) => link({ from: day, to: day, range: undefined }),
        beforeTotals,
      );
  const isEmpty = bars.every((bar) => totalOf(bar) === 0);
  const linkOf = (outcome: Outcome) => toRequests({ outcome });
  const share = (calls: number) => (total && total.calls > 0 ? calls / total.calls : 0);
  const table = (
    title: string,
    rows: readonly UsageLine[],
    nameOf: (line: UsageLine) => string,
    hrefOf: (line: UsageLine) => string,
  ) => (
    <Panel title={title}>
      <Table
        rows={rows.slice(0, 20)}
        columns={[
          { title, kind: 'mono', cell: (line) => <a href={hrefOf(line)}>{nameOf(line)}</a> },
          { title: m.usage.requests, kind: 'num', cell: ({ calls }) => format.number(calls) },
          {
            title: m.overview.errors,
            kind: 'num',
            cell: ({ failed, calls }) => format.percent(failed / calls),
          },
          { title: 'P50', kind: 'num', cell: ({ p50 }) => format.ms(p50) },
          { title: 'P95', kind: 'num', cell: ({ p95 }) => format.ms(p95) },
          { title: 'P99', kind: 'num', cell: ({ p99 }) => format.ms(p99) },
          { title: m.usage.bytes, kind: 'num', cell: ({ bytesOut }) => format.bytes(bytesOut) },
        ]}
      />
    </Panel>
  );
  const counted = (
    title: string,
    rows: readonly { name: string; calls: number; href?: string; text: string }[],
  ) => (
    <Panel title={title}>
      {rows.length === 0 ? (
        <p class="pad soft">{m.usage.none}</p>
      ) : (
        <Table
          hasHead={false}
          rows={rows.slice(0, 12)}
          columns={[
            { title, cell: ({ href, text }) => (href ? <a href={href}>{text}</a> : text) },
            { title: m.usage.requests, kind: 'num', cell: ({ calls }) => format.number(calls) },
            { title: m.usage.share, kind: 'num', cell: ({ calls }) => format.percent(share(calls)) },
          ]}
        />
      )}
    </Panel>
  );
  const filters = [
    ['key', scope.keyId && (steps.keyNames[scope.keyId] ?? scope.keyId)],
    ['route', scope.route],
    ['app', scope.appId],
  ] as const;
  return render(
    context,
    <Page view={view} title={m.nav.usage}>
      <div class="head">
        <h1 class="grow">{m.nav.usage}</h1>
        <RangeChoice view={view} range={range} link={link} />
        <a
          class="button small"
          href={withQuery('/portal/usage.csv', { ...context.req.query(), done: undefined })}
        >
          {m.common.csv}
        </a>
      </div>
      <form method="get" action="/portal/usage" class="inline">
        {filters.map(
          ([name, value]) =>
            value && <input type="hidden" name={name} value={context.req.query(name) ?? ''} />,
        )}
        <div>
          <label for="from">{m.usage.from}</label>
          <input id="from" type="date" name="from" value={range.from} required />
        </div>
        <div>
          <label for="to">{m.usage.to}</label>
          <input id="to" type="date" name="to" value={range.to} required />
        </div>
        <button type="submit" class="button">
          {m.usage.show}
        </button>
        <RemovableFilters view={view} active={filters} link={link} />
      </form>
      {isEmpty ? (
        <section class="panel">
          <Empty title={m.usage.emptyTitle}>
            <p>{m.usage.empty}</p>
            <p>
              <a class="button" href="/docs/first-call">
                {m.overview.callAction}
              </a>
            </p>
          </Empty>
        </section>
      ) : (
        <>
          <dl class="figures">
            <Figure
              label={m.usage.requests}
              value={format.number(total?.calls ?? 0)}
              note={m.usage.billed(format.number(total?.units ?? 0))}
            />
            <Figure
              label={m.overview.errors}
              value={format.percent(share(total?.failed ?? 0))}
              note={format.number(total?.failed ?? 0)}
            />
            <Figure
              label="P95"
              value={format.ms(total?.p95 ?? null)}
              note={`P50 ${format.ms(total?.p50 ?? null)} · P99 ${format.ms(total?.p99 ?? null)}`}
            />
            <Figure
              label={m.usage.bytes}
              value={format.bytes(total?.bytesOut ?? 0)}
              note={`${m.usage.sent} ${format.bytes(total?.bytesIn ?? 0)}`}
            />
            <Figure
              label={m.usage.cacheHits}
              value={format.percent(share(total?.cacheHits ?? 0))}
              note={format.number(total?.cacheHits ?? 0)}
            />
          </dl>
          <Panel
            title={range.isHourly ? m.usage.byHour : m.usage.byDay}
            action={<span class="soft small">{range.isHourly ? m.usage.utc : m.usage.zoomHint}</span>}
          >
            <div class="pad">
              <CallsChart bars={bars} isHourly={range.isHourly} linkOf={linkOf} />
            </div>
          </Panel>
        </>
      )}
      <Panel title={m.quota.title} action={<a href="/portal/usage/checks">{m.checks.title}</a>}>
        <div class="pad meters">
          {standing ? <QuotaMeters standing={standing} /> : <p class="soft">{m.quota.unknown}</p>}
        </div>
      </Panel>
      {!isEmpty && (
        <>
          {table(
            m.usage.routes,
            routes,
            ({ group }) => group,
            ({ group }) => link({ route: group }),
          )}
          {table(
            m.usage.keys,
            keys,
            ({ group }) => steps.keyNames[group] ?? group,
            ({ group }) => link({ key: group }),
          )}
          <div class="two">
            {counted(
              m.usage.statuses,
              statuses.map(({ status, calls }) => ({
                name: String(status),
                calls,
                text: String(status),
                href: toRequests({ status: String(status) }),
              })),
            )}
            {counted(
              m.usage.countries,
              countries.map(({ name, calls }) => ({
                name,
                calls,
                text: format.country(name),
                href: toRequests({ country: name }),
              })),
            )}
            {counted(
              m.overview.problems,
              errors.map(({ code, route, calls }) => ({
                name: code,
                calls,
                text: `${code} · ${route}`,
                href: toRequests({ error: code, route }),
              })),
            )}
          </div>
        </>
      )}
    </Page>,
  );
});

const COLUMNS = [
  'calls',
  'successful',
  'failed',
  'units',
  'cacheHits',
  'bytesIn',
  'bytesOut',
  'avgLatencyMs',
  'p50',
  'p95',
  'p99',
  'uniqueIps',
] as const;

portal.get('/portal/usage.csv', async (context) => {
  const view = member(context);
  const range = rangeOf(context.req.query(), view.nowMs, '30d');
  const lines = await context.var.services.reports.lines(scopeOf(context, range), 'day');
  const rows = lines.map((line) => [line.group, ...COLUMNS.map((column) => line[column])]);
  return csv(`usage-${view.environment}-${range.from}-${range.to}.csv`, ['day', ...COLUMNS], rows);
});
