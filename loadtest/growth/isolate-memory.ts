// What an isolate remembers of keys, measured on workerd itself: its memory after each so many different keys. Every other
// one is known and revoked, so that its record is remembered and its object, which lives in the same process here and not
// on Cloudflare, is not made. Each map of the gateway is bounded (`bounds`), so memory grows until the
// bounds are reached, and no more.

import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { newBearerKey } from '../../src/keys/key-format.ts';
import { BENCH_PREFIX } from '../bench/bench-keys.ts';
import { startGateway } from '../bench/gateway.ts';
import { startGenerator, startUpstream } from '../bench/rounds.ts';
import { boundsInSource } from './bounds.ts';

const STEPS = 3;
const MOST_A_STEP = 100_000;
const CONCURRENCY = 16;
const PATH = '/v2/stops/x/departures';
/** Garbage is collected by then, as far as it is. */
const SETTLED_AFTER_MS = 5000;
/** What the last step may add, of what the first one did: bounds are reached by then, and memory is freed late. */
const MOST_GROWTH = 0.5;
const MOST_NOISE_MB = 16;

export interface IsolateMemory {
  /** Before, and after each step. */
  residentMb: number[];
  isBounded: boolean;
  /** Where the source bounds what an isolate keeps by key. */
  bounds: Record<string, number>;
}

const sleep = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));
async function revoke(databaseUrl: string, prefix: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('UPDATE api_key SET is_active = false WHERE key_prefix = $1', [prefix]);
  await client.end();
}

/** `keys`: different ones in all. */
export async function measureIsolate(keys: number, say: (line: string) => void): Promise<IsolateMemory> {
  const steps = Math.max(STEPS, Math.ceil(keys / MOST_A_STEP));
  const step = Math.ceil(keys / steps);
  const upstream = await startUpstream();
  const generator = startGenerator();
  const gateway = await startGateway(upstream.origin, { keys: Math.ceil((step * steps) / 2) });
  const residentMb: number[] = [];
  const note = async () => {
    await sleep(SETTLED_AFTER_MS);
    residentMb.push(Math.round(gateway.memoryBytes() / 1_000_000));
  };
  try {
    await revoke(gateway.databaseUrl, BENCH_PREFIX);
    const order = { url: gateway.url + PATH, concurrency: CONCURRENCY };
    await generator.load({ ...order, key: gateway.key, requests: 2000 });
    await note();
    say(`  before: ${residentMb[0]} MB resident`);
    for (let done = 0; done < step * steps; done += step) {
      const known = gateway.moreKeys.slice(done / 2, (done + step) / 2);
      const key = known.flatMap((each) => [each, newBearerKey('live', randomBytes)]);
      const { statuses } = await generator.load({ ...order, key, requests: key.length });
      await note();
      say(`  ${done + step} keys: ${residentMb.at(-1)} MB resident ${JSON.stringify(statuses)}`);
    }
  } finally {
    await gateway.stop();
    generator.stop();
    upstream.stop();
  }
  const [before = 0, first = 0, ...later] = residentMb;
  const last = (later.at(-1) ?? 0) - (later.at(-2) ?? first);
  const isBounded = last <= Math.max(MOST_NOISE_MB, (first - before) * MOST_GROWTH);
  return { residentMb, isBounded, bounds: boundsInSource() };
}
