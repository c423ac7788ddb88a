// Usage across partners, the audit of all, dead letters, and the nightly checks.

import * as z from 'zod';
import type { AuditCheck, BrokenChain } from '../../audit/chain-store.ts';
import { DAY_MS, isoDay } from '../../core/time.ts';
import { idOr404, numberCursor } from '../../http/api.ts';
import { reason } from '../../http/fields.ts';
import { queries } from '../../usage/usage-reports.ts';
import { dayBars } from '../../web/bars.ts';
import { CallsChart } from '../../web/components/chart.tsx';
import { Empty, Note, Older, Panel, Time } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { AuditTable } from '../../web/components/usage-tables.tsx';
import { submit, type Wrong } from '../../web/forms.ts';
import { shownAt } from '../../web/view.ts';
import { render } from '../../web/web.ts';
import {
  type ConsoleContext,
  ConsolePage,
  done,
  type OperatorView,
  operator,
  operatorActor,
  operatorConsole,
  ReasonForm,
} from './console-web.tsx';

const DAYS = 30;
const PAGE_ROWS = 50;

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

operatorConsole.get('/operator/audit', async (context) => {
  const view = operator(context);
  const { m } = view;
  const partnerId =
    z
      .uuid()
      .optional()
      .catch(undefined)
      .parse(context.req.query('partner') || undefined) ?? null;
  const { audit } = context.var.services;
  const rows = await audit.list(
    partnerId,
    PAGE_ROWS + 1,
    numberCursor(context.req.query('before') || undefined),
  );
  const shown = rows.slice(0, PAGE_ROWS);
  return render(
    context,
    <ConsolePage view={view} title={m.nav.audit}>
      <h1>{m.nav.audit}</h1>
      <section class="panel">
        <AuditTable entries={shown} hasPartner />
      </section>
      <Older rows={rows} shown={shown} />
    </ConsolePage>,
  );
});

async function showLetters(context: ConsoleContext, wrong?: Wrong & { id: string }) {
  const view = shownAt(operator(context), '/operator/dead-letters');
  const { m } = view;
  const letters = await context.var.services.deadLetters.list(PAGE_ROWS);
  return render(
    context,
    <ConsolePage view={view} title={m.nav.deadLetters}>
      <h1>{m.nav.deadLetters}</h1>
      <p class="soft">{m.operator.letters}</p>
      <section class="panel">
        {letters.length === 0 ? (
          <Empty title={m.operator.noLetters} />
        ) : (
          <Table
            hasHead={false}
            rows={letters}
            columns={[
              { title: m.keys.id, kind: 'mono small', cell: ({ id }) => id },
              { title: m.operator.queue, cell: ({ queue }) => queue },
              { title: m.operator.reason, cell: ({ reason }) => reason ?? '–' },
              { title: m.operator.received, cell: ({ receivedAt }) => <Time at={receivedAt} /> },
              {
                title: m.common.actions,
                isAction: true,
                cell: ({ id, replayedAt }) =>
                  replayedAt ? (
                    <span class="badge good">{m.operator.replayed}</span>
                  ) : (
                    <ReasonForm
                      view={view}
                      action={`/operator/dead-letters/${id}/replay`}
                      wrong={wrong?.id === id ? wrong : undefined}
                    >
                      {m.operator.replay}
                    </ReasonForm>
                  ),
              },
            ]}
          />
        )}
      </section>
    </ConsolePage>,
    wrong ? 400 : 200,
  );
}

operatorConsole.get('/operator/dead-letters', (context) => showLetters(context));

operatorConsole.post('/operator/dead-letters/:id/replay', (context) => {
  operator(context);
  const id = idOr404(context.req.param('id'), 'dead letter');
  return submit(context, z.object({ reason }), {
    async work(data) {
      await context.var.services.deadLetters.replay(id, data, operatorActor(context));
      return done(context, '/operator/dead-letters', 'replayed');
    },
    again: (wrong) => showLetters(context, { id, ...wrong }),
  });
});

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
