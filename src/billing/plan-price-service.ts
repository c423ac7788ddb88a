// A plan's price that changes: whom it hits and by how much, and the plan that keeps the old price for those who are there: a
// copy that is closed to everybody else.

import { sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import { newId } from '../core/ids.ts';
import { isoDay } from '../core/time.ts';
import { eventRow } from '../outbox/event-store.ts';
import type { Database } from '../platform/database.ts';
import { command, type Query } from '../platform/query.ts';
import { number, oneOf, row, texts } from '../platform/row.ts';
import { CURRENCIES, type Currency } from './amounts.ts';
import type { NewPlan, Plan } from './plan-store.ts';

const MAX_NAMES = 10;

const changedCurrencies = (before: Plan, after: NewPlan): Currency[] =>
  CURRENCIES.filter((currency) => {
    const [a, b] = [before.prices[currency], after.prices[currency]];
    return a?.price !== b?.price || a?.overage_per_1000 !== b?.overage_per_1000;
  });

const Holders = row('partners on a plan', {
  currency: oneOf(CURRENCIES),
  partners: number,
  billed: number,
  names: texts.notNull('a group has a row'),
});

/** Partners on a plan that pay in this currency, and what a changed price means to them. */
export interface PriceImpact {
  currency: Currency;
  partners: number;
  /** Some of them, by name. */
  names: string[];
  /** Of a month, for all that are billed together. */
  monthlyMinor: number;
}

export interface PriceChange {
  reason?: string;
  /** Those who are on the plan keep what it costs. */
  keepsPrices?: boolean;
}

/** What a changed price hits; nothing where no price changes, or nobody is on the plan. */
export async function impactOf(database: Database, before: Plan, after: NewPlan): Promise<PriceImpact[]> {
  const changed = changedCurrencies(before, after);
  if (changed.length === 0) return [];
  const holders = await database.rows(
    Holders,
    sql`
    SELECT p.currency, count(*) AS partners, count(*) FILTER (WHERE p.status = 'active') AS billed,
      (array_agg(p.name::text ORDER BY p.name))[1:${sql.raw(String(MAX_NAMES))}] AS names
    FROM partner p WHERE p.tier = ${before.tier} GROUP BY p.currency ORDER BY p.currency`,
  );
  return holders.flatMap(({ currency, partners, billed, names }) =>
    changed.includes(currency)
      ? [
          {
            currency,
            partners,
            names,
            monthlyMinor:
              billed * ((after.prices[currency]?.price ?? 0) - (before.prices[currency]?.price ?? 0)),
          },
        ]
      : [],
  );
}

/** `business` -> `business-20261129-a1b2`: pages show the name of the plan that it was. */
const keptTier = (tier: string, nowMs: number): string =>
  `${tier.slice(0, 35)}-${isoDay(nowMs).replaceAll('-', '')}-${newId().slice(-4)}`;

/** Moves those who are on a plan to a copy of it, before its price changes: they are billed on as they were. */
export function keepPrices(plan: Plan, actor: Actor, reason: string | undefined): Query<number>[] {
  const kept = keptTier(plan.tier, Date.now());
  const details = { tier: kept, kept: plan.tier, reason };
  return [
    command(sql`
      WITH made AS (
        INSERT INTO tier_config (tier, price_cents, prices, overage_price_per_1000_cents, overage_actions, rate_limit_per_second,
          rate_limit_per_day, rate_limit_per_month, features, burst_limit, sustained_limit, key_daily_quota, key_monthly_quota,
          max_keys, partner_id, names, degraded_rate, degraded_quota, self_serve, is_closed)
        SELECT ${kept}, price_cents, prices, overage_price_per_1000_cents, overage_actions, rate_limit_per_second,
          rate_limit_per_day, rate_limit_per_month, features, burst_limit, sustained_limit, key_daily_quota, key_monthly_quota,
          max_keys, partner_id, names, degraded_rate, degraded_quota, false, true
        FROM tier_config WHERE tier = ${plan.tier} RETURNING partner_id),
      audit AS (${auditRow(actor, 'plan.created', { tier: kept }, details, sql`made`)}) SELECT * FROM made`),
    // What may be undone may still be undone.
    command(sql`
      WITH changed AS (
        UPDATE partner SET tier = ${kept}, plan_before = CASE WHEN plan_before->>'to' = ${plan.tier}
          THEN plan_before || jsonb_build_object('to', ${kept}::text) ELSE plan_before END
        WHERE tier = ${plan.tier} RETURNING id AS partner_id),
      event AS (${eventRow('plan.changed', details)}),
      audit AS (${auditRow(actor, 'plan.changed', { partner_id: sql`partner_id` }, details)}) SELECT * FROM changed`),
  ];
}

/** Has those who are on a plan told of its prices that change: by price-notice-service.ts, within minutes. */
export function announcePrices(before: Plan, after: NewPlan, reason: string | undefined): Query<number> {
  const changes = changedCurrencies(before, after).map((currency) => ({
    currency,
    price_before: before.prices[currency]?.price ?? 0,
    price_after: after.prices[currency]?.price ?? 0,
    overage_before: before.prices[currency]?.overage_per_1000 ?? 0,
    overage_after: after.prices[currency]?.overage_per_1000 ?? 0,
  }));
  return command(sql`
    INSERT INTO price_notice AS n (partner_id, tier, currency, price_before, price_after, overage_before, overage_after, reason)
    SELECT p.id, p.tier, p.currency, c.price_before, c.price_after, c.overage_before, c.overage_after, ${reason ?? null}::text
    FROM partner p JOIN jsonb_to_recordset(${JSON.stringify(changes)}::jsonb)
      AS c(currency text, price_before bigint, price_after bigint, overage_before bigint, overage_after bigint) USING (currency)
    WHERE p.tier = ${before.tier} ORDER BY p.id
    ON CONFLICT (partner_id) DO UPDATE SET tier = excluded.tier, currency = excluded.currency, reason = excluded.reason,
      since = excluded.since, price_after = excluded.price_after, overage_after = excluded.overage_after,
      (price_before, overage_before) = (SELECT CASE WHEN same THEN n.price_before ELSE excluded.price_before END,
        CASE WHEN same THEN n.overage_before ELSE excluded.overage_before END
        FROM (SELECT (n.tier, n.currency) = (excluded.tier, excluded.currency) AS same) s)`);
}
