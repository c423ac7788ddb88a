// What the Worker on your machine is doing: what must have come to its end before it may be stopped. Pure.

/**
 * Longer than any route's time bound, and than what Cloudflare leaves a task after its answer. What is older was dropped
 * by the runtime, which tells nobody: its caller reset the connection.
 */
export const LONGEST_MS = 35_000;

export interface Activity {
  /** Requests whose answer has not begun. */
  calls: number;
  /** Answers that are still being sent. */
  bodies: number;
  /** Work that outlives its answer. */
  tasks: number;
  /** Messages of usage that were sent and are not folded. */
  messages: number;
  /** Since anything of this began or ended. */
  quietMs: number;
}

export const isIdle = ({ calls, bodies, tasks, messages }: Activity): boolean =>
  calls + bodies + tasks + messages === 0;

export function createActivityMeter(now: () => number) {
  /** Of each that runs, when it is given up. */
  const running = {
    calls: new Map<symbol, number>(),
    bodies: new Map<symbol, number>(),
    tasks: new Map<symbol, number>(),
  };
  let messages = 0;
  let lastMs = now();

  const count = (untilMs: Map<symbol, number>): number =>
    [...untilMs.values()].filter((ms) => now() < ms).length;

  return {
    /** @returns what to call at its end; once or more */
    begin(kind: keyof typeof running, maxMs = LONGEST_MS): () => void {
      const id = Symbol();
      lastMs = now();
      const [oldest] = running[kind];
      if (oldest && oldest[1] <= lastMs) running[kind].delete(oldest[0]);
      running[kind].set(id, lastMs + maxMs);
      return () => {
        if (running[kind].delete(id)) lastMs = now();
      };
    },
    sent(count: number): void {
      messages += count;
      lastMs = now();
    },
    settled(count: number): void {
      messages -= count;
      lastMs = now();
    },
    read: (): Activity => ({
      calls: count(running.calls),
      bodies: count(running.bodies),
      tasks: count(running.tasks),
      messages,
      quietMs: now() - lastMs,
    }),
  };
}

export type ActivityMeter = ReturnType<typeof createActivityMeter>;
