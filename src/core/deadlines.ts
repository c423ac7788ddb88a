// Time bounds of calls that wait: for their upstreams, for their limits. One clock of the isolate watches them all: a timer of its own costs a call
// as much as its limits do. The clock runs in the request of some call that waits, and goes to another's before that one has to
// end. What it tells a call is resolved here and acted upon in the call's own request, where the platform continues it
// (`handle_cross_request_promise_resolution`): nothing of a request is touched from another.

/** How late a bound may be noticed. */
const TICK_MS = 25;
/** A request lives on for 30 s after its answer. */
const CLOCK_MS = 20_000;
/** A clock that has not ticked for so long ended with its request. */
const DEAD_MS = 1000;

export type KeepAlive = (work: Promise<unknown>) => void;

interface Watched {
  readonly untilMs: number;
  /** Whether its caller has gone, and its request ends before long. */
  isGone(): boolean;
  tell(what: 'late' | 'be the clock'): void;
}

interface Clock {
  readonly sinceMs: number;
  tickedMs: number;
}

export interface DeadlinePorts {
  now(): number;
  sleep(ms: number): Promise<unknown>;
}

export function createDeadlines({ now, sleep }: DeadlinePorts) {
  const watched = new Set<Watched>();
  let clock: Clock | undefined;

  async function run(own: Clock): Promise<void> {
    while (own === clock) {
      await sleep(TICK_MS);
      own.tickedMs = now();
      for (const each of watched) {
        if (own.tickedMs < each.untilMs) continue;
        watched.delete(each);
        each.tell('late');
      }
      if (own !== clock) return;
      if (watched.size === 0) clock = undefined;
      else if (own.tickedMs - own.sinceMs >= CLOCK_MS) {
        // Whoever came last waits the longest, most likely.
        const next = [...watched].findLast((each) => !each.isGone());
        clock = next && { sinceMs: own.tickedMs, tickedMs: own.tickedMs };
        next?.tell('be the clock');
      }
    }
  }

  function start(keepAlive: KeepAlive): void {
    const nowMs = now();
    clock = { sinceMs: nowMs, tickedMs: nowMs };
    keepAlive(run(clock));
  }

  return {
    /** `late`: called once `timeoutMs` have passed, in the request that asks, unless what is given was called before. */
    watch(timeoutMs: number, keepAlive: KeepAlive, late: () => void, isGone = () => false): () => void {
      const nowMs = now();
      const watching: Watched = { untilMs: nowMs + timeoutMs, isGone, tell: () => undefined };
      const listen = (): void => {
        const told = new Promise<'late' | 'be the clock'>((resolve) => {
          watching.tell = resolve;
        });
        told.then((what) => {
          if (what === 'late') return late();
          start(keepAlive);
          listen();
        });
      };
      listen();
      watched.add(watching);
      if (!clock || nowMs - clock.tickedMs > DEAD_MS) start(keepAlive);
      return () => void watched.delete(watching);
    },
  };
}

export type Deadlines = ReturnType<typeof createDeadlines>;
