// Compares events, rollups and `quota_usage`, and keeps the tables in shape.

import { sql } from 'drizzle-orm';
import type { Database } from '../platform/database.ts';

export interface Counted {
  partnerId: string;
  environment: string;
  eventUnits: number;
  rollupUnits: number;
  quotaUnits: number;
}

export function createPeriodStore(database: Database) {
  return {
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
