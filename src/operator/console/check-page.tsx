// The nightly checks: whether the audit's chains are whole, and whether all counts of a day agree.

import type { AuditCheck, BrokenChain } from '../../audit/chain-store.ts';
import { Empty, Note, Panel, Time } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { render } from '../../web/web.ts';
import { ConsolePage, type OperatorView, operator, operatorConsole } from './console-web.tsx';

function AuditChains({
  view,
  check,
  broken,
}: {
  view: OperatorView;
  check: AuditCheck | undefined;
  broken: BrokenChain[];
}) {
  const { m, format } = view;
  if (!check) return <Note>{m.audit.unchecked}</Note>;
  const at = format.exact(check.checkedAt);
  if (broken.length === 0)
    return (
      <Note kind="good">
        {m.audit.allWhole(format.number(check.chains), format.number(check.entries), at)}
      </Note>
    );
  const nameOf = ({ chain, name }: BrokenChain) =>
    name ?? m.audit.owners[chain as keyof typeof m.audit.owners] ?? chain;
  return (
    <>
      <Note kind="bad">{m.audit.someBroken(format.number(check.broken), at)}</Note>
      <Table
        rows={broken}
        columns={[
          { title: m.audit.chain, cell: nameOf },
          {
            title: m.audit.how,
            cell: ({ reasons }) =>
              reasons.map((each) => m.audit.reasons[each as keyof typeof m.audit.reasons] ?? each).join(', '),
          },
          { title: m.audit.at, kind: 'mono small', cell: ({ entries }) => entries.join(', ') },
          { title: m.audit.since, kind: 'tight', cell: ({ since }) => <Time at={since} /> },
        ]}
      />
    </>
  );
}

operatorConsole.get('/operator/checks', async (context) => {
  const view = operator(context);
  const { m, format } = view;
  const { periods, auditChains } = context.var.services;
  const [rows, [check], broken] = await Promise.all([
    periods.reconciliations(100),
    auditChains.checks(1),
    auditChains.broken(100),
  ]);
  const number = (value: unknown) => (typeof value === 'number' ? format.number(value) : '–');
  return render(
    context,
    <ConsolePage view={view} title={m.nav.checks}>
      <h1>{m.nav.checks}</h1>
      <Panel title={m.audit.chains}>
        <AuditChains view={view} check={check} broken={broken} />
      </Panel>
      <p class="soft">{m.operator.checks}</p>
      <section class="panel">
        {rows.length === 0 ? (
          <Empty title={m.operator.noChecks} />
        ) : (
          <Table
            rows={rows}
            columns={[
              { title: m.operator.day, cell: (row) => String(row.day).slice(0, 10) },
              {
                title: m.operator.partner,
                kind: 'mono small',
                cell: (row) => (
                  <a href={`/operator/partners/${row.partner_id}`}>{String(row.partner_id).slice(-12)}</a>
                ),
              },
              { title: m.operator.limiter, kind: 'num', cell: (row) => number(row.limiter_units) },
              { title: m.operator.events, kind: 'num', cell: (row) => number(row.event_units) },
              { title: m.operator.rollups, kind: 'num', cell: (row) => number(row.rollup_units) },
              { title: m.operator.quotas, kind: 'num', cell: (row) => number(row.quota_units) },
              { title: m.checks.month, kind: 'num', cell: (row) => number(row.month_units) },
              { title: m.checks.invoice, kind: 'num', cell: (row) => number(row.invoice_units) },
              {
                title: m.operator.corrected,
                kind: 'num',
                cell: (row) => (row.corrected_units === 0 ? '' : number(row.corrected_units)),
              },
              {
                title: m.operator.agrees,
                cell: (row) => (
                  <span class={`badge ${row.agrees ? 'good' : 'bad'}`}>
                    {row.agrees
                      ? m.common.yes
                      : row.limiter_units === null
                        ? m.checks.notCompared
                        : m.operator.differs}
                  </span>
                ),
              },
            ]}
          />
        )}
      </section>
    </ConsolePage>,
  );
});
