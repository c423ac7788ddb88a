// Token bucket in integers. In any interval of t ms, at most capacity + refill * t units are admitted.
// A level counts 1/60,000 of a unit, so that a refill of s units a minute is exactly s a millisecond.

import { type Gauge, gauge, isUnlimited, NEVER_RETRY_MS } from './limit.ts';

const SCALE = 60_000;

export interface Bucket {
  /** Scaled tokens left at `atMs`. */
  level: number;
  atMs: number;
}

export interface BucketLimit {
  burst: number;
  sustained: number;
}

export const fullBucket = (limit: BucketLimit, nowMs: number): Bucket => ({
  level: Math.max(0, limit.burst) * SCALE,
  atMs: nowMs,
});

/** Refills up to `nowMs`, clamped to the capacity; a clock that went back adds nothing. */
export function refill(bucket: Bucket, limit: BucketLimit, nowMs: number): Bucket {
  const elapsedMs = Math.max(0, nowMs - bucket.atMs);
  const rate = isUnlimited(limit.sustained) ? Number.MAX_SAFE_INTEGER / 1e6 : limit.sustained;
  const level = Math.min(Math.max(0, limit.burst) * SCALE, bucket.level + rate * elapsedMs);
  return { level, atMs: Math.max(bucket.atMs, nowMs) };
}

export const tokens = (bucket: Bucket): number => Math.floor(bucket.level / SCALE);

export const spendTokens = (bucket: Bucket, units: number): Bucket => ({
  level: Math.max(0, bucket.level - units * SCALE),
  atMs: bucket.atMs,
});

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
