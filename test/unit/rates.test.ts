// Sliding window and token bucket against a naive model: for any history, never more than the limit.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addToWindow,
  EMPTY_WINDOW,
  pruneWindow,
  unitsIn,
  windowWaitMs,
} from '../../src/limits/sliding-window.ts';
import {
  bucketWaitMs,
  fullBucket,
  lendTokens,
  refill,
  returnTokens,
  spendTokens,
} from '../../src/limits/token-bucket.ts';

const DAY_MS = 86_400_000;
const START_OF_DAY = Date.UTC(2026, 10, 22);
const START = START_OF_DAY + DAY_MS / 2;
/** Demands as [ms since the last, units]. */
const demands = fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 1, max: 3 })), {
  maxLength: 300,
});

/** Most units admitted in any window of `windowMs`, where a moment counts through its whole millisecond. */
function mostInWindow(
  admitted: readonly (readonly [atMs: number, units: number])[],
  windowMs: number,
): number {
  let most = 0;
  for (const [fromMs] of admitted) {
    const inside = admitted.filter(([atMs]) => atMs >= fromMs && atMs <= fromMs + windowMs);
    most = Math.max(
      most,
      inside.reduce((sum, [, units]) => sum + units, 0),
    );
  }
  return most;
}

describe('sliding window', () => {
  it('admits at most N in any window, for any demand and any N', () => {
    fc.assert(
      fc.property(demands, fc.constantFrom(0, 1, 2, 5, 10, 50, 300), (steps, limit) => {
        let window = EMPTY_WINDOW;
        let nowMs = START;
        const admitted: [number, number][] = [];
        for (const [waitMs, units] of steps) {
          nowMs += waitMs;
          window = pruneWindow(window, nowMs);
          const wait = windowWaitMs(window, limit, units, nowMs);
          if (wait > 0) {
            // The promise of retryAt: not admitted a millisecond earlier, and admitted then.
            if (units <= limit) {
              expect(
                windowWaitMs(pruneWindow(window, nowMs + wait - 1), limit, units, nowMs + wait - 1),
              ).toBeGreaterThan(0);
              expect(windowWaitMs(pruneWindow(window, nowMs + wait), limit, units, nowMs + wait)).toBe(0);
            }
            continue;
          }
          window = addToWindow(window, units, nowMs, limit);
          admitted.push([nowMs, units]);
        }
        expect(mostInWindow(admitted, 1000)).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it.for([2, 10, 50, 1000])('uses at least 99 per cent of %i when it is asked for all the time', (limit) => {
    let window = EMPTY_WINDOW;
    let admitted = 0;
    const durationMs = 60_000;
    for (let i = 0; i < 2 * durationMs; i++) {
      const nowMs = START + Math.floor(i / 2);
      window = pruneWindow(window, nowMs);
      if (windowWaitMs(window, limit, 1, nowMs) > 0) continue;
      window = addToWindow(window, 1, nowMs, limit);
      admitted++;
    }
    expect(admitted).toBeGreaterThanOrEqual((0.99 * limit * durationMs) / 1000);
  });

  it('remembers at most 202 slots, however high the limit', () => {
    let window = EMPTY_WINDOW;
    for (let ms = 0; ms < 3000; ms++)
      window = addToWindow(pruneWindow(window, START + ms), 1, START + ms, 100_000);
    expect(window.slots.length).toBeLessThanOrEqual(202);
    expect(unitsIn(window)).toBeGreaterThanOrEqual(1000);
  });
});

describe('token bucket', () => {
  it('admits at most B + r t in any interval, whenever what it lent is spent or comes back', () => {
    // Steps as [ms since the last, units, what is done]: a call, a loan, a call of the borrower, the return of a loan.
    const steps = fc.array(
      fc.tuple(
        fc.integer({ min: 0, max: 400 }),
        fc.integer({ min: 1, max: 12 }),
        fc.constantFrom('call', 'lend', 'spend', 'spend', 'return'),
      ),
      { maxLength: 120 },
    );
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 0, max: 6000 }),
        (all, burst, sustained) => {
          const limit = { burst, sustained };
          let bucket = fullBucket(limit, START);
          let nowMs = START;
          const admitted: [number, number][] = [];
          const loans: { units: number; untilMs: number; left: number }[] = [];
          for (const [waitMs, units, what] of all) {
            nowMs += waitMs;
            bucket = refill(bucket, limit, nowMs);
            const loan = loans[0];
            if (what === 'return' && loan) {
              bucket = refill(returnTokens(bucket, loan, loan.left), limit, nowMs);
              loans.shift();
            } else if (what === 'spend' && loan && loan.left > 0 && nowMs <= loan.untilMs) {
              const spent = Math.min(units, loan.left);
              loan.left -= spent;
              admitted.push([nowMs, spent]);
            } else if ((what === 'call' || what === 'lend') && bucketWaitMs(bucket, limit, units) === 0) {
              if (what === 'call') {
                bucket = spendTokens(bucket, units);
                admitted.push([nowMs, units]);
              } else {
                bucket = lendTokens(bucket, units, nowMs + 700);
                loans.push({ units, untilMs: nowMs + 700, left: units });
              }
            }
          }
          for (const [fromMs] of admitted)
            for (const [toMs] of admitted)
              if (toMs >= fromMs) {
                const inside = admitted.filter(([atMs]) => atMs >= fromMs && atMs <= toMs);
                const used = inside.reduce((sum, [, each]) => sum + each, 0);
                expect(used).toBeLessThanOrEqual(burst + (sustained * (toMs - fromMs)) / 60_000 + 1e-6);
              }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('admits at most B + r t in any interval', () => {
    fc.assert(
      fc.property(
        demands,
        fc.integer({ min: 0, max: 50 }),
        fc.integer({ min: 0, max: 6000 }),
        (steps, burst, sustained) => {
          const limit = { burst, sustained };
          let bucket = fullBucket(limit, START);
          let nowMs = START;
          const admitted: [number, number][] = [];
          for (const [waitMs, units] of steps) {
            nowMs += waitMs;
            bucket = refill(bucket, limit, nowMs);
            if (bucketWaitMs(bucket, limit, units) > 0) continue;
            bucket = spendTokens(bucket, units);
            admitted.push([nowMs, units]);
          }
          for (const [fromMs] of admitted) {
            let units = 0;
            for (const [atMs, taken] of admitted) {
              if (atMs < fromMs) continue;
              units += taken;
              expect(units).toBeLessThanOrEqual(burst + (sustained * (atMs - fromMs)) / 60_000 + 1e-9);
            }
          }
        },
      ),
    );
  });

  it('names the first moment at which the units are there', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 6000 }),
        fc.integer({ min: 1, max: 100 }),
        (burst, sustained, units) => {
          const limit = { burst, sustained };
          const empty = { level: 0, atMs: START };
          const wait = bucketWaitMs(empty, limit, units);
          if (units > burst) return;
          expect(bucketWaitMs(refill(empty, limit, START + wait), limit, units)).toBe(0);
          expect(bucketWaitMs(refill(empty, limit, START + wait - 1), limit, units)).toBeGreaterThan(0);
        },
      ),
    );
  });

  it('a clock that goes back adds nothing', () => {
    const limit = { burst: 10, sustained: 60 };
    expect(refill({ level: 0, atMs: START }, limit, START - 5000)).toEqual({ level: 0, atMs: START });
  });
});
