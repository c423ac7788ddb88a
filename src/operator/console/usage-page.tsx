// Usage of all partners together, and who calls most.

import { DAY_MS, isoDay } from '../../core/time.ts';
import { queries } from '../../usage/usage-reports.ts';
import { dayBars } from '../../web/bars.ts';
import { CallsChart } from '../../web/components/chart.tsx';
import { Empty, Panel } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { render } from '../../web/web.ts';
import { ConsolePage, operator, operatorConsole } from './console-web.tsx';

const DAYS = 30;

operatorConsole.get('/operator/usage', async (context) => {
  const view = operator(context);
  const { m, format, nowMs } = view;
  const from = isoDay(nowMs - (DAYS - 1) * DAY_MS);
  const to = isoDay(nowMs);
  const [outcomes, top] = await context.var.services.reports.ask(
    queries.outcomesOfAll(from, to),
    queries.topPartners(from, to),
  );
  return render(
    context,
    <ConsolePage view={view} title={m.nav.usage}>
      <h1>{m.nav.usage}</h1>
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
