// Token bucket in integers. In any interval of t ms, at most capacity + refill * t units are admitted.
// A level counts 1/60,000 of a unit, so that a refill of s units a minute is exactly s a millisecond.

import { type Gauge, gauge, isUnlimited, NEVER_RETRY_MS } from './limit.ts';

const SCALE = 60_000;

export interface Bucket {
  /** Scaled tokens left at `atMs`. */
  level: number;
  atMs: number;
  /** What holders may still spend that is out of `level` already, the first to end first. */
  lent?: readonly Loan[];
}

/** Units lent until a deadline, by the clock of whoever keeps the bucket. */
export interface Loan {
  units: number;
  untilMs: number;
}

export interface BucketLimit {
  burst: number;
  sustained: number;
}

export const fullBucket = (limit: BucketLimit, nowMs: number): Bucket => ({
  level: Math.max(0, limit.burst) * SCALE,
  atMs: nowMs,
});

const capacityBeside = (limit: BucketLimit, lent: readonly Loan[]): number =>
  Math.max(0, limit.burst - lent.reduce((units, loan) => units + loan.units, 0)) * SCALE;

/**
 * Refills up to `nowMs`, clamped to the capacity less what is lent; a clock that went back adds nothing. Loan by loan: what
 * may still be spent and a full bucket together are never more than the capacity.
 */
export function refill(bucket: Bucket, limit: BucketLimit, nowMs: number): Bucket {
  const rate = isUnlimited(limit.sustained) ? Number.MAX_SAFE_INTEGER / 1e6 : limit.sustained;
  let { level, atMs, lent = [] } = bucket;
  const fillTo = (untilMs: number) => {
    level = Math.min(capacityBeside(limit, lent), level + rate * Math.max(0, untilMs - atMs));
    atMs = Math.max(atMs, untilMs);
  };
  for (const { untilMs } of lent) {
    if (untilMs >= nowMs) break;
    fillTo(untilMs);
    lent = lent.slice(1);
  }
  fillTo(nowMs);
  return lent.length > 0 ? { level, atMs, lent } : { level, atMs };
}

export const tokens = (bucket: Bucket): number => Math.floor(bucket.level / SCALE);

export const spendTokens = (bucket: Bucket, units: number): Bucket => ({
  ...bucket,
  level: Math.max(0, bucket.level - units * SCALE),
});

/** Spends units that somebody else may spend until then. */
export const lendTokens = (bucket: Bucket, units: number, untilMs: number): Bucket => ({
  ...spendTokens(bucket, units),
  lent: [...(bucket.lent ?? []), { units, untilMs }].sort((a, b) => a.untilMs - b.untilMs),
});

/** The end of a loan, before its deadline or after, of a refilled bucket: what was not spent comes back. */
export function returnTokens(bucket: Bucket, loan: Loan, unspent: number): Bucket {
  const lent = [...(bucket.lent ?? [])];
  const at = lent.findIndex(({ units, untilMs }) => units === loan.units && untilMs === loan.untilMs);
  if (at >= 0) lent.splice(at, 1);
  return { ...bucket, level: bucket.level + unspent * SCALE, lent };
}

/** 0 when `units` can be taken from a refilled bucket now; otherwise the wait in ms. */
export function bucketWaitMs(bucket: Bucket, limit: BucketLimit, units: number): number {
  if (isUnlimited(limit.burst)) return 0;
  const missing = units * SCALE - bucket.level;
  if (missing <= 0) return 0;
  if (units > limit.burst || limit.sustained === 0) return NEVER_RETRY_MS;
  return isUnlimited(limit.sustained) ? 1 : Math.ceil(missing / limit.sustained);
}

/** Tokens left, and when the bucket is full again. */
export function bucketGauge(bucket: Bucket, limit: BucketLimit): Gauge {
  const missing = Math.max(0, limit.burst * SCALE - bucket.level);
  const rate = isUnlimited(limit.sustained) ? missing : limit.sustained;
  const fullMs = missing === 0 ? 0 : rate > 0 ? Math.ceil(missing / rate) : NEVER_RETRY_MS;
  return gauge(limit.burst, limit.burst - tokens(bucket), bucket.atMs + fullMs, 'key');
}
