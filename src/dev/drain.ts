// Waits until nothing that was answered can be lost any more: calls in flight end, and their usage is folded. Bounded.

import { type Activity, isIdle, LONGEST_MS } from './activity.ts';

export interface DrainPorts {
  /** Orders the drain, and says what is still going on. Undefined when the Worker does not answer. */
  ask(): Promise<Activity | undefined>;
  now(): number;
  sleep(ms: number): Promise<unknown>;
}

/** For what comes after the last call: a flush, a batch of the queue, a fold, and tries again while PostgreSQL restarts. */
const FOLD_MOST_MS = 20_000;
/** Objects give back what was leased to them for half a second. Nothing says when they have. */
const QUIET_MS = 1500;
const POLL_MS = 100;

/** @returns what was left undone: undefined when that is nothing */
export async function drain({ ask, now, sleep }: DrainPorts): Promise<Activity | 'no answer' | undefined> {
  const callsUntilMs = now() + LONGEST_MS;
  let foldUntilMs = now() + FOLD_MOST_MS;
  for (;;) {
    const activity = await ask();
    if (activity && isIdle(activity) && activity.quietMs >= QUIET_MS) return undefined;
    const isInFlight = activity && activity.calls + activity.bodies > 0;
    if (isInFlight && now() < callsUntilMs) foldUntilMs = now() + FOLD_MOST_MS;
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
