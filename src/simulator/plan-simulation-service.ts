// What other prices of a plan would have brought of a month, of all partners that were on it: from daily sums, since prices need no
// second of it. Reads, and changes nothing. Bounds: PARTNER_BOUNDS; the answer says how many it left out.

import type { FactsOfHolders, HolderFacts } from '../billing/holder-facts-store.ts';
import { type Sums, sumsOf } from '../billing/month.ts';
import type { PlanService } from '../billing/plan-service.ts';
import type { Plan } from '../billing/plan-store.ts';
import { AppError } from '../core/errors.ts';
import { monthStart } from '../core/time.ts';
import { dayFactsOf } from './day-facts.ts';
import type { Period, Settings } from './history.ts';
import { termsOfPlan } from './scenario.ts';
import { monthsToChoose, periodOf, startsOf } from './simulated-period.ts';
import { simulateSums, type Totals } from './simulation.ts';
import type { DaySums, SimulationStore } from './simulation-store.ts';

/** `atOnce`: in memory. */
export interface PartnerBounds {
  atOnce: number;
  most: number;
}
export const PARTNER_BOUNDS: PartnerBounds = { atOnce: 100, most: 5000 };
/** Of them, those that differ most. */
const MAX_LISTED = 100;

/** What a plan would be. */
export type PlanTrial = Pick<Plan, 'prices' | 'perMonth'>;

export interface HolderOutcome extends Pick<Totals, 'happened' | 'simulated'> {
  id: string;
  name: string;
}

export interface PlanSimulation {
  period: Period;
  plan: Plan;
  /** Those that were on it. */
  partners: number;
  /** Before tax, by currency. */
  happened: Sums;
  simulated: Sums;
  /** Those that pay most more, or most less, first. */
  listed: HolderOutcome[];
  /** There are more partners than were simulated. */
  isPartial: boolean;
}

interface Ports {
  store: Pick<SimulationStore, 'sums'>;
  factsOfHolders: FactsOfHolders;
  plans: Pick<PlanService, 'plans'>;
  bounds: PartnerBounds;
  now(): number;
}

const NO_KEYS = new Map<string, never>();

function outcomeOf(
  holder: HolderFacts,
  sums: readonly DaySums[],
  period: Period,
  plan: Plan,
  trial: PlanTrial,
): HolderOutcome {
  const { id, name, months, terms, perSecond, perDay, customLimits } = holder;
  const ratesOf: Settings['ratesOf'] = ({ tier }) =>
    tier === plan.tier && tier !== holder.tier && !customLimits
      ? { second: plan.perSecond, day: plan.perDay }
      : { second: perSecond, day: perDay };
  const before: Settings = { terms, ratesOf, keys: NO_KEYS };
  const after: Settings = { ...before, terms: termsOfPlan(terms, plan.tier, trial, holder) };
  const days = dayFactsOf(monthStart(period.fromMs), period, terms, sums);
  const history = { period, months, days, keysBefore: NO_KEYS };
  const { happened, simulated } = simulateSums(history, before, after).totals();
  return { id, name, happened, simulated };
}

const difference = ({ happened, simulated }: HolderOutcome): number =>
  [...new Set([...Object.keys(happened.cost.sums), ...Object.keys(simulated.cost.sums)])].reduce(
    (sum, currency) =>
      sum + Math.abs((simulated.cost.sums[currency] ?? 0) - (happened.cost.sums[currency] ?? 0)),
    0,
  );

const added = (outcomes: readonly HolderOutcome[], side: 'happened' | 'simulated'): Sums =>
  sumsOf(
    outcomes.flatMap((each) =>
      Object.entries(each[side].cost.sums).map(([currency, amountMinor]) => ({ currency, amountMinor })),
    ),
  );

export function createPlanSimulationService({ store, factsOfHolders, plans, bounds, now }: Ports) {
  async function* outcomesOf(period: Period, plan: Plan, trial: PlanTrial): AsyncGenerator<HolderOutcome> {
    const days = { fromMs: monthStart(period.fromMs), toMs: period.toMs };
    let after: string | undefined;
    for (;;) {
      const page = await factsOfHolders(plan.tier, startsOf(period), bounds.atOnce, after);
      const sums = Map.groupBy(
        await store.sums(
          page.map(({ id }) => id),
          days,
        ),
        ({ partnerId }) => partnerId,
      );
      for (const holder of page) yield outcomeOf(holder, sums.get(holder.id) ?? [], period, plan, trial);
      after = page.at(-1)?.id;
      if (page.length < bounds.atOnce) return;
    }
  }

  return {
    /** Months to choose from, newest first. */
    months: (): string[] => monthsToChoose(now(), 0),

    /** `month`: `YYYY-MM`. @throws AppError not_found; conflict: no day of it yet */
    async simulate(
      tier: string,
      trialOf: (plan: Plan) => PlanTrial,
      month?: string,
    ): Promise<PlanSimulation> {
      const plan = (await plans.plans()).find((each) => each.tier === tier);
      if (!plan) throw new AppError('not_found', 'No such plan');
      const period = periodOf(now(), 0, month);
      const outcomes: HolderOutcome[] = [];
      let isPartial = false;
      for await (const outcome of outcomesOf(period, plan, trialOf(plan))) {
        isPartial = outcomes.length === bounds.most;
        if (isPartial) break;
        outcomes.push(outcome);
      }
      return {
        period,
        plan,
        partners: outcomes.length,
        happened: added(outcomes, 'happened'),
        simulated: added(outcomes, 'simulated'),
        listed: outcomes.sort((a, b) => difference(b) - difference(a)).slice(0, MAX_LISTED),
        isPartial,
      };
    },
  };
}

export type PlanSimulationService = ReturnType<typeof createPlanSimulationService>;
