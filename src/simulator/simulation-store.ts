// Reads what simulations start from: daily sums, how far the events of a day are all of it, and the calls themselves, page by page
// in the order of time.

import { type SQL, sql } from 'drizzle-orm';
import { isoDay } from '../core/time.ts';
import { countedKey } from '../keys/key-columns-store.ts';
import type { Database } from '../platform/database.ts';
import { boolean, number, oneOf, type RowOf, row, text, uuid } from '../platform/row.ts';
import { type Call, type Period, REASONS } from './history.ts';

const DaySums = row('sums of a day to simulate', {
  partnerId: uuid,
  day: text,
  /** Counted and billed. */
  units: number,
  calls: number,
  rate: number,
  perDay: number,
  perMonth: number,
  isImported: boolean,
});
export type DaySums = RowOf<typeof DaySums>;

const DayEvents = row('events of a day to simulate', {
  day: text,
  calls: number,
  units: number,
  perSecond: number,
  burst: number,
  perDay: number,
  perMonth: number,
  cap: number,
});
export type DayEvents = RowOf<typeof DayEvents>;

const SimulatedCall = row('call to simulate', {
  id: uuid,
  atMs: number,
  keyId: text.notNull('every event of ours has one'),
  units: number.notNull('every event has units'),
  outcome: oneOf(['admitted', 'returned', 'unasked', ...REASONS]).notNull('other calls are left out'),
});

const KeyUse = row('use of a key before a simulation', { keyId: text, units: number });
const Limited = row('rates of a partner', { second: number, day: number });

const live = (partnerId: string): SQL => sql`partner_id = ${partnerId}::uuid AND environment = 'live'`;
const at = (ms: number): SQL => sql`${new Date(ms).toISOString()}::timestamptz`;
const during = ({ fromMs, toMs }: Period): SQL =>
  sql`occurred_at >= ${at(fromMs)} AND occurred_at < ${at(toMs)}`;
const days = ({ fromMs, toMs }: Period): SQL =>
  sql`BETWEEN ${isoDay(fromMs)}::date AND ${isoDay(toMs - 1)}::date`;

/** Which limit refused, of an event. What failed for another reason was not refused by one. */
const LIMIT = sql`CASE error WHEN 'rate_limit_exceeded' THEN CASE failure->>'limit_type' WHEN 'burst' THEN 'burst' ELSE 'per_second' END
  WHEN 'daily_quota_exceeded' THEN 'per_day'
  WHEN 'monthly_quota_exceeded' THEN CASE failure->>'level' WHEN 'cap' THEN 'cap' ELSE 'per_month' END END`;
/** Of calls that the upstream failed, and whose units went back. */
const IS_RETURNED = sql`units = 0 AND status_code >= 500 AND (error IS NULL OR error IN ('upstream_error', 'upstream_timeout'))`;

const SUMS = (partnerIds: readonly string[], period: Period): SQL => sql`
  WITH who AS (SELECT value::uuid AS id FROM jsonb_array_elements_text(${JSON.stringify(partnerIds)}::jsonb))
  SELECT r.partner_id AS "partnerId", r.day::text, coalesce(q.units, r.units)::bigint AS units, r.calls, r.rate, r."perDay",
    r."perMonth", i.day IS NOT NULL AS "isImported"
  FROM (SELECT partner_id, day, sum(units)::bigint AS units, sum(calls)::bigint AS calls,
      coalesce(sum((error_codes->>'rate_limit_exceeded')::bigint), 0)::bigint AS rate,
      coalesce(sum((error_codes->>'daily_quota_exceeded')::bigint), 0)::bigint AS "perDay",
      coalesce(sum((error_codes->>'monthly_quota_exceeded')::bigint), 0)::bigint AS "perMonth"
    FROM api_usage_rollups_day WHERE partner_id IN (SELECT id FROM who) AND environment = 'live' AND day ${days(period)}
    GROUP BY 1, 2) r
  LEFT JOIN quota_usage q ON q.partner_id = r.partner_id AND q.environment = 'live' AND q.period_type = 'daily' AND q.period_start = r.day
  LEFT JOIN imported_usage i ON i.partner_id = r.partner_id AND i.day = r.day`;

export function createSimulationStore(database: Database) {
  return {
    /** Of these partners; days without calls are left out. */
    sums: (partnerIds: readonly string[], period: Period): Promise<DaySums[]> =>
      database.rows(DaySums, SUMS(partnerIds, period)),

    /** What there is of these days to replay. */
    events: (partnerId: string, period: Period): Promise<DayEvents[]> =>
      database.rows(
        DayEvents,
        sql`
        SELECT day::text, count(*) AS calls, coalesce(sum(units), 0)::bigint AS units, count(*) FILTER (WHERE "limit" = 'per_second') AS "perSecond",
          count(*) FILTER (WHERE "limit" = 'burst') AS burst, count(*) FILTER (WHERE "limit" = 'per_day') AS "perDay",
          count(*) FILTER (WHERE "limit" = 'per_month') AS "perMonth", count(*) FILTER (WHERE "limit" = 'cap') AS cap
        FROM (SELECT day, units, ${LIMIT} AS "limit" FROM api_usage_events
          WHERE ${live(partnerId)} AND ${during(period)} AND day = (occurred_at AT TIME ZONE 'UTC')::date) e
        GROUP BY day`,
      ),

    /** Those that the limiter was asked about, or told of, in order. `after`: the last one of the page before. */
    calls: (
      partnerId: string,
      period: Period,
      limit: number,
      after: { atMs: number; id: string } | undefined,
    ): Promise<(Call & { id: string })[]> =>
      database.rows(
        SimulatedCall,
        sql`
        SELECT id, "atMs", ${countedKey(sql`e.key_id`)} AS "keyId", greatest(units, cost) AS units,
          CASE WHEN "limit" IS NOT NULL THEN "limit" WHEN degraded THEN 'unasked' WHEN units = 0 THEN 'returned' ELSE 'admitted' END AS outcome
        FROM (SELECT id, occurred_at, floor(extract(epoch FROM occurred_at) * 1000)::bigint AS "atMs", key_id, units, degraded,
            coalesce((failure->>'cost')::int, 1) AS cost, ${LIMIT} AS "limit"
          FROM api_usage_events
          WHERE ${live(partnerId)} AND ${during(period)}
            AND (${after?.id ?? null}::uuid IS NULL OR (occurred_at, id) > (${at(after?.atMs ?? 0)}, ${after?.id ?? null}::uuid))
            AND (units > 0 OR error IN ('rate_limit_exceeded', 'daily_quota_exceeded', 'monthly_quota_exceeded') OR (${IS_RETURNED}))
          ORDER BY occurred_at, id LIMIT ${limit}) e
        ORDER BY occurred_at, id`,
      ),

    /** Units of keys on these days. */
    async keyUse(partnerId: string, period: Period): Promise<Map<string, number>> {
      const rows = await database.rows(
        KeyUse,
        sql`SELECT ${countedKey(sql`r.key_id`)} AS "keyId", sum(r.units)::bigint AS units FROM api_usage_rollups_day r
          WHERE ${live(partnerId)} AND day ${days(period)} GROUP BY 1`,
      );
      return new Map(rows.map(({ keyId, units }) => [keyId, units]));
    },

    async rates(partnerId: string): Promise<{ second: number; day: number } | undefined> {
      const [found] = await database.rows(
        Limited,
        sql`SELECT rate_limit_per_second AS second, rate_limit_per_day AS day FROM partner WHERE id = ${partnerId}::uuid`,
      );
      return found;
    },
  };
}

export type SimulationStore = ReturnType<typeof createSimulationStore>;
