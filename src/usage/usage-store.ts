// Folds usage messages into the database, each once, and reads usage back.

import { type SQL, sql } from 'drizzle-orm';
import type { Database } from '../platform/database.ts';
import type { FoldRow } from './fold-row.ts';

/** One label set of a metric, as text: `route="/v2/…",status="200"`. Values are ours: routes, statuses, codes. */
const FOLD = (messageIds: string, rows: string, refusals: string): SQL => sql`
  WITH message AS (
    INSERT INTO usage_message (id) SELECT value::uuid FROM jsonb_array_elements_text(${messageIds}::jsonb)
    ON CONFLICT DO NOTHING RETURNING id),
  event AS MATERIALIZED (
    SELECT e.* FROM jsonb_to_recordset(${rows}::jsonb) AS e(message_id uuid, id uuid, occurred_at timestamptz, day date,
      partner_id uuid, key_id text, app_id uuid, environment text, route text, method text, endpoint text,
      status_code smallint, error text, latency_ms int, upstream_ms int, bytes_in bigint, bytes_out bigint, units int,
      cache_hit boolean, degraded boolean, country text, ip inet, user_agent text, bucket int, register int, rank int,
      le text, retired_hash text, timings jsonb, remaining jsonb)
    JOIN message ON message.id = e.message_id),
  raw AS (
    INSERT INTO api_usage_events (id, occurred_at, day, message_id, partner_id, key_id, app_id, environment, route,
      method, endpoint, status_code, error, latency_ms, upstream_ms, bytes_in, bytes_out, units, cache_hit, degraded,
      country, ip, user_agent, timings, remaining)
    SELECT id, occurred_at, day, message_id, partner_id, key_id, app_id, environment, route, method, endpoint,
      status_code, error, latency_ms, upstream_ms, bytes_in, bytes_out, units, cache_hit, degraded, country, ip,
      user_agent, timings, remaining FROM event),
  rollup AS (
    INSERT INTO api_usage_rollups_day AS r (key_id, day, route, partner_id, app_id, environment, calls, errors, units,
      billed_calls, latency_ms_sum, bytes_in, bytes_out, cache_hits, latency_buckets, statuses, error_codes, countries, ip_registers)
    SELECT g.key_id, g.day, g.route, g.partner_id, g.app_id, g.environment, g.calls, g.errors, g.units, g.billed,
      g.latency, g.bytes_in, g.bytes_out, g.hits,
      (SELECT jsonb_object_agg(bucket, n) FROM (SELECT bucket, count(*) AS n FROM event e
        WHERE (e.key_id, e.day, e.route) = (g.key_id, g.day, g.route) GROUP BY bucket) b),
      (SELECT jsonb_object_agg(status_code, n) FROM (SELECT status_code, count(*) AS n FROM event e
        WHERE (e.key_id, e.day, e.route) = (g.key_id, g.day, g.route) GROUP BY status_code) s),
      (SELECT coalesce(jsonb_object_agg(error, n), '{}') FROM (SELECT error, count(*) AS n FROM event e
        WHERE (e.key_id, e.day, e.route) = (g.key_id, g.day, g.route) AND error IS NOT NULL GROUP BY error) x),
      (SELECT coalesce(jsonb_object_agg(country, n), '{}') FROM (SELECT country, count(*) AS n FROM event e
        WHERE (e.key_id, e.day, e.route) = (g.key_id, g.day, g.route) AND country IS NOT NULL GROUP BY country) c),
      (SELECT coalesce(jsonb_object_agg(register, n), '{}') FROM (SELECT register, max(rank) AS n FROM event e
        WHERE (e.key_id, e.day, e.route) = (g.key_id, g.day, g.route) AND ip IS NOT NULL GROUP BY register) i)
    FROM (SELECT key_id, day, route, partner_id, app_id, environment, count(*) AS calls,
        count(*) FILTER (WHERE status_code >= 400) AS errors, sum(units) AS units,
        count(*) FILTER (WHERE units > 0) AS billed, sum(latency_ms) AS latency, sum(bytes_in) AS bytes_in,
        sum(bytes_out) AS bytes_out, count(*) FILTER (WHERE cache_hit) AS hits
      FROM event GROUP BY key_id, day, route, partner_id, app_id, environment
      ORDER BY key_id, day, route) g
    ON CONFLICT (key_id, day, route) DO UPDATE SET calls = r.calls + excluded.calls,
      errors = r.errors + excluded.errors, units = r.units + excluded.units,
      billed_calls = r.billed_calls + excluded.billed_calls,
      latency_ms_sum = r.latency_ms_sum + excluded.latency_ms_sum, bytes_in = r.bytes_in + excluded.bytes_in,
      bytes_out = r.bytes_out + excluded.bytes_out, cache_hits = r.cache_hits + excluded.cache_hits,
      latency_buckets = merge_sums(r.latency_buckets, excluded.latency_buckets),
      statuses = merge_sums(r.statuses, excluded.statuses),
      error_codes = merge_sums(r.error_codes, excluded.error_codes),
      countries = merge_sums(r.countries, excluded.countries),
      ip_registers = merge_maxima(r.ip_registers, excluded.ip_registers)),
  refusal AS (
    SELECT r.code, sum(r.calls) AS calls FROM jsonb_to_recordset(${refusals}::jsonb) AS r(message_id uuid, code text, calls int)
    JOIN message ON message.id = r.message_id GROUP BY r.code),
  quota AS (
    INSERT INTO quota_usage AS q (partner_id, environment, period_type, period_start, period_end, requests_count,
      successful_requests, failed_requests, units)
    SELECT partner_id, environment, period_type, period_start, period_end, count(*),
      count(*) FILTER (WHERE status_code < 400), count(*) FILTER (WHERE status_code >= 400), sum(units)
    FROM (SELECT e.*, 'daily' AS period_type, day AS period_start, day AS period_end FROM event e
      UNION ALL SELECT e.*, 'monthly', date_trunc('month', day)::date,
        (date_trunc('month', day) + interval '1 month' - interval '1 day')::date FROM event e) counted
    WHERE units > 0 AND partner_id IN (SELECT id FROM partner)
    GROUP BY partner_id, environment, period_type, period_start, period_end
    ORDER BY partner_id, environment, period_type, period_start
    ON CONFLICT (partner_id, environment, period_type, period_start) DO UPDATE SET
      requests_count = q.requests_count + excluded.requests_count,
      successful_requests = q.successful_requests + excluded.successful_requests,
      failed_requests = q.failed_requests + excluded.failed_requests, units = q.units + excluded.units,
      updated_at = now()
    RETURNING q.partner_id, q.environment, q.period_type, q.period_start, q.units),
  notice AS (
    INSERT INTO quota_notice (partner_id, period_type, period_start, threshold, quota)
    SELECT q.partner_id, q.period_type, q.period_start, t.threshold, p.quota
    FROM quota q JOIN LATERAL (SELECT overage_action,
        CASE q.period_type WHEN 'daily' THEN rate_limit_per_day ELSE rate_limit_per_month END::bigint AS quota
      FROM partner WHERE id = q.partner_id) p ON p.quota > 0
    CROSS JOIN (VALUES (50), (80), (95), (100), (101)) AS t(threshold)
    WHERE q.environment = 'live' AND (t.threshold < 100 OR (t.threshold = 100) = (p.overage_action = 'block'))
      AND CASE t.threshold WHEN 101 THEN q.units > p.quota ELSE q.units * 100 >= p.quota * t.threshold END
    ORDER BY 1, 2, 3, 4
    ON CONFLICT DO NOTHING RETURNING *),
  told AS (
    INSERT INTO webhook_event (partner_id, type, data)
    SELECT n.partner_id, CASE n.threshold WHEN 100 THEN 'quota.exceeded' WHEN 101 THEN 'overage.started' ELSE 'quota.warning' END,
      jsonb_build_object('period', n.period_type, 'period_start', n.period_start, 'limit', n.quota, 'used', q.units,
        'threshold_percent', least(n.threshold, 100))
    FROM notice n JOIN quota q USING (partner_id, period_type, period_start) WHERE q.environment = 'live'
    ORDER BY n.partner_id, n.period_type, n.threshold RETURNING 1),
  minute AS (
    INSERT INTO usage_minute AS u (minute, partner_id, calls, errors, server_errors, degraded, auth_failures,
      lag_seconds, latency_buckets)
    SELECT g.minute, g.partner_id, g.calls, g.errors, g.server_errors, g.degraded, g.auth_failures, g.lag,
      (SELECT coalesce(jsonb_object_agg(bucket, n), '{}') FROM (SELECT bucket, count(*) AS n FROM event e
        WHERE e.environment = 'live' AND e.partner_id = g.partner_id AND date_trunc('minute', e.occurred_at) = g.minute
        GROUP BY bucket) b)
    FROM (SELECT date_trunc('minute', occurred_at) AS minute, partner_id, count(*) AS calls,
        count(*) FILTER (WHERE status_code >= 400) AS errors, count(*) FILTER (WHERE status_code >= 500) AS server_errors,
        count(*) FILTER (WHERE degraded) AS degraded, count(*) FILTER (WHERE status_code = 401) AS auth_failures,
        greatest(0, max(extract(epoch FROM now() - occurred_at)))::int AS lag
      FROM event WHERE environment = 'live' AND occurred_at > now() - interval '1 day' GROUP BY 1, 2
      UNION ALL SELECT date_trunc('minute', now()), '00000000-0000-0000-0000-000000000000'::uuid, 0, 0, 0, 0, sum(calls), 0
      FROM refusal WHERE code LIKE 'invalid%' HAVING sum(calls) > 0) g
    ORDER BY g.minute, g.partner_id
    ON CONFLICT (minute, partner_id) DO UPDATE SET calls = u.calls + excluded.calls, errors = u.errors + excluded.errors,
      server_errors = u.server_errors + excluded.server_errors, degraded = u.degraded + excluded.degraded,
      auth_failures = u.auth_failures + excluded.auth_failures, lag_seconds = greatest(u.lag_seconds, excluded.lag_seconds),
      latency_buckets = merge_sums(u.latency_buckets, excluded.latency_buckets)),
  used AS (
    UPDATE api_key k SET last_used_at = greatest(k.last_used_at, u.at)
    FROM (SELECT key_id, max(occurred_at) AS at FROM event GROUP BY key_id) u WHERE k.key_id = u.key_id),
  retired AS (
    UPDATE api_key_retired_secret s SET last_used_at = greatest(s.last_used_at, u.at)
    FROM (SELECT retired_hash, max(occurred_at) AS at FROM event WHERE retired_hash IS NOT NULL GROUP BY retired_hash) u
    WHERE s.key_hash = u.retired_hash),
  active AS (
    UPDATE partner p SET last_active_at = greatest(p.last_active_at, u.at)
    FROM (SELECT partner_id, max(occurred_at) AS at FROM event GROUP BY partner_id) u WHERE p.id = u.partner_id),
  metric AS (
    INSERT INTO metric_counter AS m (name, labels, value)
    SELECT name, labels, sum(value) FROM (
      SELECT 'api_requests_total' AS name, format('route="%s",status="%s"', route, status_code) AS labels, 1.0 AS value FROM event
      UNION ALL SELECT 'api_request_duration_seconds_bucket', format('route="%s",le="%s"', route, le), 1 FROM event
      UNION ALL SELECT 'api_request_duration_seconds_sum', format('route="%s"', route), latency_ms / 1000.0 FROM event
      UNION ALL SELECT 'rate_limit_exceeded_total', format('limit_type="%s"', CASE error
          WHEN 'daily_quota_exceeded' THEN 'per_day' WHEN 'monthly_quota_exceeded' THEN 'per_month' ELSE 'per_second' END), 1
        FROM event WHERE status_code = 429
      UNION ALL SELECT 'api_key_auth_attempts_total', format('status="%s"', CASE
          WHEN error IN ('invalid_api_key', 'invalid_signature') THEN error ELSE 'success' END), 1 FROM event
      UNION ALL SELECT 'api_key_auth_attempts_total', format('status="%s"', code), calls FROM refusal
      UNION ALL SELECT 'api_key_usage_total', format('environment="%s"', environment), units FROM event
    ) counted GROUP BY name, labels ORDER BY name, labels
    ON CONFLICT (name, labels) DO UPDATE SET value = m.value + excluded.value)
  SELECT (SELECT count(*) FROM message) AS messages, (SELECT count(*) FROM event) AS events,
    (SELECT count(*) FROM told) AS told`;

export interface Folded {
  messages: number;
  events: number;
  /** Webhook events that it wrote: thresholds of quotas that were passed. */
  told: number;
}

export interface Folding {
  messageIds: string[];
  rows: FoldRow[];
  refusals: { message_id: string; code: string; calls: number }[];
}

export interface DeadLetter {
  id: string;
  queue: string;
  body: unknown;
  receivedAt: string;
  replayedAt: string | null;
}

export function createUsageStore(database: Database) {
  return {
    /** One statement, one transaction: all of the messages that were not folded before, or nothing. */
    async fold({ messageIds, rows, refusals }: Folding): Promise<Folded> {
      const query = FOLD(JSON.stringify(messageIds), JSON.stringify(rows), JSON.stringify(refusals));
      const [result] = await database.rows<Folded>(query);
      return result ?? { messages: 0, events: 0, told: 0 };
    },
    async keepDeadLetters(queue: string, letters: readonly { id: string; body: unknown }[]): Promise<void> {
      await database.rows(sql`
        INSERT INTO dead_letter (id, queue, body)
        SELECT (l->>'id')::uuid, ${queue}, l->'body' FROM jsonb_array_elements(${JSON.stringify(letters)}::jsonb) l
        ON CONFLICT DO NOTHING`);
    },
    /** Newest first. `before`: the id of the last one seen. */
    deadLetters: (limit: number, before?: string): Promise<DeadLetter[]> =>
      database.rows<DeadLetter>(sql`
        SELECT id, queue, body, received_at AS "receivedAt", replayed_at AS "replayedAt" FROM dead_letter
        WHERE ${before ?? null}::uuid IS NULL OR id < ${before ?? null}::uuid ORDER BY id DESC LIMIT ${limit}`),
    async deadLetter(id: string): Promise<DeadLetter | undefined> {
      const [letter] = await database.rows<DeadLetter>(sql`
        SELECT id, queue, body, received_at AS "receivedAt", replayed_at AS "replayedAt" FROM dead_letter WHERE id = ${id}`);
      return letter;
    },
    markReplayed: (id: string): Promise<unknown> =>
      database.rows(sql`UPDATE dead_letter SET replayed_at = now() WHERE id = ${id}`),
  };
}

export type UsageStore = ReturnType<typeof createUsageStore>;
