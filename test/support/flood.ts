// Many calls at one edge without a client in between, so that a hundred thousand take seconds: what is counted is what
// the Worker did for them.

import type { Env } from '../../src/compose.ts';
import worker from '../../src/worker.ts';

/** Calls at the same time. */
const CONCURRENCY = 50;

export interface Flood {
  calls: number;
  path: string;
  /** `{n}` in it is replaced by the number of the call, so that all may differ. */
  authorization: string;
}

/** How many calls got which status. */
export async function flood(
  { calls, path, authorization }: Flood,
  env: Env,
  ctx: ExecutionContext,
): Promise<Record<number, number>> {
  const statuses: Record<number, number> = {};
  let next = 0;
  const client = async () => {
    while (next < calls) {
      const headers = { authorization: authorization.replace('{n}', String(next++)) };
      const request = new Request(`http://127.0.0.1${path}`, { headers });
      const answer = await worker.fetch(request as Parameters<typeof worker.fetch>[0], env, ctx);
      await answer.body?.cancel();
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, client));
  return statuses;
}
