// The nightly comparison, as the partner may see it: what the limiter counted is what is stored, shown and invoiced.

import type { Reconciliation } from '../../billing/period-store.ts';
import { Empty } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { render } from '../../web/web.ts';
import { member, Page, portal } from './portal-web.tsx';

const DAYS_SHOWN = 62;

portal.get('/portal/usage/checks', async (context) => {
  const view = member(context);
  const { m, format } = view;
  const { workspace, environment } = view;
  const rows = await context.var.services.periods.reconciliationsOf(
    workspace.partner.id,
    environment,
    DAYS_SHOWN,
  );
  const number = (value: number | null) => (value === null ? '–' : format.number(value));
  const badgeOf = ({ limiter_units, agrees }: Reconciliation) =>
    agrees ? 'good' : limiter_units === null ? 'warn' : 'bad';
  const result = ({ limiter_units, agrees }: Reconciliation) =>
    agrees ? m.checks.agrees : limiter_units === null ? m.checks.notCompared : m.checks.differs;
  return render(
    context,
    <Page view={view} title={m.checks.title}>
      <h1>{m.checks.title}</h1>
      <p class="soft">{m.checks.text}</p>
      <section class="panel">
        {rows.length === 0 ? (
          <Empty title={m.checks.none} />
        ) : (
          <Table
            rows={rows}
            columns={[
              { title: m.checks.day, cell: ({ day }) => format.day(day).replaceAll(' ', '\u00a0') },
              { title: m.checks.limiter, kind: 'num', cell: (row) => number(row.limiter_units) },
              { title: m.checks.events, kind: 'num', cell: (row) => number(row.event_units) },
              { title: m.checks.rollups, kind: 'num', cell: (row) => number(row.rollup_units) },
              { title: m.checks.quota, kind: 'num', cell: (row) => number(row.quota_units) },
              { title: m.checks.month, kind: 'num', cell: (row) => number(row.month_units) },
              { title: m.checks.invoice, kind: 'num', cell: (row) => number(row.invoice_units) },
              {
                title: m.checks.result,
                cell: (row) => (
                  <div>
                    <span class={`badge ${badgeOf(row)}`}>{result(row)}</span>
                    {row.corrected_units !== 0 && (
                      <p class="hint">{m.checks.corrected(format.number(row.corrected_units))}</p>
                    )}
                  </div>
                ),
              },
              { title: m.checks.checked, kind: 'small', cell: (row) => format.ago(row.checked_at) },
            ]}
          />
        )}
      </section>
    </Page>,
  );
});
