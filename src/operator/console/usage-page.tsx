// Usage of all partners together, and who calls most: of 7, 30 or 90 days, and as CSV of every partner.

import { DAY_MS, isoDay } from '../../core/time.ts';
import { queries } from '../../usage/usage-reports.ts';
import { dayBars } from '../../web/bars.ts';
import { CallsChart } from '../../web/components/chart.tsx';
import { Choose, Empty, Panel } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { csv } from '../../web/csv.ts';
import { withQuery } from '../../web/redirects.ts';
import { render } from '../../web/web.ts';
import { type ConsoleContext, ConsolePage, operator, operatorConsole } from './console-web.tsx';

const RANGES = [7, 30, 90] as const;
const MAX_EXPORTED = 10_000;

/** The last 30 days, where the address says nothing else. */
function rangeOf(context: ConsoleContext): { days: number; from: string; to: string } {
  const { nowMs } = context.var.view;
  const days = RANGES.find((each) => String(each) === context.req.query('days')) ?? 30;
  return { days, from: isoDay(nowMs - (days - 1) * DAY_MS), to: isoDay(nowMs) };
}

operatorConsole.get('/operator/usage', async (context) => {
  const view = operator(context);
  const { m, format } = view;
  const { days, from, to } = rangeOf(context);
  const [outcomes, top] = await context.var.services.reports.ask(
    queries.outcomesOfAll(from, to),
    queries.topPartners(from, to),
  );
  return render(
    context,
    <ConsolePage view={view} title={m.nav.usage}>
      <div class="head">
        <h1 class="grow">{m.nav.usage}</h1>
        <a class="button small" href={withQuery('/operator/usage.csv', { days: String(days) })}>
          {m.common.csv}
        </a>
      </div>
      <Choose
        label={m.usage.range}
        current={String(days)}
        options={RANGES.map((each) => [String(each), m.today.days(each)] as const)}
        hrefOf={(value) => withQuery('/operator/usage', { days: value })}
      />
      <Panel title={m.operator.all}>
        <div class="pad">
          <CallsChart bars={dayBars(outcomes, from, to)} isHourly={false} linkOf={() => view.path} />
        </div>
      </Panel>
      <Panel title={m.operator.top}>
        {top.length === 0 ? (
          <Empty title={m.usage.emptyTitle} />
        ) : (
          <Table
            rows={top}
            columns={[
              {
                title: m.operator.partner,
                cell: ({ partnerId, name }) => <a href={`/operator/partners/${partnerId}`}>{name}</a>,
              },
              { title: m.usage.requests, kind: 'num', cell: ({ calls }) => format.number(calls) },
              {
                title: m.overview.errors,
                kind: 'num',
                cell: ({ errors, calls }) => format.percent(errors / Math.max(1, calls)),
              },
              { title: m.requests.units, kind: 'num', cell: ({ units }) => format.number(units) },
            ]}
          />
        )}
      </Panel>
    </ConsolePage>,
  );
});

operatorConsole.get('/operator/usage.csv', async (context) => {
  operator(context);
  const { from, to } = rangeOf(context);
  const [partners] = await context.var.services.reports.ask(queries.topPartners(from, to, MAX_EXPORTED));
  return csv(
    `usage-${from}-${to}.csv`,
    ['partner_id', 'partner', 'calls', 'errors', 'units'],
    partners.map(({ partnerId, name, calls, errors, units }) => [partnerId, name, calls, errors, units]),
  );
});
