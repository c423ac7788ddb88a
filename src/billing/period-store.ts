// Compares events, rollups and `quota_usage`, and keeps the tables in shape.

import { type SQL, sql } from 'drizzle-orm';
import type { Database } from '../platform/database.ts';
import { command, query } from '../platform/query.ts';
import { boolean, number, type RowOf, row, text, time, uuid } from '../platform/row.ts';

const Reconciliation = row('reconciliation of a partner', {
  day: text,
  limiter_units: number.nullable(),
  event_units: number,
  rollup_units: number,
  quota_units: number,
  month_units: number,
  invoice_units: number,
  corrected_units: number,
  agrees: boolean,
  checked_at: time,
});
export type Reconciliation = RowOf<typeof Reconciliation>;
export const AnyReconciliation = row('reconciliation', {
  ...Reconciliation.columns,
  partner_id: uuid,
  environment: text,
});
const RECONCILIATION = sql`day::text, limiter_units, event_units, rollup_units, quota_units, month_units, invoice_units,
  corrected_units, agrees, checked_at`;

/** Units of one partner, environment and day, as each place has them. */
const Counted = row('units of a day', {
  partnerId: uuid.notNull('one of those joined has it'),
  environment: text.notNull('one of those joined has it'),
  eventUnits: number,
  rollupUnits: number,
  quotaUnits: number,
  /** The days of the month added up, and the month that the coming invoice is reckoned from. */
  monthUnits: number,
  invoiceUnits: number,
});
export type Counted = RowOf<typeof Counted>;
const Purged = row('what a purge forgot', {
  messages_forgotten: number,
  secrets_forgotten: number,
  answers_forgotten: number,
});
const Made = row('partitions that were made', { made: number.notNull('the function counts') });
const Dropped = row('partitions that were dropped', { dropped: number.notNull('the function counts') });

export interface Compared extends Counted {
  /** Null when the limiter could not be asked: then nothing was compared. */
  limiterUnits: number | null;
  agrees: boolean;
  /** Units that the limiter's count was corrected by, to what was billed. */
  correctedUnits: number;
}

const COUNTED = (day: string): SQL => sql`
        SELECT partner_id AS "partnerId", environment, coalesce(e.units, 0)::bigint AS "eventUnits",
          coalesce(r.units, 0)::bigint AS "rollupUnits", coalesce(q.units, 0)::bigint AS "quotaUnits",
          coalesce(d.units, 0)::bigint AS "monthUnits", coalesce(m.units, 0)::bigint AS "invoiceUnits"
        FROM (SELECT p.id AS partner_id, e.environment FROM partner p CROSS JOIN unnest('{live,test}'::text[]) e(environment)
            CROSS JOIN LATERAL (SELECT 1 FROM api_key k WHERE k.partner_id = p.id AND k.environment = e.environment LIMIT 1) has) k
        FULL JOIN (SELECT partner_id, environment::text, sum(units) AS units FROM api_usage_events
            WHERE day = ${day}::date AND occurred_at BETWEEN ${day}::date - interval '1 day' AND ${day}::date + interval '2 days'
            GROUP BY 1, 2) e USING (partner_id, environment)
        FULL JOIN (SELECT partner_id, environment::text, sum(units) AS units FROM api_usage_rollups_day
            WHERE day = ${day}::date GROUP BY 1, 2) r USING (partner_id, environment)
        FULL JOIN (SELECT partner_id, environment::text, units FROM quota_usage
            WHERE period_type = 'daily' AND period_start = ${day}::date) q USING (partner_id, environment)
        LEFT JOIN (SELECT partner_id, environment::text, sum(units) AS units FROM quota_usage
            WHERE period_type = 'daily' AND period_start BETWEEN date_trunc('month', ${day}::date)
              AND date_trunc('month', ${day}::date) + interval '1 month' - interval '1 day' GROUP BY 1, 2) d USING (partner_id, environment)
        LEFT JOIN (SELECT partner_id, environment::text, units FROM quota_usage
            WHERE period_type = 'monthly' AND period_start = date_trunc('month', ${day}::date)) m USING (partner_id, environment)`;

export function createPeriodStore(database: Database) {
  return {
    /** Everybody who has keys, also where nothing was counted: what was lost has no row of its own. */
    async counted(day: string): Promise<Counted[]> {
      const [, rows] = await database.batch(
        // A day's events lie together, which the planner does not know: it would read their month whole.
        command(sql`SET LOCAL random_page_cost = 1.1`),
        query(Counted, COUNTED(day)),
      );
      return rows;
    },
    async saveReconciliation(day: string, rows: readonly Compared[]) {
      await database.run(sql`
        INSERT INTO reconciliation (day, partner_id, environment, limiter_units, event_units, rollup_units, quota_units,
          month_units, invoice_units, corrected_units, agrees)
        SELECT ${day}::date, r."partnerId", r.environment, r."limiterUnits", r."eventUnits", r."rollupUnits", r."quotaUnits",
          r."monthUnits", r."invoiceUnits", r."correctedUnits", r.agrees
        FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r("partnerId" uuid, environment text,
          "limiterUnits" bigint, "eventUnits" bigint, "rollupUnits" bigint, "quotaUnits" bigint, "monthUnits" bigint,
          "invoiceUnits" bigint, "correctedUnits" bigint, agrees boolean)
        ON CONFLICT (day, partner_id, environment) DO UPDATE SET limiter_units = excluded.limiter_units,
          event_units = excluded.event_units, rollup_units = excluded.rollup_units, quota_units = excluded.quota_units,
          month_units = excluded.month_units, invoice_units = excluded.invoice_units,
          corrected_units = reconciliation.corrected_units + excluded.corrected_units,
          agrees = excluded.agrees, checked_at = now()`);
    },
    /** A partner's own, newest first. */
    reconciliationsOf: (partnerId: string, environment: string, limit: number): Promise<Reconciliation[]> =>
      database.rows(
        Reconciliation,
        sql`
        SELECT ${RECONCILIATION} FROM reconciliation WHERE partner_id = ${partnerId}::uuid AND environment = ${environment}
        ORDER BY reconciliation.day DESC LIMIT ${limit}`,
      ),
    reconciliations: (limit: number): Promise<RowOf<typeof AnyReconciliation>[]> =>
      database.rows(
        AnyReconciliation,
        sql`SELECT partner_id, environment, ${RECONCILIATION} FROM reconciliation ORDER BY reconciliation.day DESC, agrees, partner_id LIMIT ${limit}`,
      ),
    /** Makes partitions ahead, drops old ones, and forgets what is only needed for a while. */
    async upkeep(monthsKept: number): Promise<Record<string, number>> {
      const [result] = await database.rows(
        Purged,
        sql`
        WITH old_messages AS (DELETE FROM usage_message WHERE folded_at < now() - interval '30 days' RETURNING 1),
          old_secrets AS (DELETE FROM api_key_retired_secret WHERE expires_at < now() - interval '30 days' RETURNING 1),
          old_answers AS (DELETE FROM idempotency_key WHERE created_at < now() - interval '1 day' RETURNING 1),
          old_versions AS (DELETE FROM api_version_use WHERE day < current_date - 100)
        SELECT (SELECT count(*) FROM old_messages) AS messages_forgotten,
          (SELECT count(*) FROM old_secrets) AS secrets_forgotten,
          (SELECT count(*) FROM old_answers) AS answers_forgotten`,
      );
      const [made] = await database.rows(Made, sql`SELECT ensure_usage_partitions(3) AS made`);
      const [dropped] = await database.rows(
        Dropped,
        sql`SELECT drop_usage_partitions(${monthsKept}) AS dropped`,
      );
      return { ...result, ...made, ...dropped };
    },
  };
}

export type PeriodStore = ReturnType<typeof createPeriodStore>;
