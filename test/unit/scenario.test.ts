// What is tried in a simulation, as terms and limits: by the rules that a real change follows.

import { expect, it } from 'vitest';
import type { Terms } from '../../src/billing/month.ts';
import type { Billing } from '../../src/billing/plan-service.ts';
import type { Plan } from '../../src/billing/plan-store.ts';
import type { KeyLimits } from '../../src/limits/limit.ts';
import {
  type Change,
  type PartnerSettings,
  settingsAfter,
  settingsBefore,
  termsOfPlan,
  unpriced,
} from '../../src/simulator/scenario.ts';
import { monthsToChoose, periodOf, startsOf } from '../../src/simulator/simulated-period.ts';

const plan = (tier: string, over: Partial<Plan> = {}): Plan => ({
  tier,
  partnerId: null,
  selfServe: true,
  prices: { EUR: { price: 4900, overage_per_1000: 20 } },
  overageActions: ['block', 'charge'],
  perSecond: 10,
  perDay: 1000,
  perMonth: 30_000,
  maxKeys: 5,
  features: {},
  names: {},
  isClosed: false,
  partnerName: null,
  partners: 0,
  etag: '',
  ...over,
});
const SMALL = plan('small');
const BIG = plan('big', {
  prices: { EUR: { price: 19_900, overage_per_1000: 15 }, XOF: { price: 130_000, overage_per_1000: 0 } },
  perSecond: 50,
  perDay: -1,
  perMonth: 1_000_000,
});
const STRICT = plan('strict', { overageActions: ['block'] });

const terms = (over: Partial<Terms> = {}): Terms => ({
  effectiveMs: 0,
  tier: 'small',
  currency: 'EUR',
  isBilled: true,
  priceMinor: 4500,
  includedUnits: 30_000,
  overageAction: 'charge',
  overagePer1000Minor: 20,
  spendingCapMinor: 700,
  taxBps: 1800,
  ...over,
});
// As far as simulations read it.
const billing = (over: Partial<Billing> = {}) =>
  ({
    tier: 'small',
    overageAction: 'charge',
    overageActions: ['block', 'charge'],
    customLimits: false,
    ...over,
  }) as Billing;

const key = (burst: number): ReadonlyMap<string, KeyLimits> =>
  new Map([['k', { burst, sustained: 600, day: -1, month: -1, overage: 'block' }]]);
const partner = (over: Partial<PartnerSettings> = {}): PartnerSettings => ({
  billing: billing(),
  terms: [terms()],
  rates: { second: 10, day: 1000 },
  plans: [SMALL, BIG, STRICT],
  keys: key(600),
  keysAfter: key(1000),
  ...over,
});

/** The first terms that come of it, with their rates and the burst of the key. */
function tried(change: Change, of = partner()) {
  const { terms: all, ratesOf, keys } = settingsAfter(of, change);
  const [first] = all;
  if (!first) throw new Error('no terms');
  return { ...first, ...ratesOf(first), burst: keys.get('k')?.burst };
}

const AS_IT_WAS = { ...terms(), second: 10, day: 1000, burst: 600 };

it.each<[what: string, change: Change, of: PartnerSettings, expected: object]>([
  ['nothing leaves all as it was, also a price that is another now', {}, partner(), {}],
  [
    'a plan brings its price, what it includes, its rates, and the limits of its keys',
    { plan: BIG },
    partner(),
    {
      tier: 'big',
      priceMinor: 19_900,
      overagePer1000Minor: 15,
      includedUnits: 1_000_000,
      second: 50,
      day: -1,
      burst: 1000,
    },
  ],
  [
    'limits that an operator set stay with any plan',
    { plan: BIG },
    partner({ billing: billing({ customLimits: true }), rates: { second: 7, day: 70 } }),
    { tier: 'big', priceMinor: 19_900, overagePer1000Minor: 15, second: 7, day: 70, burst: 1000 },
  ],
  [
    'a plan that does not allow what was chosen blocks',
    { plan: STRICT },
    partner(),
    { tier: 'strict', priceMinor: 4900, overageAction: 'block', burst: 1000 },
  ],
  [
    'what an operator granted goes along',
    { plan: STRICT },
    partner({
      billing: billing({ overageAction: 'warn', overageActions: ['block', 'charge', 'warn'] }),
    }),
    { tier: 'strict', priceMinor: 4900, overageAction: 'warn', burst: 1000 },
  ],
  [
    'a currency has the price of the same plan, and nothing is charged that has none',
    { currency: 'XOF' },
    partner({ terms: [terms({ tier: 'big' })], billing: billing({ tier: 'big' }) }),
    { tier: 'big', currency: 'XOF', priceMinor: 130_000, overagePer1000Minor: 0, overageAction: 'block' },
  ],
  [
    'limits, a cap and what happens beyond are what was typed',
    { perSecond: 3, perDay: -1, perMonth: 5, overageAction: 'warn', spendingCapMinor: null },
    partner(),
    { second: 3, day: -1, includedUnits: 5, overageAction: 'warn', spendingCapMinor: null },
  ],
  [
    'what was typed goes before the plan',
    { plan: BIG, perSecond: 3, perMonth: 5 },
    partner(),
    {
      tier: 'big',
      priceMinor: 19_900,
      overagePer1000Minor: 15,
      includedUnits: 5,
      second: 3,
      day: -1,
      burst: 1000,
    },
  ],
])('%s', (_what, change, of, expected) => {
  const [was = terms()] = of.terms;
  expect(tried(change, of)).toEqual({ ...AS_IT_WAS, ...was, ...of.rates, ...expected });
});

it('rates of a plan of before are those of that plan', () => {
  const before = terms({ tier: 'big' });
  const { ratesOf } = settingsBefore(partner({ terms: [before, terms({ effectiveMs: 5 })] }));
  expect(ratesOf(before)).toEqual({ second: 50, day: -1 });
  expect(ratesOf(terms({ effectiveMs: 5 }))).toEqual({ second: 10, day: 1000 });
  expect(settingsAfter(partner({ terms: [before] }), {}).ratesOf).toBeTypeOf('function');
  expect(tried({}, partner({ terms: [before] }))).toMatchObject({ second: 50, day: -1 });
});

it('what has no price in a currency is said', () => {
  const { terms: all, plans } = partner();
  expect(unpriced({ terms: all, plans }, {})).toBeUndefined();
  expect(unpriced({ terms: all, plans }, { currency: 'XOF' })).toBe('XOF');
  expect(unpriced({ terms: all, plans }, { plan: BIG, currency: 'XOF' })).toBeUndefined();
  // A plan that is gone has no price any more.
  expect(unpriced({ terms: [terms({ tier: 'gone' })], plans }, { currency: 'EUR' })).toBe('EUR');
});

it('another price of a plan is that of its stretches alone, and of what it included for everybody', () => {
  const prices = { EUR: { price: 5500, overage_per_1000: 0 } };
  const all = [
    terms(),
    terms({ effectiveMs: 1, includedUnits: 77 }),
    terms({ effectiveMs: 2, tier: 'big' }),
    terms({ effectiveMs: 3, currency: 'USD' }),
  ];
  const holder = { customLimits: false, overageAction: 'block' } as const;
  const of = (
    own: Partial<{ customLimits: boolean; overageAction: 'block' | 'charge' }>,
    to: typeof prices,
  ) => termsOfPlan(all, SMALL.tier, { prices: to, perMonth: 20_000 }, { ...holder, ...own });
  const changed = { priceMinor: 5500, overagePer1000Minor: 0, overageAction: 'block' };
  expect(of({}, prices)).toEqual([
    { ...all[0], ...changed, includedUnits: 20_000 },
    // What the plan included at that time.
    { ...all[1], ...changed, includedUnits: 20_000 },
    all[2],
    { ...all[3], includedUnits: 20_000 },
  ]);
  // What an operator set for one partner alone is not the plan's.
  expect(of({ customLimits: true }, prices).map((each) => each.includedUnits)).toEqual(
    all.map((each) => each.includedUnits),
  );
  // A price where none was brings what was chosen, and nothing else, into force.
  const free = [terms({ overagePer1000Minor: 0, overageAction: 'block' })];
  const priced = { prices: { EUR: { price: 5500, overage_per_1000: 9 } }, perMonth: 1 };
  for (const overageAction of ['charge', 'block'] as const)
    expect(termsOfPlan(free, SMALL.tier, priced, { ...holder, overageAction })[0]?.overageAction).toBe(
      overageAction,
    );
});

it('a period is of whole days that are over, since the partner is here', () => {
  const day = (text: string) => Date.parse(`${text}T00:00:00Z`);
  const nowMs = day('2026-11-30') + 5_000_000;
  const period = (sinceMs: number, month?: string) => {
    const { fromMs, toMs } = periodOf(nowMs, sinceMs, month);
    return [fromMs, toMs].map((ms) => new Date(ms).toISOString().slice(0, 10));
  };
  expect(period(0)).toEqual(['2026-10-31', '2026-11-30']);
  expect(period(0, '2026-10')).toEqual(['2026-10-01', '2026-11-01']);
  expect(period(0, '2026-11')).toEqual(['2026-11-01', '2026-11-30']);
  expect(period(day('2026-11-07') + 1, '2026-11')).toEqual(['2026-11-07', '2026-11-30']);
  expect(() => period(day('2026-11-07'), '2026-10')).toThrow('There is no whole day in this period yet');
  expect(() => period(0, '2026-12')).toThrow('no whole day');
  expect(() => period(day('2026-11-30'))).toThrow('no whole day');
  expect(startsOf({ fromMs: day('2026-10-31'), toMs: day('2026-11-30') })).toEqual([
    '2026-10-01',
    '2026-11-01',
  ]);
  expect(monthsToChoose(nowMs, day('2026-09-20'))).toEqual(['2026-11', '2026-10', '2026-09']);
  expect(monthsToChoose(day('2026-12-01') + 5, 0)[0]).toBe('2026-11');
  expect(monthsToChoose(nowMs, 0).length).toBe(12);
});
