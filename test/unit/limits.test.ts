// The arithmetic of limits against a naive model: for any history, never more than the limit.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advanceKey, keyDenial, newKeyLedger, restoreKey, spendKey } from '../../src/limits/key-ledger.ts';
import { holderDeadline, leaseSize } from '../../src/limits/lease.ts';
import {
  type DrawReply,
  draw,
  newPartnerLedger,
  refundPartner,
  restorePartner,
} from '../../src/limits/partner-ledger.ts';
import { NO_QUOTAS_USED, quotaDenial, returnQuotas, rollQuotas, useQuotas } from '../../src/limits/quota.ts';
import {
  addToWindow,
  EMPTY_WINDOW,
  pruneWindow,
  unitsIn,
  windowWaitMs,
} from '../../src/limits/sliding-window.ts';
import { bucketWaitMs, fullBucket, refill, spendTokens } from '../../src/limits/token-bucket.ts';
import { watermarkUnits } from '../../src/limits/watermark.ts';

const START = Date.UTC(2026, 10, 22, 12);
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

describe('calendar quota', () => {
  const limits = { day: 10, month: 100, overage: 'block' as const };
  it.for([
    ['the last moment of a day', '2026-11-22T23:59:59.999Z', '2026-11-23T00:00:00.000Z', 1, true, false],
    ['the last moment of a month', '2026-11-30T23:59:59.999Z', '2026-12-01T00:00:00.000Z', 1, true, true],
    ['the last moment of a year', '2026-12-31T23:59:59.999Z', '2027-01-01T00:00:00.000Z', 1, true, true],
    ['28 February of a leap year', '2028-02-28T23:59:59.999Z', '2028-02-29T00:00:00.000Z', 1, true, false],
    ['a leap day', '2028-02-29T23:59:59.999Z', '2028-03-01T00:00:00.000Z', 1, true, true],
  ] as const)('%s', ([, before, after, waitMs, newDay, newMonth]) => {
    const used = useQuotas(rollQuotas(NO_QUOTAS_USED, Date.parse(before)), 10);
    expect(quotaDenial(used, limits, 1, Date.parse(before))).toMatchObject({
      type: 'per_day',
      limit: 10,
      used: 10,
      retryAfterMs: waitMs,
    });
    const rolled = rollQuotas(used, Date.parse(after));
    expect(rolled.dayUsed).toBe(newDay ? 0 : 10);
    expect(rolled.monthUsed).toBe(newMonth ? 0 : 10);
    expect(quotaDenial(rolled, limits, 1, Date.parse(after))).toBeUndefined();
  });

  it('units come back to the period that they were taken from, and to no other', () => {
    const first = useQuotas(rollQuotas(NO_QUOTAS_USED, START), 5);
    const next = useQuotas(rollQuotas(first, START + 86_400_000), 3);
    expect(returnQuotas(next, 2, first)).toMatchObject({ dayUsed: 3, monthUsed: 6 });
    expect(returnQuotas(next, 2, next)).toMatchObject({ dayUsed: 1, monthUsed: 6 });
  });
});

describe('watermark', () => {
  it('is 1 for small limits, and bounded by all of them', () => {
    expect(watermarkUnits([50], [100])).toBe(1);
    expect(watermarkUnits([1000], [-1, -1])).toBe(20);
    expect(watermarkUnits([1000], [5000])).toBe(5);
    expect(watermarkUnits([-1], [-1])).toBe(64);
    expect(watermarkUnits([0], [0])).toBe(1);
  });
});

describe('key ledger', () => {
  it('a restart counts everything that the last write covered as spent', () => {
    const limits = { burst: 10, sustained: 60, day: 100, month: -1, overage: 'block' as const };
    const ledger = spendKey(advanceKey(newKeyLedger(), limits, START), 4);
    const restored = advanceKey(restoreKey(ledger, 3, limits, START), limits, START);
    expect(keyDenial(restored, limits, 3, START)).toBeUndefined();
    expect(keyDenial(restored, limits, 4, START)).toMatchObject({ type: 'burst' });
    expect(restored.quotas.dayUsed).toBe(7);
  });
});

describe('partner ledger, many holders with leases, crashes at any point', () => {
  const limits = (second: number, day: number) => ({ second, day, month: -1, overage: 'block' as const });
  type Held = { id: string; units: number; deadlineMs: number } | undefined;

  /** Holders spend at random moments; a crash forgets a holder's lease or the ledger's memory. */
  const action = fc.record({
    waitMs: fc.integer({ min: 0, max: 250 }),
    holder: fc.integer({ min: 0, max: 3 }),
    kind: fc.constantFrom('spend', 'spend', 'spend', 'spend', 'crash holder', 'crash ledger'),
    wanted: fc.integer({ min: 0, max: 40 }),
  });

  it('never more than N in any second, nor more than the quota', () => {
    fc.assert(
      fc.property(
        fc.array(action, { maxLength: 250 }),
        fc.constantFrom(3, 10, 40, 120),
        fc.constantFrom(25, 100, 100_000),
        (actions, second, day) => {
          let ledger = newPartnerLedger();
          let stored = { ledger, ahead: 0 };
          let ahead = 0;
          const held: Held[] = [];
          const spent: [number, number][] = [];
          let nowMs = START;
          let id = 0;
          for (const { waitMs, holder, kind, wanted } of actions) {
            nowMs += waitMs;
            const lease = held[holder];
            if (kind === 'crash holder') held[holder] = undefined;
            else if (kind === 'crash ledger') {
              ledger = restorePartner(stored.ledger, stored.ahead, nowMs);
              ahead = 0;
              stored = { ledger, ahead };
            } else if (lease && lease.units > 0 && nowMs < lease.deadlineMs) {
              lease.units--;
              spent.push([nowMs, 1]);
            } else {
              const returned = lease && { leaseId: lease.id, units: lease.units };
              held[holder] = undefined;
              const request = {
                id: String(id++),
                holder: String(holder),
                version: 1,
                limits: limits(second, day),
                costs: [1],
                wanted,
                returned,
              };
              const [after, reply] = draw(ledger, request, nowMs) as [
                typeof ledger,
                Exclude<DrawReply, { stale: true }>,
              ];
              ledger = after;
              if (reply.admitted[0]) spent.push([nowMs, 1]);
              if (reply.lease)
                held[holder] = {
                  id: reply.lease.id,
                  units: reply.lease.units,
                  deadlineMs: holderDeadline(nowMs, reply.lease.durationMs),
                };
              const taken = (reply.admitted[0] ? 1 : 0) + (reply.lease?.units ?? 0);
              // As the shell does it: a write covers k units ahead.
              if (ahead >= taken) ahead -= taken;
              else {
                ahead = watermarkUnits([second], [day - ledger.quotas.dayUsed]) - 1;
                stored = { ledger, ahead };
              }
            }
          }
          expect(mostInWindow(spent, 1000)).toBeLessThanOrEqual(second);
          expect(spent.length).toBeLessThanOrEqual(day);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('a return is taken once, and only from its own lease', () => {
    const request = {
      id: 'g1',
      holder: 'h',
      version: 1,
      limits: limits(100, 1_000_000),
      costs: [1],
      wanted: 20,
    };
    const [lent, reply] = draw(newPartnerLedger(), request, START);
    const lease = reply.stale ? undefined : reply.lease;
    expect(lease?.units).toBe(20);
    const back = { ...request, costs: [], wanted: 0, returned: { leaseId: 'g1', units: 15 } };
    const [once] = draw(lent, { ...back, id: 'g2' }, START + 10);
    expect(once.quotas.dayUsed).toBe(6);
    const [twice] = draw(once, { ...back, id: 'g3' }, START + 20);
    expect(twice.quotas.dayUsed).toBe(6);
    const [other] = draw(lent, { ...back, id: 'g4', holder: 'x' }, START + 10);
    expect(other.quotas.dayUsed).toBe(21);
  });

  it('the highest version wins; older callers are told that they are stale', () => {
    const request = { id: 'a', holder: 'h', version: 5, limits: limits(10, 10), costs: [1], wanted: 0 };
    const [ledger] = draw(newPartnerLedger(), request, START);
    const [after, reply] = draw(
      ledger,
      { ...request, id: 'b', version: 4, limits: limits(1000, 1000) },
      START,
    );
    expect(reply).toEqual({ stale: true, version: 5 });
    expect(after.limits.second).toBe(10);
  });

  it('all limits of a call are taken together or not at all', () => {
    const request = { id: 'a', holder: 'h', version: 1, limits: limits(5, 7), costs: [3, 3, 2], wanted: 0 };
    const [ledger, reply] = draw(newPartnerLedger(), request, START);
    expect(reply).toMatchObject({ admitted: [true, false, true], denial: { type: 'per_second' } });
    expect([ledger.quotas.dayUsed, unitsIn(ledger.window)]).toEqual([5, 5]);
    const [next, second] = draw(ledger, { ...request, id: 'b', costs: [3] }, START + 2000);
    expect(second).toMatchObject({ admitted: [false], denial: { type: 'per_day', used: 5 } });
    expect(unitsIn(next.window)).toBe(0);
    expect(refundPartner(next, 5, next.quotas).quotas.dayUsed).toBe(0);
  });

  it('lends only where there is room', () => {
    const room = { wanted: 50, limit: 100, remaining: 90, quotaRemaining: 1_000_000, holders: 1 };
    expect(leaseSize(room)).toBe(22);
    expect(leaseSize({ ...room, holders: 4 })).toBe(5);
    expect(leaseSize({ ...room, remaining: 49 })).toBe(0);
    expect(leaseSize({ ...room, quotaRemaining: 3999 })).toBe(0);
    expect(leaseSize({ ...room, wanted: 2 })).toBe(0);
    expect(leaseSize({ ...room, limit: -1, remaining: -1, quotaRemaining: Number.POSITIVE_INFINITY })).toBe(
      50,
    );
  });
});
