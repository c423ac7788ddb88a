// Calls to Durable Objects: their time bound, and what the runtime says when one fails.

/** A limiter could not be asked: overloaded, unreachable, or over its time bound. */
export class LimiterUnavailable extends Error {
  override name = 'LimiterUnavailable';
}

/** Calls `late` after so long, unless what it gives is called before. */
export type Watch = (timeoutMs: number, late: () => void) => () => void;

const byTimer: Watch = (timeoutMs, late) => {
  const timer = setTimeout(late, timeoutMs);
  return () => clearTimeout(timer);
};

/** @throws LimiterUnavailable when there is no answer in time */
export async function within<T>(
  timeoutMs: number,
  ask: () => Promise<T>,
  watch: Watch = byTimer,
): Promise<T> {
  let inTime: (() => void) | undefined;
  const late = new Promise<never>((_, reject) => {
    inTime = watch(timeoutMs, () => reject(new LimiterUnavailable('limiter over its time bound')));
  });
  try {
    return await Promise.race([ask(), late]);
  } finally {
    inTime?.();
  }
}

/**
 * Whether to ask once more, on a fresh stub: never an overloaded object. One that was reset (it crashed, or was
 * deployed anew) answers from its stored state.
 */
export function isWorthRetrying(error: unknown): boolean {
  const flags = error as { retryable?: boolean; durableObjectReset?: boolean; overloaded?: boolean };
  return (flags.retryable === true || flags.durableObjectReset === true) && flags.overloaded !== true;
}
