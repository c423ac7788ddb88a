// What one request of a hot key costs in operations that are billed, counted by wrapping the bindings.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStack } from '../../src/dev/stack.ts';
import { hotKey } from './bench-keys.ts';
import { CONCURRENCY, type Generator } from './rounds.ts';

const REQUESTS = 5000;
/** Everything of the requests before has been flushed and folded. */
const QUIET_MS = 3500;

const sleep = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));

export interface Operations {
  objectCalls: number;
  rowsWritten: number;
  kvReads: number;
  queueMessages: number;
  postgresStatements: number;
}

export async function countOperations(
  origin: string,
  path: string,
  generator: Generator,
): Promise<Operations> {
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-bench-'));
  const stack = await startStack({
    folder,
    port: 0,
    entry: 'test/support/test-worker.ts',
    variables: { UPSTREAM_ORIGIN: origin },
  });
  try {
    const order = { url: stack.url + path, key: await hotKey(stack), concurrency: CONCURRENCY };
    const counters = async (): Promise<Record<string, number>> => ({
      ...((await (await fetch(`${stack.url}/__test`)).json()) as Record<string, number>),
      statements: stack.endpoint.statements(),
    });
    await generator.load({ ...order, requests: 200 });
    await sleep(QUIET_MS);
    const before = await counters();
    await generator.load({ ...order, requests: REQUESTS });
    await sleep(QUIET_MS);
    const after = await counters();
    const each = (name: string): number => ((after[name] ?? 0) - (before[name] ?? 0)) / REQUESTS;
    return {
      objectCalls: each('objectCalls'),
      rowsWritten: each('rowsWritten'),
      kvReads: each('kvReads'),
      queueMessages: each('queueMessages'),
      postgresStatements: each('statements'),
    };
  } finally {
    await stack.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
