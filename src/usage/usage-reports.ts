// Usage as it is shown: from the daily rollups, so that what is shown is what was counted.

import { sql } from 'drizzle-orm';
import type { Database } from '../platform/database.ts';
import { estimateDistinct } from './distinct.ts';
import { type Buckets, mergeBuckets, percentile } from './latency-buckets.ts';

export interface UsageLine {
  /** Day, route, key id or status. */
  group: string;
  calls: number;
  successful: number;
  failed: number;
  units: number;
  cacheHits: number;
  bytesIn: number;
  bytesOut: number;
  avgLatencyMs: number;
  p50: number | null;
  p95: number | null;
  p99: number | null;
  uniqueIps: number;
}

export interface UsageScope {
  partnerId: string;
  environment?: string;
  appId?: string;
  /** First and last day, `YYYY-MM-DD`. */
  from: string;
  to: string;
}

export type UsageGroup = 'day' | 'route' | 'key' | 'status';

interface RollupRow {
  group: string;
  calls: number;
  successful: number;
  failed: number;
  units: number;
  hits: number;
  bytes_in: number;
  bytes_out: number;
  latency: number;
  buckets: Buckets[];
  registers: Record<string, number>[];
}

const toLine = (row: RollupRow): UsageLine => {
  const buckets = mergeBuckets(row.buckets);
  const registers: Record<string, number> = {};
  for (const each of row.registers) {
    for (const [register, rank] of Object.entries(each))
      registers[register] = Math.max(registers[register] ?? 0, rank);
  }
  return {
    group: row.group,
    calls: row.calls,
    successful: row.successful,
    failed: row.failed,
    units: row.units,
    cacheHits: row.hits,
    bytesIn: row.bytes_in,
    bytesOut: row.bytes_out,
    avgLatencyMs: row.calls === 0 ? 0 : Math.round((row.latency / row.calls) * 10) / 10,
    p50: percentile(buckets, 0.5),
    p95: percentile(buckets, 0.95),
    p99: percentile(buckets, 0.99),
    uniqueIps: estimateDistinct(registers),
  };
};

const GROUPS = { day: sql`day::text`, route: sql`route`, key: sql`key_id` };

export function createUsageReports(database: Database) {
  const inScope = ({ partnerId, environment, appId, from, to }: UsageScope) => sql`
    partner_id = ${partnerId} AND day BETWEEN ${from}::date AND ${to}::date
    AND (${environment ?? null}::text IS NULL OR environment = ${environment ?? null}::text)
    AND (${appId ?? null}::uuid IS NULL OR app_id = ${appId ?? null}::uuid)`;

  return {
    /** Newest day first; otherwise most calls first. */
    async lines(scope: UsageScope, by: Exclude<UsageGroup, 'status'>): Promise<UsageLine[]> {
      const rows = await database.rows<RollupRow>(sql`
        SELECT ${GROUPS[by]} AS "group", sum(calls)::bigint AS calls, sum(calls - errors)::bigint AS successful,
          sum(errors)::bigint AS failed, sum(units)::bigint AS units, sum(cache_hits)::bigint AS hits,
          sum(bytes_in)::bigint AS bytes_in, sum(bytes_out)::bigint AS bytes_out,
          sum(latency_ms_sum)::bigint AS latency, jsonb_agg(latency_buckets) AS buckets,
          jsonb_agg(ip_registers) AS registers
        FROM api_usage_rollups_day WHERE ${inScope(scope)}
        GROUP BY 1 ORDER BY ${by === 'day' ? sql`1 DESC` : sql`2 DESC, 1`} LIMIT 1000`);
      return rows.map(toLine);
    },
    byStatus: (scope: UsageScope): Promise<{ status: number; calls: number }[]> =>
      database.rows(sql`
        SELECT s.key::int AS status, sum(s.value::bigint)::bigint AS calls
        FROM api_usage_rollups_day, jsonb_each_text(statuses) s WHERE ${inScope(scope)} GROUP BY 1 ORDER BY 1`),
    /** Newest first. `before`: the id of the last one seen. */
    events: (scope: UsageScope, limit: number, before?: string): Promise<Record<string, unknown>[]> =>
      database.rows(sql`
        SELECT id AS request_id, occurred_at, key_id, environment, method, route, endpoint, status_code, error,
          latency_ms, upstream_ms, bytes_in, bytes_out, units, cache_hit, country, host(ip) AS ip, user_agent
        FROM api_usage_events
        WHERE partner_id = ${scope.partnerId} AND occurred_at >= ${scope.from}::date
          AND occurred_at < ${scope.to}::date + 1
          AND (${scope.appId ?? null}::uuid IS NULL OR app_id = ${scope.appId ?? null}::uuid)
          AND (${before ?? null}::uuid IS NULL OR (occurred_at, id) <
            (SELECT occurred_at, id FROM api_usage_events WHERE id = ${before ?? null}::uuid AND partner_id = ${scope.partnerId}))
        ORDER BY occurred_at DESC, id DESC LIMIT ${limit}`),
    /** Failed calls of the day and month that were counted; `quota_usage` of the partner. */
    async failedOf(partnerId: string, environment: string, day: string, month: string) {
      const rows = await database.rows<{ period_type: string; failed: number }>(sql`
        SELECT period_type, failed_requests AS failed FROM quota_usage
        WHERE partner_id = ${partnerId} AND environment = ${environment}
          AND ((period_type = 'daily' AND period_start = ${day}::date) OR (period_type = 'monthly' AND period_start = ${month}::date))`);
      const failed = (type: string) => rows.find((row) => row.period_type === type)?.failed ?? 0;
      return { day: failed('daily'), month: failed('monthly') };
    },
  };
}

export type UsageReports = ReturnType<typeof createUsageReports>;
