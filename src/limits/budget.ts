// What a key may spend in its whole life: a hard cap, in units or in money. A key that it made spends from its own and from
// those above it. Pure.

import { type Denial, type Gauge, type Level, NEVER_RETRY_MS, UNLIMITED } from './limit.ts';

export interface Budget {
  /** Id of the key that has it. */
  id: string;
  /** Units, or thousandths of a minor unit of money. */
  cap: number;
  /** What a unit takes of it: 1, or its price beyond the plan. */
  perUnit: number;
}

/** What was spent of a budget, in what its cap is in. */
export type SpentOf = (id: string) => number;

/** Units that fit. What costs nothing fits always. */
const unitsIn = ({ perUnit }: Budget, amount: number): number =>
  perUnit === 0 ? Number.POSITIVE_INFINITY : Math.floor(Math.max(0, amount) / perUnit);

const unitsLeft = (budget: Budget, spentOf: SpentOf): number =>
  unitsIn(budget, budget.cap - spentOf(budget.id));

/** The one that ends first; of two that end together, the key's own. */
const tightest = (budgets: readonly Budget[], spentOf: SpentOf): Budget | undefined =>
  budgets.reduce<Budget | undefined>(
    (least, budget) => (least && unitsLeft(least, spentOf) < unitsLeft(budget, spentOf) ? least : budget),
    undefined,
  );

/** Its own is the last. */
const levelOf = (budget: Budget, budgets: readonly Budget[]): Level =>
  budget === budgets.at(-1) ? 'key' : 'parent';

/** Why so many units do not fit; undefined where they do. */
export function budgetDenial(budgets: readonly Budget[], spentOf: SpentOf, cost: number): Denial | undefined {
  const least = tightest(budgets, spentOf);
  if (!least || unitsLeft(least, spentOf) >= cost) return undefined;
  const limit = unitsIn(least, least.cap);
  const used = limit - Math.min(limit, unitsLeft(least, spentOf));
  return { type: 'budget', limit, used, retryAfterMs: NEVER_RETRY_MS, level: levelOf(least, budgets) };
}

/** In units, of the budget that ends first. It comes back at no moment. */
export interface BudgetGauge extends Gauge {
  /** Of the key's own, in what its cap is in. */
  spent: number;
}

export function budgetGauge(budgets: readonly Budget[], spentOf: SpentOf): BudgetGauge | undefined {
  const least = tightest(budgets, spentOf);
  const own = budgets.at(-1);
  if (!least || !own) return undefined;
  const limit = unitsIn(least, least.cap);
  const isFree = !Number.isFinite(limit);
  return {
    limit: isFree ? UNLIMITED : limit,
    remaining: isFree ? UNLIMITED : Math.min(limit, unitsLeft(least, spentOf)),
    resetMs: 0,
    level: levelOf(least, budgets),
    spent: spentOf(own.id),
  };
}
