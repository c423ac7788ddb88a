// Calls one URL over kept connections, in a process of its own, so that its CPU and its pauses are nobody's. Takes orders
// over IPC and answers with the latencies.

import { Agent, request } from 'node:http';

export interface LoadOrder {
  url: string;
  key?: string;
  requests: number;
  concurrency: number;
}
export interface LoadResult {
  latenciesMs: number[];
  elapsedMs: number;
  /** Answers by status. */
  statuses: Record<string, number>;
}

const agents = new Map<number, Agent>();
function agentOf(concurrency: number): Agent {
  const known = agents.get(concurrency) ?? new Agent({ keepAlive: true, maxSockets: concurrency });
  agents.set(concurrency, known);
  return known;
}

function ask({ url, key, concurrency }: LoadOrder): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
    const sent = request(url, { agent: agentOf(concurrency), headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end();
  });
}

async function load(order: LoadOrder): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  const statuses: Record<string, number> = {};
  const startedMs = performance.now();
  let left = order.requests;
  const lane = async () => {
    while (left-- > 0) {
      const sentMs = performance.now();
      const status = await ask(order);
      latenciesMs.push(performance.now() - sentMs);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: order.concurrency }, lane));
  return { latenciesMs, elapsedMs: performance.now() - startedMs, statuses };
}

process.on('message', (order: LoadOrder) => {
  load(order).then(
    (result) => process.send?.(result),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(0));
