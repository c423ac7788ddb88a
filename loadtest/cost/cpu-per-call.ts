// CPU of a call on workerd itself: of the whole process, with its HTTP and the objects, so more than an isolate is billed for.

import { startGateway } from '../bench/gateway.ts';
import { CONCURRENCY, type Generator, median } from '../bench/rounds.ts';

const ROUNDS = 3;
const REQUESTS = 2000;
/** Each once in a round, so that none is lent anything. */
const ASKED_KEYS = 400;

export interface CpuMicros {
  /** Of a key whose calls are counted in the isolate. */
  lent: number;
  /** Of a key whose object is asked about each call. */
  asked: number;
}

export async function measureCpu(upstream: string, path: string, generator: Generator): Promise<CpuMicros> {
  const gateway = await startGateway(upstream, { keys: ASKED_KEYS });
  const measure = async (key: string | readonly string[], requests: number): Promise<number> => {
    const order = { url: gateway.url + path, key, requests, concurrency: CONCURRENCY };
    const samples: number[] = [];
    // Once before, until just-in-time compilation has settled and records are in memory.
    for (let round = 0; round <= ROUNDS; round++) {
      const before = gateway.cpuSeconds();
      const { statuses } = await generator.load(order);
      if (Object.keys(statuses).join() !== '200') throw new Error(`answered ${JSON.stringify(statuses)}`);
      if (round > 0) samples.push(((gateway.cpuSeconds() - before) * 1_000_000) / requests);
    }
    return Math.round(median(samples));
  };
  try {
    return {
      lent: await measure(gateway.key, REQUESTS),
      asked: await measure(gateway.moreKeys, ASKED_KEYS),
    };
  } finally {
    await gateway.stop();
  }
}
