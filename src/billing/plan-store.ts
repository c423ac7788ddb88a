// Plans: those of everybody, and those that were made for one partner.

import { type SQL, sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import {
  changedMeanwhile,
  type Expected,
  holdExpected,
  isNotExpected,
  versionOf,
} from '../audit/version-store.ts';
import { AppError, invalid } from '../core/errors.ts';
import type { OverageAction } from '../limits/limit.ts';
import { type Database, isViolation } from '../platform/database.ts';
import { command, type Query } from '../platform/query.ts';
import { boolean, json, number, type RowOf, row, text, uuid } from '../platform/row.ts';
import { textArray } from '../platform/sql.ts';
import { CURRENCIES, type Currency } from './amounts.ts';
import {
  announcePrices,
  impactOf,
  keepPrices,
  type PriceChange,
  type PriceImpact,
} from './plan-price-service.ts';

export type PlanNames = Partial<Record<'en' | 'fr', string>>;

const Plan = row('plan', {
  tier: text,
  /** The one partner that it is made for; null is everybody's. */
  partnerId: uuid.nullable(),
  selfServe: boolean,
  /** By currency, in minor units: a month, and 1,000 units beyond what is included. */
  prices: json<Partial<Record<Currency, { price: number; overage_per_1000: number }>>>(),
  /** What its holders may choose beyond the quota. `charge` without a price blocks; overage that is free is `warn`. */
  overageActions: json<OverageAction[]>(),
  perSecond: number,
  perDay: number,
  perMonth: number,
  maxKeys: number,
  features: json<Record<string, unknown>>(),
  /** What people call it. */
  names: json<PlanNames>(),
  /** For those that are on it alone: they kept its price when their plan's changed. */
  isClosed: boolean,
  /** Of the partner that it is made for. */
  partnerName: text.nullable(),
  partners: number,
  /** Another whenever it was changed. */
  etag: text.notNull('a hash of something is something'),
});
export type Plan = RowOf<typeof Plan>;
/** `names`: those that it has stay where none are given. */
export type NewPlan = Omit<Plan, 'partners' | 'partnerName' | 'isClosed' | 'names' | 'etag'> & {
  names?: PlanNames;
};

/** Of `tier_config t`. */
const ETAG = versionOf(
  sql`t.tier, t.partner_id, t.self_serve, t.overage_actions, t.price_cents, t.overage_price_per_1000_cents, t.prices`,
  sql`t.rate_limit_per_second, t.rate_limit_per_day, t.rate_limit_per_month, t.max_keys, t.features, t.names, t.is_closed`,
);
const PLAN = sql`
  SELECT t.tier, t.partner_id AS "partnerId", t.self_serve AS "selfServe", t.rate_limit_per_second AS "perSecond",
    t.rate_limit_per_day AS "perDay", t.rate_limit_per_month AS "perMonth", t.max_keys AS "maxKeys", t.features,
    t.names, t.is_closed AS "isClosed", (SELECT o.name FROM partner o WHERE o.id = t.partner_id) AS "partnerName",
    to_jsonb(t.overage_actions) AS "overageActions",
    jsonb_build_object('EUR', jsonb_build_object('price', t.price_cents, 'overage_per_1000', t.overage_price_per_1000_cents))
      || t.prices AS prices,
    (SELECT count(*) FROM partner p WHERE p.tier = t.tier) AS partners, ${ETAG} AS etag
  FROM tier_config t`;

/** Of a plan: what its column holds, and more than any plan costs. */
export const MAX_PRICE_MINOR = 2_000_000_000;

const COLUMNS = sql.raw(
  'tier, price_cents, overage_price_per_1000_cents, prices, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month, max_keys, features, self_serve, overage_actions, names',
);

/** CTEs: `saved` has the plan that is made, or changed with the limits of those who are on it. */
function savedRows(plan: NewPlan, isNew: boolean): SQL {
  const { EUR, ...others } = plan.prices;
  const names = sql`${plan.names ? JSON.stringify(plan.names) : null}::jsonb`;
  const values = sql`${plan.tier}, ${EUR?.price ?? 0}::int, ${EUR?.overage_per_1000 ?? 0}::int,
    ${JSON.stringify(others)}::jsonb, ${plan.perSecond}::int, ${plan.perDay}::int, ${plan.perMonth}::int,
    ${plan.maxKeys}::int, ${JSON.stringify(plan.features)}::jsonb, ${plan.selfServe}::boolean,
    ${textArray(plan.overageActions)}, coalesce(${names}, ${isNew ? sql`'{}'` : sql`names`})`;
  if (isNew)
    return sql`saved AS (INSERT INTO tier_config (${COLUMNS}, partner_id) VALUES (${values}, ${plan.partnerId}::uuid) RETURNING tier, partner_id)`;
  return sql`saved AS (UPDATE tier_config SET (${COLUMNS}) = (${values}) WHERE tier = ${plan.tier} RETURNING tier, partner_id),
    moved AS (UPDATE partner SET rate_limit_per_second = ${plan.perSecond}::int, rate_limit_per_day = ${plan.perDay}::int,
      rate_limit_per_month = ${plan.perMonth}::int WHERE tier = ${plan.tier} AND NOT custom_limits)`;
}

/** The one statement that makes a plan or changes it, with its audit row. */
function saving(plan: NewPlan, actor: Actor, isNew: boolean, { reason }: PriceChange): SQL {
  const { partnerId: _, ...edited } = plan;
  const audit = isNew
    ? auditRow(actor, 'plan.created', { tier: plan.tier }, plan)
    : auditRow(actor, 'plan.edited', { tier: plan.tier }, { ...edited, reason });
  return sql`WITH ${savedRows(plan, isNew)}, changed AS (SELECT partner_id FROM saved), audit AS (${audit}) SELECT tier FROM saved`;
}

/** A price in a currency that is not the brand's is nobody's to pay. */
const inUse = (plan: Plan): Plan => ({
  ...plan,
  prices: Object.fromEntries(
    Object.entries(plan.prices).filter(([currency]) => CURRENCIES.includes(currency)),
  ),
});

/** What goes before a plan is saved, where its prices hit somebody. @throws AppError validation_error */
async function beforeSaving(
  database: Database,
  before: Plan | undefined,
  plan: NewPlan,
  change: PriceChange,
  actor: Actor,
): Promise<Query<number>[]> {
  for (const currency of Object.keys(plan.prices))
    if (!CURRENCIES.includes(currency)) throw invalid('prices', `Currencies are: ${CURRENCIES.join(', ')}`);
  if (!before || (await impactOf(database, before, plan)).length === 0) return [];
  if (!change.reason) throw invalid('reason', 'Partners pay these prices: say why they change');
  return change.keepsPrices
    ? keepPrices(before, actor, change.reason)
    : [announcePrices(before, plan, change.reason)];
}

function createSaver(database: Database, get: (tier: string) => Promise<Plan>) {
  const planChanged = ({ tier, partnerId }: Pick<Plan, 'tier' | 'partnerId'>): Promise<AppError> =>
    changedMeanwhile(
      database,
      partnerId,
      sql`d.action IN ('plan.created', 'plan.edited') AND d.target->>'tier' = ${tier}`,
      sql`${`plans/${tier}`}::text`,
    );

  /**
   * Makes a plan, or changes it: partners that are on it have the new limits at once, and the new prices, of which they are
   * told, unless they keep theirs. Whose it is stays. The answer is what is kept. @throws AppError validation_error: prices that hit somebody
   * change for a reason; precondition_failed where it is another by now
   */
  return async function save(
    plan: NewPlan,
    actor: Actor,
    isNew: boolean,
    { expected, ...change }: PriceChange & { expected?: Expected } = {},
  ): Promise<Plan> {
    const before = isNew ? undefined : await get(plan.tier);
    if (before && expected?.includes(before.etag) === false) throw await planChanged(before);
    const first = await beforeSaving(database, before, plan, change, actor);
    try {
      const held =
        before && expected
          ? [holdExpected(ETAG, sql`tier_config t WHERE t.tier = ${plan.tier}`, expected)]
          : [];
      const changed = await database.batch(...held, ...first, command(saving(plan, actor, isNew, change)));
      if (changed.at(-1) === 0) throw new AppError('not_found', 'No such plan');
      return await get(plan.tier);
    } catch (error) {
      if (before && isNotExpected(error)) throw await planChanged(before);
      if (isViolation(error, 'unique')) throw new AppError('conflict', 'A plan with this name exists');
      if (isViolation(error, 'foreignKey')) throw invalid('partner_id', 'No such partner');
      if (isViolation(error, 'check'))
        throw new AppError(
          'conflict',
          'Partners on this plan are billed in a currency that it has no price in',
        );
      throw error;
    }
  };
}

export function createPlanStore(database: Database) {
  async function get(tier: string): Promise<Plan> {
    const [plan] = await database.rows(Plan, sql`${PLAN} WHERE t.tier = ${tier}`);
    if (!plan) throw new AppError('not_found', 'No such plan');
    return inUse(plan);
  }

  return {
    /** The statements of `save`, for a batch whose audit row says what they do. @throws AppError validation_error */
    prepare: async (plan: NewPlan, before: Plan | undefined, reason: string | undefined, actor: Actor) => [
      ...(await beforeSaving(database, before, plan, { reason }, actor)),
      command(sql`WITH ${savedRows(plan, before === undefined)} SELECT tier FROM saved`),
    ],

    /** @throws AppError not_found */
    plan: get,

    plans: async (): Promise<Plan[]> =>
      (
        await database.rows(
          Plan,
          sql`${PLAN} ORDER BY t.partner_id NULLS FIRST, t.is_closed, t.self_serve DESC, t.price_cents, t.tier`,
        )
      ).map(inUse),

    /** Those that a partner may be on: everybody's, its own, and one that it kept. Cheapest first. */
    plansFor: async (partnerId: string): Promise<Plan[]> =>
      (
        await database.rows(
          Plan,
          sql`${PLAN} WHERE t.partner_id = ${partnerId}::uuid OR t.partner_id IS NULL
        AND (NOT t.is_closed OR t.tier = (SELECT p.tier FROM partner p WHERE p.id = ${partnerId}::uuid))
      ORDER BY t.self_serve DESC, t.price_cents, t.tier`,
        )
      ).map(inUse),

    /** Whom the prices of this plan would hit, where they differ from what it costs now. */
    priceImpact: async (plan: NewPlan): Promise<PriceImpact[]> =>
      impactOf(database, await get(plan.tier), plan),

    save: createSaver(database, get),
  };
}

export type PlanStore = ReturnType<typeof createPlanStore>;
