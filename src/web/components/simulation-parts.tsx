// What a simulation found: beside what happened, in all and day by day, and how far it can know.

import type { Sums } from '../../billing/month.ts';
import { DAY_MS, isoDay } from '../../core/time.ts';
import { type Basis, REASONS, type Refusals } from '../../simulator/history.ts';
import type { DayOutcome, SimulatedDay, Simulation, Total } from '../../simulator/simulation.ts';
import type { View } from '../view.ts';
import { useView } from '../view-context.ts';
import { Note, Panel } from './parts.tsx';
import { Table } from './table.tsx';

/** Amounts of several currencies, one after the other. `beside`: what they are compared with; nothing of both is a dash. */
export function sumsText({ format }: Pick<View, 'format'>, sums: Sums, beside: Sums): string {
  const used = (of: Sums) => Object.keys(of).filter((currency) => of[currency] !== 0);
  const [own, all] = [used(sums), [...new Set([...used(sums), ...used(beside)])]];
  const shown = own.length > 0 ? own : all.length === 1 ? all : [];
  return shown.length === 0 ? '–' : shown.map((of) => format.money(sums[of] ?? 0, of)).join(' + ');
}

/** By how much they differ, where they are of one currency. */
export function changeText({ format }: Pick<View, 'format'>, before: Sums, after: Sums): string {
  const [currency, another] = new Set([...Object.keys(before), ...Object.keys(after)]);
  if (currency === undefined || another !== undefined) return '';
  const minor = (after[currency] ?? 0) - (before[currency] ?? 0);
  return minor === 0 ? '' : format.change(minor, currency);
}

const callsIn = (refused: Refusals): number => Object.values(refused).reduce((sum, calls) => sum + calls, 0);

interface Line {
  what: string;
  was: string;
  would: string;
  change: string;
}

type CountLine = [what: string, of: (total: Total) => number];

const countLine = ({ format }: View, [what, of]: CountLine, { happened, simulated }: Simulation): Line => {
  const [was, would] = [of(happened), of(simulated)];
  const sign = would > was ? '+' : '\u2212';
  return {
    what,
    was: format.number(was),
    would: format.number(would),
    change: was === would ? '' : `${sign}${format.number(Math.abs(would - was))}`,
  };
};

const ofInvoices = (
  { cost }: Total,
  minorOf: (invoice: Total['cost']['invoices'][number]) => number,
): Sums => {
  const sums: Sums = {};
  for (const invoice of cost.invoices)
    sums[invoice.currency] = (sums[invoice.currency] ?? 0) + minorOf(invoice);
  return sums;
};
const ofLines = (total: Total, kind: 'plan' | 'overage'): Sums =>
  ofInvoices(total, ({ lines }) =>
    lines.reduce((sum, line) => (line.kind === kind ? sum + line.amountMinor : sum), 0),
  );

type MoneyLine = [what: string, of: (total: Total) => Sums];

const moneyLine = (view: View, [what, of]: MoneyLine, { happened, simulated }: Simulation): Line => ({
  what,
  was: sumsText(view, of(happened), of(simulated)),
  would: sumsText(view, of(simulated), of(happened)),
  change: changeText(view, of(happened), of(simulated)),
});

function linesOf(view: View, simulation: Simulation): Line[] {
  const { m } = view;
  const { happened, simulated } = simulation;
  const reasons = REASONS.filter((reason) => happened.refused[reason] || simulated.refused[reason]);
  const counts: CountLine[] = [
    [m.simulation.accepted, ({ units }) => units],
    ...reasons.map(
      (reason): CountLine => [m.simulation.refused[reason], ({ refused }) => refused[reason] ?? 0],
    ),
    [m.simulation.overageUnits, ({ cost }) => cost.overageUnits],
  ];
  const money: MoneyLine[] = [
    [m.simulation.planCost, (total) => ofLines(total, 'plan')],
    [m.simulation.overageCost, (total) => ofLines(total, 'overage')],
    [m.simulation.tax, (total) => ofInvoices(total, ({ taxMinor }) => taxMinor)],
    [m.simulation.total, (total) => ofInvoices(total, ({ totalMinor }) => totalMinor)],
  ];
  return [
    ...counts.map((line) => countLine(view, line, simulation)),
    ...money.map((line) => moneyLine(view, line, simulation)),
  ];
}

const lastDay = ({ period }: Simulation): string => isoDay(period.toMs - DAY_MS);

export const ResultPanel = ({ simulation }: { simulation: Simulation }) => {
  const view = useView();
  const { m, format } = view;
  const lines = linesOf(view, simulation);
  const totals = [simulation.happened, simulation.simulated].map((total) =>
    ofInvoices(total, ({ totalMinor }) => totalMinor),
  );
  const [paid = {}, wouldPay = {}] = totals;
  const [was, would] = [sumsText(view, paid, wouldPay), sumsText(view, wouldPay, paid)];
  return (
    <Panel
      title={m.simulation.result(
        format.date(isoDay(simulation.period.fromMs)),
        format.date(lastDay(simulation)),
      )}
    >
      {was !== would && <p class="pad big">{m.simulation.headline(would, was)}</p>}
      <Table
        rows={lines}
        columns={[
          { title: m.invoice.what, cell: ({ what }) => what },
          { title: m.simulation.was, kind: 'num', cell: ({ was }) => was },
          { title: m.simulation.would, kind: 'num', cell: ({ would }) => <strong>{would}</strong> },
          { title: m.simulation.change, kind: 'num', cell: ({ change }) => change },
        ]}
      />
      {lines.every(({ change, was, would }) => change === '' && was === would) && (
        <p class="pad soft">{m.simulation.same}</p>
      )}
    </Panel>
  );
};

/** `12 → 3`; once, where both are the same. */
const both = (was: string, would: string): string => (was === would ? was : `${was} → ${would}`);

export const DayPanel = ({ simulation }: { simulation: Simulation }) => {
  const view = useView();
  const { m, format } = view;
  const pair = (day: SimulatedDay, textOf: (outcome: DayOutcome) => string): string =>
    both(textOf(day.happened), textOf(day.simulated));
  return (
    <Panel title={m.simulation.byDay}>
      <Table
        rows={simulation.days}
        columns={[
          { title: m.simulation.day, kind: 'tight', cell: ({ dayMs }) => format.day(isoDay(dayMs)) },
          {
            title: m.simulation.acceptedShort,
            kind: 'num',
            cell: (day) => pair(day, ({ units }) => format.number(units)),
          },
          {
            title: m.simulation.refusedShort,
            kind: 'num',
            cell: ({ happened, simulated, areRatesUnknown }) => {
              const would = callsIn(simulated.refused);
              const known = format.number(would);
              const unknown = would === 0 ? m.simulation.unknown : m.simulation.andUnknown(known);
              return both(format.number(callsIn(happened.refused)), areRatesUnknown ? unknown : known);
            },
          },
          {
            title: m.simulation.overageShort,
            kind: 'num',
            cell: (day) => pair(day, ({ overageUnits }) => format.number(overageUnits)),
          },
          {
            title: m.simulation.costShort,
            kind: 'num',
            cell: ({ happened: { costSoFar: was }, simulated: { costSoFar: would } }) =>
              both(sumsText(view, was, would), sumsText(view, would, was)),
          },
        ]}
      />
    </Panel>
  );
};

const SUMS_ONLY: readonly Exclude<Basis, 'calls'>[] = ['not_kept', 'imported', 'incomplete', 'too_many'];

/** What it cannot know, and what it takes for granted. */
export const HowPanel = ({ simulation }: { simulation: Simulation }) => {
  const { m, format } = useView();
  const { days, lateUnits, replayedCalls, unexplainedCalls } = simulation;
  const reckoned = SUMS_ONLY.map(
    (basis) => [basis, days.filter((day) => day.basis === basis).length] as const,
  );
  return (
    <Panel title={m.simulation.how}>
      <div class="pad stack">
        <p>{m.simulation.demand}</p>
        <p>{m.simulation.share}</p>
        {reckoned.map(
          ([basis, count]) => count > 0 && <p>{m.simulation.sumsOnly(count, m.simulation.bases[basis])}</p>,
        )}
        {days.some(({ areRatesUnknown }) => areRatesUnknown) && (
          <Note kind="warn">{m.simulation.ratesUnknown}</Note>
        )}
        {lateUnits !== 0 && <p>{m.simulation.late(format.number(lateUnits))}</p>}
        {unexplainedCalls > 0 && (
          <p>{m.simulation.unexplained(format.number(unexplainedCalls), format.number(replayedCalls))}</p>
        )}
      </div>
    </Panel>
  );
};
