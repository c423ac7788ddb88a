// A simulation: what a partner's calls of some days would have come to by other settings, beside what they did. Pure: whoever has
// the calls hands them in, in order, and asks for the result.

import { DAY_MS, monthStart } from '../core/time.ts';
import { type Cost, costOf, monthsAfter, type UsedBefore, usedAfter, usedBefore } from './cost.ts';
import {
  type Call,
  type DayFacts,
  type History,
  type Period,
  REASONS,
  type Refusals,
  type Settings,
} from './history.ts';
import { type Outcome, Replay, type ReplayedDay } from './replay.ts';
import { decidesAlike, stretchesOf } from './stretches.ts';

export interface DayOutcome extends Outcome {
  overageUnits: number;
  /** What the period costs up to the end of the day, before tax, by currency. */
  costSoFar: Cost['sums'];
}

export interface SimulatedDay extends Omit<ReplayedDay, 'happened' | 'simulated'> {
  happened: DayOutcome;
  simulated: DayOutcome;
}

export interface Total extends Outcome {
  cost: Cost;
}

export interface Totals {
  period: Period;
  happened: Total;
  simulated: Total;
  /** Units that months have and none of their days: they arrived after the months were closed, and stay as they are. */
  lateUnits: number;
  /** Calls that were replayed one by one, and those of them that the limits in force do not explain; these ended as they did. */
  replayedCalls: number;
  unexplainedCalls: number;
}

export interface Simulation extends Totals {
  days: SimulatedDay[];
}

const sumOf = (days: readonly Outcome[]): Refusals =>
  Object.fromEntries(
    REASONS.flatMap((reason) => {
      const calls = days.reduce((sum, { refused }) => sum + (refused[reason] ?? 0), 0);
      return calls > 0 ? [[reason, calls]] : [];
    }),
  );

function lateUnitsOf({ months, days, period }: History): number {
  return months.reduce((late, { start, units }) => {
    const startMs = Date.parse(`${start}T00:00:00Z`);
    const endMs = monthStart(startMs, 1);
    if (endMs > period.toMs) return late;
    const ofDays = days.filter(({ dayMs }) => dayMs >= startMs && dayMs < endMs);
    return late + units - ofDays.reduce((sum, day) => sum + day.units, 0);
  }, 0);
}

/** One side of it: as it happened, or as it is simulated. */
interface Side {
  terms: Settings['terms'];
  months: readonly { start: string; units: number }[];
  used: UsedBefore;
  outcomeOf(day: ReplayedDay): Outcome;
}

function daysOf(
  { terms, months, used, outcomeOf }: Side,
  days: readonly ReplayedDay[],
  { fromMs }: Period,
): DayOutcome[] {
  let before = 0;
  return days.map((day) => {
    const soFar = costOf(terms, months, used, { fromMs, toMs: day.dayMs + DAY_MS });
    const overageUnits = soFar.overageUnits - before;
    before = soFar.overageUnits;
    return { ...outcomeOf(day), overageUnits, costSoFar: soFar.sums };
  });
}

function totalOf(
  { terms, months, used, outcomeOf }: Side,
  days: readonly ReplayedDay[],
  late: number,
  period: Period,
): Total {
  const outcomes = days.map(outcomeOf);
  const units = outcomes.reduce((sum, each) => sum + each.units, late);
  return { units, refused: sumOf(outcomes), cost: costOf(terms, months, used, period) };
}

export function startSimulation(history: History, before: Settings, after: Settings) {
  const { period, months } = history;
  const stretches = stretchesOf(period, before, after);
  const replay = new Replay(history, before, after, stretches);

  function sides(): { happened: Side; simulated: Side } {
    const used = usedBefore(history);
    return {
      happened: { terms: before.terms, months, used, outcomeOf: (day) => day.happened },
      simulated: {
        terms: after.terms,
        months: monthsAfter(months, stretches, replay.changes),
        used: usedAfter(used, stretches, replay.changes),
        outcomeOf: (day) => day.simulated,
      },
    };
  }

  function totals(): Totals {
    const { happened, simulated } = sides();
    const days = replay.result();
    const lateUnits = lateUnitsOf(history);
    return {
      period,
      happened: totalOf(happened, days, lateUnits, period),
      simulated: totalOf(simulated, days, lateUnits, period),
      lateUnits,
      replayedCalls: replay.calls,
      unexplainedCalls: replay.unexplained,
    };
  }

  function finish(): Simulation {
    const { happened, simulated } = sides();
    const days = replay.result();
    const [was, is] = [daysOf(happened, days, period), daysOf(simulated, days, period)];
    return {
      ...totals(),
      // Both have an outcome for each day.
      days: days.map((day, i) => ({
        ...day,
        happened: was[i] as DayOutcome,
        simulated: is[i] as DayOutcome,
      })),
    };
  }

  return {
    /** Whether calls matter: where all are decided by the same limits, each was decided already. */
    needsCalls: !decidesAlike(stretches, before, after),
    /** The calls that follow are this day's. */
    begin: (facts: DayFacts): void => replay.begin(facts),
    call: (call: Call): void => replay.call(call),
    /** A day of which sums are all that is known, or needed. */
    reckon: (facts: DayFacts): void => replay.reckon(facts),
    /** Without the days: many partners are quicker so. */
    totals,
    finish,
  };
}

export type Started = ReturnType<typeof startSimulation>;

/** Of daily sums alone. */
export function simulateSums(history: History, before: Settings, after: Settings): Started {
  const simulation = startSimulation(history, before, after);
  for (const facts of daysIn(history)) simulation.reckon(facts);
  return simulation;
}

export const daysIn = ({ days, period }: Pick<History, 'days' | 'period'>): DayFacts[] =>
  days.filter(({ dayMs }) => dayMs >= period.fromMs && dayMs < period.toMs);
