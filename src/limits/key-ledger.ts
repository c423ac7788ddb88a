// What one key is held to by itself: a token bucket and calendar quotas. What it shares with the partner's other
// keys is asked of the partner's ledger, or spent from a lease. Pure.

import { nextDay } from '../core/time.ts';
import { reduce } from './gauges.ts';
import { leaseSize, spareUnits } from './lease.ts';
import { type Denial, isUnlimited, type KeyLimits, type PartnerLimits } from './limit.ts';
import type { LimitGauges } from './protocol.ts';
import {
  addUnits,
  type DayCounts,
  isOverQuota,
  NO_UNITS,
  type Quotas,
  quotaDenial,
  quotaGauges,
  quotasOn,
  quotaToLend,
  unitsOn,
} from './quota.ts';
import {
  type Bucket,
  bucketGauge,
  bucketWaitMs,
  fullBucket,
  type Loan,
  lendTokens,
  refill,
  returnTokens,
  spendTokens,
  tokens,
} from './token-bucket.ts';

export interface KeyLedger {
  bucket: Bucket | undefined;
  /** Units admitted and not given back, by day: what the partner's object is told. */
  used: DayCounts;
  /** A test key that travelled in time: a day that is spent, or units of the day that count no more for this key. */
  travelled?: { dayMs: number; isSpent: boolean; forgotten: number };
}

export const newKeyLedger = (): KeyLedger => ({ bucket: undefined, used: NO_UNITS });

/** Brings the bucket to `nowMs` under these limits. */
export const advanceKey = (ledger: KeyLedger, limits: KeyLimits, nowMs: number): KeyLedger => ({
  ...ledger,
  bucket: refill(ledger.bucket ?? fullBucket(limits, nowMs), limits, nowMs),
});

function keyQuotas({ used, travelled }: KeyLedger, dayMs: number): Quotas {
  const quotas = quotasOn(used, dayMs);
  const forgotten = travelled?.dayMs === dayMs ? travelled.forgotten : 0;
  return { ...quotas, dayUsed: Math.max(0, quotas.dayUsed - forgotten) };
}

/** The tighter of the two day limits: what a day that is spent was held to. 0 where neither limits. */
function dayLimit(key: KeyLimits, partner: PartnerLimits): number {
  const days = [key, partner].filter(({ day, overage }) => overage === 'block' && !isUnlimited(day));
  return days.length === 0 ? 0 : Math.min(...days.map(({ day }) => day));
}

/** Why an advanced ledger refuses `cost` units on that day; undefined when it does not. */
export function keyDenial(
  ledger: KeyLedger,
  limits: { key: KeyLimits; partner: PartnerLimits },
  cost: number,
  dayMs: number,
  nowMs: number,
): Denial | undefined {
  const { travelled } = ledger;
  if (travelled?.isSpent && travelled.dayMs === dayMs) {
    const limit = dayLimit(limits.key, limits.partner);
    const retryAfterMs = Math.max(1, nextDay(dayMs) - nowMs);
    return { type: 'per_day', limit, used: limit, retryAfterMs, level: 'key' };
  }
  const quota = quotaDenial(keyQuotas(ledger, dayMs), limits.key, cost, nowMs, 'key');
  if (quota) return quota;
  const bucket = ledger.bucket ?? fullBucket(limits.key, nowMs);
  const waitMs = bucketWaitMs(bucket, limits.key, cost);
  if (waitMs === 0) return undefined;
  return {
    type: 'burst',
    limit: limits.key.burst,
    used: Math.max(0, limits.key.burst - tokens(bucket)),
    retryAfterMs: waitMs,
    level: 'key',
  };
}

/** `dayMs`: the day in which the partner's object decided, or lent. */
export const spendKey = (ledger: KeyLedger, cost: number, dayMs: number): KeyLedger => ({
  ...ledger,
  bucket: ledger.bucket && spendTokens(ledger.bucket, cost),
  used: addUnits(ledger.used, dayMs, cost),
});

/** How many of the units that an edge wants an advanced ledger can lend on that day: 0 when little is left. */
export function keyLoan(ledger: KeyLedger, limits: KeyLimits, wanted: number, dayMs: number): number {
  const most = spareUnits({
    limit: limits.burst,
    remaining: ledger.bucket ? tokens(ledger.bucket) : 0,
    quotaRemaining: quotaToLend(keyQuotas(ledger, dayMs), limits),
  });
  return leaseSize(wanted, most);
}

export const lendKey = (ledger: KeyLedger, { units, untilMs }: Loan, dayMs: number): KeyLedger => ({
  ...ledger,
  bucket: ledger.bucket && lendTokens(ledger.bucket, units, untilMs),
  used: addUnits(ledger.used, dayMs, units),
});

/** The tokens of an advanced ledger that a lease left unspent. Its units are given back apart. */
export const endLoan = (ledger: KeyLedger, loan: Loan, unspent: number): KeyLedger => ({
  ...ledger,
  bucket: ledger.bucket && returnTokens(ledger.bucket, loan, unspent),
});

/** Units of a call that were reserved and not used. Its tokens stay spent: the call was made. */
export const giveBackKey = (ledger: KeyLedger, units: number, dayMs: number): KeyLedger => ({
  ...ledger,
  used: addUnits(ledger.used, dayMs, -units),
});

export const isKeyOverQuota = (ledger: KeyLedger, limits: KeyLimits, cost: number, dayMs: number): boolean =>
  isOverQuota(keyQuotas(ledger, dayMs), limits, cost);

export function keyGauges(ledger: KeyLedger, limits: KeyLimits, dayMs: number, nowMs: number) {
  const burst = bucketGauge(ledger.bucket ?? fullBucket(limits, nowMs), limits);
  return { burst, ...quotaGauges(keyQuotas(ledger, dayMs), limits, 'key') };
}

/** What a caller sees of both, with a day that is spent: what was left of it is spent of the month, too. */
export function travelledGauges(
  { travelled }: KeyLedger,
  limits: { key: KeyLimits; partner: PartnerLimits },
  gauges: LimitGauges,
  dayMs: number,
): LimitGauges {
  if (!travelled?.isSpent || travelled.dayMs !== dayMs) return gauges;
  const { day, month } = gauges;
  return {
    ...gauges,
    day: { ...day, limit: dayLimit(limits.key, limits.partner), remaining: 0 },
    month: reduce(month, Math.max(0, day.remaining)),
  };
}

/** Test keys: the day's quota is spent, or begins anew. What is counted, and told to the partner's object, stays. */
export const travelKey = (ledger: KeyLedger, dayMs: number, to: 'spent' | 'new_day'): KeyLedger => ({
  ...ledger,
  travelled: {
    dayMs,
    isSpent: to === 'spent',
    forgotten: to === 'new_day' ? unitsOn(ledger.used, dayMs) : 0,
  },
});
