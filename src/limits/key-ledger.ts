// What one key is held to by itself: a token bucket and calendar quotas. What it shares with the partner's other
// keys is asked of the partner's ledger, or spent from a lease. Pure.

import { type Denial, isUnlimited, type KeyLimits } from './limit.ts';
import {
  isOverQuota,
  NO_QUOTAS_USED,
  type Quotas,
  quotaDenial,
  returnQuotas,
  rollQuotas,
  useQuotas,
} from './quota.ts';
import { type Bucket, bucketWaitMs, fullBucket, refill, spendTokens, tokens } from './token-bucket.ts';

export interface KeyLedger {
  bucket: Bucket | undefined;
  quotas: Quotas;
}

export const newKeyLedger = (): KeyLedger => ({ bucket: undefined, quotas: NO_QUOTAS_USED });

/** Brings bucket and quotas to `nowMs` under these limits. */
export const advanceKey = (ledger: KeyLedger, limits: KeyLimits, nowMs: number): KeyLedger => ({
  bucket: refill(ledger.bucket ?? fullBucket(limits, nowMs), limits, nowMs),
  quotas: rollQuotas(ledger.quotas, nowMs),
});

/** Why an advanced ledger refuses `cost` units now; undefined when it does not. */
export function keyDenial(
  ledger: KeyLedger,
  limits: KeyLimits,
  cost: number,
  nowMs: number,
): Denial | undefined {
  const quota = quotaDenial(ledger.quotas, limits, cost, nowMs);
  if (quota) return quota;
  const bucket = ledger.bucket ?? fullBucket(limits, nowMs);
  const waitMs = bucketWaitMs(bucket, limits, cost);
  if (waitMs === 0) return undefined;
  return {
    type: 'burst',
    limit: limits.burst,
    used: Math.max(0, limits.burst - tokens(bucket)),
    retryAfterMs: waitMs,
  };
}

export const spendKey = (ledger: KeyLedger, cost: number): KeyLedger => ({
  bucket: ledger.bucket && spendTokens(ledger.bucket, cost),
  quotas: useQuotas(ledger.quotas, cost),
});

export const isKeyOverQuota = (ledger: KeyLedger, limits: KeyLimits, cost: number): boolean =>
  isOverQuota(ledger.quotas, limits, cost);

export const refundKey = (
  ledger: KeyLedger,
  units: number,
  period: Pick<Quotas, 'dayStartMs' | 'monthStartMs'>,
): KeyLedger => ({ ...ledger, quotas: returnQuotas(ledger.quotas, units, period) });

/** Tokens left, or -1 where the bucket is unlimited. */
export const tokensLeft = (ledger: KeyLedger, limits: KeyLimits): number =>
  isUnlimited(limits.burst) || !ledger.bucket ? limits.burst : tokens(ledger.bucket);

/** After a restart: whatever the last write covered counts as spent, as late as it may have been. */
export const restoreKey = (
  ledger: KeyLedger,
  ahead: number,
  limits: KeyLimits,
  nowMs: number,
): KeyLedger => ({
  bucket: ledger.bucket && spendTokens(refill(ledger.bucket, limits, nowMs), ahead),
  quotas: useQuotas(ledger.quotas, ahead),
});

/** Test keys: the day's quota is spent, or begins anew. */
export const travelKey = (ledger: KeyLedger, limits: KeyLimits, to: 'spent' | 'new_day'): KeyLedger => ({
  ...ledger,
  quotas: {
    ...ledger.quotas,
    dayUsed: to === 'new_day' ? 0 : Math.max(ledger.quotas.dayUsed, isUnlimited(limits.day) ? 0 : limits.day),
  },
});
