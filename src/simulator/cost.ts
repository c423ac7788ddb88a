// What a part of each month costs, by the arithmetic of the invoice: its share of the plan, to the millisecond, and the overage
// of its units, which are counted from the first of the month as the limiter counts them. A whole month is its invoice, without
// what is adjusted of others. Pure.

import { type Draft, draftsOf } from '../billing/invoice.ts';
import { monthLines, type Sums, segmentsWithUnits, sumsOf, type Terms } from '../billing/month.ts';
import { DAY_MS, monthStart } from '../core/time.ts';
import { type History, type Period, termsAt } from './history.ts';
import type { Stretch } from './stretches.ts';

/** `month`: its first day. */
export interface MonthDraft extends Draft {
  month: string;
}

export interface Cost {
  /** Of each month, oldest first, and in it of each currency. */
  invoices: MonthDraft[];
  /** Before tax. */
  sums: Sums;
  overageUnits: number;
}

/** Units of its month that were used before a moment. */
export type UsedBefore = (atMs: number) => number;

/** The same terms, of which only a part is billed. */
function partOf(terms: readonly Terms[], { fromMs, toMs }: Period): Terms[] {
  const cut = (atMs: number): Terms[] => {
    const now = termsAt(terms, atMs);
    return now && now.effectiveMs < atMs ? [{ ...now, effectiveMs: atMs }] : [];
  };
  return [...terms, ...cut(fromMs), ...cut(toMs)]
    .sort((a, b) => a.effectiveMs - b.effectiveMs)
    .map((each) =>
      each.effectiveMs >= fromMs && each.effectiveMs < toMs ? each : { ...each, isBilled: false },
    );
}

/** `period`: of which this month holds a part. */
function monthCost(
  terms: readonly Terms[],
  month: { start: string; units: number },
  used: UsedBefore,
  period: Period,
): MonthDraft[] {
  const startMs = Date.parse(`${month.start}T00:00:00Z`);
  const endMs = monthStart(startMs, 1);
  const part = partOf(terms, period);
  const marks = part.map(({ effectiveMs: atMs }) => ({ atMs, units: used(atMs) }));
  const lines = monthLines(segmentsWithUnits(part, { ...month, marks }), [], endMs - startMs);
  const taxBps = termsAt(terms, endMs - 1)?.taxBps ?? 0;
  return draftsOf(lines, [], taxBps).drafts.map((draft) => ({ ...draft, month: month.start }));
}

export function costOf(
  terms: readonly Terms[],
  months: readonly { start: string; units: number }[],
  used: UsedBefore,
  period: Period,
): Cost {
  const invoices = months.flatMap((month) => monthCost(terms, month, used, period));
  const lines = invoices.flatMap((draft) => draft.lines);
  const overageUnits = lines.reduce(
    (sum, { kind, quantity }) => sum + (kind === 'overage' ? quantity : 0),
    0,
  );
  return { invoices, sums: sumsOf(lines), overageUnits };
}

/** What was used, by the daily sums, and within a day by what is known at changes of terms. */
export function usedBefore({ days, months }: History): UsedBefore {
  const marks = new Map(
    months.flatMap((month) => month.marks.map(({ atMs, units }) => [atMs, units] as const)),
  );
  return (atMs) => {
    const fromMs = monthStart(atMs);
    return (
      marks.get(atMs) ??
      days.reduce(
        (sum, { dayMs, units }) => (dayMs >= fromMs && dayMs + DAY_MS <= atMs ? sum + units : sum),
        0,
      )
    );
  };
}

/** The same, with what each stretch changed. */
export const usedAfter =
  (used: UsedBefore, stretches: readonly Stretch[], changes: readonly number[]): UsedBefore =>
  (atMs) =>
    used(atMs) + changeIn(stretches, changes, monthStart(atMs), atMs);

function changeIn(
  stretches: readonly Stretch[],
  changes: readonly number[],
  fromMs: number,
  toMs: number,
): number {
  return stretches.reduce(
    (sum, each, i) => (each.fromMs >= fromMs && each.toMs <= toMs ? sum + (changes[i] ?? 0) : sum),
    0,
  );
}

/** Months with what the stretches in them changed. */
export const monthsAfter = (
  months: History['months'],
  stretches: readonly Stretch[],
  changes: readonly number[],
): { start: string; units: number }[] =>
  months.map(({ start, units }) => {
    const startMs = Date.parse(`${start}T00:00:00Z`);
    return { start, units: units + changeIn(stretches, changes, startMs, monthStart(startMs, 1)) };
  });
