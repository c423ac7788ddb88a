// The statement that folds a batch of usage events, each once.

import { type SQL, sql } from 'drizzle-orm';
import { NIL_ID } from '../core/ids.ts';
import { eventRow } from '../outbox/event-store.ts';
import { columnOf, FOLD_COLUMNS, type FoldRow, STORED_COLUMNS } from './folding.ts';
import { PROBLEM } from './scope-reports.ts';

const sentColumns = (rows: readonly FoldRow[]): SQL =>
  sql.join(
    FOLD_COLUMNS.map(
      (column) =>
        sql`unnest(${columnOf(rows, column)}::${sql.raw(column.type)}[]) AS ${sql.raw(column.name)}`,
    ),
    sql`, `,
  );
const STORED = sql.raw(STORED_COLUMNS.map(({ name }) => name).join(', '));
const STORED_VALUES = sql.raw(
  STORED_COLUMNS.map(({ name, castTo }) => (castTo === undefined ? name : `${name}::${castTo}`)).join(', '),
);
/** Stands for callers of no partner. */
const NOBODY = NIL_ID;

const QUOTA_EVENT = sql<
  'quota.warning' | 'quota.exceeded' | 'overage.started'
>`CASE n.threshold WHEN 100 THEN 'quota.exceeded' WHEN 101 THEN 'overage.started' ELSE 'quota.warning' END`;
const QUOTA_EVENTS = eventRow(
  QUOTA_EVENT,
  {
    period: sql`n.period_type`,
    period_start: sql`n.period_start`,
    limit: sql`n.quota`,
    used: sql`q.units`,
    threshold_percent: sql`least(n.threshold, 100)`,
  },
  {
    from: sql`notice n JOIN quota q USING (partner_id, period_type, period_start)`,
    partnerId: sql`n.partner_id`,
  },
);

/** What was sent, and what of it is new: `event`. */
const EVENTS = (rows: readonly FoldRow[]): SQL => sql`
  sent AS MATERIALIZED (
    SELECT ${sentColumns(rows)}),
  raw AS (
    INSERT INTO api_usage_events (${STORED}) SELECT ${STORED_VALUES} FROM sent
    ON CONFLICT DO NOTHING RETURNING id),
  event AS MATERIALIZED (
    SELECT line, bucket, register, CASE WHEN ip IS NOT NULL THEN rank END AS rank, status_code, units, latency_ms, occurred_at,
      date_trunc('minute', occurred_at) AS minute, day, partner_id, environment, error, ${PROBLEM} AS problem, country, degraded, cache_hit, bytes_in,
      bytes_out, le, route, key_id, app_id, retired_hash, api_version
    FROM sent WHERE id IN (SELECT id FROM raw))`;

/**
 * By day and line, with mergeable sketches of latencies and addresses. `grouped`: 31 less the bit of the one column that was
 * grouped by.
 */
const ROLLUPS = sql`
  counted AS (
    SELECT line, grouping(bucket, status_code, problem, country, register) AS grouped, bucket, status_code, problem, country,
      register, count(*) AS calls, max(rank) AS rank
    FROM event GROUP BY GROUPING SETS ((line, bucket), (line, status_code), (line, problem), (line, country), (line, register))),
  sketch AS (
    SELECT line, jsonb_object_agg(bucket, calls) FILTER (WHERE grouped = 15) AS buckets,
      jsonb_object_agg(status_code, calls) FILTER (WHERE grouped = 23) AS statuses,
      coalesce(jsonb_object_agg(problem, calls) FILTER (WHERE grouped = 27 AND problem IS NOT NULL), '{}') AS codes,
      coalesce(jsonb_object_agg(country, calls) FILTER (WHERE grouped = 29 AND country IS NOT NULL), '{}') AS countries,
      coalesce(jsonb_object_agg(register, rank) FILTER (WHERE grouped = 30 AND rank IS NOT NULL), '{}') AS registers
    FROM counted GROUP BY line),
  rollup AS (
    INSERT INTO api_usage_rollups_day AS r (key_id, day, route, partner_id, app_id, environment, calls, errors, units,
      billed_calls, latency_ms_sum, bytes_in, bytes_out, cache_hits, latency_buckets, statuses, error_codes, countries, ip_registers)
    SELECT key_id, day, route, partner_id, app_id, environment, calls, errors, units, billed, latency, bytes_in, bytes_out, hits,
      buckets, statuses, codes, countries, registers
    FROM (SELECT line, min(key_id) AS key_id, min(day) AS day, min(route) AS route, (array_agg(partner_id))[1] AS partner_id,
        (array_agg(app_id))[1] AS app_id, min(environment) AS environment, count(*) AS calls,
        count(*) FILTER (WHERE status_code >= 400) AS errors, sum(units) AS units, count(*) FILTER (WHERE units > 0) AS billed,
        sum(latency_ms) AS latency, sum(bytes_in) AS bytes_in, sum(bytes_out) AS bytes_out,
        count(*) FILTER (WHERE cache_hit) AS hits
      FROM event GROUP BY line) total JOIN sketch USING (line)
    ORDER BY key_id, day, route, partner_id, environment, app_id
    ON CONFLICT (key_id, day, route, partner_id, environment, app_id) DO UPDATE SET calls = r.calls + excluded.calls,
      errors = r.errors + excluded.errors, units = r.units + excluded.units,
      billed_calls = r.billed_calls + excluded.billed_calls,
      latency_ms_sum = r.latency_ms_sum + excluded.latency_ms_sum, bytes_in = r.bytes_in + excluded.bytes_in,
      bytes_out = r.bytes_out + excluded.bytes_out, cache_hits = r.cache_hits + excluded.cache_hits,
      latency_buckets = merge_sums(r.latency_buckets, excluded.latency_buckets),
      statuses = merge_sums(r.statuses, excluded.statuses),
      error_codes = CASE WHEN excluded.error_codes = '{}' THEN r.error_codes ELSE merge_sums(r.error_codes, excluded.error_codes) END,
      countries = merge_sums(r.countries, excluded.countries),
      ip_registers = merge_maxima(r.ip_registers, excluded.ip_registers)
    RETURNING 1)`;

/** Of callers that have no events; their messages are remembered, so that each counts once. */
const REFUSALS = (refusals: string): SQL => sql`
  refused AS (
    SELECT * FROM jsonb_to_recordset(${refusals}::jsonb) AS r(message_id uuid, partner_id uuid, code text, calls int)),
  message AS (
    INSERT INTO usage_message (id) SELECT DISTINCT message_id FROM refused ORDER BY 1 ON CONFLICT DO NOTHING RETURNING id),
  refusal AS (
    SELECT r.partner_id, r.code, sum(r.calls) AS calls FROM refused r JOIN message ON message.id = r.message_id GROUP BY 1, 2)`;

/** Of the day and the month, and what partners are told when a threshold is passed. */
const QUOTAS = sql`
  daily AS (
    SELECT partner_id, environment, day, count(*) AS calls, count(*) FILTER (WHERE status_code < 400) AS successful,
      count(*) FILTER (WHERE status_code >= 400) AS failed, sum(units) AS units
    FROM event WHERE units > 0 AND partner_id IN (SELECT id FROM partner) GROUP BY 1, 2, 3),
  quota AS (
    INSERT INTO quota_usage AS q (partner_id, environment, period_type, period_start, period_end, requests_count,
      successful_requests, failed_requests, units)
    SELECT partner_id, environment, period_type, period_start, period_end, calls, successful, failed, units FROM (
      SELECT partner_id, environment, 'daily' AS period_type, day AS period_start, day AS period_end, calls, successful, failed, units FROM daily
      UNION ALL SELECT partner_id, environment, 'monthly', date_trunc('month', day)::date,
        (date_trunc('month', day) + interval '1 month' - interval '1 day')::date, sum(calls), sum(successful), sum(failed), sum(units)
      FROM daily GROUP BY 1, 2, 4, 5) counted
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
    FROM quota q JOIN LATERAL (
      SELECT overage_in_force(o.overage_action, plan_price(c, o.currency, 'overage_per_1000')) AS overage_action,
        CASE q.period_type WHEN 'daily' THEN o.rate_limit_per_day ELSE o.rate_limit_per_month END::bigint AS quota
      FROM partner o JOIN tier_config c ON c.tier = o.tier WHERE o.id = q.partner_id) p ON p.quota > 0
    CROSS JOIN (VALUES (50), (80), (95), (100), (101)) AS t(threshold)
    WHERE q.environment = 'live' AND (t.threshold < 100 OR (t.threshold = 100) = (p.overage_action = 'block'))
      AND CASE t.threshold WHEN 101 THEN q.units > p.quota ELSE q.units * 100 >= p.quota * t.threshold END
    ORDER BY 1, 2, 3, 4
    ON CONFLICT DO NOTHING RETURNING *),
  told AS (
    ${QUOTA_EVENTS} WHERE q.environment = 'live' ORDER BY n.partner_id, n.period_type, n.threshold RETURNING 1)`;

/** What alerts are calculated from. */
const MINUTES = sql`
  minute AS (
    INSERT INTO usage_minute AS u (minute, partner_id, calls, errors, server_errors, degraded, auth_failures,
      lag_seconds, latency_buckets)
    SELECT g.minute, g.partner_id, g.calls, g.errors, g.server_errors, g.degraded, g.auth_failures, g.lag, coalesce(l.sketch, '{}')
    FROM (SELECT minute, partner_id, sum(calls) AS calls, sum(errors) AS errors, sum(server_errors) AS server_errors,
        sum(degraded) AS degraded, sum(auth_failures) AS auth_failures, max(lag) AS lag
      FROM (SELECT minute, partner_id, count(*) AS calls, count(*) FILTER (WHERE status_code >= 400) AS errors,
          count(*) FILTER (WHERE status_code >= 500) AS server_errors, count(*) FILTER (WHERE degraded) AS degraded,
          count(*) FILTER (WHERE status_code = 401) AS auth_failures,
          greatest(0, extract(epoch FROM now() - min(occurred_at)))::int AS lag
        FROM event WHERE environment = 'live' AND occurred_at > now() - interval '1 day' GROUP BY 1, 2
        UNION ALL SELECT date_trunc('minute', now()), coalesce(partner_id, ${NOBODY}::uuid), 0, 0, 0, 0, sum(calls), 0
        FROM refusal WHERE code IN ('invalid_api_key', 'invalid_signature', 'invalid_api_key_format', 'invalid_auth_format')
        GROUP BY partner_id) part GROUP BY 1, 2) g
    LEFT JOIN (SELECT minute, partner_id, jsonb_object_agg(bucket, n) AS sketch FROM (
      SELECT minute, partner_id, bucket, count(*) AS n FROM event WHERE environment = 'live' GROUP BY 1, 2, 3) each GROUP BY 1, 2) l
      USING (minute, partner_id)
    ORDER BY g.minute, g.partner_id
    ON CONFLICT (minute, partner_id) DO UPDATE SET calls = u.calls + excluded.calls, errors = u.errors + excluded.errors,
      server_errors = u.server_errors + excluded.server_errors, degraded = u.degraded + excluded.degraded,
      auth_failures = u.auth_failures + excluded.auth_failures, lag_seconds = greatest(u.lag_seconds, excluded.lag_seconds),
      latency_buckets = merge_sums(u.latency_buckets, excluded.latency_buckets))`;

/** What the status page and Today are made of. A partner is one bit of 64, so that bits never count more partners than there were. */
const HOURS = sql`
  hour AS (
    INSERT INTO usage_hour AS h (hour, route, calls, errors, server_errors, degraded, partners, latency_buckets)
    SELECT g.hour, g.route, g.calls, g.errors, g.server_errors, g.degraded, g.partners, l.sketch
    FROM (SELECT date_trunc('hour', minute, 'UTC') AS hour, route, count(*) AS calls,
        count(*) FILTER (WHERE status_code >= 400) AS errors, count(*) FILTER (WHERE status_code >= 500) AS server_errors,
        count(*) FILTER (WHERE degraded) AS degraded,
        bit_or(1::bigint << (get_byte(uuid_send(partner_id), 15) & 63)) AS partners
      FROM event WHERE environment = 'live' AND occurred_at > now() - interval '31 days' GROUP BY 1, 2) g
    JOIN (SELECT hour, route, jsonb_object_agg(bucket, n) AS sketch FROM (
      SELECT date_trunc('hour', minute, 'UTC') AS hour, route, bucket, count(*) AS n
      FROM event WHERE environment = 'live' GROUP BY 1, 2, 3) each GROUP BY 1, 2) l USING (hour, route)
    ORDER BY hour, route
    ON CONFLICT (hour, route) DO UPDATE SET calls = h.calls + excluded.calls, errors = h.errors + excluded.errors,
      server_errors = h.server_errors + excluded.server_errors, degraded = h.degraded + excluded.degraded,
      partners = h.partners | excluded.partners, latency_buckets = merge_sums(h.latency_buckets, excluded.latency_buckets))`;

/** Of keys, of secrets that a rotation replaced, and of partners. */
const LAST_USES = sql`
  seen AS (
    SELECT key_id, partner_id, retired_hash, max(occurred_at) AS at FROM event GROUP BY 1, 2, 3),
  used AS (
    UPDATE api_key k SET last_used_at = greatest(k.last_used_at, u.at)
    FROM (SELECT key_id, max(at) AS at FROM seen GROUP BY 1) u WHERE k.key_id = u.key_id),
  retired AS (
    UPDATE api_key_retired_secret s SET last_used_at = greatest(s.last_used_at, u.at)
    FROM (SELECT retired_hash, max(at) AS at FROM seen WHERE retired_hash IS NOT NULL GROUP BY 1) u
    WHERE s.key_hash = u.retired_hash),
  active AS (
    UPDATE partner p SET last_active_at = greatest(p.last_active_at, u.at)
    FROM (SELECT partner_id, max(at) AS at FROM seen GROUP BY 1) u WHERE p.id = u.partner_id)`;

/** Of dated APIs. */
const VERSIONS = sql`
  version_use AS (
    INSERT INTO api_version_use AS u (route, api_version, partner_id, key_id, day, calls)
    SELECT route, api_version, partner_id, key_id, day, count(*) FROM event WHERE api_version IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (route, api_version, partner_id, key_id, day) DO UPDATE SET calls = u.calls + excluded.calls)`;

/** Counters for Prometheus. */
const METRICS = sql`
  tally AS (
    SELECT route, status_code, le, error, environment, count(*) AS calls, sum(latency_ms) AS latency, sum(units) AS units
    FROM event GROUP BY 1, 2, 3, 4, 5),
  metric AS (
    INSERT INTO metric_counter AS m (name, labels, value)
    SELECT name, labels, sum(value) FROM (
      SELECT 'api_requests_total' AS name, format('route="%s",status="%s"', route, status_code) AS labels, calls::float8 AS value FROM tally
      UNION ALL SELECT 'api_request_duration_seconds_bucket', format('route="%s",le="%s"', route, le), calls FROM tally
      UNION ALL SELECT 'api_request_duration_seconds_sum', format('route="%s"', route), latency / 1000.0 FROM tally
      UNION ALL SELECT 'rate_limit_exceeded_total', format('limit_type="%s"', CASE error
          WHEN 'daily_quota_exceeded' THEN 'per_day' WHEN 'monthly_quota_exceeded' THEN 'per_month'
          WHEN 'too_many_at_once' THEN 'at_once' WHEN 'budget_exceeded' THEN 'budget' ELSE 'per_second' END), calls
        FROM tally WHERE status_code = 429 OR error = 'budget_exceeded'
      UNION ALL SELECT 'api_key_auth_attempts_total', format('status="%s"', CASE
          WHEN error IN ('invalid_api_key', 'invalid_signature') THEN error ELSE 'success' END), calls FROM tally
      UNION ALL SELECT 'api_key_auth_attempts_total', format('status="%s"', code), calls FROM refusal WHERE code NOT LIKE 'usage%'
      UNION ALL SELECT 'usage_messages_not_sent_total', '', calls FROM refusal WHERE code = 'usage_not_sent'
      UNION ALL SELECT 'usage_events_lost_total', '', calls FROM refusal WHERE code = 'usage_lost'
      UNION ALL SELECT 'api_key_usage_total', format('environment="%s"', environment), units FROM tally
    ) counted GROUP BY name, labels ORDER BY name, labels
    ON CONFLICT (name, labels) DO UPDATE SET value = m.value + excluded.value)`;

// One pass for each thing that is counted, never one for each group: a full batch of the queue, 10,000 events, must be
// folded well within DATABASE_TIMEOUT_MS. What is counted is what `raw` inserted. An event that is there already, because
// its message came twice or a part of it was folded before, counts nothing: so it does not matter in which pieces messages
// are folded, nor how often. Only the refusals, which have no ids, need their message to be remembered.
// What is asked for at the end is done in that order: rows that others want, too, are locked last, rollups and then quotas.
export const FOLD = (rows: readonly FoldRow[], refusals: string): SQL => sql`
  WITH ${EVENTS(rows)}, ${ROLLUPS}, ${REFUSALS(refusals)}, ${QUOTAS}, ${MINUTES}, ${HOURS}, ${LAST_USES}, ${METRICS}${
    rows.some(({ apiVersion }) => apiVersion) ? sql`, ${VERSIONS}` : sql``
  }
  SELECT (SELECT count(*) FROM event) AS events, (SELECT count(*) FROM rollup) AS lines,
    (SELECT count(*) FROM told) AS told`;
