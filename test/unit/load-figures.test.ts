// What the load tests reckon from what they measured.

import { describe, expect, it } from 'vitest';
import { paced } from '../../loadtest/bench/paced.ts';
import { billOf, PLAIN } from '../../loadtest/cost/prices.ts';
import { boundsInSource } from '../../loadtest/growth/bounds.ts';
import type { PlanNode } from '../../loadtest/growth/explained-endpoint.ts';
import { judge } from '../../loadtest/growth/judge.ts';

describe('what a call costs', () => {
  it('the plain thing for each call is 3.75 dollars a million', () => {
    expect(billOf(PLAIN).dollars).toBe(3.75);
  });

  it('a bill is the sum of its lines', () => {
    const { dollars, lines } = billOf({ requests: 1, rowsWritten: 0.1, kvWrites: 0.01 });
    expect(lines).toMatchObject({ rowsWritten: { perCall: 0.1, dollars: 0.1 }, kvWrites: { dollars: 0.05 } });
    expect(dollars).toBe(0.45);
  });
});

describe('calls at fixed moments', () => {
  it('are sent whatever becomes of those before, and their waits are theirs', async () => {
    let release: (status: number) => void = () => undefined;
    const first = new Promise<number>((resolve) => {
      release = resolve;
    });
    const sent: number[] = [];
    const { statuses, latenciesMs } = await paced({ perSecond: 1000, calls: 3 }, async (n) => {
      sent.push(n);
      if (n === 2) release(503);
      return n === 0 ? first : 200;
    });
    expect(sent).toEqual([0, 1, 2]);
    expect(statuses).toEqual({ 200: 2, 503: 1 });
    expect(latenciesMs).toHaveLength(3);
  });
});

describe('explained statements', () => {
  const tables = [
    { name: 'events_2026_10', family: 'events', rows: 50_000 },
    { name: 'events_2026_11', family: 'events', rows: 50_000 },
    { name: 'tier', family: 'tier', rows: 5 },
  ];
  const scan = (table: string, type: string, rows: number, removed = 0): PlanNode => ({
    'Node Type': type,
    'Relation Name': table,
    'Actual Rows': rows,
    'Actual Loops': 2,
    'Rows Removed by Filter': removed,
  });
  const explained = (Plans: PlanNode[]) => [
    { stage: 'pages', text: 'SELECT 1', ms: 3, plan: { 'Node Type': 'Append', Plans } },
  ];

  it('one that reads a large table whole is named, one that reads a small one is not', () => {
    const { seqScans } = judge(
      explained([scan('events_2026_10', 'Seq Scan', 10), scan('tier', 'Seq Scan', 5)]),
      tables,
      () => 1000,
    );
    expect(seqScans.map(({ table }) => table)).toEqual(['events_2026_10']);
  });

  it('rows count over all partitions and loops, with those that a filter threw away', () => {
    const plans = [
      scan('events_2026_10', 'Index Scan', 10, 40),
      scan('events_2026_11', 'Bitmap Heap Scan', 30),
    ];
    expect(judge(explained(plans), tables, () => 160).overread).toEqual([]);
    expect(judge(explained(plans), tables, () => 159).overread).toMatchObject([
      { table: 'events', rows: 160 },
    ]);
  });
});

it('the bounds of what an isolate remembers are found in the source', () => {
  expect(boundsInSource()).toMatchObject({
    'gateway/edge-counter.ts keys': 10_000,
    'keys/key-directory.ts memory': 10_000,
    'keys/authenticator.ts read': 10_000,
  });
});
