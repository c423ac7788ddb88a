// Calls at fixed moments, whatever becomes of those before: a server that is slow is not asked less often for it, and a
// call's latency counts from the moment at which it was due, so that a wait before it was sent is its own.

export interface Paced {
  latenciesMs: number[];
  elapsedMs: number;
  /** Answers by status. */
  statuses: Record<string, number>;
}

export interface Pace {
  perSecond: number;
  calls: number;
}

const sleep = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));

/** `send`: makes the call of that number, and resolves with its status when all of the answer is there. */
export async function paced(
  { perSecond, calls }: Pace,
  send: (n: number) => Promise<number>,
): Promise<Paced> {
  const latenciesMs: number[] = [];
  const statuses: Record<string, number> = {};
  const startedMs = performance.now();
  const call = async (n: number, dueMs: number) => {
    const status = await send(n);
    latenciesMs.push(performance.now() - dueMs);
    statuses[status] = (statuses[status] ?? 0) + 1;
  };
  const sent: Promise<void>[] = [];
  let failure: unknown;
  for (let n = 0; n < calls && !failure; n++) {
    const dueMs = startedMs + (n * 1000) / perSecond;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    sent.push(
      call(n, dueMs).catch((error) => {
        failure ??= error;
      }),
    );
  }
  await Promise.all(sent);
  if (failure) throw failure;
  return { latenciesMs, elapsedMs: performance.now() - startedMs, statuses };
}
