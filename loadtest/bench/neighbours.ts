// What one partner's calls notice of another that floods at ten times its limit: the slowest hundredth of a steady load,
// alone and beside the flood, in turn. Both loads come at fixed moments from processes of their own. The flood is slow enough
// that two cores have time left: what is measured is the gateway, not the machine.

import { cpus } from 'node:os';
import { type BareGateway, startGateway } from './gateway.ts';
import { type Generator, median, quantile, startGenerator } from './rounds.ts';

/** Calls a second: of the partner that is measured, the other's limit, and what it floods with. */
const STEADY = 100;
const LIMIT = 20;
const FLOOD = 10 * LIMIT;
const ROUNDS = 8;
const ROUND_SECONDS = 8;
/** The flood has begun before it is measured beside, and lasts until after it. */
const AROUND_SECONDS = 1;
const CONNECTIONS = 64;

export interface Neighbours {
  p99AloneMs: number;
  p99BesideMs: number;
  /** Median of the rounds' ratios. */
  ratio: number;
  floodAdmitted: number;
  floodRefused: number;
  /** Share of the machine's time in which nobody wanted it, beside the flood. Without some, the figure is the machine's. */
  idleShare: number;
}

const sleep = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));
/** Of all processors, until now, ms. */
function machineTime(): { idleMs: number; allMs: number } {
  const times = cpus().map((cpu) => cpu.times);
  const idleMs = times.reduce((sum, { idle }) => sum + idle, 0);
  return {
    idleMs,
    allMs: times.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, idleMs),
  };
}

const rounded = (value: number): number => Number(value.toFixed(3));

async function p99Of(gateway: BareGateway, path: string, generator: Generator): Promise<number> {
  const { latenciesMs, statuses } = await generator.load({
    url: gateway.url + path,
    key: gateway.key,
    requests: STEADY * ROUND_SECONDS,
    perSecond: STEADY,
    concurrency: CONNECTIONS,
  });
  if (Object.keys(statuses).join() !== '200')
    throw new Error(`the steady partner was answered ${JSON.stringify(statuses)}`);
  return quantile(latenciesMs, 0.99);
}

export async function measureNeighbours(
  upstream: string,
  path: string,
  generator: Generator,
  say: (line: string) => void,
): Promise<Neighbours> {
  const gateway = await startGateway(upstream, { limit: LIMIT });
  const flooding = startGenerator();
  const alone: number[] = [];
  const beside: number[] = [];
  const flood: Record<string, number> = {};
  const machine = { idleMs: 0, allMs: 0 };
  const floodFor = (seconds: number) =>
    flooding.load({
      url: gateway.url + path,
      key: gateway.limitedKey,
      requests: FLOOD * seconds,
      perSecond: FLOOD,
      concurrency: CONNECTIONS,
    });
  try {
    // Until just-in-time compilation has settled.
    await Promise.all([p99Of(gateway, path, generator), floodFor(ROUND_SECONDS)]);
    for (let round = 1; round <= ROUNDS; round++) {
      await sleep(AROUND_SECONDS * 1000);
      const p99Ms = await p99Of(gateway, path, generator);
      const flooded = floodFor(ROUND_SECONDS + 2 * AROUND_SECONDS);
      await sleep(AROUND_SECONDS * 1000);
      const before = machineTime();
      const besideMs = await p99Of(gateway, path, generator);
      const after = machineTime();
      machine.idleMs += after.idleMs - before.idleMs;
      machine.allMs += after.allMs - before.allMs;
      for (const [status, count] of Object.entries((await flooded).statuses))
        flood[status] = (flood[status] ?? 0) + count;
      alone.push(p99Ms);
      beside.push(besideMs);
      say(`  round ${round}  p99 alone ${p99Ms.toFixed(2)} ms  beside a flood ${besideMs.toFixed(2)} ms`);
    }
  } finally {
    flooding.stop();
    await gateway.stop();
  }
  const { 200: floodAdmitted = 0, 429: floodRefused = 0, ...others } = flood;
  if (Object.keys(others).length > 0) throw new Error(`the flood was answered ${JSON.stringify(others)}`);
  const ratio = rounded(median(beside.map((besideMs, i) => besideMs / (alone[i] ?? Number.NaN))));
  const idleShare = rounded(machine.idleMs / machine.allMs);
  say(`\n  beside to alone: ${ratio}; of the flood ${floodAdmitted} were admitted, ${floodRefused} refused`);
  say(`  the machine was idle for ${Math.round(idleShare * 100)} % of the time`);
  return {
    p99AloneMs: rounded(median(alone)),
    p99BesideMs: rounded(median(beside)),
    ratio,
    floodAdmitted,
    floodRefused,
    idleShare,
  };
}
