// From lines to documents: one for each currency, with its adjustments, tax and total. Pure.

import { taxOf } from './amounts.ts';
import type { Line, Sums } from './month.ts';
import { sumsOf } from './month.ts';

/** A month that was billed before, reckoned again: late events may have changed it. */
export interface Earlier {
  /** `YYYY-MM-DD`, its first day. */
  periodStart: string;
  fromMs: number;
  toMs: number;
  /** What invoices asked for it so far. */
  billed: Sums;
  /** What it should have cost, by all that is known now. */
  due: Sums;
}

export interface Adjusted {
  period_start: string;
  before: Sums;
  billed: Sums;
}

export interface Draft {
  currency: string;
  lines: Line[];
  subtotalMinor: number;
  taxBps: number;
  taxMinor: number;
  totalMinor: number;
}

export function totalsOf(lines: readonly Line[], taxBps: number): Omit<Draft, 'currency' | 'lines'> {
  const subtotalMinor = lines.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  const taxMinor = taxOf(subtotalMinor, taxBps);
  return { subtotalMinor, taxBps, taxMinor, totalMinor: subtotalMinor + taxMinor };
}

function adjustmentOf({ fromMs, toMs }: Earlier, currency: string, amountMinor: number): Line {
  return {
    kind: 'adjustment',
    currency,
    tier: null,
    appId: null,
    appName: null,
    fromMs,
    toMs,
    quantity: 0,
    unitPriceMinor: null,
    amountMinor,
  };
}

/**
 * The documents of a month. A difference that would take more back than the month asks for waits for a later month; a
 * document that asks for nothing is not issued.
 */
export function draftsOf(
  lines: readonly Line[],
  earlier: readonly Earlier[],
  taxBps: number,
): { drafts: Draft[]; adjusted: Adjusted[] } {
  const all = [...lines];
  const sums = sumsOf(lines);
  const changes = new Map<string, Adjusted>();
  for (const month of earlier) {
    const currencies = [...new Set([...Object.keys(month.billed), ...Object.keys(month.due)])].sort();
    for (const currency of currencies) {
      const difference = (month.due[currency] ?? 0) - (month.billed[currency] ?? 0);
      if (difference === 0 || (sums[currency] ?? 0) + difference < 0) continue;
      sums[currency] = (sums[currency] ?? 0) + difference;
      all.push(adjustmentOf(month, currency, difference));
      const change = changes.get(month.periodStart) ?? {
        period_start: month.periodStart,
        before: month.billed,
        billed: { ...month.billed },
      };
      change.billed[currency] = month.due[currency] ?? 0;
      changes.set(month.periodStart, change);
    }
  }
  const drafts = Object.keys(sums)
    .sort()
    .map((currency) => {
      const own = all.filter((line) => line.currency === currency);
      return { currency, lines: own, ...totalsOf(own, taxBps) };
    })
    .filter(({ lines: own }) => own.some(({ amountMinor }) => amountMinor !== 0));
  return { drafts, adjusted: [...changes.values()] };
}
