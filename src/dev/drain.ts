// Waits until nothing that was answered can be lost any more: calls in flight end, and their usage is folded. Bounded.

import { type Activity, isIdle, LONGEST_MS } from './activity.ts';

export interface DrainPorts {
  /** Orders the drain, and says what is still going on. Undefined when the Worker does not answer. */
  ask(): Promise<Activity | undefined>;
  now(): number;
  sleep(ms: number): Promise<unknown>;
}

export interface Patience {
  /** With calls in flight. */
  callsMs: number;
  /** With what comes after the last call: a flush, a batch of the queue, a fold. */
  foldMs: number;
  /** Nothing has begun or ended for this long. */
  quietMs: number;
}

/** The fold may have to wait for PostgreSQL to restart. Objects give back what was leased to them for half a second. */
const BEFORE_STOP: Patience = { callsMs: LONGEST_MS, foldMs: 20_000, quietMs: 1500 };
/** Somebody waits for the page that they have just changed. */
export const BEFORE_RELOAD: Patience = { callsMs: 1000, foldMs: 2000, quietMs: 0 };
const POLL_MS = 30;

/** @returns what was left undone: undefined when that is nothing */
export async function drain(
  { ask, now, sleep }: DrainPorts,
  { callsMs, foldMs, quietMs } = BEFORE_STOP,
): Promise<Activity | 'no answer' | undefined> {
  const callsUntilMs = now() + callsMs;
  let foldUntilMs = now() + foldMs;
  for (;;) {
    const activity = await ask();
    if (activity && isIdle(activity) && activity.quietMs >= quietMs) return undefined;
    const isInFlight = activity && activity.calls + activity.bodies > 0;
    if (isInFlight && now() < callsUntilMs) foldUntilMs = now() + foldMs;
    else if (now() >= foldUntilMs)
      return activity && isIdle(activity) ? undefined : (activity ?? 'no answer');
    await sleep(POLL_MS);
  }
}

/** What to tell whoever reads the terminal. */
export function sayLeft(left: Activity | 'no answer'): string {
  if (left === 'no answer') return 'The Worker did not answer: usage of its last seconds may be lost.';
  const parts = [
    [left.calls + left.bodies, 'calls that had not ended'],
    [left.tasks, 'tasks'],
    [left.messages, 'messages of usage that could not be written'],
  ] as const;
  return `Lost: ${parts
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${count} ${what}`)
    .join(', ')}.`;
}
