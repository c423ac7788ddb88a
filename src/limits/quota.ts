// Calendar quotas in UTC: units used since the start of the day and of the month. A period never inherits from another.

import { dayStart, monthStart, nextDay, nextMonth } from '../core/time.ts';
import { type Denial, type Gauge, gauge, isUnlimited, type OverageAction } from './limit.ts';

export interface Quotas {
  dayStartMs: number;
  dayUsed: number;
  monthStartMs: number;
  monthUsed: number;
}

export interface QuotaLimits {
  day: number;
  month: number;
  overage: OverageAction;
  monthCap?: number;
}

export const NO_QUOTAS_USED: Quotas = { dayStartMs: 0, dayUsed: 0, monthStartMs: 0, monthUsed: 0 };

/** Starts new periods when `nowMs` is past the old ones. A clock that went back stays in the later period. */
export function rollQuotas(quotas: Quotas, nowMs: number): Quotas {
  const day = dayStart(nowMs);
  const month = monthStart(nowMs);
  if (day <= quotas.dayStartMs && month <= quotas.monthStartMs) return quotas;
  const newDay = day > quotas.dayStartMs;
  const newMonth = month > quotas.monthStartMs;
  return {
    dayStartMs: newDay ? day : quotas.dayStartMs,
    dayUsed: newDay ? 0 : quotas.dayUsed,
    monthStartMs: newMonth ? month : quotas.monthStartMs,
    monthUsed: newMonth ? 0 : quotas.monthUsed,
  };
}

export const useQuotas = (quotas: Quotas, units: number): Quotas => ({
  ...quotas,
  dayUsed: quotas.dayUsed + units,
  monthUsed: quotas.monthUsed + units,
});

/** Gives units back to the periods that they were taken from, and to no other. */
export const returnQuotas = (
  quotas: Quotas,
  units: number,
  from: Pick<Quotas, 'dayStartMs' | 'monthStartMs'>,
): Quotas => ({
  ...quotas,
  dayUsed: from.dayStartMs === quotas.dayStartMs ? Math.max(0, quotas.dayUsed - units) : quotas.dayUsed,
  monthUsed:
    from.monthStartMs === quotas.monthStartMs ? Math.max(0, quotas.monthUsed - units) : quotas.monthUsed,
});

const exceeds = (limit: number, used: number, units: number): boolean =>
  !isUnlimited(limit) && used + units > limit;

/** Why `units` do not fit into rolled quotas now; undefined when they do, or when the overage action admits them. */
export function quotaDenial(
  quotas: Quotas,
  limits: QuotaLimits,
  units: number,
  nowMs: number,
): Denial | undefined {
  if (limits.overage !== 'block') {
    const cap = limits.monthCap ?? -1;
    if (!exceeds(cap, quotas.monthUsed, units)) return undefined;
    return { type: 'per_month', limit: cap, used: quotas.monthUsed, retryAfterMs: nextMonth(nowMs) - nowMs };
  }
  // The longer wait first: a caller over both is not helped by tomorrow.
  if (exceeds(limits.month, quotas.monthUsed, units)) {
    return {
      type: 'per_month',
      limit: limits.month,
      used: quotas.monthUsed,
      retryAfterMs: nextMonth(nowMs) - nowMs,
    };
  }
  if (exceeds(limits.day, quotas.dayUsed, units)) {
    return { type: 'per_day', limit: limits.day, used: quotas.dayUsed, retryAfterMs: nextDay(nowMs) - nowMs };
  }
  return undefined;
}

/** Whether the period is over its limit, with `units` more. */
export const isOverQuota = (quotas: Quotas, limits: QuotaLimits, units: number): boolean =>
  exceeds(limits.day, quotas.dayUsed, units) || exceeds(limits.month, quotas.monthUsed, units);

export const dayGauge = (quotas: Quotas, limit: number): Gauge =>
  gauge(limit, quotas.dayUsed, nextDay(quotas.dayStartMs));
export const monthGauge = (quotas: Quotas, limit: number): Gauge =>
  gauge(limit, quotas.monthUsed, nextMonth(quotas.monthStartMs));

/** Units left of the day and of the month; -1 where unlimited. */
export const quotasLeft = (quotas: Quotas, limits: QuotaLimits): number[] => [
  dayGauge(quotas, limits.day).remaining,
  monthGauge(quotas, limits.month).remaining,
];
