import { expect, it } from 'vitest';
import { createDeadlines } from '../../src/core/deadlines.ts';

/** Time that passes when it is told to. A request that `ends` takes what it sleeps for with it. */
function time() {
  let nowMs = 0;
  let sleeping: { atMs: number; wake(): void }[] = [];
  return {
    now: () => nowMs,
    sleep: (ms: number) =>
      new Promise<void>((wake) => {
        sleeping.push({ atMs: nowMs + ms, wake });
      }),
    ends(): void {
      sleeping = [];
    },
    async pass(ms: number): Promise<void> {
      for (const endMs = nowMs + ms; nowMs < endMs; nowMs++) {
        const due = sleeping.filter(({ atMs }) => atMs <= nowMs);
        sleeping = sleeping.filter(({ atMs }) => atMs > nowMs);
        for (const { wake } of due) wake();
        await new Promise((done) => setImmediate(done));
      }
    },
  };
}

function watching() {
  const clock = time();
  const deadlines = createDeadlines(clock);
  const late: string[] = [];
  const clocks: string[] = [];
  const gone = new Set<string>();
  const watch = (name: string, timeoutMs: number) =>
    deadlines.watch(
      timeoutMs,
      () => clocks.push(name),
      () => late.push(`${name} ${clock.now()}`),
      () => gone.has(name),
    );
  return { ...clock, watch, late, clocks, gone };
}

it('each is told once, when its time is over, and not before', async () => {
  const { watch, pass, late, clocks } = watching();
  watch('long', 300);
  watch('short', 100);
  await pass(90);
  expect(late).toEqual([]);
  await pass(400);
  expect(late.map((each) => each.split(' ')[0])).toEqual(['short', 'long']);
  for (const [i, boundMs] of [100, 300].entries()) {
    const atMs = Number(late[i]?.split(' ')[1]);
    expect(atMs).toBeGreaterThanOrEqual(boundMs);
    expect(atMs).toBeLessThan(boundMs + 50);
  }
  expect(clocks).toEqual(['long']);
});

it('nobody is told whose answer came, and the clock stops until somebody waits again', async () => {
  const { watch, pass, late, clocks } = watching();
  const answered = watch('a', 100);
  await pass(50);
  answered();
  await pass(1000);
  watch('b', 100)();
  expect([late, clocks]).toEqual([[], ['a', 'b']]);
});

it('before its request has to end, the clock goes to another that waits', async () => {
  const { watch, pass, late, clocks } = watching();
  watch('first', 60_000);
  watch('second', 50_000);
  await pass(61_000);
  expect(late.map((each) => each.split(' ')[0])).toEqual(['second', 'first']);
  expect(clocks).toEqual(['first', 'second', 'second']);
}, 30_000);

it('nor to one whose caller has gone, whose request ends before long', async () => {
  const { watch, pass, clocks, gone, late } = watching();
  watch('first', 30_000);
  watch('second', 40_000);
  watch('third', 25_000);
  gone.add('third');
  await pass(41_000);
  expect(clocks).toEqual(['first', 'second']);
  expect(late.length).toBe(3);
}, 30_000);

it('a clock that ended with its request is replaced by who calls next', async () => {
  const { watch, pass, ends, late, clocks } = watching();
  watch('first', 3000);
  await pass(100);
  ends();
  await pass(1500);
  watch('second', 500);
  await pass(3000);
  expect(late.map((each) => each.split(' ')[0])).toEqual(['second', 'first']);
  expect(clocks).toEqual(['first', 'second']);
});
