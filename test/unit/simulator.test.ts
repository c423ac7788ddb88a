// What would have been, by other settings: as the counters themselves decide the same calls, and the naive biller bills them.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY_MS, dayStart, isoDay } from '../../src/core/time.ts';
import type { KeyLimits } from '../../src/limits/limit.ts';
import { dayFactsOf, replayFrom } from '../../src/simulator/day-facts.ts';
import type { History, Settings } from '../../src/simulator/history.ts';
import { daysIn, type Simulation, simulateSums, startSimulation } from '../../src/simulator/simulation.ts';
import type { DaySums } from '../../src/simulator/simulation-store.ts';
import {
  type Drawn,
  END,
  type Happened,
  happen,
  historyOf,
  naiveInvoice,
  START,
  settingsOf,
  type Wish,
} from '../support/simulated-history.ts';

const HISTORIES = 200;

/** All calls one by one, also where nothing differs. */
function replayed(
  history: History,
  { calls }: Pick<Happened, 'calls'>,
  before: Settings,
  after: Settings,
): Simulation {
  const simulation = startSimulation(history, before, after);
  for (const facts of daysIn(history)) {
    simulation.begin(facts);
    for (const call of calls) if (dayStart(call.atMs) === facts.dayMs) simulation.call(call);
  }
  return simulation.finish();
}

type Side = 'happened' | 'simulated';
const refusedIn = ({ days }: Simulation, side: Side) =>
  new Map(
    days.flatMap((day) =>
      Object.entries(day[side].refused).map(
        ([reason, calls]) => [`${isoDay(day.dayMs)} ${reason}`, calls] as const,
      ),
    ),
  );
const unitsIn = ({ days }: Simulation, side: Side) =>
  new Map(days.flatMap((day) => (day[side].units > 0 ? [[day.dayMs, day[side].units] as const] : [])));
const invoicesIn = (simulation: Simulation, side: Side) =>
  simulation[side].cost.invoices.map(({ currency, subtotalMinor, taxMinor, totalMinor }) => ({
    currency,
    subtotal: subtotalMinor,
    tax: taxMinor,
    total: totalMinor,
  }));

function expectSide(simulation: Simulation, side: Side, happened: Happened, settings: Settings): void {
  expect(refusedIn(simulation, side)).toEqual(happened.refused);
  expect(unitsIn(simulation, side)).toEqual(happened.unitsOf);
  expect(invoicesIn(simulation, side)).toEqual(naiveInvoice(settings, happened));
  const last = simulation.days.at(-1)?.[side];
  expect(last?.costSoFar).toEqual(simulation[side].cost.sums);
  expect(simulation.days.reduce((sum, day) => sum + day[side].overageUnits, 0)).toBe(
    simulation[side].cost.overageUnits,
  );
}

const drawn: fc.Arbitrary<Drawn> = fc.record({
  second: fc.constantFrom(0, 1, 2, 3, 5, 12, -1),
  day: fc.constantFrom(0, 4, 9, 15, -1),
  month: fc.constantFrom(0, 7, 20, 35, -1),
  action: fc.constantFrom('block', 'block', 'warn', 'charge', 'charge'),
  price: fc.integer({ min: 0, max: 20_000 }),
  per1000: fc.constantFrom(0, 333, 20_000),
  cap: fc.constantFrom(null, null, 0, 90, 250),
});
const keyLimits: fc.Arbitrary<KeyLimits> = fc.record({
  burst: fc.constantFrom(-1, 3, 6, 600),
  sustained: fc.constantFrom(0, 60, 600),
  day: fc.constantFrom(-1, -1, 3, 8),
  month: fc.constantFrom(-1, -1, 16),
  overage: fc.constantFrom('block', 'block', 'warn'),
});
const keys = fc.tuple(keyLimits, keyLimits).map(
  ([one, two]) =>
    new Map([
      ['one', one],
      ['two', two],
    ] as const),
);
/** In bursts, on some days of the month, some of them at midnight. */
const wishes: fc.Arbitrary<Wish[]> = fc
  .array(
    fc.record({
      day: fc.constantFrom(0, 1, 8, 9, 28, 29),
      atMs: fc.constantFrom(0, 5, DAY_MS / 3, DAY_MS - 700),
      gaps: fc.array(
        fc.record({
          ms: fc.constantFrom(0, 1, 40, 333, 900, 1100),
          keyId: fc.constantFrom('one', 'one', 'two'),
          units: fc.constantFrom(1, 1, 1, 2, 3),
          fails: fc.constantFrom(false, false, false, false, true),
        }),
        { minLength: 1, maxLength: 14 },
      ),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((bursts) =>
    bursts
      .flatMap(({ day, atMs, gaps }) => {
        let at = START + day * DAY_MS + atMs;
        return gaps.map(({ ms, ...wish }) => {
          at += ms;
          return { ...wish, atMs: at };
        });
      })
      .filter(({ atMs }) => atMs < END)
      .sort((a, b) => a.atMs - b.atMs),
  );
const settings = fc
  .tuple(drawn, drawn, keys, fc.constantFrom(0, 1, 8.5, 9))
  .map(([first, second, ofKeys, day]) =>
    settingsOf(
      day === 0
        ? [[START, first]]
        : [
            [START, first],
            [START + day * DAY_MS, second],
          ],
      ofKeys,
    ),
  );

/** The same terms at the same moments, as other settings have them. */
const inPlaceOf = (before: Settings, after: Settings): Settings => {
  const at = (atMs: number) => after.terms.findLast(({ effectiveMs }) => effectiveMs <= atMs);
  const terms = before.terms.map((each) => ({
    ...(at(each.effectiveMs) ?? each),
    effectiveMs: each.effectiveMs,
  }));
  return { ...after, terms };
};

describe('a replay', () => {
  it(`by the settings that were in force is what happened, to the unit and the minor unit: ${HISTORIES} histories`, async () => {
    let refusals = 0;
    await fc.assert(
      fc.asyncProperty(wishes, settings, async (demand, before) => {
        const happened = await happen(demand, before);
        const history = historyOf(happened, before);
        const simulation = replayed(history, happened, before, before);
        expectSide(simulation, 'happened', happened, before);
        expectSide(simulation, 'simulated', happened, before);
        // Not only kept: explained.
        expect(simulation.unexplainedCalls).toBe(0);
        expect(simulation.replayedCalls).toBe(demand.length);
        refusals += demand.length - happened.calls.filter(({ outcome }) => outcome === 'admitted').length;
      }),
      { numRuns: HISTORIES, seed: 37 },
    );
    expect(refusals).toBeGreaterThan(HISTORIES);
  });

  it(`by other settings is what the counters and the naive biller make of the same calls: ${HISTORIES} histories`, async () => {
    let [more, less] = [0, 0];
    await fc.assert(
      fc.asyncProperty(wishes, settings, settings, async (demand, before, other) => {
        const happened = await happen(demand, before);
        const after = inPlaceOf(before, other);
        // Whether the upstream would have failed a call that it never saw, nobody knows: the simulation says no.
        const failed = new Set(
          happened.calls.flatMap(({ outcome }, i) => (outcome === 'returned' ? [i] : [])),
        );
        const again = demand.map((wish, i) => ({ ...wish, fails: failed.has(i) }));
        const expected = await happen(again, after);
        const simulation = replayed(historyOf(happened, before), happened, before, after);
        expectSide(simulation, 'happened', happened, before);
        expectSide(simulation, 'simulated', expected, after);
        const change = simulation.simulated.units - simulation.happened.units;
        if (change > 0) more++;
        if (change < 0) less++;
      }),
      { numRuns: HISTORIES, seed: 38 },
    );
    expect(Math.min(more, less)).toBeGreaterThan(HISTORIES / 10);
  });

  it('by unchanged settings is what happened also where leases decided otherwise than one count would', async () => {
    const limits: Drawn = {
      second: 100,
      day: -1,
      month: -1,
      action: 'block',
      price: 0,
      per1000: 0,
      cap: null,
    };
    const key: KeyLimits = { burst: -1, sustained: -1, day: -1, month: -1, overage: 'block' };
    const before = settingsOf(
      [[START, limits]],
      new Map([
        ['one', key],
        ['two', key],
      ]),
    );
    const gaps = fc.array(
      fc.tuple(fc.constantFrom(0, 3, 11, 20), fc.constantFrom('one', 'one', 'one', 'two')),
      {
        minLength: 100,
        maxLength: 400,
      },
    );
    let unexplained = 0;
    await fc.assert(
      fc.asyncProperty(gaps, async (steps) => {
        let atMs = START;
        const demand = steps.map(([ms, keyId]) => {
          atMs += ms;
          return { atMs, keyId, units: 1, fails: false };
        });
        const happened = await happen(demand, before);
        const simulation = replayed(historyOf(happened, before), happened, before, before);
        expectSide(simulation, 'simulated', happened, before);
        unexplained += simulation.unexplainedCalls;
      }),
      { numRuns: 20, seed: 39 },
    );
    // Or this would prove nothing.
    expect(unexplained).toBeGreaterThan(0);
  });

  it('of the last days goes on from what the month had used, of the partner and of its keys', async () => {
    const period = { fromMs: START + 8 * DAY_MS, toMs: START + 29 * DAY_MS };
    // Full again when the period begins.
    const refillingKeys = keys.filter((all) => [...all.values()].every(({ sustained }) => sustained > 0));
    await fc.assert(
      fc.asyncProperty(wishes, drawn, drawn, refillingKeys, async (demand, first, second, ofKeys) => {
        const before = settingsOf([[START, first]], ofKeys);
        const after = settingsOf([[START, second]], ofKeys);
        const changed = settingsOf(
          [
            [START, first],
            [period.fromMs, second],
          ],
          ofKeys,
        );
        const happened = await happen(demand, before);
        const failed = new Set(
          happened.calls.flatMap(({ outcome }, i) => (outcome === 'returned' ? [i] : [])),
        );
        const expected = await happen(
          demand.map((wish, i) => ({ ...wish, fails: failed.has(i) })),
          changed,
        );
        const simulation = replayed(historyOf(happened, before, 'calls', period), happened, before, after);
        const isInside = (dayMs: number) => dayMs >= period.fromMs && dayMs < period.toMs;
        expect(unitsIn(simulation, 'simulated')).toEqual(
          new Map([...expected.unitsOf].filter(([dayMs]) => isInside(dayMs))),
        );
        expect(refusedIn(simulation, 'simulated')).toEqual(
          new Map([...expected.refused].filter(([name]) => isInside(Date.parse(name.slice(0, 10))))),
        );
        // Of the month, only these days are billed.
        const billed = settingsOf(
          [
            [START, first],
            [period.fromMs, second],
            [period.toMs, second],
          ],
          ofKeys,
        );
        const terms = billed.terms.map((each, i) => ({ ...each, isBilled: i === 1 }));
        expect(invoicesIn(simulation, 'simulated')).toEqual(naiveInvoice({ ...billed, terms }, expected));
      }),
      { numRuns: 60, seed: 40 },
    );
  });
});

describe('daily sums', () => {
  const open: KeyLimits = { burst: -1, sustained: -1, day: -1, month: -1, overage: 'block' };
  const ofKeys = new Map([
    ['one', open],
    ['two', open],
  ]);
  const quotas = fc.tuple(drawn, drawn, fc.constantFrom(0, 1, 9)).map(([first, second, day]) => {
    const [a, b] = [
      { ...first, second: -1 },
      { ...second, second: -1 },
    ];
    return settingsOf(
      day === 0
        ? [[START, a]]
        : [
            [START, a],
            [START + day * DAY_MS, b],
          ],
      ofKeys,
    );
  });
  const singles = wishes.map((all) => all.map((wish) => ({ ...wish, units: 1, fails: false })));

  it('say the same of quotas and prices', async () => {
    await fc.assert(
      fc.asyncProperty(singles, quotas, quotas, async (demand, before, other) => {
        const happened = await happen(demand, before);
        const after = inPlaceOf(before, other);
        const simulation = simulateSums(historyOf(happened, before, 'not_kept'), before, after).finish();
        expectSide(simulation, 'happened', happened, before);
        expectSide(simulation, 'simulated', await happen(demand, after), after);
        expect(simulation.days.some(({ areRatesUnknown }) => areRatesUnknown)).toBe(false);
      }),
      { numRuns: HISTORIES, seed: 41 },
    );
  });

  it('say what they cannot know: whether another rate would have refused more, or less', () => {
    const limits: Drawn = {
      second: 10,
      day: -1,
      month: -1,
      action: 'block',
      price: 0,
      per1000: 0,
      cap: null,
    };
    const before = settingsOf([[START, limits]], ofKeys);
    const after = settingsOf([[START, { ...limits, second: 50 }]], ofKeys);
    const days = [
      { dayMs: START, units: 100, refused: { rate: 7 }, basis: 'not_kept' as const },
      { dayMs: START + DAY_MS, units: 0, refused: {}, basis: 'calls' as const },
    ];
    const history = {
      period: { fromMs: START, toMs: START + 2 * DAY_MS },
      days,
      keysBefore: new Map(),
      months: [{ start: isoDay(START), units: 100, marks: [] }],
    };
    const { days: found, simulated } = simulateSums(history, before, after).finish();
    expect(found.map(({ areRatesUnknown }) => areRatesUnknown)).toEqual([true, false]);
    // As they were: not guessed.
    expect(found[0]?.simulated).toMatchObject({ units: 100, refused: { rate: 7 } });
    expect(simulated).toMatchObject({ units: 100, refused: { rate: 7 } });
  });
});

describe('what is known of a day', () => {
  const sums = (n: number, calls: number, over: Partial<DaySums> = {}): DaySums => ({
    partnerId: 'p',
    day: isoDay(START + n * DAY_MS),
    units: calls,
    calls,
    rate: 0,
    perDay: 0,
    perMonth: 0,
    isImported: false,
    ...over,
  });
  const period = { fromMs: START + DAY_MS, toMs: START + 5 * DAY_MS };

  it('of more calls than may be replayed, the last whole days are', () => {
    const days = [sums(0, 900), sums(1, 40), sums(2, 30), sums(4, 50)];
    const from = (most: number) => (replayFrom(days, period, most) - START) / DAY_MS;
    expect([120, 119, 80, 79, 50, 49].map(from)).toEqual([1, 2, 2, 3, 3, 5]);
  });

  it('each day has its basis, and sums say by which quota a call was refused where its terms do', () => {
    const { terms } = settingsOf(
      [
        [START, { second: 1, day: 1, month: 1, action: 'block', price: 0, per1000: 0, cap: null }],
        [START + 3 * DAY_MS, { second: 1, day: 1, month: 1, action: 'charge', price: 0, per1000: 9, cap: 1 }],
      ],
      new Map(),
    );
    const refused = { rate: 1, perDay: 2, perMonth: 3 };
    const all = [0, 2, 3, 4].map((n) => sums(n, 10, refused));
    const events = {
      day: isoDay(START + 4 * DAY_MS),
      calls: 10,
      units: 10,
      perSecond: 4,
      burst: 5,
      perDay: 0,
      perMonth: 0,
      cap: 6,
    };
    const known = dayFactsOf(START, period, terms, all, { of: [events], fromMs: START + 3 * DAY_MS });
    expect(known.map(({ basis, refused: by }) => [basis, by])).toEqual([
      ['too_many', { rate: 1, per_day: 2, per_month: 3 }],
      ['calls', {}],
      ['too_many', { rate: 1, per_day: 2, per_month: 3 }],
      ['not_kept', { rate: 1, per_day: 2, cap: 3 }],
      ['calls', { per_second: 4, burst: 5, cap: 6 }],
    ]);
  });
});

describe('calls', () => {
  const limits: Drawn = {
    second: 2,
    day: -1,
    month: -1,
    action: 'charge',
    price: 1000,
    per1000: 0,
    cap: null,
  };
  const key: KeyLimits = { burst: 5, sustained: 60, day: -1, month: -1, overage: 'block' };
  const before = settingsOf([[START, limits]], new Map([['one', key]]));
  const history = historyOf({ calls: [], refused: new Map(), unitsOf: new Map() }, before);
  const needsCalls = (after: Settings) => startSimulation(history, before, after).needsCalls;

  it.each([
    ['nothing', before, false],
    ['the price of a month', settingsOf([[START, { ...limits, price: 9 }]], before.keys), false],
    ['the second', settingsOf([[START, { ...limits, second: 3 }]], before.keys), true],
    ['a price that has a quota charge', settingsOf([[START, { ...limits, per1000: 9 }]], before.keys), true],
    ["a key's bucket", settingsOf([[START, limits]], new Map([['one', { ...key, burst: 6 }]])), true],
  ])('are needed where limits differ: %s', (_what, after, expected) => {
    expect(needsCalls(after)).toBe(expected);
  });
});
