// The real Worker with its bindings counted, and what one call came to over a stretch of a load.

import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Stack, startStack } from '../../src/dev/stack.ts';
import { paced } from '../bench/paced.ts';
import { OBJECT_GB, OPERATIONS_A_MESSAGE, type PerCall } from './prices.ts';

export interface Load {
  keys: readonly string[];
  perSecond: number;
  calls: number;
  /** An isolate of its own: with no record in memory until it is called. */
  edge: string;
}

type Counters = Record<string, number>;

export interface Counted {
  perCall: PerCall;
  /** What stands behind it, for one call each. */
  behind: Record<string, number>;
}

export interface CountedStack {
  stack: Stack;
  counters(): Promise<Counters>;
  run(load: Load): Promise<void>;
  /** Calls each key until it was answered, one after the other: objects that are new take their time. */
  prepare(keys: readonly string[], edge: string): Promise<void>;
  /** From now on everybody's clock is that much ahead. */
  shiftClock(shiftMs: number): Promise<void>;
  stop(): Promise<void>;
}

const MOST_TRIES = 10;

const BEHIND = [
  'objectCalls',
  'partnerCalls',
  'alarms',
  'objectsMade',
  'rowsWritten',
  'partnerRows',
  'alarmRows',
  'activeMs',
  'kvReads',
  'kvWrites',
  'queueMessages',
  'queueBytes',
  'logLines',
  'batches',
  'statements',
] as const;

export async function startCountedStack(upstream: string, path: string): Promise<CountedStack> {
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-cost-'));
  const stack = await startStack({
    folder,
    port: 0,
    entry: 'test/support/test-worker.ts',
    // As where it is deployed.
    variables: { UPSTREAM_ORIGIN: upstream, LOG_SUCCESS_SHARE: '0.01' },
  });
  const agent = new Agent({ keepAlive: true });
  const call = (key: string, edge: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${key}`, 'x-test-edge': edge };
      const sent = request(stack.url + path, { agent, headers }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      });
      sent.on('error', (error) => (sent.reusedSocket ? resolve(call(key, edge)) : reject(error)));
      sent.end();
    });
  return {
    stack,
    async counters() {
      const counted = await fetch(`${stack.url}/__test`);
      return { ...((await counted.json()) as Counters), statements: stack.endpoint.statements() };
    },
    async run({ keys, perSecond, calls, edge }) {
      const { statuses } = await paced({ perSecond, calls }, (n) => call(keys[n % keys.length] ?? '', edge));
      if (Object.keys(statuses).join() !== '200') throw new Error(`answered ${JSON.stringify(statuses)}`);
    },
    async prepare(keys, edge) {
      for (const key of keys)
        for (let tries = MOST_TRIES; (await call(key, edge)) !== 200; tries--)
          if (tries <= 1) throw new Error('a key was not answered');
    },
    async shiftClock(shiftMs) {
      const body = JSON.stringify({ shiftMs });
      await (await fetch(`${stack.url}/__test/clock`, { method: 'POST', body })).json();
    },
    async stop() {
      agent.destroy();
      await stack.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What each of so many calls came to. */
export function countedBetween(before: Counters, after: Counters, calls: number): Counted {
  const each = (name: string): number => ((after[name] ?? 0) - (before[name] ?? 0)) / calls;
  const objectRequests = each('objectCalls') + each('alarms');
  return {
    perCall: {
      requests: 1,
      objectRequests,
      objectGbSeconds: (each('activeMs') / 1000) * OBJECT_GB,
      rowsWritten: each('rowsWritten'),
      rowsRead: each('rowsRead'),
      kvReads: each('kvReads'),
      kvWrites: each('kvWrites'),
      queueOperations: each('queueChunks') * OPERATIONS_A_MESSAGE,
      logLines: each('logLines'),
      invocationLines: 1 + objectRequests + each('batches'),
    },
    behind: Object.fromEntries(BEHIND.map((name) => [name, Number(each(name).toFixed(5))])),
  };
}
