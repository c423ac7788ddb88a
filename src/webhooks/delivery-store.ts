// Deliveries that are due, claimed so that nobody else sends them meanwhile, and what came of each attempt.

import { type SQL, sql } from 'drizzle-orm';
import { auditRow, job } from '../audit/audit-store.ts';
import { NIL_ID } from '../core/ids.ts';
import { eventRow } from '../outbox/event-store.ts';
import type { Database } from '../platform/database.ts';
import { boolean, json, number, oneOf, type RowOf, row, text, time, uuid } from '../platform/row.ts';

/** Those that answered promptly a moment ago, those that were slow, and those of which nothing is known. */
const LANES = ['prompt', 'slow', 'unproven'] as const;
export type Lane = (typeof LANES)[number];

/** A connection that is in use. */
export interface Held {
  /** The partner, or the operators together. */
  owner: string;
  lane: Lane;
}

const DueDelivery = row('due delivery', {
  id: uuid,
  eventId: uuid,
  type: text,
  occurredAt: time,
  data: json<Record<string, unknown>>(),
  tries: number,
  endpointId: uuid,
  /** As in `Held`. */
  owner: uuid.notNull('a partner, or the operators'),
  lane: oneOf(LANES),
  url: text,
  secretEnvelope: text,
  oldSecretEnvelope: text.nullable(),
});
export type DueDelivery = RowOf<typeof DueDelivery>;

export interface AttemptResult {
  id: string;
  started_at: string;
  status: number | null;
  error: string | null;
  latency_ms: number;
  response: string | null;
  is_delivered: boolean;
  is_slow: boolean;
  /** The receiver is gone for good: 410. */
  is_gone: boolean;
  /** null: not tried again. */
  delay_seconds: number | null;
}

const DisabledEndpoint = row('disabled endpoint and one of its owners', {
  id: uuid,
  partnerId: uuid.nullable(),
  url: text,
  email: text.nullable(),
  language: text.nullable(),
});
export type DisabledEndpoint = RowOf<typeof DisabledEndpoint>;

const Due = row('whether a delivery is due', { due: boolean });
const Purged = row('what a purge of webhooks forgot', {
  events_forgotten: number.notNull('the function counts'),
  minutes_forgotten: number,
  hours_forgotten: number,
  notices_forgotten: number,
});

/** A claim ends long before: an endpoint that hangs is left after its first attempts. Whoever claimed longer ago has died. */
const CLAIM_SECONDS = 180;
/** First tries and repeated ones, so that neither waits for a backlog of the other. */
const MAX_FIRST = 120;
const MAX_AGAIN = 40;
const MAX_OF_A_SLOW_ENDPOINT = 1;
const FAILING_DAYS = 5;
/** Connections of a run that one partner's endpoints may hold, fewer than there are; of them for endpoints that may hang. */
export const MAX_OF_A_PARTNER = 4;
const MAX_UNPROVEN_OF_A_PARTNER = 1;
const OPERATORS = NIL_ID;

const isDue = sql`x.endpoint_id = e.id AND x.state = 'pending' AND x.due_at <= now()
  AND (x.claimed_until IS NULL OR x.claimed_until < now())`;
const hasDue = sql`(EXISTS (SELECT 1 FROM webhook_delivery x WHERE ${isDue} AND x.tries = 0)
  OR EXISTS (SELECT 1 FROM webhook_delivery x WHERE ${isDue} AND x.tries > 0))`;

const lane = sql`(CASE WHEN e.is_slow THEN 'slow' WHEN e.prompt_at > now() - interval '1 minute' THEN 'prompt' ELSE 'unproven' END)`;

/** A prompt endpoint is sent to over several connections at once; one that may hang, or was never tried, holds one. */
const isFree = sql`(e.busy_since IS NULL OR e.busy_since < now() - make_interval(secs => ${CLAIM_SECONDS}) OR ${lane} = 'prompt')`;
const isServed = sql`e.state = 'active' AND e.deleted_at IS NULL AND has_webhooks(e.partner_id)`;

const FAILING = { url: sql`url`, failing_since: sql`failing_since` };

/** The oldest due deliveries of each endpoint, locked. */
const picked = (tries: SQL, most: number): SQL => sql`
  SELECT d.id, e.id AS endpoint_id FROM endpoint e CROSS JOIN LATERAL (
    SELECT x.id FROM webhook_delivery x WHERE ${isDue} AND x.tries ${tries} ORDER BY x.due_at
    LIMIT CASE WHEN e.is_slow THEN ${MAX_OF_A_SLOW_ENDPOINT}::int ELSE ${most}::int END FOR UPDATE SKIP LOCKED) d`;

/** Connections that are free. */
interface Free {
  prompt: number;
  slow: number;
}

/** Partners take turns: each has its first endpoint claimed before any has its second, those that waited longest first. */
const CLAIM = (free: Free, held: readonly Held[], without: readonly string[]): SQL => sql`
        WITH held AS (SELECT owner, count(*) FILTER (WHERE lane = 'prompt') AS prompt,
            count(*) FILTER (WHERE lane = 'unproven') AS unproven, count(*) FILTER (WHERE lane = 'slow') AS slow
          FROM jsonb_to_recordset(${JSON.stringify(held)}::jsonb) AS h(owner uuid, lane text) GROUP BY owner),
        waiting AS (SELECT e.id, e.served_at, coalesce(e.partner_id, ${OPERATORS}::uuid) AS owner, ${lane} AS lane
          FROM webhook_endpoint e WHERE ${isServed} AND ${isFree} AND ${hasDue}),
        ranked AS (SELECT w.*, row_number() OVER (PARTITION BY owner, lane ORDER BY served_at NULLS FIRST, id) AS turn,
            max(served_at) OVER (PARTITION BY owner) AS owner_served_at,
            bool_or(lane = 'unproven') OVER (PARTITION BY owner) AS has_unproven FROM waiting w),
        placed AS (SELECT r.id, r.owner, r.lane, row_number() OVER (PARTITION BY r.lane = 'slow'
            ORDER BY r.turn, r.owner_served_at NULLS FIRST, r.id) AS place
          FROM ranked r LEFT JOIN held h ON h.owner = r.owner
          WHERE CASE r.lane
              WHEN 'slow' THEN r.turn + coalesce(h.slow, 0) <= 1
              WHEN 'unproven' THEN r.turn + coalesce(h.unproven, 0) <= ${MAX_UNPROVEN_OF_A_PARTNER}::int
                AND coalesce(h.prompt, 0) < ${MAX_OF_A_PARTNER}::int
              ELSE r.turn + coalesce(h.prompt, 0) + CASE WHEN r.has_unproven OR h.unproven > 0
                THEN ${MAX_UNPROVEN_OF_A_PARTNER}::int ELSE 0 END <= ${MAX_OF_A_PARTNER}::int END
            AND r.owner::text NOT IN (SELECT jsonb_array_elements_text(${JSON.stringify(without)}::jsonb))),
        endpoint AS MATERIALIZED (
          SELECT e.*, p.owner, p.lane FROM placed p JOIN webhook_endpoint e ON e.id = p.id
          WHERE p.place <= CASE WHEN p.lane = 'slow' THEN ${free.slow}::int ELSE ${free.prompt}::int END AND ${isFree}
          FOR NO KEY UPDATE OF e SKIP LOCKED),
        fresh AS MATERIALIZED (${picked(sql`= 0`, MAX_FIRST)}),
        again AS MATERIALIZED (${picked(sql`> 0`, MAX_AGAIN)}),
        due AS (SELECT * FROM fresh UNION ALL SELECT * FROM again),
        busy AS (UPDATE webhook_endpoint SET served_at = now(), busy_since = CASE
            WHEN busy_since > now() - make_interval(secs => ${CLAIM_SECONDS}) THEN busy_since ELSE now() END
          WHERE id IN (SELECT endpoint_id FROM due))
        UPDATE webhook_delivery d SET claimed_until = now() + make_interval(secs => ${CLAIM_SECONDS})
        FROM due, endpoint e, webhook_event v WHERE d.id = due.id AND e.id = d.endpoint_id AND v.id = d.event_id
        RETURNING d.id, v.id AS "eventId", v.type, v.occurred_at AS "occurredAt", v.data, d.tries, e.id AS "endpointId",
          e.owner, e.lane, e.url, e.secret_envelope AS "secretEnvelope",
          CASE WHEN e.old_secret_expires_at > now() THEN e.old_secret_envelope END AS "oldSecretEnvelope"`;

/** Attempts, what is next for each delivery, how their endpoints stand, and what is told of those that it disables. */
const RECORD = (results: readonly AttemptResult[]): SQL => sql`
        WITH result AS MATERIALIZED (
          SELECT * FROM jsonb_to_recordset(${JSON.stringify(results)}::jsonb) AS r(id uuid, started_at timestamptz, status int,
            error text, latency_ms int, response text, is_delivered boolean, is_slow boolean, is_gone boolean, delay_seconds float8)),
        attempt AS (INSERT INTO webhook_attempt (delivery_id, started_at, status, error, latency_ms, response)
          SELECT r.id, r.started_at, r.status, r.error, r.latency_ms, r.response FROM result r
          JOIN webhook_delivery d ON d.id = r.id ON CONFLICT DO NOTHING),
        delivery AS (
          UPDATE webhook_delivery d SET tries = d.tries + 1, claimed_until = NULL,
            state = CASE WHEN r.is_delivered THEN 'delivered' WHEN r.delay_seconds IS NULL THEN 'failed' ELSE 'pending' END,
            due_at = CASE WHEN r.is_delivered THEN d.due_at ELSE now() + make_interval(secs => coalesce(r.delay_seconds, 0)) END,
            delivered_at = CASE WHEN r.is_delivered THEN now() END
          FROM result r WHERE d.id = r.id AND d.state = 'pending'
          RETURNING d.endpoint_id, r.is_delivered, r.is_slow, r.is_gone),
        standing AS (SELECT endpoint_id, bool_or(is_delivered) AS ok, bool_or(is_slow) AS slow, bool_or(NOT is_slow) AS prompt,
            bool_or(is_gone) AS gone
          FROM delivery GROUP BY endpoint_id),
        endpoint AS (
          UPDATE webhook_endpoint e SET is_slow = s.slow, busy_since = NULL,
            failing_since = CASE WHEN s.ok THEN NULL ELSE coalesce(e.failing_since, now()) END,
            prompt_at = CASE WHEN s.prompt THEN now() ELSE e.prompt_at END,
            last_success_at = CASE WHEN s.ok THEN now() ELSE e.last_success_at END,
            state = CASE WHEN s.gone OR NOT s.ok AND e.failing_since < now() - make_interval(days => ${FAILING_DAYS})
              THEN 'disabled' ELSE e.state END
          FROM standing s WHERE e.id = s.endpoint_id AND e.state = 'active'
          RETURNING e.id, e.partner_id, e.url, e.state, e.failing_since),
        disabled AS (SELECT * FROM endpoint WHERE state = 'disabled'),
        told AS (${eventRow('webhook.disabled', { endpoint_id: sql`id`, ...FAILING }, { from: sql`disabled` })}),
        audit AS (${auditRow(job('webhooks'), 'webhook.disabled', { endpoint_id: sql`id` }, FAILING, sql`disabled`)})
        SELECT d.id, d.partner_id AS "partnerId", d.url, o.email, a.language FROM disabled d
        LEFT JOIN partner_member o ON o.partner_id = d.partner_id AND o.role = 'owner'
        LEFT JOIN dev_accounts a ON a.id = o.subject`;

export function createDeliveryStore(database: Database) {
  return {
    /**
     * Deliveries of as many endpoints as there are free connections. Partners take turns: each has its first endpoint
     * claimed before any has its second, those that waited longest first. `held`: connections in use; `without`: owners.
     */
    claim: (free: Free, held: readonly Held[], without: readonly string[]): Promise<DueDelivery[]> =>
      database.rows(DueDelivery, CLAIM(free, held, without)),

    /** Gives back what was claimed and not tried. */
    release: (ids: readonly string[]): Promise<unknown> =>
      database.run(sql`UPDATE webhook_delivery SET claimed_until = NULL
        WHERE id IN (SELECT value::uuid FROM jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb))`),

    /** One transaction: attempts, what is next for each delivery, and how their endpoints stand. Endpoints that it disabled, once for each owner. */
    record: (results: readonly AttemptResult[]): Promise<DisabledEndpoint[]> =>
      database.rows(DisabledEndpoint, RECORD(results)),

    async hasDue(): Promise<boolean> {
      const [found] = await database.rows(
        Due,
        sql`
        SELECT EXISTS (SELECT 1 FROM webhook_endpoint e WHERE ${isServed} AND ${hasDue}) AS due`,
      );
      return found?.due ?? false;
    },

    /** Forgets events with their deliveries, and readings, by age. */
    async upkeep(): Promise<Record<string, number>> {
      const [result] = await database.rows(
        Purged,
        sql`
        WITH old_minutes AS (DELETE FROM usage_minute WHERE minute < now() - interval '2 days' RETURNING 1),
          old_hours AS (DELETE FROM usage_hour WHERE hour < now() - interval '31 days' RETURNING 1),
          old_notices AS (DELETE FROM quota_notice WHERE told_at < now() - interval '60 days' RETURNING 1)
        SELECT forget_webhook_events() AS events_forgotten,
          (SELECT count(*) FROM old_minutes) AS minutes_forgotten, (SELECT count(*) FROM old_hours) AS hours_forgotten,
          (SELECT count(*) FROM old_notices) AS notices_forgotten`,
      );
      return result ?? {};
    },
  };
}

export type DeliveryStore = ReturnType<typeof createDeliveryStore>;
