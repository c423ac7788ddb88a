// The running month's use of a partner of the original, by day. Pure.

import { DAY_MS, isoDay, monthStart } from '../core/time.ts';
import type { DayUse, OriginalUse } from './import-sides.ts';

/**
 * The month's use by day: as the days have it, and what the month has beyond them on its first. Where the days have more,
 * they are right: a call was counted in its day first.
 */
export function useByDay(partnerId: string, rows: readonly OriginalUse[], todayMs: number): DayUse[] {
  const first = isoDay(monthStart(todayMs));
  const today = isoDay(todayMs);
  const days = new Map<string, DayUse>();
  const add = (day: string, units: number, failed: number): void => {
    const known = days.get(day) ?? { partnerId, day, units: 0, failed: 0 };
    days.set(day, { ...known, units: known.units + units, failed: known.failed + failed });
  };
  const left = { calls: 0, failed: 0 };
  for (const { period, start, calls, failed } of rows) {
    const isOfMonth = start >= first && start < isoDay(monthStart(todayMs, 1));
    if (!isOfMonth) continue;
    const sign = period === 'monthly' ? 1 : -1;
    left.calls += sign * calls;
    left.failed += sign * failed;
    // A clock there that is ahead of ours has begun a day that we have not.
    const isAhead = start > today;
    if (period === 'daily') add(isAhead ? today : start, calls, failed);
  }
  if (left.calls > 0) add(first, left.calls, Math.min(left.calls, Math.max(0, left.failed)));
  return [...days.values()].filter(({ units }) => units > 0).sort((a, b) => (a.day < b.day ? -1 : 1));
}

/** The days of a month up to today: what of `imported_usage` a plan is made against. */
export const daysOfMonth = (todayMs: number): { from: string; to: string } => ({
  from: isoDay(monthStart(todayMs)),
  to: isoDay(monthStart(todayMs, 1) - DAY_MS),
});
