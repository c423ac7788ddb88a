// Calls one URL over kept connections, in a process of its own, so that its CPU and its pauses are nobody's. Takes orders
// over IPC and answers with the latencies.

import { Agent, request } from 'node:http';
import { type Paced as LoadResult, paced } from './paced.ts';

export interface LoadOrder {
  url: string;
  /** In turn, where there are several. */
  key?: string | readonly string[];
  requests: number;
  concurrency: number;
  /** At fixed moments; otherwise as fast as it is answered. */
  perSecond?: number;
}
export type { LoadResult };

const agents = new Map<number, Agent>();
function agentOf(concurrency: number): Agent {
  const known = agents.get(concurrency) ?? new Agent({ keepAlive: true, maxSockets: concurrency });
  agents.set(concurrency, known);
  return known;
}

function send(order: LoadOrder, n: number): Promise<number> {
  const { url, key: keys, concurrency } = order;
  return new Promise((resolve, reject) => {
    const key = typeof keys === 'object' ? keys[n % keys.length] : keys;
    const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
    const sent = request(url, { agent: agentOf(concurrency), headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
      response.on('error', reject);
    });
    // The server closes what was kept for long, and may do so while it is used again: then nothing was heard of it.
    sent.on('error', (error) => (sent.reusedSocket ? resolve(send(order, n)) : reject(error)));
    sent.end();
  });
}

async function load(order: LoadOrder): Promise<LoadResult> {
  const { perSecond, requests } = order;
  if (perSecond !== undefined) return paced({ perSecond, calls: requests }, (n) => send(order, n));
  const latenciesMs: number[] = [];
  const statuses: Record<string, number> = {};
  const startedMs = performance.now();
  let next = 0;
  const lane = async () => {
    while (next < requests) {
      const sentMs = performance.now();
      const status = await send(order, next++);
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
