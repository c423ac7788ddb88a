// What random histories are made of, and how far limits are used when nothing goes wrong.

import { DAY_MS } from '../../src/core/time.ts';
import { WINDOW_MS } from '../../src/limits/sliding-window.ts';
import { live, type Outcome, type Setting } from './history.ts';
import { CALM, type Weather } from './object-host.ts';
import { type Chance, chanceOf } from './virtual-time.ts';

const NOON = Date.UTC(2026, 10, 22, 12);
/** The ends of a day, of a month, of a year and of a leap February; and nothing of the kind. */
const ENDS = [Date.UTC(2026, 10, 23), Date.UTC(2026, 11, 1), Date.UTC(2027, 0, 1), Date.UTC(2028, 2, 1)];

const STORM: Weather = {
  mostDelayMs: 120,
  requestLost: 0.05,
  replyLost: 0.08,
  doubled: 0.1,
  veryLate: 0.03,
  crash: 0.03,
};

const weatherOf = (chance: Chance): Weather => {
  const share = () => (chance.is(0.5) ? 0 : chance.next());
  return {
    mostDelayMs: chance.of([3, 20, 120]),
    requestLost: STORM.requestLost * share(),
    replyLost: STORM.replyLost * share(),
    doubled: STORM.doubled * share(),
    veryLate: STORM.veryLate * share(),
    crash: STORM.crash * share(),
  };
};

const HOUR = 3_600_000;
/** Of a call in calm weather, both ways, and more. */
const LATENCY_MS = 30;

function burstsOf(chance: Chance, pauses: readonly number[]): Setting['bursts'] {
  let startMs = 0;
  return Array.from({ length: chance.whole(1, 4) }, () => {
    const burst = {
      startMs,
      calls: chance.of([1, 5, 6, 10, 13, 24, 60, 200]),
      gapMs: chance.of([0, 3, 10, 30]),
    };
    startMs += burst.calls * burst.gapMs + chance.of(pauses);
    return burst;
  });
}

/** One key has been called for a while; it borrows and is then called slowly, while another uses up all that there is. */
function contended(chance: Chance): Setting['bursts'] {
  const borrowsMs = 800;
  return [
    { startMs: 0, calls: 16, gapMs: borrowsMs / 16, key: 0 },
    { startMs: borrowsMs, calls: chance.of([8, 24]), gapMs: 2, key: 0 },
    { startMs: borrowsMs + 50, calls: 20, gapMs: chance.of([60, 110, 150]), key: 0 },
    { startMs: borrowsMs + chance.whole(60, 300), calls: 600, gapMs: 4, key: 1 },
  ];
}

/** An isolate borrows and then calls slowly, so that the bucket fills up again; then all call at once, and again. */
function rushed(chance: Chance): Setting['bursts'] {
  // Late: when calls of a lease that has long ended are given back.
  const isLate = chance.is(0.5);
  const rushMs = isLate ? chance.whole(2850, 3000) : chance.whole(300, 900);
  return [
    { startMs: 0, calls: 16, gapMs: 2, key: 0 },
    { startMs: 40, calls: isLate ? 0 : 12, gapMs: chance.of([60, 110]), key: 0 },
    { startMs: rushMs, calls: 200, gapMs: 0, key: 0 },
    { startMs: rushMs + chance.whole(100, 700), calls: 200, gapMs: 0, key: 0 },
  ];
}

/** One key calls until the partner's object crashes, and then no more, while another uses up all that there is. */
function forgotten(chance: Chance): Pick<Setting, 'bursts' | 'crashes'> {
  const slowMs = 14 * 5;
  const crashMs = slowMs + chance.of([0, 1, 10, 30, 40]) * 100 + 20;
  const calls = Math.floor((crashMs - slowMs) / 100);
  const rushMs = crashMs + chance.of([10, 50, 1000, 3000]);
  return {
    bursts: [
      { startMs: 0, calls: 14, gapMs: 5, key: 0, cost: 1 },
      { startMs: slowMs, calls, gapMs: 100, key: 0, cost: 1 },
      // Down to the last unit.
      ...[1000, 100, 10, 1].map((cost, i) => ({
        startMs: rushMs + i * 40,
        calls: cost === 1000 ? 82 : 40,
        gapMs: 0,
        key: 1,
        cost,
      })),
      { startMs: rushMs, calls: 100, gapMs: 0, key: 1, cost: 1 },
    ],
    crashes: [crashMs],
  };
}

export function settingOf(seed: number): Setting {
  const chance = chanceOf(seed * 2 + 1);
  const isApart = chance.is(0.3);
  const isLong = !isApart && chance.is(0.15);
  const isContended = !isLong && chance.is(0.15);
  const isRushed = !isLong && !isContended && chance.is(0.07);
  const isForgotten = !isLong && !isContended && !isRushed && chance.is(0.1);
  const startMs = chance.is(0.3) ? chance.of(ENDS) - chance.whole(0, 12_000) : NOON;
  const pauses = isLong ? [1000, 26 * HOUR, 50 * HOUR] : [100, 1000, 5000, 12_000, 20_000];
  const { bursts, crashes } = isForgotten
    ? forgotten(chance)
    : {
        bursts: isContended ? contended(chance) : isRushed ? rushed(chance) : burstsOf(chance, pauses),
        crashes: [],
      };
  const isBudgeted = !isForgotten && chance.is(0.3);
  const lastMs = (bursts.at(-1)?.startMs ?? 0) + 2000;
  return {
    keys: isContended || isForgotten ? 2 : chance.whole(1, 3),
    edges: isContended
      ? chance.whole(1, 4)
      : isRushed || isForgotten
        ? chance.whole(1, 2)
        : chance.whole(1, 4),
    terms: {
      version: 1,
      partner: {
        second: isForgotten
          ? chance.of([-1, 40, 100])
          : isContended
            ? chance.of([40, 60, 100, 200])
            : isRushed
              ? -1
              : chance.of([-1, 2, 10, 50, 1000]),
        day: isForgotten ? 80_000 : isContended || isRushed ? -1 : chance.of([-1, 30, 1000, 50_000]),
        month: isContended || isRushed || isForgotten ? -1 : chance.of([-1, 40, 1_500_000]),
        overage: 'block',
      },
      key: {
        burst: isForgotten ? -1 : isRushed ? 100 : chance.of([-1, 20, 600]),
        sustained: isForgotten ? -1 : isRushed ? 6000 : chance.of([60, 600, 60_000]),
        day: isRushed || isForgotten ? -1 : chance.of([-1, 25, 1_000_000]),
        month: -1,
        overage: 'block',
      },
    },
    startMs,
    weather: chance.is(0.2) ? CALM : weatherOf(chance),
    bursts,
    crashes,
    disturbances: Array.from({ length: isForgotten ? 0 : chance.whole(0, 4) }, () => chance.whole(0, lastMs)),
    mostCost: chance.of([1, 1, 3]),
    budgets: isBudgeted
      ? Array.from({ length: chance.whole(1, 3) }, () => ({
          cap: chance.of([3, 20, 100, 100_000]),
          perUnit: chance.of([1, 1, 3]),
        }))
      : [],
    upstreamFails: isForgotten ? 0 : isRushed ? 0.5 : chance.of([0, 0.1, 0.5]),
    lendsToEdges: chance.is(isContended ? 0.4 : 0.7),
    isolatesDie: chance.is(0.25),
    changes: chance.is(0.2),
    evicts: chance.is(0.7),
    clockOffMs: isApart ? chance.of([-3_600_000, 3_600_000]) : 0,
    clockDrift: isApart ? 0.0005 : 0,
  };
}

export const liveRandomly = (seed: number): Promise<Outcome> => live(settingOf(seed), seed);

/** A partner with a limit of a second and no other, with nothing going wrong. */
export interface Calm {
  second: number;
  keys?: number;
  edges?: number;
  lendsToEdges?: boolean;
}

/** What becomes of calls, of any key. @throws when a limit was passed, or something is missing */
export async function callCalmly(
  { second, keys = 1, edges = 1, lendsToEdges = true }: Calm,
  bursts: Setting['bursts'],
  seed = 1,
): Promise<Outcome> {
  const outcome = await live(
    {
      keys,
      edges,
      terms: {
        version: 1,
        partner: { second, day: -1, month: -1, overage: 'block' },
        key: { burst: -1, sustained: -1, day: -1, month: -1, overage: 'block' },
      },
      startMs: NOON + DAY_MS,
      weather: CALM,
      bursts,
      crashes: [],
      disturbances: [],
      mostCost: 1,
      budgets: [],
      upstreamFails: 0,
      lendsToEdges,
      isolatesDie: false,
      changes: false,
      evicts: false,
      clockOffMs: 0,
      clockDrift: 0,
    },
    seed,
  );
  if (outcome.problems.length > 0) throw new Error(outcome.problems.join('\n'));
  return outcome;
}

/** `rate`: calls a second. */
export const evenly = (rate: number, seconds: number): Setting['bursts'] => [
  { startMs: 0, calls: Math.round(rate * seconds), gapMs: 1000 / rate },
];

/** Bursts and pauses of a caller that makes no more than so many calls in any second, however late each arrives. */
export function restrained(most: number, seconds: number, seed: number): Setting['bursts'] {
  const chance = chanceOf(seed);
  const calls: number[] = [];
  for (let atMs = 0; atMs < seconds * 1000; atMs += chance.of([0, 20, 100, 300, 1000, 1040, 1200, 2500])) {
    const gapMs = chance.of([0, 1, 5, 1000 / most]);
    for (let left = chance.of([1, 1, 2, 5, most / 4, most / 2, most]); left > 0; left--) {
      const before = calls.at(-most);
      if (before !== undefined) atMs = Math.max(atMs, before + WINDOW_MS + LATENCY_MS);
      calls.push(Math.ceil(atMs));
      atMs += gapMs;
    }
  }
  return calls.map((startMs) => ({ startMs, calls: 1, gapMs: 0 }));
}

/** Share of a limit that is admitted at twice the demand. */
export async function useOf(second: number, seconds: number, lendsToEdges: boolean): Promise<number> {
  const { admitted } = await callCalmly({ second, lendsToEdges }, evenly(2 * second, seconds));
  return admitted / (second * seconds);
}
