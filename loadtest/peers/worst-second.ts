// How many calls of one key are let through in the worst second, and how much of its limit a caller gets who always wants
// more: five times the limit asked for, begun at several moments of the clock's second.

import { Agent, request } from 'node:http';

const OVERLOAD = 5;
const SECONDS = 3;
/**
 * When in the clock's second a burst begins, and how long after a single call, ms: windows fail at their edges, those of
 * the clock as well as those that a first call opens.
 */
const STARTS = [
  { phaseMs: 50, leadMs: 0 },
  { phaseMs: 900, leadMs: 0 },
  { phaseMs: 50, leadMs: 900 },
  { phaseMs: 450, leadMs: 900 },
];
const TICK_MS = 20;
const QUIET_MS = 2500;

const sleep = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));

interface Admitted {
  sentMs: number;
  doneMs: number;
}

export interface WorstSecond {
  /** Most admitted calls that certainly lie within one second: sent after its begin, answered before its end. */
  worstSecond: number;
  /** Share of the limit that was admitted, over whole seconds of overload. */
  used: number;
}

function ask(url: string, key: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, headers: { authorization: `Bearer ${key}` } }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** Most of the calls that lie wholly within any one second. */
export function mostInOneSecond(calls: readonly Admitted[]): number {
  const dones = (fromMs: number) =>
    calls.filter(({ sentMs, doneMs }) => sentMs >= fromMs && doneMs <= fromMs + 1000).length;
  return Math.max(0, ...calls.map(({ sentMs }) => dones(sentMs)));
}

async function burst(url: string, key: string, limit: number, agent: Agent): Promise<Admitted[]> {
  const admitted: Admitted[] = [];
  const calls: Promise<void>[] = [];
  const call = async () => {
    const sentMs = performance.now();
    const status = await ask(url, key, agent);
    if (status === 200) admitted.push({ sentMs, doneMs: performance.now() });
    else if (status !== 429) throw new Error(`${url} answered ${status}`);
  };
  const startedMs = performance.now();
  for (let sent = 0; performance.now() - startedMs < SECONDS * 1000; ) {
    const due = ((performance.now() - startedMs) / 1000) * limit * OVERLOAD;
    for (; sent < due; sent++) calls.push(call());
    await sleep(TICK_MS);
  }
  await Promise.all(calls);
  return admitted;
}

/** @param limit calls a second that the key is allowed */
export async function worstSecond(url: string, key: string, limit: number): Promise<WorstSecond> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  let worst = 0;
  let used = 0;
  for (const { phaseMs, leadMs } of STARTS) {
    await sleep(QUIET_MS);
    await sleep((1000 + phaseMs - (Date.now() % 1000)) % 1000);
    if (leadMs > 0) await ask(url, key, agent);
    await sleep(leadMs);
    const admitted = await burst(url, key, limit, agent);
    worst = Math.max(worst, mostInOneSecond(admitted));
    used += admitted.length / (limit * SECONDS) / STARTS.length;
  }
  agent.destroy();
  return { worstSecond: worst, used: Number(used.toFixed(3)) };
}
