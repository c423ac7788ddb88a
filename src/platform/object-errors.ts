// What the runtime says about a failed call to a Durable Object.

/**
 * Whether to ask once more, on a fresh stub: never an overloaded object. One that was reset (it crashed, or was
 * deployed anew) answers from its stored state.
 */
export function isWorthRetrying(error: unknown): boolean {
  const flags = error as { retryable?: boolean; durableObjectReset?: boolean; overloaded?: boolean };
  return (flags.retryable === true || flags.durableObjectReset === true) && flags.overloaded !== true;
}
