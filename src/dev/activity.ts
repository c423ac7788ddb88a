// What the Worker on your machine is doing: what must have come to its end before it may be stopped. Pure.

/** Longer than any route's time bound, and than what Cloudflare leaves a task after its answer. What is older was
 * dropped by the runtime, which tells nobody: a caller that reset its connection. */
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
  const running = { calls: new Map<symbol, number>(), tasks: new Map<symbol, number>() };
  let bodies = 0;
  let messages = 0;
  let lastMs = now();

  const young = (started: Map<symbol, number>): number =>
    [...started.values()].filter((startedMs) => now() - startedMs < LONGEST_MS).length;

  return {
    begin(kind: keyof typeof running): () => void {
      const id = Symbol();
      lastMs = now();
      running[kind].set(id, lastMs);
      return () => {
        running[kind].delete(id);
        lastMs = now();
      };
    },
    beginBody(): () => void {
      bodies++;
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        bodies--;
        lastMs = now();
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
      calls: young(running.calls),
      bodies,
      tasks: young(running.tasks),
      messages,
      quietMs: now() - lastMs,
    }),
  };
}

export type ActivityMeter = ReturnType<typeof createActivityMeter>;
