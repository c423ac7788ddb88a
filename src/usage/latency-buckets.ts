// Latency as mergeable log buckets: bucket i holds (GROWTH^(i-1), GROWTH^i] ms, so a percentile is read within 1 %.
// After DDSketch, Masson et al., VLDB 2019, with relative accuracy a = 0.01.

const ACCURACY = 0.01;
const GROWTH = (1 + ACCURACY) / (1 - ACCURACY);
const LOG_GROWTH = Math.log(GROWTH);

/** Bucket of a latency in ms; everything under 1 ms is in bucket 0. */
export const bucketOf = (latencyMs: number): number =>
  latencyMs <= 1 ? 0 : Math.ceil(Math.log(latencyMs) / LOG_GROWTH);

/** The value that is within 1 % of everything in the bucket, ms. */
const middleOf = (bucket: number): number => (bucket === 0 ? 1 : (2 * GROWTH ** bucket) / (1 + GROWTH));

export type Buckets = Readonly<Record<string, number>>;

/** The latency that `share` (0..1) of the calls do not exceed, ms; null when there are none. */
export function percentile(buckets: Buckets, share: number): number | null {
  const entries = Object.entries(buckets)
    .map(([bucket, calls]) => [Number(bucket), calls] as const)
    .sort(([a], [b]) => a - b);
  const total = entries.reduce((sum, [, calls]) => sum + calls, 0);
  let rank = Math.max(1, Math.ceil(share * total));
  for (const [bucket, calls] of entries) {
    rank -= calls;
    if (rank <= 0) return Math.round(middleOf(bucket) * 10) / 10;
  }
  return null;
}

export function mergeBuckets(all: readonly Buckets[]): Buckets {
  const merged: Record<string, number> = {};
  for (const buckets of all) {
    for (const [bucket, calls] of Object.entries(buckets)) merged[bucket] = (merged[bucket] ?? 0) + calls;
  }
  return merged;
}
