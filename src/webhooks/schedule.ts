// When a failed delivery is tried again. Pure.

/** After the first try, the second, and so on: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h (as Standard Webhooks proposes). */
export const RETRY_SECONDS = [5, 300, 1800, 7200, 18_000, 36_000, 36_000] as const;

/** Up to this share is added, so that what failed together does not come back together. */
const JITTER = 0.1;

/** Seconds until the next try after `tries` of them; undefined when it was the last. `chance`: from 0 to 1. */
export function retryDelay(
  tries: number,
  chance: number,
  schedule: readonly number[] = RETRY_SECONDS,
): number | undefined {
  const seconds = schedule[tries - 1];
  return seconds === undefined ? undefined : seconds * (1 + JITTER * chance);
}
