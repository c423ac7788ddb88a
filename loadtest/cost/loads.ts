// The loads that a price is said for, each at fixed moments in an isolate of its own. How many of an isolate's calls share a
// key decides what a call costs, so each says what it assumes.

import { HOUR_MS, MINUTE_MS } from '../../src/core/time.ts';
import { hotKey, moreKeys } from '../bench/bench-keys.ts';
import {
  type Counted,
  type CountedStack,
  countedBetween,
  type Load,
  startCountedStack,
} from './counted-stack.ts';

const FEW_KEYS = 4;
const MANY_KEYS = 10;
const COLD_KEYS = 240;

export const LOADS = {
  hot: 'one key, 50 calls a second',
  warm: 'one key, 20 calls a second: all that its isolate answers',
  warmFew: `${FEW_KEYS} keys of one partner, 5 calls a second each: 20 a second in all`,
  warmMany: `${MANY_KEYS} keys of one partner, 2 calls a second each: 20 a second in all`,
  cold: `${COLD_KEYS} keys of one partner, each called once a minute in an isolate that answers 20 a second in all: their objects were evicted, their records are in KV and not in the isolate; once an hour they are written there`,
  lone: 'the same, called once an hour',
} as const;
export type LoadName = keyof typeof LOADS;

/** Records are read again after a minute, so what is measured lasts one. */
const MEASURED_SECONDS = 60;
const LEAD_SECONDS = 5;
/** Objects that nothing asked are evicted after ten seconds. */
const EVICTED_AFTER_MS = 14_000;
/** Events are sent and folded, and leases have come back. */
const QUIET_MS = 4000;
/** Calls of a cold key for each time that its record is read from the database and written to KV. */
const CALLS_AN_HOUR = HOUR_MS / MINUTE_MS;

const sleep = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));

/** A minute out of the middle of a load. */
async function steady(counted: CountedStack, load: Omit<Load, 'calls'>): Promise<Counted> {
  const { perSecond } = load;
  const running = counted.run({ ...load, calls: perSecond * (LEAD_SECONDS + MEASURED_SECONDS + 1) });
  running.catch(() => undefined);
  await sleep(LEAD_SECONDS * 1000);
  const before = await counted.counters();
  await sleep(MEASURED_SECONDS * 1000);
  const after = await counted.counters();
  await running;
  await sleep(QUIET_MS);
  return countedBetween(before, after, perSecond * MEASURED_SECONDS);
}

/** Each key once, and everything that comes of it. */
async function once(counted: CountedStack, keys: readonly string[], edge: string): Promise<Counted> {
  const before = await counted.counters();
  await counted.run({ keys, perSecond: 20, calls: keys.length, edge });
  await sleep(QUIET_MS);
  return countedBetween(before, await counted.counters(), keys.length);
}

export async function countLoads(
  upstream: string,
  path: string,
  say: (line: string) => void,
): Promise<Map<LoadName, Counted>> {
  const counted = await startCountedStack(upstream, path);
  try {
    const many = await moreKeys(counted.stack, MANY_KEYS);
    const cold = await moreKeys(counted.stack, COLD_KEYS);
    const hot = await hotKey(counted.stack);
    const results = new Map<LoadName, Counted>();
    const note = async (name: LoadName, work: () => Promise<Counted>) => {
      say(`  counting ${name}: ${LOADS[name]}`);
      results.set(name, await work());
      say(`    ${JSON.stringify(results.get(name)?.behind)}`);
    };
    await note('hot', () => steady(counted, { keys: [hot], perSecond: 50, edge: 'hot' }));
    await note('warm', () => steady(counted, { keys: [hot], perSecond: 20, edge: 'warm' }));
    const few = many.slice(0, FEW_KEYS);
    await note('warmFew', () => steady(counted, { keys: few, perSecond: 20, edge: 'few' }));
    await note('warmMany', () => steady(counted, { keys: many, perSecond: 20, edge: 'many' }));
    await counted.prepare(cold, 'elsewhere');
    await sleep(EVICTED_AFTER_MS);
    await counted.shiftClock(MINUTE_MS);
    await note('cold', async () => {
      const { perCall, behind } = await once(counted, cold, 'cold');
      const kvWrites = (perCall.kvWrites ?? 0) + 1 / CALLS_AN_HOUR;
      return { perCall: { ...perCall, kvWrites }, behind };
    });
    await sleep(EVICTED_AFTER_MS);
    await counted.shiftClock(HOUR_MS + MINUTE_MS);
    await note('lone', () => once(counted, cold, 'lone'));
    return results;
  } finally {
    await counted.stop();
  }
}
