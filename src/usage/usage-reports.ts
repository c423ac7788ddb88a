// Usage as it is shown: from the daily rollups, so that what is shown is what was counted.

import { sql } from 'drizzle-orm';
import type { Database } from '../platform/database.ts';
import { mapped, type Query, query } from '../platform/query.ts';
import { json, number, oneOf, type RowOf, row, text, uuid } from '../platform/row.ts';
import { estimateDistinct } from './distinct.ts';
import { type Buckets, mergeBuckets, percentile } from './latency-buckets.ts';
import type { RequestFilter } from './request-filter.ts';
import { type EventDetail, requestQueries } from './request-reports.ts';
import {
  CALLS,
  importedIn,
  inMoments,
  inScope,
  type MomentScope,
  OUTCOME,
  OUTCOMES,
  STATUSES,
  type UsageScope,
} from './scope-reports.ts';

export { EventDetail, EventRow } from './request-reports.ts';
export { IMPORTED, type MomentScope, OUTCOMES, type Outcome, type UsageScope } from './scope-reports.ts';

const UsageLine = row('usage of moments', {
  /** Day, route, key id or status. */
  group: text,
  calls: number,
  successful: number,
  failed: number,
  units: number,
  cacheHits: number,
  bytesIn: number,
  bytesOut: number,
  avgLatencyMs: number,
  p50: number.nullable(),
  p95: number.nullable(),
  p99: number.nullable(),
  uniqueIps: number,
});
export type UsageLine = RowOf<typeof UsageLine>;

export type UsageGroup = 'day' | 'route' | 'key' | 'status';

const Rollups = row('rollups together', {
  group: text,
  calls: number,
  successful: number,
  failed: number,
  units: number,
  hits: number,
  bytes_in: number,
  bytes_out: number,
  latency: number,
  buckets: json<Buckets[]>(),
  registers: json<Record<string, number>[]>(),
});

const toLine = (rollups: RowOf<typeof Rollups>): UsageLine => {
  const buckets = mergeBuckets(rollups.buckets);
  const registers: Record<string, number> = {};
  for (const each of rollups.registers) {
    for (const [register, rank] of Object.entries(each))
      registers[register] = Math.max(registers[register] ?? 0, rank);
  }
  return {
    group: rollups.group,
    calls: rollups.calls,
    successful: rollups.successful,
    failed: rollups.failed,
    units: rollups.units,
    cacheHits: rollups.hits,
    bytesIn: rollups.bytes_in,
    bytesOut: rollups.bytes_out,
    avgLatencyMs: rollups.calls === 0 ? 0 : Math.round((rollups.latency / rollups.calls) * 10) / 10,
    p50: percentile(buckets, 0.5),
    p95: percentile(buckets, 0.95),
    p99: percentile(buckets, 0.99),
    uniqueIps: estimateDistinct(registers),
  };
};

const ofJson = number.notNull('every value of the map is a number');
const CallsOfStatus = row('calls of a status', { status: number, calls: ofJson });
const Counted = row('calls of a country', { name: text, calls: ofJson });
export type Counted = RowOf<typeof Counted>;
const ErrorLine = row('calls of an error', { code: text, route: text, calls: ofJson });
export type ErrorLine = RowOf<typeof ErrorLine>;
const OutcomeLine = row('calls of an outcome', {
  /** `YYYY-MM-DD`, or the hour in RFC 3339. */
  at: text,
  outcome: oneOf(OUTCOMES),
  calls: ofJson,
});
export type OutcomeLine = RowOf<typeof OutcomeLine>;
const PartnerLine = row('calls of a partner', {
  partnerId: uuid,
  name: text,
  calls: number,
  errors: number,
  units: number,
});
export type PartnerLine = RowOf<typeof PartnerLine>;
const FirstSteps = row('first steps of a partner', {
  apps: number,
  firstApp: text.nullable(),
  keys: number,
  /** 0 while there was none, otherwise 1. */
  calls: number,
  keyNames: json<Record<string, string>>().notNull('all keys in one'),
});
export type FirstSteps = RowOf<typeof FirstSteps>;
const Failed = row('failed calls of a period', { period_type: text, failed: number });

const GROUPS = { day: sql`day::text`, route: sql`route`, key: sql`key_id` };

const SUMS = sql`sum(calls)::bigint AS calls, sum(calls - errors)::bigint AS successful,
  sum(errors)::bigint AS failed, sum(units)::bigint AS units, sum(cache_hits)::bigint AS hits,
  sum(bytes_in)::bigint AS bytes_in, sum(bytes_out)::bigint AS bytes_out,
  sum(latency_ms_sum)::bigint AS latency, jsonb_agg(latency_buckets) AS buckets, jsonb_agg(ip_registers) AS registers`;

export const queries = {
  ...requestQueries,
  /** Newest day first; otherwise most calls first. */
  lines: (scope: UsageScope, by: Exclude<UsageGroup, 'status'>): Query<UsageLine[]> =>
    mapped(
      query(
        Rollups,
        sql`SELECT ${GROUPS[by]} AS "group", ${SUMS} FROM api_usage_rollups_day WHERE ${inScope(scope)}
        GROUP BY 1 ORDER BY ${by === 'day' ? sql`1 DESC` : sql`2 DESC, 1`} LIMIT 1000`,
      ),
      (rows) => rows.map(toLine),
    ),
  /** Everything in one line; undefined when there was no call. */
  total: (scope: UsageScope): Query<UsageLine | undefined> =>
    mapped(
      query(
        Rollups,
        sql`SELECT 'total' AS "group", ${SUMS} FROM api_usage_rollups_day WHERE ${inScope(scope)} HAVING count(*) > 0`,
      ),
      ([rollups]) => rollups && toLine(rollups),
    ),
  /** The same of moments, from the events themselves. */
  totalOfMoments: (scope: MomentScope): Query<UsageLine | undefined> =>
    mapped(
      query(
        UsageLine,
        sql`SELECT 'total' AS "group", sum(${CALLS})::bigint AS calls,
          (sum(${CALLS}) - count(*) FILTER (WHERE status_code >= 400) - imported.failed)::bigint AS successful,
          (count(*) FILTER (WHERE status_code >= 400) + imported.failed)::bigint AS failed, sum(units)::bigint AS units,
          count(*) FILTER (WHERE cache_hit)::bigint AS "cacheHits", sum(bytes_in)::bigint AS "bytesIn",
          sum(bytes_out)::bigint AS "bytesOut", round(avg(latency_ms), 1) AS "avgLatencyMs",
          percentile_disc(0.5) WITHIN GROUP (ORDER BY latency_ms) AS p50,
          percentile_disc(0.95) WITHIN GROUP (ORDER BY latency_ms) AS p95,
          percentile_disc(0.99) WITHIN GROUP (ORDER BY latency_ms) AS p99, count(DISTINCT ip)::int AS "uniqueIps"
        FROM api_usage_events,
          (SELECT coalesce(sum(errors), 0) AS failed FROM api_usage_rollups_day WHERE ${importedIn(scope)}) imported
        WHERE ${inMoments(scope)} GROUP BY imported.failed`,
      ),
      ([line]) => line,
    ),
  byStatus: (scope: UsageScope): Query<RowOf<typeof CallsOfStatus>[]> =>
    query(
      CallsOfStatus,
      sql`SELECT s.key::int AS status, sum(s.value::bigint)::bigint AS calls
        FROM api_usage_rollups_day, jsonb_each_text(statuses) s WHERE ${inScope(scope)} GROUP BY 1 ORDER BY 1`,
    ),
  byCountry: (scope: UsageScope): Query<Counted[]> =>
    query(
      Counted,
      sql`SELECT c.key AS name, sum(c.value::bigint)::bigint AS calls
        FROM api_usage_rollups_day, jsonb_each_text(countries) c WHERE ${inScope(scope)} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 250`,
    ),
  /** Errors by code and route, most first. */
  errors: (scope: UsageScope): Query<ErrorLine[]> =>
    query(
      ErrorLine,
      sql`SELECT e.key AS code, route, sum(e.value::bigint)::bigint AS calls
        FROM api_usage_rollups_day, jsonb_each_text(error_codes) e WHERE ${inScope(scope)}
        GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 50`,
    ),
  /** Calls of each day by outcome, oldest first. */
  outcomesByDay: (scope: UsageScope): Query<OutcomeLine[]> =>
    query(
      OutcomeLine,
      sql`SELECT day::text AS at, ${OUTCOME(sql`s.key::int`)} AS outcome, sum(s.value::bigint)::bigint AS calls
        FROM api_usage_rollups_day, ${STATUSES} WHERE ${inScope(scope)} GROUP BY 1, 2 ORDER BY 1`,
    ),
  /** The same of all partners, live. */
  outcomesOfAll: (from: string, to: string): Query<OutcomeLine[]> =>
    query(
      OutcomeLine,
      sql`SELECT day::text AS at, ${OUTCOME(sql`s.key::int`)} AS outcome, sum(s.value::bigint)::bigint AS calls
        FROM api_usage_rollups_day, ${STATUSES}
        WHERE day BETWEEN ${from}::date AND ${to}::date AND environment = 'live' GROUP BY 1, 2 ORDER BY 1`,
    ),
  topPartners: (from: string, to: string, limit = 25): Query<PartnerLine[]> =>
    query(
      PartnerLine,
      sql`SELECT r.partner_id AS "partnerId", p.name, sum(calls)::bigint AS calls, sum(errors)::bigint AS errors,
          sum(units)::bigint AS units
        FROM api_usage_rollups_day r JOIN partner p ON p.id = r.partner_id
        WHERE day BETWEEN ${from}::date AND ${to}::date AND environment = 'live' GROUP BY 1, 2 ORDER BY 3 DESC, 1 LIMIT ${limit}`,
    ),
  /** The same of each hour, from the events themselves. */
  outcomesByHour: (scope: MomentScope): Query<OutcomeLine[]> =>
    query(
      OutcomeLine,
      sql`SELECT to_char(date_trunc('hour', occurred_at AT TIME ZONE 'UTC'), 'YYYY-MM-DD"T"HH24:00:00"Z"') AS at,
          ${OUTCOME(sql`status_code`)} AS outcome, sum(${CALLS})::bigint AS calls
        FROM api_usage_events WHERE ${inMoments(scope)} GROUP BY 1, 2 ORDER BY 1`,
    ),
  /** How far a partner has come, and the names of its keys. */
  firstSteps: (partnerId: string): Query<FirstSteps> =>
    mapped(
      query(
        FirstSteps,
        sql`SELECT (SELECT count(*) FROM dev_apps WHERE partner_id = ${partnerId} AND archived_at IS NULL) AS apps,
          (SELECT id::text FROM dev_apps WHERE partner_id = ${partnerId} AND archived_at IS NULL ORDER BY id LIMIT 1) AS "firstApp",
          (SELECT count(*) FROM api_key WHERE partner_id = ${partnerId}) AS keys,
          (SELECT count(*) FROM (SELECT 1 FROM api_usage_rollups_day WHERE partner_id = ${partnerId} LIMIT 1) any_call) AS calls,
          (SELECT coalesce(jsonb_object_agg(key_id, name), '{}') FROM api_key WHERE partner_id = ${partnerId}) AS "keyNames"`,
      ),
      ([steps]) => steps ?? { apps: 0, firstApp: null, keys: 0, calls: 0, keyNames: {} },
    ),
};

export function createUsageReports(database: Database) {
  /** Several queries in one round trip, and in one snapshot. */
  const ask = database.batch;

  return {
    ask,
    lines: async (scope: UsageScope, by: Exclude<UsageGroup, 'status'>): Promise<UsageLine[]> =>
      (await ask(queries.lines(scope, by)))[0],
    byStatus: async (scope: UsageScope) => (await ask(queries.byStatus(scope)))[0],
    /** Newest first. `before`: the id of the last one seen; `after`: only newer ones. */
    events: async (scope: MomentScope & RequestFilter, limit: number, before?: string, after?: string) =>
      (await ask(queries.events(scope, limit, before, after)))[0],
    /** One request of the partner. */
    event: async (partnerId: string, id: string): Promise<EventDetail | undefined> =>
      (await ask(queries.event(partnerId, id)))[0][0],
    /** Failed calls of the day and month that were counted; `quota_usage` of the partner. */
    async failedOf(partnerId: string, environment: string, day: string, month: string) {
      const rows = await database.rows(
        Failed,
        sql`
        SELECT period_type, failed_requests AS failed FROM quota_usage
        WHERE partner_id = ${partnerId} AND environment = ${environment}
          AND ((period_type = 'daily' AND period_start = ${day}::date) OR (period_type = 'monthly' AND period_start = ${month}::date))`,
      );
      const failed = (type: string) => rows.find((each) => each.period_type === type)?.failed ?? 0;
      return { day: failed('daily'), month: failed('monthly') };
    },
  };
}

export type UsageReports = ReturnType<typeof createUsageReports>;
