// Usage: one range, one scope, everything by outcome, time, route, key, status and country.

import { IMPORTED, queries } from '../../usage/usage-reports.ts';
import { dayBars, hourBars, totalOf } from '../../web/bars.ts';
import { CallsChart } from '../../web/components/chart.tsx';
import { Panel } from '../../web/components/parts.tsx';
import { groupName, problemName } from '../../web/components/usage-tables.tsx';
import { withQuery } from '../../web/redirects.ts';
import { useView } from '../../web/view-context.ts';
import { render } from '../../web/web.ts';
import { type Link, RangeChoice } from './filters.tsx';
import { member, Page, type PortalContext, portal, standingOf } from './portal-web.tsx';
import { QuotaMeters } from './quota-meters.tsx';
import {
  CountTable,
  LineTable,
  NoUsage,
  RangeForm,
  RangeNote,
  type Share,
  UsageFigures,
} from './usage-parts.tsx';
import { type Range, rangeBefore, rangeOf } from './usage-range.ts';
import { scopeOf } from './usage-scope.ts';

/** Everything that was counted in a range, and its outcomes one range earlier. */
async function loadUsage(context: PortalContext, range: Range) {
  const { reports, limiter } = context.var.services;
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
      standingOf(member(context), limiter),
    ]);
  const { keyNames } = steps;
  return {
    scope,
    outcomes,
    outcomesBefore,
    total,
    routes,
    keys,
    statuses,
    countries,
    errors,
    keyNames,
    standing,
  };
}

type Usage = Awaited<ReturnType<typeof loadUsage>>;

/** A bar for each hour, or for each day, which leads into it. */
function barsOf({ outcomes, outcomesBefore }: Usage, range: Range, link: Link) {
  const before = rangeBefore(range);
  if (range.isHourly) return hourBars(outcomes, range, hourBars(outcomesBefore, before).map(totalOf));
  return dayBars(
    outcomes,
    range.from,
    range.to,
    (day) => link({ from: day, to: day, range: undefined }),
    dayBars(outcomesBefore, before.from, before.to).map(totalOf),
  );
}

const LineTables = ({ usage: { routes, keys, keyNames }, link }: { usage: Usage; link: Link }) => {
  const view = useView();
  const { m } = view;
  return (
    <>
      <LineTable
        title={m.usage.routes}
        lines={routes}
        nameOf={(route) => groupName(view, route)}
        hrefOf={(route) => link({ route })}
      />
      <LineTable
        title={m.usage.keys}
        lines={keys}
        nameOf={(key) => groupName(view, key, keyNames)}
        hrefOf={(key) => link({ key })}
      />
    </>
  );
};

/** Each count leads to its requests. */
const CountTables = ({
  usage: { statuses, countries, errors, outcomes },
  share,
  toRequests,
}: {
  usage: Usage;
  share: Share;
  toRequests: Link;
}) => {
  const view = useView();
  const { m, format } = view;
  const imported = outcomes.reduce((sum, { outcome, calls }) => sum + (outcome === IMPORTED ? calls : 0), 0);
  return (
    <div class="two">
      <CountTable
        title={m.usage.statuses}
        share={share}
        rows={[
          ...statuses.map(({ status, calls }) => ({
            text: String(status),
            calls,
            href: toRequests({ status: String(status) }),
          })),
          ...(imported > 0
            ? [{ text: m.outcomes.imported, calls: imported, href: toRequests({ outcome: IMPORTED }) }]
            : []),
        ]}
      />
      <CountTable
        title={m.usage.countries}
        share={share}
        rows={countries.map(({ name, calls }) => ({
          text: format.country(name),
          calls,
          href: toRequests({ country: name }),
        }))}
      />
      <CountTable
        title={m.overview.problems}
        share={share}
        rows={errors.map(({ code, route, calls }) => ({
          text: `${problemName(view, code)} · ${route}`,
          calls,
          href: toRequests({ error: code, route }),
        }))}
      />
    </div>
  );
};

portal.get('/portal/usage', async (context) => {
  const view = member(context);
  const { m } = view;
  const query = context.req.query();
  const range = rangeOf(query, view.nowMs, '30d');
  const usage = await loadUsage(context, range);
  const { scope, total, standing } = usage;
  const link: Link = (changes) => withQuery(view.here, { ...changes, done: undefined });
  const { from, to } = range;
  // The file has the days that the page shows.
  const csvRange = range.wrong && { from, to, range: undefined };
  const toRequests: Link = (changes) =>
    withQuery('/portal/requests', { from, to, key: scope.keyId, route: scope.route, ...changes });
  const bars = barsOf(usage, range, link);
  const isEmpty = bars.every((bar) => totalOf(bar) === 0);
  const share: Share = (calls) => (total && total.calls > 0 ? calls / total.calls : 0);
  const filters = [
    ['key', scope.keyId && groupName(view, scope.keyId, usage.keyNames)],
    ['route', scope.route && groupName(view, scope.route)],
    ['app', scope.appId],
  ] as const;
  return render(
    context,
    <Page view={view} title={m.nav.usage}>
      <div class="head">
        <h1 class="grow">{m.nav.usage}</h1>
        <RangeChoice range={range} link={link} />
        <a
          class="button small"
          href={withQuery('/portal/usage.csv', { ...query, ...csvRange, done: undefined })}
        >
          {m.common.csv}
        </a>
      </div>
      <RangeNote range={range} />
      <RangeForm range={range} filters={filters} query={query} link={link} />
      {isEmpty ? <NoUsage /> : <UsageFigures total={total} share={share} />}
      {!isEmpty && (
        <Panel
          title={range.isHourly ? m.usage.byHour : m.usage.byDay}
          action={<span class="soft small">{range.isHourly ? m.usage.utc : m.usage.zoomHint}</span>}
        >
          <div class="pad">
            <CallsChart bars={bars} isHourly={range.isHourly} linkOf={(outcome) => toRequests({ outcome })} />
          </div>
        </Panel>
      )}
      <Panel title={m.quota.title} action={<a href="/portal/usage/checks">{m.checks.title}</a>}>
        <div class="pad meters">
          {standing ? <QuotaMeters standing={standing} /> : <p class="soft">{m.quota.unknown}</p>}
        </div>
      </Panel>
      {!isEmpty && (
        <>
          <LineTables usage={usage} link={link} />
          <CountTables usage={usage} share={share} toRequests={toRequests} />
        </>
      )}
    </Page>,
  );
});
