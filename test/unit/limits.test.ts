// The arithmetic of limits against a naive model: for any history, never more than the limit.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { combineGauges } from '../../src/limits/gauges.ts';
import {
  advanceKey,
  giveBackKey,
  keyDenial,
  keyGauges,
  newKeyLedger,
  spendKey,
  travelKey,
} from '../../src/limits/key-ledger.ts';
import { leaseSize } from '../../src/limits/lease.ts';
import type { Gauge, Level } from '../../src/limits/limit.ts';
import { type DrawReply, type DrawRequest, draw } from '../../src/limits/partner-draw.ts';
import {
  type Holder,
  newHolder,
  newPartnerLedger,
  type PartnerLedger,
  restorePartner,
} from '../../src/limits/partner-ledger.ts';
import { type Report, report } from '../../src/limits/partner-report.ts';
import {
  addUnits,
  type DayCounts,
  dayToCountIn,
  NO_UNITS,
  quotaDenial,
  quotaGauges,
  quotasOn,
} from '../../src/limits/quota.ts';
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

describe('calendar quota', () => {
  const limits = { day: 10, month: 100, overage: 'block' as const };
  const day = (text: string) => dayToCountIn(0, Date.parse(text));

  it.for([
    ['the last moment of a day', '2026-11-22T23:59:59.999Z', '2026-11-23T00:00:00.000Z', true],
    ['the last moment of a month', '2026-11-30T23:59:59.999Z', '2026-12-01T00:00:00.000Z', false],
    ['the last moment of a year', '2026-12-31T23:59:59.999Z', '2027-01-01T00:00:00.000Z', false],
    ['28 February of a leap year', '2028-02-28T23:59:59.999Z', '2028-02-29T00:00:00.000Z', true],
    ['a leap day', '2028-02-29T23:59:59.999Z', '2028-03-01T00:00:00.000Z', false],
  ] as const)('%s', ([, before, after, isSameMonth]) => {
    const used = addUnits(NO_UNITS, day(before), 10);
    expect(quotaDenial(quotasOn(used, day(before)), limits, 1, Date.parse(before))).toMatchObject({
      type: 'per_day',
      limit: 10,
      used: 10,
      retryAfterMs: 1,
    });
    const next = quotasOn(used, day(after));
    expect(next).toMatchObject({ dayUsed: 0, monthUsed: isSameMonth ? 10 : 0 });
    expect(quotaDenial(next, limits, 1, Date.parse(after))).toBeUndefined();
  });

  it('units come back to the day that they were taken from, and to its month', () => {
    const used = addUnits(addUnits(NO_UNITS, START_OF_DAY, 5), START_OF_DAY + DAY_MS, 3);
    const back = addUnits(used, START_OF_DAY, -2);
    expect(quotasOn(back, START_OF_DAY + DAY_MS)).toMatchObject({ dayUsed: 3, monthUsed: 6 });
    expect(quotasOn(back, START_OF_DAY)).toMatchObject({ dayUsed: 3 });
  });

  it('a clock that goes back stays in the later day', () => {
    expect(dayToCountIn(START_OF_DAY, START_OF_DAY - 1)).toBe(START_OF_DAY);
  });

  it('what does not block leaves no number but the cap', () => {
    const quotas = { dayStartMs: START_OF_DAY, dayUsed: 12, monthUsed: 60 };
    expect(quotaGauges(quotas, limits, 'partner')).toMatchObject({
      day: { limit: 10, remaining: 0, level: 'partner' },
      month: { limit: 100, remaining: 40 },
    });
    expect(quotaGauges(quotas, { ...limits, overage: 'charge', monthCap: 61 }, 'partner')).toMatchObject({
      day: { limit: -1, remaining: -1 },
      month: { limit: 61, remaining: 1, level: 'cap' },
    });
  });
});

describe('what a caller is shown', () => {
  const gaugeOf = (limit: number, remaining: number, level: Level): Gauge => ({
    limit,
    remaining,
    resetMs: 0,
    level,
  });
  const none = gaugeOf(-1, -1, 'partner');
  it.for<[string, Gauge, Gauge, Gauge]>([
    [
      'the one that has less left',
      gaugeOf(100, 9, 'key'),
      gaugeOf(50, 20, 'partner'),
      gaugeOf(100, 9, 'key'),
    ],
    ['the only one there is', gaugeOf(1_000_000, 7, 'key'), none, gaugeOf(1_000_000, 7, 'key')],
    [
      'the lower of two with as much left',
      gaugeOf(9, 0, 'key'),
      gaugeOf(5, 0, 'partner'),
      gaugeOf(5, 0, 'partner'),
    ],
    ['unlimited where nothing limits', none, none, none],
  ])('of a quota is %s', ([, key, partner, shown]) => {
    const { day } = combineGauges(
      { burst: none, day: key, month: none },
      { second: none, day: partner, month: none },
      0,
    );
    expect(day).toEqual(shown);
  });

  it('the second is 0 whenever the bucket refuses, and the bucket itself where nothing else limits', () => {
    const burst = gaugeOf(600, 0, 'key');
    const shown = (second: Gauge) =>
      combineGauges({ burst, day: none, month: none }, { second, day: none, month: none }, 0).second;
    expect(shown(gaugeOf(10, 7, 'partner'))).toMatchObject({ limit: 10, remaining: 0, level: 'key' });
    expect(shown(none)).toEqual(burst);
  });
});

describe('key ledger', () => {
  const key = { burst: 10, sustained: 60, day: 100, month: -1, overage: 'block' as const };
  const partner = { second: -1, day: 50, month: -1, overage: 'block' as const };

  it('what is given back counts no more, but its tokens stay spent', () => {
    const spent = spendKey(advanceKey(newKeyLedger(), key, START), 4, START_OF_DAY);
    const back = giveBackKey(spent, 4, START_OF_DAY);
    expect(back.used[START_OF_DAY]).toBe(0);
    expect(keyDenial(back, { key, partner }, 7, START_OF_DAY, START)).toMatchObject({
      type: 'burst',
      used: 4,
    });
  });

  it('a day that is spent in a test is spent at the limit that counts, and told to nobody', () => {
    const used = spendKey(advanceKey(newKeyLedger(), key, START), 3, START_OF_DAY);
    const spent = travelKey(used, START_OF_DAY, 'spent');
    expect(keyDenial(spent, { key, partner }, 1, START_OF_DAY, START)).toMatchObject({
      type: 'per_day',
      limit: 50,
      used: 50,
    });
    expect(keyGauges(spent, { key, partner }, START_OF_DAY, START).day).toMatchObject({
      limit: 50,
      remaining: 0,
    });
    expect(spent.used).toEqual(used.used);
    const anew = travelKey(spent, START_OF_DAY, 'new_day');
    expect(keyGauges(anew, { key, partner }, START_OF_DAY, START).day).toMatchObject({
      limit: 100,
      remaining: 100,
    });
    expect(keyDenial(spent, { key, partner }, 1, START_OF_DAY + DAY_MS, START + DAY_MS)).toBeUndefined();
  });
});

describe('partner ledger', () => {
  const limits = (second: number, day: number) => ({ second, day, month: -1, overage: 'block' as const });
  const asking = (seq: number, wishes: Partial<DrawRequest> = {}): DrawRequest => ({
    holder: 'h',
    seq,
    used: {},
    version: 1,
    limits: limits(100, 1_000_000),
    costs: [1],
    wanted: 0,
    ...wishes,
  });
  const decided = (reply: DrawReply) => {
    if (reply.outcome !== 'decided') throw new Error(reply.outcome);
    return reply;
  };
  const usedOf = (ledger: PartnerLedger) => quotasOn(ledger.used, ledger.dayStartMs).dayUsed;

  it('a lease counts as spent until its holder says what it used', () => {
    const [lent, holder, reply] = draw(newPartnerLedger(), newHolder(), asking(1, { wanted: 20 }), 0, START);
    expect(decided(reply).lease?.units).toBe(20);
    expect([usedOf(lent), unitsIn(lent.window)]).toEqual([21, 21]);
    const back = { holder: 'h', seq: 2, used: { [START_OF_DAY]: 6 }, returned: { seq: 1, units: 15 } };
    const [once, told] = report(lent, holder, back, START);
    expect([usedOf(once), unitsIn(once.window)]).toEqual([6, 6]);
    const [twice] = report(once, told, { ...back, seq: 3 }, START);
    expect([usedOf(twice), unitsIn(twice.window)]).toEqual([6, 6]);
  });

  it.for<[string, Partial<Report>]>([
    ['more than was lent', { returned: { seq: 1, units: 21 } }],
    ['less than nothing', { returned: { seq: 1, units: -1 } }],
    ['of a lease that it never had', { returned: { seq: 7, units: 15 } }],
  ])('a return of %s frees nothing of the rate', ([, wrong]) => {
    const [lent, holder] = draw(newPartnerLedger(), newHolder(), asking(1, { wanted: 20 }), 0, START);
    const [after] = report(
      lent,
      holder,
      { holder: 'h', seq: 2, used: { [START_OF_DAY]: 21 }, ...wrong },
      START,
    );
    expect(unitsIn(after.window)).toBe(21);
  });

  it.for<[string, DayCounts]>([
    ['of a day that is closed', { [START_OF_DAY]: 1, [START_OF_DAY - 2 * DAY_MS]: 9 }],
    ['of a day to come', { [START_OF_DAY]: 1, [START_OF_DAY + DAY_MS]: 9 }],
    ['that is negative', { [START_OF_DAY]: -1 }],
    ['that is no whole number', { [START_OF_DAY]: 0.5 }],
  ])('a count %s changes nothing', ([, used]) => {
    const [before, holder] = draw(newPartnerLedger(), newHolder(), asking(1), 0, START);
    expect(report(before, holder, { holder: 'h', seq: 2, used }, START)[0].used).toEqual(before.used);
  });

  it('a draw whose answer was lost is as if it had never been', () => {
    const [granted, holder] = draw(
      newPartnerLedger(),
      newHolder(),
      asking(1, { costs: [2, 1], wanted: 20 }),
      0,
      START,
    );
    expect(usedOf(granted)).toBe(23);
    const again = asking(2, { costs: [2, 1], lost: [1] });
    const [after, , reply] = draw(granted, holder, again, 0, START + 40);
    expect(decided(reply).admitted).toEqual([true, true]);
    expect([usedOf(after), unitsIn(after.window)]).toEqual([3, 3]);
  });

  it('comes back from its rows as it was, to the unit', () => {
    let ledger = newPartnerLedger();
    const holders = new Map<string, Holder>();
    for (let i = 0; i < 40; i++) {
      const name = `h${i % 3}`;
      const before = holders.get(name) ?? newHolder();
      const request = asking(i + 1, { holder: name, used: before.used, wanted: i % 2 ? 12 : 0 });
      const [after, holder] = draw(ledger, before, request, 0, START + 10 * i);
      ledger = after;
      holders.set(name, holder);
    }
    const stored = {
      ...newPartnerLedger(),
      version: 1,
      limits: ledger.limits,
      dayStartMs: ledger.dayStartMs,
    };
    const back = restorePartner(stored, holders.values(), START + 400);
    expect(back.used).toEqual(ledger.used);
    expect(back.window).toEqual(pruneWindow(ledger.window, START + 400));
  });

  it('the highest version wins; older callers are told that they are stale', () => {
    const newest = asking(1, { version: 5, limits: limits(10, 10) });
    const [ledger, holder] = draw(newPartnerLedger(), newHolder(), newest, 0, START);
    const older = asking(2, { version: 4, limits: limits(1000, 1000) });
    const [after, , reply] = draw(ledger, holder, older, 0, START);
    expect(reply).toEqual({ outcome: 'stale', version: 5 });
    expect(after.limits.second).toBe(10);
  });

  it('all limits of a call are taken together or not at all', () => {
    const request = asking(1, { limits: limits(5, 7), costs: [3, 3, 2] });
    const [ledger, holder, reply] = draw(newPartnerLedger(), newHolder(), request, 0, START);
    expect(reply).toMatchObject({ admitted: [true, false, true], denial: { type: 'per_second' } });
    expect([usedOf(ledger), unitsIn(ledger.window)]).toEqual([5, 5]);
    const next = asking(2, { limits: limits(5, 7), used: holder.used, costs: [3] });
    const [after, , second] = draw(ledger, holder, next, 0, START + 2000);
    expect(second).toMatchObject({ admitted: [false], denial: { type: 'per_day', used: 5 } });
    expect(unitsIn(after.window)).toBe(0);
  });

  it('lends only where there is room, and never into the next day', () => {
    const room = { wanted: 50, limit: 100, remaining: 90, quotaRemaining: 1_000_000, holders: 1 };
    expect(leaseSize(room)).toBe(22);
    expect(leaseSize({ ...room, holders: 4 })).toBe(5);
    expect(leaseSize({ ...room, remaining: 49 })).toBe(0);
    expect(leaseSize({ ...room, quotaRemaining: 3999 })).toBe(0);
    expect(leaseSize({ ...room, wanted: 2 })).toBe(0);
    expect(leaseSize({ ...room, limit: -1, remaining: -1, quotaRemaining: Number.POSITIVE_INFINITY })).toBe(
      50,
    );
    const late = START_OF_DAY + DAY_MS - 700;
    const [, , reply] = draw(newPartnerLedger(), newHolder(), asking(1, { wanted: 20 }), 0, late);
    expect(decided(reply).lease?.durationMs).toBe(700);
    const [, , tooLate] = draw(newPartnerLedger(), newHolder(), asking(1, { wanted: 20 }), 0, late + 300);
    expect(decided(tooLate).lease).toBeUndefined();
  });
});
