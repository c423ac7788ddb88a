// The partner's ledger: what holders draw and report, in any order, lost or twice, never admits more than the limit.

import { describe, expect, it } from 'vitest';
import { leaseMs, leaseSize, lendable, spareUnits } from '../../src/limits/lease.ts';
import { type DrawReply, type DrawRequest, draw } from '../../src/limits/partner-draw.ts';
import {
  type Holder,
  newHolder,
  newPartnerLedger,
  type PartnerLedger,
  restorePartner,
} from '../../src/limits/partner-ledger.ts';
import { type Report, report } from '../../src/limits/partner-report.ts';
import { type DayCounts, quotasOn } from '../../src/limits/quota.ts';
import { pruneWindow, unitsIn } from '../../src/limits/sliding-window.ts';

const DAY_MS = 86_400_000;
const START_OF_DAY = Date.UTC(2026, 10, 22);
const START = START_OF_DAY + DAY_MS / 2;

describe('partner ledger', () => {
  const limits = (second: number, day: number) => ({ second, day, month: -1, overage: 'block' as const });
  const asking = (seq: number, wishes: Partial<DrawRequest> = {}): DrawRequest => ({
    holder: 'h',
    seq,
    used: {},
    version: 1,
    catalog: 0,
    limits: limits(400, 1_000_000),
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
    expect(reply).toEqual({ outcome: 'stale', version: 5, catalog: 0 });
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
    const room = { limit: 100, remaining: 90, quotaRemaining: 1_000_000 };
    expect(spareUnits(room)).toBe(22);
    expect(spareUnits(room, 4)).toBe(5);
    expect(spareUnits({ ...room, remaining: 49 })).toBe(0);
    expect(spareUnits({ ...room, quotaRemaining: 3999 })).toBe(3);
    const unlimited = { limit: -1, remaining: -1, quotaRemaining: Number.POSITIVE_INFINITY };
    expect(spareUnits(unlimited)).toBe(Number.POSITIVE_INFINITY);
    expect(leaseSize(50, Number.POSITIVE_INFINITY)).toBe(50);
    expect([leaseSize(50, 22), leaseSize(20, 22), leaseSize(50, 3), leaseSize(3, 22)]).toEqual([
      22, 20, 0, 0,
    ]);
    const late = START_OF_DAY + DAY_MS - 700;
    const [, , reply] = draw(newPartnerLedger(), newHolder(), asking(1, { wanted: 20 }), 0, late);
    expect(decided(reply).lease?.durationMs).toBe(700);
    const [, , tooLate] = draw(newPartnerLedger(), newHolder(), asking(1, { wanted: 20 }), 0, late + 300);
    expect(decided(tooLate).lease).toBeUndefined();
  });

  it('lends no more than a tenth of the limit at a time, and little for less long', () => {
    expect(lendable(200, 0, 750)).toBe(20);
    expect(lendable(200, 15, 750)).toBe(5);
    expect(lendable(200, 0, 749)).toBe(10);
    expect(lendable(-1, 1000, 0)).toBe(Number.POSITIVE_INFINITY);
    expect([leaseMs(20, 20), leaseMs(20, 25), leaseMs(20, 100)]).toEqual([1000, 800, 500]);
    const ask = (seq: number, wanted: number, wishes: Partial<DrawRequest> = {}) =>
      asking(seq, { limits: limits(200, 1_000_000), wanted, ...wishes });
    const [begun, , none] = draw(newPartnerLedger(), newHolder(), ask(1, 25), 0, START - 800);
    expect(decided(none).lease).toEqual({ units: 10, durationMs: 500 });
    const [first, one, a] = draw(begun, newHolder(), ask(2, 25), 0, START);
    expect(decided(a).lease).toEqual({ units: 20, durationMs: 800 });
    const [second, , b] = draw(first, newHolder(), ask(1, 25, { holder: 'i' }), 1, START + 100);
    expect(decided(b).lease).toBeUndefined();
    // Of one that was told, it is known when it was spent.
    const told = { used: { [START_OF_DAY]: 17 }, returned: { seq: 2, units: 5 } };
    const [, , c] = draw(second, one, ask(3, 25, told), 0, START + 200);
    expect(decided(c).lease).toMatchObject({ units: 20 });
    // It has ended: what was spent of it is of the past, too.
    const [, , d] = draw(second, newHolder(), ask(2, 25, { holder: 'i' }), 0, START + 800);
    expect(decided(d).lease).toEqual({ units: 20, durationMs: 800 });
  });
});
