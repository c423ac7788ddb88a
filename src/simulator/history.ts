// What a simulation starts from: what a partner called, what became of it, and by which settings. Pure.

import type { MonthUnits, Terms } from '../billing/month.ts';
import type { KeyLimits } from '../limits/limit.ts';

/** Why calls were refused. `rate`: the second or the bucket, where daily sums are all that is known. `cap`: of spending. */
export const REASONS = ['per_second', 'burst', 'rate', 'per_day', 'per_month', 'cap'] as const;
export type Reason = (typeof REASONS)[number];
export type Refusals = Readonly<Partial<Record<Reason, number>>>;

/** One call that the limiter was asked about, or told of. */
export interface Call {
  /** Of admitted ones, when they were counted; of refused ones, when they arrived. */
  atMs: number;
  keyId: string;
  /** Asked for. */
  units: number;
  /** `returned`: admitted, and given back because the upstream failed. `unasked`: admitted without the limiter. */
  outcome: 'admitted' | 'returned' | 'unasked' | Reason;
}

/** Whether a day is replayed call by call, or reckoned from what it came to; and then why. */
export type Basis = 'calls' | 'not_kept' | 'imported' | 'incomplete' | 'too_many';

export interface DayFacts {
  /** Its first moment. */
  dayMs: number;
  /** Counted and billed. */
  units: number;
  /** Calls that were refused. */
  refused: Refusals;
  basis: Basis;
}

/** Days, from the first moment of the first to the first after the last. */
export interface Period {
  fromMs: number;
  toMs: number;
}

export interface History {
  period: Period;
  /** Of the months that it touches, oldest first. */
  months: readonly MonthUnits[];
  /** From the first of the first month to the end of the period. */
  days: readonly DayFacts[];
  /** Units of keys in the first month, before the period. */
  keysBefore: ReadonlyMap<string, number>;
}

/** Units in any second, and on a day. */
export interface Rates {
  second: number;
  day: number;
}

/** By what calls are decided and billed. */
export interface Settings {
  /** As a history. */
  terms: readonly Terms[];
  /** While these terms are in force. */
  ratesOf(terms: Terms): Rates;
  /** By the id that events have. A key that is not listed is not limited by itself. */
  keys: ReadonlyMap<string, KeyLimits>;
}

/** The terms of a moment; undefined before the first. */
export const termsAt = (terms: readonly Terms[], atMs: number): Terms | undefined =>
  terms.findLast(({ effectiveMs }) => effectiveMs <= atMs);
