// Calls to Durable Objects: their time bound, and what the runtime says when one fails.

/** A limiter could not be asked: overloaded, unreachable, or over its time bound. */
export class LimiterUnavailable extends Error {
  override name = 'LimiterUnavailable';
}

/** @throws LimiterUnavailable when there is no answer in time */
export async function within<T>(timeoutMs: number, ask: () => Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new LimiterUnavailable('limiter over its time bound')), timeoutMs);
  });
  try {
    return await Promise.race([ask(), late]);
  } finally {
    clearTimeout(timer);
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
