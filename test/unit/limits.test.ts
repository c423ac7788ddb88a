// Calendar quotas, what a caller is shown of its limits, and the key's ledger.

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
  travelledGauges,
} from '../../src/limits/key-ledger.ts';
import type { Gauge, Level } from '../../src/limits/limit.ts';
import {
  addUnits,
  dayToCountIn,
  NO_UNITS,
  quotaDenial,
  quotaGauges,
  quotasOn,
} from '../../src/limits/quota.ts';

const DAY_MS = 86_400_000;
const START_OF_DAY = Date.UTC(2026, 10, 22);
const START = START_OF_DAY + DAY_MS / 2;

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
    expect(quotaDenial(quotasOn(used, day(before)), limits, 1, Date.parse(before), 'partner')).toMatchObject({
      level: 'partner',
      type: 'per_day',
      limit: 10,
      used: 10,
      retryAfterMs: 1,
    });
    const next = quotasOn(used, day(after));
    expect(next).toMatchObject({ dayUsed: 0, monthUsed: isSameMonth ? 10 : 0 });
    expect(quotaDenial(next, limits, 1, Date.parse(after), 'partner')).toBeUndefined();
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

  it('a day that is spent in a test is spent at the limit that counts, in its month too, and told to nobody', () => {
    const limits = { key, partner: { ...partner, month: 1500 } };
    const used = spendKey(advanceKey(newKeyLedger(), key, START), 3, START_OF_DAY);
    const spent = travelKey(used, START_OF_DAY, 'spent');
    expect(keyDenial(spent, limits, 1, START_OF_DAY, START)).toMatchObject({
      type: 'per_day',
      limit: 50,
      used: 50,
    });
    const of = (limit: number, left: number) => ({
      limit,
      remaining: left,
      resetMs: 0,
      level: 'partner' as const,
    });
    const gauges = { second: of(5, 5), burst: of(10, 7), day: of(50, 47), month: of(1500, 1496) };
    expect(travelledGauges(spent, limits, gauges, START_OF_DAY)).toEqual({
      ...gauges,
      day: of(50, 0),
      month: of(1500, 1449),
    });
    expect(travelledGauges(used, limits, gauges, START_OF_DAY)).toBe(gauges);
    expect(spent.used).toEqual(used.used);
    const anew = travelKey(spent, START_OF_DAY, 'new_day');
    expect(keyGauges(anew, key, START_OF_DAY, START).day).toMatchObject({
      limit: 100,
      remaining: 100,
    });
    expect(keyDenial(spent, { key, partner }, 1, START_OF_DAY + DAY_MS, START + DAY_MS)).toBeUndefined();
  });
});
