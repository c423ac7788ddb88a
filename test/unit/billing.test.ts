// Money in integers: shares, tax, proration, overage and its cap.

import { describe, expect, it } from 'vitest';
import { decimalOf, digitsOf, divide, share, taxOf } from '../../src/billing/amounts.ts';
import { draftsOf } from '../../src/billing/invoice.ts';
import { cappedUnits, monthLines, overagesOf, type Segment, segmentsOf } from '../../src/billing/month.ts';

const DAY_MS = 86_400_000;
const start = Date.UTC(2024, 1, 1);
const month = 29 * DAY_MS;
const terms: Segment = {
  effectiveMs: 0,
  tier: 'starter',
  currency: 'EUR',
  isBilled: true,
  priceMinor: 4900,
  includedUnits: 1000,
  overageAction: 'charge',
  overagePer1000Minor: 20,
  spendingCapMinor: null,
  taxBps: 0,
  fromMs: start,
  toMs: start + month,
  units: 0,
};
const segment = (change: Partial<Segment>): Segment => ({ ...terms, ...change });
const overage = (segments: Segment[]) =>
  overagesOf(segments).map(({ units, amountMinor }) => [units, amountMinor]);

describe('money', () => {
  it('XOF has no decimals', () => {
    expect([digitsOf('EUR'), digitsOf('USD'), digitsOf('XOF')]).toEqual([2, 2, 0]);
    expect([decimalOf(1250, 'EUR'), decimalOf(5, 'USD'), decimalOf(1250, 'XOF')]).toEqual([
      '12.50',
      '0.05',
      '1250',
    ]);
  });
  it('shares are exact where products pass what a number holds', () => {
    expect(share(9_007_199_254_740_991, 2_678_399_999, 2_678_400_000)).toBe(9_007_199_251_378_088);
  });
  it.for([
    [100, 1800, 18],
    [1, 1800, 0],
    [3, 1800, 1],
    [25, 1000, 3],
    [-25, 1000, -3],
    [0, 2000, 0],
  ] as const)('tax on %i at %i basis points is %i', ([amount, bps, tax]) => {
    expect(taxOf(amount, bps)).toBe(tax);
  });
  it('what is divided adds up, the largest remainder first', () => {
    expect(divide(10, [1, 1, 1])).toEqual([4, 3, 3]);
    expect(divide(100, [1, 2, 4])).toEqual([14, 29, 57]);
    expect(divide(7, [0, 0])).toEqual([7, 0]);
    expect(divide(0, [3, 4])).toEqual([0, 0]);
  });
});

describe('overage', () => {
  it.for([
    [1000, []],
    [1001, [[1, 0]]],
    [1049, [[49, 0]]],
    [1050, [[50, 1]]],
    [2000, [[1000, 20]]],
  ] as const)('%i units of 1,000', ([units, expected]) => {
    expect(overage([segment({ units })])).toEqual(expected);
  });
  it('only where the action is charge, and never without a limit', () => {
    expect(overage([segment({ units: 5000, overageAction: 'warn' })])).toEqual([]);
    expect(overage([segment({ units: 5000, overageAction: 'block' })])).toEqual([]);
    expect(overage([segment({ units: 5000, includedUnits: -1 })])).toEqual([]);
    expect(overage([segment({ units: 5000, isBilled: false })])).toEqual([]);
    expect(overage([segment({ units: 5000, overagePer1000Minor: 0 })])).toEqual([]);
  });
  it('a unit costs what it cost at its moment: an upgrade includes no more of what was used before', () => {
    const before = segment({ units: 3000, toMs: start + 5 * DAY_MS });
    const after = segment({
      units: 4000,
      fromMs: start + 5 * DAY_MS,
      tier: 'business',
      includedUnits: 5000,
      overagePer1000Minor: 10,
    });
    expect(overage([before, after])).toEqual([
      [2000, 40],
      [2000, 20],
    ]);
  });
  it('a cap is a cap, and lowering it below what was spent takes nothing back', () => {
    expect(overage([segment({ units: 100_000, spendingCapMinor: 500 })])).toEqual([[99_000, 500]]);
    expect(overage([segment({ units: 100_000, spendingCapMinor: 0 })])).toEqual([[99_000, 0]]);
    const lowered = segment({ units: 50_000, spendingCapMinor: 100 });
    expect(overage([segment({ units: 26_000, spendingCapMinor: 1000 }), lowered])).toEqual([[75_000, 500]]);
  });
  it('the limiter stops where the cap is reached', () => {
    expect(cappedUnits({ ...terms, spendingCapMinor: 500 })).toBe(1000 + 25_000);
    expect(cappedUnits({ ...terms, spendingCapMinor: 0 })).toBe(1000);
    expect(cappedUnits(terms)).toBe(-1);
    expect(cappedUnits({ ...terms, spendingCapMinor: 5, overageAction: 'block' })).toBe(-1);
  });
});

describe('a month', () => {
  const apps = [{ appId: 'a', name: 'A', units: 1 }];
  it('a plan costs its part of the month, in a leap February too', () => {
    const [plan] = monthLines([segment({ fromMs: start + 14 * DAY_MS })], apps, month);
    expect(plan).toMatchObject({ kind: 'plan', amountMinor: Math.floor((4900 * 15) / 29) });
  });
  it('a change that is not of the plan leaves its line whole', () => {
    const lines = monthLines(
      [segment({ toMs: start + DAY_MS }), segment({ fromMs: start + DAY_MS, spendingCapMinor: 7 })],
      apps,
      month,
    );
    expect(lines).toMatchObject([{ amountMinor: 4900, fromMs: start, toMs: start + month }]);
  });
  it('terms become stretches of the month', () => {
    const at = (effectiveMs: number) => ({ ...terms, effectiveMs });
    const found = segmentsOf([at(5), at(start + 10), at(start + month)], start, start + month);
    expect(found.map(({ fromMs, toMs }) => [fromMs - start, toMs - start])).toEqual([
      [0, 10],
      [10, month],
    ]);
  });
});

describe('documents', () => {
  const line = monthLines([terms], [], month);
  const earlier = (billed: number, due: number) => ({
    periodStart: '2024-01-01',
    fromMs: 0,
    toMs: 1,
    billed: { EUR: billed },
    due: { EUR: due },
  });
  it('what came late is asked for with the next', () => {
    const { drafts, adjusted } = draftsOf(line, [earlier(4900, 4990)], 1800);
    expect(drafts).toMatchObject([{ subtotalMinor: 4990, taxMinor: 898, totalMinor: 5888 }]);
    expect(adjusted).toEqual([{ period_start: '2024-01-01', before: { EUR: 4900 }, billed: { EUR: 4990 } }]);
  });
  it('what would make a document negative waits', () => {
    const { drafts, adjusted } = draftsOf(line, [earlier(9000, 1000)], 0);
    expect(drafts).toMatchObject([{ subtotalMinor: 4900 }]);
    expect(adjusted).toEqual([]);
  });
  it('nothing to ask for is no document', () => {
    expect(draftsOf([], [earlier(1, 1)], 0).drafts).toEqual([]);
  });
});
