// Keys with budgets: made with another key, for an agent, a job or a person. They count in that key's limits and on its bill,
// and end with it. What was spent, its object knows.

import type { Actor } from '../audit/audit-store.ts';
import { AppError, invalid } from '../core/errors.ts';
import { LimiterUnavailable } from '../core/object-errors.ts';
import type { LimiterClient } from '../limiter/limiter-client.ts';
import type { KeyBudget } from './key-budget-store.ts';
import type { createKeyCreation } from './key-creation-service.ts';
import type { createKeyViews, KeyView } from './key-view-store.ts';

export type { KeyBudget } from './key-budget-store.ts';

/** Thousandths of a minor unit, which money is counted in. */
const MILLI = 1000;
const MAX_DEPTH = 5;
/** All that work, and the newest of the others. */
const MAX_LISTED = 200;
const MAX_ENDED = 50;

/** A budget as it stands. */
export interface BudgetStanding {
  in: 'units' | 'money';
  /** Units, or minor units of the currency. */
  limit: number;
  currency: string | null;
  /** Null where the limiter was not asked, or does not answer. */
  used: number | null;
  remaining: number | null;
}

/** `spent`: as the key's object says it. What is begun of a minor unit is used. */
export function budgetOf(key: KeyView, spent: number | undefined): BudgetStanding | null {
  const { budgetUnits: units, budgetMinor: minor, budgetCurrency: currency, isBudgetVoid } = key;
  const limit = units ?? minor;
  if (limit === null) return null;
  const used = spent === undefined ? null : minor === null ? spent : Math.ceil(spent / MILLI);
  const remaining = used === null ? null : isBudgetVoid ? 0 : Math.max(0, limit - used);
  return { in: minor === null ? 'units' : 'money', limit, currency, used, remaining };
}

export interface NewBudgetKey {
  /** What it is for. */
  name: string;
  description?: string | null;
  budget: KeyBudget;
  /** Those of the key that makes it, where none are said. */
  scopes?: string[];
  /** RFC 3339; never later than the end of the key that makes it. */
  expiresAt?: string | null;
}

type Views = ReturnType<typeof createKeyViews>;

const UNCOUNTED =
  'This budget is in money, which your plan or your currency has no price for: make another key';

/** @throws AppError where it is more than its maker has */
function requireWithin(maker: KeyView, { units, minor }: KeyBudget): void {
  const most = units === undefined ? maker.budgetMinor : maker.budgetUnits;
  if (most !== null && (units ?? minor) > most)
    throw invalid('budget', `At most ${most}, the budget of the key that made it`);
}

/** A changed budget is of the same kind, and no more than its maker's. @throws AppError */
export async function requireFitting(get: Views['get'], key: KeyView, budget: KeyBudget): Promise<void> {
  if (key.counterId === null) throw invalid('budget', 'Only keys that were made with a budget have one');
  if ((budget.units === undefined) !== (key.budgetUnits === null))
    throw invalid('budget', key.budgetUnits === null ? 'This budget is in money' : 'This budget is in units');
  if (key.isBudgetVoid) throw invalid('budget', UNCOUNTED);
  if (key.parentId !== null) requireWithin(await get(key.partnerId, key.parentId), budget);
}

/** As they stand, of keys that count with the same one. */
function createStandings(limiter: Pick<LimiterClient, 'spentOf'>) {
  return async function standings(keys: readonly KeyView[]): Promise<(BudgetStanding | null)[]> {
    const counter = keys[0]?.counterId;
    if (!counter) return keys.map(() => null);
    const spent = await limiter
      .spentOf(
        counter,
        keys.map(({ id }) => id),
      )
      .catch((error) => {
        if (!(error instanceof LimiterUnavailable)) throw error;
        return [];
      });
    return keys.map((key, i) => budgetOf(key, spent[i]));
  };
}

export function createBudgetKeys(ports: {
  limiter: Pick<LimiterClient, 'spentOf'>;
  views: Views;
  create: ReturnType<typeof createKeyCreation>;
}) {
  const { limiter, views, create } = ports;

  async function depthOf(key: KeyView): Promise<number> {
    let depth = key.counterId === null ? 0 : 1;
    for (let each = key; each.counterId !== null && each.parentId !== null; ) {
      each = await views.get(each.partnerId, each.parentId);
      if (each.counterId !== null) depth++;
    }
    return depth;
  }

  async function make(maker: KeyView, wanted: NewBudgetKey, actor: Actor) {
    if (maker.kind === 'grant') throw new AppError('conflict', 'A program makes no keys');
    if (maker.state !== 'active') throw new AppError('conflict', 'A key that does not work makes no keys');
    if (maker.isBudgetVoid) throw invalid('budget', UNCOUNTED);
    // It makes no keys in turn, unless that is said.
    const scopes = wanted.scopes ?? maker.scopes.filter((scope) => scope !== 'keys:write');
    if (scopes.length === 0) throw invalid('scopes', 'Say its scopes: this key has none to give');
    const beyond = scopes.find((scope) => !maker.scopes.includes(scope));
    if (beyond !== undefined) throw invalid('scopes', 'A key can give only scopes that it has itself');
    requireWithin(maker, wanted.budget);
    if ((await depthOf(maker)) >= MAX_DEPTH)
      throw new AppError('conflict', `Keys with budgets make others at most ${MAX_DEPTH} deep`);
    return create(
      maker.partnerId,
      {
        kind: 'bearer',
        name: wanted.name,
        description: wanted.description,
        environment: maker.environment,
        scopes,
        expiresAt: wanted.expiresAt,
        appId: maker.appId,
        parentId: maker.id,
        budget: wanted.budget,
      },
      actor,
    );
  }

  const standings = createStandings(limiter);
  return {
    make,
    standings,
    /** Of one key; null where it has none. */
    standing: async (key: KeyView): Promise<BudgetStanding | null> => (await standings([key]))[0] ?? null,
    /** Those that a key made itself with what is left of them: those that work, and the newest that were revoked. */
    async list({ partnerId, id }: KeyView): Promise<{ key: KeyView; budget: BudgetStanding | null }[]> {
      const [active, ended] = await Promise.all([
        views.list(partnerId, { parentId: id, isActive: true }, { limit: MAX_LISTED }),
        views.list(partnerId, { parentId: id, isActive: false }, { limit: MAX_ENDED }),
      ]);
      const keys = [...active, ...ended];
      const budgets = await standings(keys);
      return keys.map((key, i) => ({ key, budget: budgets[i] ?? null }));
    },
  };
}
