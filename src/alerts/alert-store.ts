// Measures from the shared aggregates, and writes episodes: each fired and resolved once, whoever else evaluates at the
// same moment, with its event for webhooks in the same statement.

import { type SQL, sql } from 'drizzle-orm';
import { NIL_ID } from '../core/ids.ts';
import { OVERAGE_ACTIONS } from '../limits/limit.ts';
import { eventRow } from '../outbox/event-store.ts';
import type { Database } from '../platform/database.ts';
import { json, number, oneOf, type RowOf, row, text, time, uuid } from '../platform/row.ts';
import type { Buckets } from '../usage/latency-buckets.ts';
import { type Decision, FEWEST_CALLS, Measurement, OPERATOR, OpenEpisode, Setting } from './rules.ts';

const Traffic = row('traffic of a partner', {
  /** The nil uuid: all partners together. */
  partnerId: uuid.notNull('of every minute there is one'),
  /** Of five minutes. */
  calls: number,
  errors: number,
  serverErrors: number,
  /** Of ten minutes. */
  latencyCalls: number,
  buckets: json<Buckets>(),
});
export type Traffic = RowOf<typeof Traffic>;

const Began = row('episode that began or ended', {
  id: uuid,
  owner: text,
  rule: text,
  subject: text,
  label: text.nullable(),
  fired_at: time,
  resolved_at: time.nullable(),
  value: number,
  peak: number,
  threshold: number,
  emails: json<{ email: string; language: string | null }[]>().nullable(),
});
/** An episode that began or ended, and who is told. */
export type Told = RowOf<typeof Began>;

const { emails: _, ...episode } = Began.columns;
const Episode = row('episode of an alert', {
  ...episode,
  /** Its partner's name, where it has one. */
  partner: text.nullable(),
  /** What its partner does beyond a quota, now. */
  overage_action: oneOf(OVERAGE_ACTIONS).nullable(),
});
export type Episode = RowOf<typeof Episode>;

/** Stands for all partners together. */
export const EVERYBODY = NIL_ID;
/** Registers of the sketch of addresses: src/usage/distinct.ts */
const REGISTERS = 1024;

/** What events say of an episode. */
const ALERT = {
  alert_id: sql`id`,
  rule: sql`rule`,
  subject: sql`subject`,
  label: sql`label`,
  value: sql`value`,
  threshold: sql`threshold`,
  fired_at: sql`fired_at`,
};

const TRAFFIC = (at: string): SQL => sql`
        WITH recent AS MATERIALIZED (SELECT *, minute > ${at}::timestamptz - interval '5 minutes' AS is_new FROM usage_minute
            WHERE minute > ${at}::timestamptz - interval '10 minutes' AND minute <= ${at}::timestamptz AND calls > 0),
          own AS (SELECT partner_id, is_new, calls, errors, server_errors, latency_buckets FROM recent
            UNION ALL SELECT ${EVERYBODY}::uuid, is_new, calls, errors, server_errors, latency_buckets FROM recent),
          sums AS (SELECT partner_id, sum(calls) FILTER (WHERE is_new) AS calls, sum(errors) FILTER (WHERE is_new) AS errors,
              sum(server_errors) FILTER (WHERE is_new) AS server_errors, sum(calls) AS latency_calls
            FROM own GROUP BY partner_id HAVING sum(calls) >= ${FEWEST_CALLS}),
          merged AS (SELECT partner_id, jsonb_object_agg(bucket, n) AS buckets FROM (
            SELECT o.partner_id, b.key AS bucket, sum(b.value::bigint) AS n FROM own o JOIN sums USING (partner_id)
            CROSS JOIN LATERAL jsonb_each_text(o.latency_buckets) b GROUP BY 1, 2) each GROUP BY partner_id)
        SELECT s.partner_id AS "partnerId", coalesce(s.calls, 0) AS calls, coalesce(s.errors, 0) AS errors,
          coalesce(s.server_errors, 0) AS "serverErrors", s.latency_calls AS "latencyCalls", coalesce(m.buckets, '{}') AS buckets
        FROM sums s LEFT JOIN merged m USING (partner_id)`;

const STANDING = (at: string): SQL => sql`
        WITH moment AS (SELECT ${at}::timestamptz AS at, (${at}::timestamptz AT TIME ZONE 'UTC')::date AS day,
            date_trunc('minute', ${at}::timestamptz) - interval '1 minute' AS last_minute),
          recent AS (SELECT u.* FROM usage_minute u, moment m WHERE u.minute > m.at - interval '5 minutes' AND u.minute <= m.at)
        SELECT 'quota' AS rule, q.partner_id::text AS owner, q.partner_id || ':' || q.period_type || ':' || q.period_start AS subject,
          q.period_type || ' ' || q.period_start AS label, (100.0 * q.units / l.quota)::float8 AS value
        FROM moment m JOIN quota_usage q ON q.environment = 'live' AND (q.period_type = 'daily' AND q.period_start = m.day
            OR q.period_type = 'monthly' AND q.period_start = date_trunc('month', m.day)::date)
          JOIN partner p ON p.id = q.partner_id CROSS JOIN LATERAL (SELECT
          CASE q.period_type WHEN 'daily' THEN p.rate_limit_per_day ELSE p.rate_limit_per_month END AS quota) l
        WHERE l.quota > 0 AND q.units * 2 > l.quota
        UNION ALL SELECT 'refused_signatures', u.partner_id::text, u.partner_id::text, NULL, u.auth_failures
          FROM usage_minute u, moment m WHERE u.minute = m.last_minute AND u.partner_id <> ${EVERYBODY}::uuid AND u.auth_failures > 0
        UNION ALL SELECT 'webhook_failing', coalesce(e.partner_id::text, ${OPERATOR}), e.id::text, e.url,
            extract(epoch FROM m.at - e.failing_since) / 60 FROM webhook_endpoint e, moment m
          WHERE e.failing_since IS NOT NULL AND e.state <> 'paused' AND e.deleted_at IS NULL
        UNION ALL SELECT 'failed_authentications', ${OPERATOR}, ${OPERATOR}, NULL, coalesce(sum(u.auth_failures), 0)
          FROM usage_minute u, moment m WHERE u.minute = m.last_minute
        UNION ALL SELECT 'limiter_degraded', ${OPERATOR}, ${OPERATOR}, NULL, coalesce(sum(degraded), 0) FROM recent
        UNION ALL SELECT 'usage_backlog', ${OPERATOR}, ${OPERATOR}, NULL, coalesce(max(lag_seconds), 0) FROM recent
        UNION ALL SELECT 'reconciliation_differs', ${OPERATOR}, ${OPERATOR}, NULL, count(*) FROM reconciliation
          WHERE NOT agrees AND day = (SELECT max(day) FROM reconciliation)
        UNION ALL SELECT 'audit_broken', ${OPERATOR}, ${OPERATOR}, NULL, count(*) FROM audit_break
        UNION ALL SELECT 'webhook_backlog', ${OPERATOR}, ${OPERATOR}, NULL, coalesce(max(d.late), 0) FROM moment m
          CROSS JOIN webhook_endpoint e CROSS JOIN LATERAL (SELECT extract(epoch FROM m.at - min(x.due_at)) AS late
            FROM webhook_delivery x WHERE x.endpoint_id = e.id AND x.state = 'pending' AND x.tries = 0) d
          WHERE e.state = 'active' AND e.deleted_at IS NULL AND NOT e.is_slow AND e.failing_since IS NULL
        UNION ALL SELECT 'dead_letters', ${OPERATOR}, ${OPERATOR}, NULL, count(*) FROM dead_letter WHERE replayed_at IS NULL`;

const ABUSE = (at: string): SQL => sql`
        WITH moment AS (SELECT (${at}::timestamptz AT TIME ZONE 'UTC')::date AS day),
          today AS MATERIALIZED (SELECT r.* FROM api_usage_rollups_day r, moment m WHERE r.day = m.day AND r.environment = 'live'),
          spread AS (SELECT t.key_id, t.partner_id,
              (SELECT count(DISTINCT c) FROM today o, jsonb_object_keys(o.countries) c WHERE o.key_id = t.key_id) AS countries,
              (SELECT count(DISTINCT c) FROM today o, jsonb_object_keys(o.ip_registers) c WHERE o.key_id = t.key_id) AS registers,
              coalesce(sum(t.calls) FILTER (WHERE t.route = 'unmatched'), 0) AS unmatched
            FROM today t GROUP BY t.key_id, t.partner_id),
          suspicious AS (SELECT s.*, k.name FROM spread s LEFT JOIN api_key k ON k.key_id = s.key_id
            WHERE s.countries > 2 OR s.registers > 40 OR s.unmatched > 40),
          compared AS (SELECT s.*, coalesce(b.countries, 0) AS countries_before, coalesce(b.registers, 0) AS registers_before
            FROM suspicious s LEFT JOIN LATERAL (SELECT max(d.countries) AS countries, max(d.registers) AS registers FROM (
              SELECT r.day,
                (SELECT count(DISTINCT c) FROM api_usage_rollups_day o, jsonb_object_keys(o.countries) c
                  WHERE o.key_id = s.key_id AND o.day = r.day) AS countries,
                (SELECT count(DISTINCT c) FROM api_usage_rollups_day o, jsonb_object_keys(o.ip_registers) c
                  WHERE o.key_id = s.key_id AND o.day = r.day) AS registers
              FROM api_usage_rollups_day r, moment m
              WHERE r.key_id = s.key_id AND r.day < m.day AND r.day >= m.day - 7 GROUP BY r.day) d) b ON true)
        SELECT 'key_countries' AS rule, partner_id::text AS owner, key_id AS subject, name AS label, countries::float8 AS value
          FROM compared WHERE countries > 2 * countries_before
        UNION ALL SELECT 'key_addresses', partner_id::text, key_id, name,
          -- Linear counting: how many addresses leave so many registers empty.
          round(-${REGISTERS}::float8 * ln(greatest(1, ${REGISTERS}::float8 - registers) / ${REGISTERS}::float8))
          FROM compared WHERE registers > 3 * registers_before
        UNION ALL SELECT 'path_scanning', partner_id::text, key_id, name, unmatched FROM compared WHERE unmatched > 0`;

const WRITE = (fire: readonly object[], { resolve, peaks }: Decision, at: string): SQL => {
  const place = { partnerId: sql`nullif(owner, ${OPERATOR})::uuid`, occurredAt: sql`${at}::timestamptz` };
  return sql`
        WITH fired AS (
            INSERT INTO alert_episode (id, owner, rule, subject, label, fired_at, value, peak, threshold)
            SELECT id, owner, rule, subject, label, ${at}::timestamptz, value, value, threshold
            FROM jsonb_to_recordset(${JSON.stringify(fire)}::jsonb) AS f(id uuid, owner text, rule text, subject text, label text,
              value float8, threshold float8)
            ON CONFLICT (rule, subject) WHERE resolved_at IS NULL DO NOTHING RETURNING *),
          resolved AS (
            UPDATE alert_episode e SET resolved_at = ${at}::timestamptz
            FROM jsonb_to_recordset(${JSON.stringify(resolve)}::jsonb) AS r(id uuid, value float8)
            WHERE e.id = r.id AND e.resolved_at IS NULL RETURNING e.*),
          peaks AS (
            UPDATE alert_episode e SET peak = greatest(e.peak, p.peak)
            FROM jsonb_to_recordset(${JSON.stringify(peaks)}::jsonb) AS p(id uuid, peak float8) WHERE e.id = p.id),
          changed AS (SELECT * FROM fired UNION ALL SELECT * FROM resolved),
          told_fired AS (${eventRow('alert.fired', ALERT, { from: sql`fired`, ...place })}),
          told_resolved AS (${eventRow(
            'alert.resolved',
            { ...ALERT, resolved_at: sql`resolved_at` },
            { from: sql`resolved`, ...place },
          )})
        SELECT c.*, (SELECT jsonb_agg(jsonb_build_object('email', m.email, 'language', a.language))
            FROM partner_member m LEFT JOIN dev_accounts a ON a.id = m.subject
            WHERE m.partner_id::text = c.owner AND m.role = 'owner') AS emails FROM changed c`;
};

export function createAlertStore(database: Database) {
  return {
    /** Live traffic of partners that had enough of it: errors of five minutes, latencies of ten. */
    traffic: (at: string): Promise<Traffic[]> => database.rows(Traffic, TRAFFIC(at)),

    /** What stands in tables as it is. */
    standing: (at: string): Promise<Measurement[]> => database.rows(Measurement, STANDING(at)),

    /** How keys are used today, against the most of a day of the week before: a sudden spread, and scanning. */
    abuse: (at: string): Promise<Measurement[]> => database.rows(Measurement, ABUSE(at)),

    /** `owner` undefined: everybody's. */
    settings: (owner?: string): Promise<Setting[]> =>
      database.rows(
        Setting,
        sql`SELECT owner, rule, is_enabled AS "isEnabled", threshold FROM alert_setting
        WHERE ${owner ?? null}::text IS NULL OR owner = ${owner ?? null}`,
      ),
    open: (): Promise<OpenEpisode[]> =>
      database.rows(
        OpenEpisode,
        sql`SELECT id, owner, rule, subject, threshold, peak FROM alert_episode WHERE resolved_at IS NULL`,
      ),

    /** One transaction. What began and what ended by it: an episode that somebody else wrote meanwhile is not among them. */
    async write(
      decision: Decision,
      at: string,
      newId: () => string,
    ): Promise<{ fired: Told[]; resolved: Told[] }> {
      const fire = decision.fire.map((each) => ({ ...each, id: newId() }));
      const rows = await database.rows(Began, WRITE(fire, decision, at));
      return {
        fired: rows.filter((each) => each.resolved_at === null),
        resolved: rows.filter((each) => each.resolved_at !== null),
      };
    },

    /** Newest first. `owner` undefined: everybody's. `before`: the id of the last one seen. */
    list: (
      owner: string | undefined,
      limit: number,
      filter: { before?: string; isOpen?: boolean } = {},
    ): Promise<Episode[]> =>
      database.rows(
        Episode,
        sql`
        SELECT e.*, p.name AS partner, p.overage_action FROM alert_episode e LEFT JOIN partner p ON p.id::text = e.owner
        WHERE (${owner ?? null}::text IS NULL OR e.owner = ${owner ?? null})
          AND (${filter.isOpen ?? null}::boolean IS NULL OR (e.resolved_at IS NULL) = ${filter.isOpen ?? null}::boolean)
          AND (${filter.before ?? null}::uuid IS NULL OR (e.fired_at, e.id) <
            (SELECT b.fired_at, b.id FROM alert_episode b WHERE b.id = ${filter.before ?? null}::uuid))
        ORDER BY e.fired_at DESC, e.id DESC LIMIT ${limit}`,
      ),
  };
}

export type AlertStore = ReturnType<typeof createAlertStore>;
