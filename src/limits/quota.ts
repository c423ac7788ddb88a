// Calendar quotas in UTC. Units are counted by day, each in the day in which it was decided; a month is the sum of its
// days, so the two can never differ, and what is given back late goes back to the day that it was taken from.

import { DAY_MS, dayStart, monthStart, nextDay, nextMonth } from '../core/time.ts';
import { type Denial, type Gauge, gauge, isUnlimited, type Level, type OverageAction } from './limit.ts';

/** Units by the start of their day, ms since the epoch. */
export type DayCounts = Readonly<Record<number, number>>;

export const NO_UNITS: DayCounts = {};

/** What is used of the day that is counted in, and of its month. */
export interface Quotas {
  dayStartMs: number;
  dayUsed: number;
  monthUsed: number;
}

export interface QuotaLimits {
  day: number;
  month: number;
  overage: OverageAction;
  monthCap?: number;
}

/** The day to count in. A clock that went back stays in the later day. */
export const dayToCountIn = (latestDayMs: number, nowMs: number): number =>
  Math.max(latestDayMs, dayStart(nowMs));

/** More units on a day, or less: never under zero. */
export const addUnits = (counts: DayCounts, dayMs: number, units: number): DayCounts => ({
  ...counts,
  [dayMs]: Math.max(0, (counts[dayMs] ?? 0) + units),
});

export const unitsOn = (counts: DayCounts, dayMs: number): number => counts[dayMs] ?? 0;

export function quotasOn(counts: DayCounts, dayStartMs: number): Quotas {
  const [first, next] = [monthStart(dayStartMs), nextMonth(dayStartMs)];
  let monthUsed = 0;
  for (const day in counts) if (Number(day) >= first && Number(day) < next) monthUsed += counts[day] ?? 0;
  return { dayStartMs, dayUsed: unitsOn(counts, dayStartMs), monthUsed };
}

/** Without the days before. */
export const since = (counts: DayCounts, firstDayMs: number): DayCounts =>
  Object.fromEntries(Object.entries(counts).filter(([day]) => Number(day) >= firstDayMs));

/** Days whose calls may still be settled: today and yesterday. */
export const isOpen = (dayMs: number, todayMs: number): boolean =>
  dayMs === todayMs || dayMs === todayMs - DAY_MS;

const exceeds = (limit: number, used: number, units: number): boolean =>
  !isUnlimited(limit) && used + units > limit;

/** Why `units` do not fit now; undefined when they do, or when the overage action admits them. */
export function quotaDenial(
  quotas: Quotas,
  limits: QuotaLimits,
  units: number,
  nowMs: number,
  level: Level,
): Denial | undefined {
  const { dayStartMs, dayUsed, monthUsed } = quotas;
  const monthEnds = Math.max(1, nextMonth(dayStartMs) - nowMs);
  if (limits.overage !== 'block') {
    const cap = limits.monthCap ?? -1;
    if (!exceeds(cap, monthUsed, units)) return undefined;
    return { type: 'per_month', limit: cap, used: monthUsed, retryAfterMs: monthEnds, level: 'cap' };
  }
  // The longer wait first: a caller over both is not helped by tomorrow.
  if (exceeds(limits.month, monthUsed, units))
    return { type: 'per_month', limit: limits.month, used: monthUsed, retryAfterMs: monthEnds, level };
  if (exceeds(limits.day, dayUsed, units)) {
    const retryAfterMs = Math.max(1, nextDay(dayStartMs) - nowMs);
    return { type: 'per_day', limit: limits.day, used: dayUsed, retryAfterMs, level };
  }
  return undefined;
}

/** Whether the period is over its limit, with `units` more. */
export const isOverQuota = (quotas: Quotas, limits: QuotaLimits, units: number): boolean =>
  exceeds(limits.day, quotas.dayUsed, units) || exceeds(limits.month, quotas.monthUsed, units);

/** What is left until a call is refused. A quota that does not block refuses nobody: then only the cap is a limit. */
export function quotaGauges(
  { dayStartMs, dayUsed, monthUsed }: Quotas,
  { day, month, overage, monthCap = -1 }: QuotaLimits,
  level: Level,
): { day: Gauge; month: Gauge } {
  const blocks = overage === 'block';
  return {
    day: gauge(blocks ? day : -1, dayUsed, nextDay(dayStartMs), level),
    month: gauge(blocks ? month : monthCap, monthUsed, nextMonth(dayStartMs), blocks ? level : 'cap'),
  };
}

/** Units that fit until the first quota refuses; Infinity where none does. */
export function quotaLeft(quotas: Quotas, limits: QuotaLimits): number {
  const { day, month } = quotaGauges(quotas, limits, 'partner');
  const left = ({ limit, remaining }: Gauge) => (isUnlimited(limit) ? Number.POSITIVE_INFINITY : remaining);
  return Math.min(left(day), left(month));
}

/** Units of which not each has to be decided: beyond a quota each is, also where it does not block. */
export const quotaToLend = (quotas: Quotas, limits: QuotaLimits): number =>
  Math.min(quotaLeft(quotas, limits), quotaLeft(quotas, { ...limits, overage: 'block' }));
