// A period cut where limits may change: at each midnight, and at each change of terms. Pure.

import { cappedUnits } from '../billing/month.ts';
import { DAY_MS, dayStart } from '../core/time.ts';
import type { PartnerLimits } from '../limits/limit.ts';
import { type Period, type Settings, termsAt } from './history.ts';

export interface Stretch {
  fromMs: number;
  toMs: number;
  dayMs: number;
  /** As it was, and as it is simulated. */
  before: PartnerLimits;
  after: PartnerLimits;
}

/** Nothing is admitted before a partner has terms. */
const NOTHING: PartnerLimits = { second: 0, day: 0, month: 0, overage: 'block' };

/** What the limiter is told of these settings at a moment. */
function limitsAt({ terms, ratesOf }: Settings, atMs: number): PartnerLimits {
  const now = termsAt(terms, atMs);
  if (!now) return NOTHING;
  return {
    ...ratesOf(now),
    month: now.includedUnits,
    overage: now.overageAction,
    monthCap: cappedUnits(now),
  };
}

export function stretchesOf({ fromMs, toMs }: Period, before: Settings, after: Settings): Stretch[] {
  const cuts = new Set([fromMs]);
  for (let dayMs = dayStart(fromMs); dayMs < toMs; dayMs += DAY_MS) cuts.add(Math.max(dayMs, fromMs));
  for (const { terms } of [before, after])
    for (const { effectiveMs } of terms)
      if (effectiveMs > fromMs && effectiveMs < toMs) cuts.add(effectiveMs);
  const moments = [...cuts].sort((a, b) => a - b);
  return moments.map((atMs, i) => ({
    fromMs: atMs,
    toMs: moments[i + 1] ?? toMs,
    dayMs: dayStart(atMs),
    before: limitsAt(before, atMs),
    after: limitsAt(after, atMs),
  }));
}

const isAlike = (a: PartnerLimits, b: PartnerLimits): boolean =>
  a.second === b.second &&
  a.day === b.day &&
  a.month === b.month &&
  a.overage === b.overage &&
  (a.monthCap ?? -1) === (b.monthCap ?? -1);

/** Whether both limit each key by itself alike. */
const limitsKeysAlike = (before: Settings, after: Settings): boolean =>
  [...before.keys].every(([id, limits]) => {
    const other = after.keys.get(id);
    return (['burst', 'sustained', 'day', 'month', 'overage'] as const).every(
      (name) => limits[name] === other?.[name],
    );
  });

/** Whether every call is decided by the same limits: then each was decided already. */
export const decidesAlike = (stretches: readonly Stretch[], before: Settings, after: Settings): boolean =>
  stretches.every((each) => isAlike(each.before, each.after)) && limitsKeysAlike(before, after);

/** Whether they differ in what a day's sums cannot tell: the second, or what limits a key by itself. */
export const differsBeyondSums = (
  stretches: readonly Stretch[],
  before: Settings,
  after: Settings,
): boolean =>
  stretches.some((each) => each.before.second !== each.after.second) || !limitsKeysAlike(before, after);
