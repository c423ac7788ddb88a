// What an isolate remembers of keys, measured on workerd itself: its memory after 10,000 different keys, after 20,000 and
// after 30,000, every other one known. Each map of the gateway is bounded (`bounds`), so it grows until the bounds are
// reached, and no more.

import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { newBearerKey } from '../../src/keys/key-format.ts';
import { startGateway } from '../bench/gateway.ts';
import { startGenerator, startUpstream } from '../bench/rounds.ts';

const STEP = 10_000;
const STEPS = 3;
const CONCURRENCY = 16;
const PATH = '/v2/stops/x/departures';
/** Objects that nothing asked are evicted after ten seconds. */
const EVICTED_AFTER_MS = 14_000;
/** What a step may add once the bounds are reached, of what the first one did: memory is freed late. */
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
const SOURCE = fileURLToPath(new URL('../../src', import.meta.url).href);
/** `dropOldest(map, MOST_…)`, or `if (map.size >= MOST_…) map.clear()`. */
const BOUNDED = /dropOldest\((?:this\.)?(\w+), (MOST_\w+)\)|(\w+)\.size >= (MOST_\w+)/g;

/** Every map in the source that is bounded by how many entries it has. */
export function boundsInSource(): Record<string, number> {
  const bounds: Record<string, number> = {};
  for (const file of readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    const text = readFileSync(join(SOURCE, file), 'utf8');
    for (const [, dropped, most = '', cleared, size = ''] of text.matchAll(BOUNDED)) {
      const name = most || size;
      const value = new RegExp(`const ${name} = ([\\d_]+)`).exec(text)?.[1];
      if (value) bounds[`${file} ${dropped ?? cleared}`] = Number(value.replaceAll('_', ''));
    }
  }
  return bounds;
}

export async function measureIsolate(say: (line: string) => void): Promise<IsolateMemory> {
  const upstream = await startUpstream();
  const generator = startGenerator();
  const gateway = await startGateway(upstream.origin, { keys: (STEP * STEPS) / 2 });
  const residentMb: number[] = [];
  const note = async () => {
    await sleep(EVICTED_AFTER_MS);
    residentMb.push(Math.round(gateway.memoryBytes() / 1_000_000));
  };
  try {
    const order = { url: gateway.url + PATH, concurrency: CONCURRENCY };
    await generator.load({ ...order, key: gateway.key, requests: 2000 });
    await note();
    for (let step = 0; step < STEPS; step++) {
      const known = gateway.moreKeys.slice((step * STEP) / 2, ((step + 1) * STEP) / 2);
      const key = known.flatMap((each) => [each, newBearerKey('live', randomBytes)]);
      const { statuses } = await generator.load({ ...order, key, requests: STEP });
      await note();
      say(`  ${(step + 1) * STEP} keys: ${residentMb.at(-1)} MB resident ${JSON.stringify(statuses)}`);
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
