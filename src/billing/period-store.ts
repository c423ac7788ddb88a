// Closes days and months of `quota_usage`, and compares limiter, events and rollups. Keyed by period: running a job
// twice, late or concurrently changes nothing.

import { sql } from 'drizzle-orm';
import type { OverageAction } from '../limits/limit.ts';
import type { Database } from '../platform/database.ts';

export interface OpenPeriod {
  partnerId: string;
  units: number;
  priceCents: number;
  includedUnits: number;
  overage: OverageAction;
  overagePricePer1000Cents: number;
}

export interface Counted {
  partnerId: string;
  environment: string;
  eventUnits: number;
  rollupUnits: number;
  quotaUnits: number;
}

export function createPeriodStore(database: Database) {
  return {
    /** Live periods of that type and start, with the terms they are billed by. A partner without calls is among them. */
    periods: (type: 'daily' | 'monthly', start: string): Promise<OpenPeriod[]> =>
      database.rows<OpenPeriod>(sql`
        SELECT p.id AS "partnerId", coalesce(q.units, 0)::bigint AS units, t.price_cents AS "priceCents",
          CASE WHEN ${type} = 'daily' THEN p.rate_limit_per_day ELSE p.rate_limit_per_month END AS "includedUnits",
          p.overage_action AS overage, t.overage_price_per_1000_cents AS "overagePricePer1000Cents"
        FROM partner p JOIN tier_config t ON t.tier = p.tier
        LEFT JOIN quota_usage q ON q.partner_id = p.id AND q.environment = 'live' AND q.period_type = ${type}
          AND q.period_start = ${start}::date
        WHERE p.created_at < ${start}::date + CASE WHEN ${type} = 'daily' THEN interval '1 day' ELSE interval '1 month' END
          AND (p.status = 'active' OR q.id IS NOT NULL)`),
    /** Closes the periods at these costs. A closed period keeps its first closing time; late units change its cost. */
    async close(
      type: 'daily' | 'monthly',
      start: string,
      end: string,
      costs: { partner_id: string; cents: number }[],
    ) {
      const closed = await database.rows(sql`
        INSERT INTO quota_usage AS q (partner_id, environment, period_type, period_start, period_end, cost_cents, closed_at)
        SELECT c.partner_id, 'live', ${type}, ${start}::date, ${end}::date, c.cents, now()
        FROM jsonb_to_recordset(${JSON.stringify(costs)}::jsonb) AS c(partner_id uuid, cents bigint) ORDER BY 1
        ON CONFLICT (partner_id, environment, period_type, period_start) DO UPDATE
          SET cost_cents = excluded.cost_cents, closed_at = coalesce(q.closed_at, now())
        RETURNING q.id`);
      return closed.length;
    },
    counted: (day: string): Promise<Counted[]> =>
      database.rows<Counted>(sql`
        SELECT coalesce(e.partner_id, r.partner_id, q.partner_id) AS "partnerId",
          coalesce(e.environment, r.environment, q.environment) AS environment,
          coalesce(e.units, 0)::bigint AS "eventUnits", coalesce(r.units, 0)::bigint AS "rollupUnits",
          coalesce(q.units, 0)::bigint AS "quotaUnits"
        FROM (SELECT partner_id, environment::text, sum(units) AS units FROM api_usage_events
            WHERE day = ${day}::date AND occurred_at BETWEEN ${day}::date - interval '1 day' AND ${day}::date + interval '2 days'
            GROUP BY 1, 2) e
        FULL JOIN (SELECT partner_id, environment::text, sum(units) AS units FROM api_usage_rollups_day
            WHERE day = ${day}::date GROUP BY 1, 2) r USING (partner_id, environment)
        FULL JOIN (SELECT partner_id, environment::text, units FROM quota_usage
            WHERE period_type = 'daily' AND period_start = ${day}::date) q USING (partner_id, environment)`),
    async saveReconciliation(
      day: string,
      rows: (Counted & { limiterUnits: number | null; agrees: boolean })[],
    ) {
      await database.rows(sql`
        INSERT INTO reconciliation (day, partner_id, environment, limiter_units, event_units, rollup_units, quota_units, agrees)
        SELECT ${day}::date, r."partnerId", r.environment, r."limiterUnits", r."eventUnits", r."rollupUnits", r."quotaUnits", r.agrees
        FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r("partnerId" uuid, environment text,
          "limiterUnits" bigint, "eventUnits" bigint, "rollupUnits" bigint, "quotaUnits" bigint, agrees boolean)
        ON CONFLICT (day, partner_id, environment) DO UPDATE SET limiter_units = excluded.limiter_units,
          event_units = excluded.event_units, rollup_units = excluded.rollup_units, quota_units = excluded.quota_units,
          agrees = excluded.agrees, checked_at = now()`);
    },
    reconciliations: (limit: number): Promise<Record<string, unknown>[]> =>
      database.rows(sql`SELECT * FROM reconciliation ORDER BY day DESC, agrees, partner_id LIMIT ${limit}`),
    /** Makes partitions ahead, drops old ones, and forgets what is only needed for a while. */
    async upkeep(monthsKept: number): Promise<Record<string, number>> {
      const [result] = await database.rows<Record<string, number>>(sql`
        WITH old_messages AS (DELETE FROM usage_message WHERE folded_at < now() - interval '30 days' RETURNING 1),
          old_secrets AS (DELETE FROM api_key_retired_secret WHERE expires_at < now() - interval '30 days' RETURNING 1),
          old_answers AS (DELETE FROM idempotency_key WHERE created_at < now() - interval '1 day' RETURNING 1)
        SELECT (SELECT count(*) FROM old_messages) AS messages_forgotten,
          (SELECT count(*) FROM old_secrets) AS secrets_forgotten,
          (SELECT count(*) FROM old_answers) AS answers_forgotten`);
      const [made] = await database.rows<{ made: number }>(sql`SELECT ensure_usage_partitions(3) AS made`);
      const [dropped] = await database.rows<{ dropped: number }>(
        sql`SELECT drop_usage_partitions(${monthsKept}) AS dropped`,
      );
      return { ...result, ...made, ...dropped };
    },
  };
}

export type PeriodStore = ReturnType<typeof createPeriodStore>;
