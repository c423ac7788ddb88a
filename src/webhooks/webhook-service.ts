// Endpoints, their secrets, and what was sent to them: made, changed, paused, tried, replayed, recovered.

import { type SQL, sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import { AppError } from '../core/errors.ts';
import { type KeyEncryptionKeys, sealEnvelope } from '../keys/envelope.ts';
import { textArray } from '../keys/key-service.ts';
import type { Allowances } from '../platform/allowances.ts';
import type { Database } from '../platform/database.ts';
import { eventTypes } from './event-types.ts';
import { newSecret } from './signature.ts';
import type { Refused, TargetGuard } from './target-guard.ts';

export interface Endpoint {
  id: string;
  partner_id: string | null;
  app_id: string | null;
  app: string | null;
  url: string;
  description: string | null;
  /** Empty: all. */
  events: string[];
  state: 'active' | 'paused' | 'disabled';
  failing_since: string | null;
  last_success_at: string | null;
  /** The secret that a rotation replaced signs, too, until then. */
  old_secret_expires_at: string | null;
  created_at: string;
  /** Of the last day. */
  delivered: number;
  failed: number;
  waiting: number;
}

export interface Delivery {
  id: string;
  event_id: string;
  endpoint_id: string;
  type: string;
  state: 'pending' | 'delivered' | 'failed';
  tries: number;
  created_at: string;
  due_at: string;
  delivered_at: string | null;
  last_status: number | null;
  last_error: string | null;
}

export interface Attempt {
  started_at: string;
  status: number | null;
  error: string | null;
  latency_ms: number;
  response: string | null;
}

export interface DeliveryDetail extends Delivery {
  occurred_at: string;
  data: Record<string, unknown>;
  attempts: Attempt[];
}

export interface EndpointWish {
  url: string;
  description?: string | null;
  events?: string[];
  appId?: string | null;
  /** The host at which the endpoint was asked for. */
  askedAt?: string;
}

/** null: an operator's endpoints, which hear of all partners. */
export type EndpointOwner = string | null;

const MOST_ENDPOINTS = 20;
const OLD_SECRET_HOURS = 24;

const REFUSALS: Record<Refused, string> = {
  invalid_url: 'must be a URL, like https://example.com/webhooks',
  https_required: 'must begin with https://',
  credentials_in_url: 'must not contain a user name or a password',
  private_address: 'must be a public address',
  own_host: 'must be a host of your own',
  port: 'must be at port 443 or 8443',
  unresolvable: 'must be a name that can be resolved',
};

const VIEW = sql`
  SELECT e.id, e.partner_id, e.app_id, a.name AS app, e.url, e.description, e.events, e.state, e.failing_since,
    e.last_success_at, CASE WHEN e.old_secret_expires_at > now() THEN e.old_secret_expires_at END AS old_secret_expires_at,
    e.created_at, d.delivered, d.failed, d.waiting
  FROM webhook_endpoint e LEFT JOIN dev_apps a ON a.id = e.app_id
  LEFT JOIN LATERAL (SELECT count(*) FILTER (WHERE state = 'delivered') AS delivered,
      count(*) FILTER (WHERE state = 'failed') AS failed, count(*) FILTER (WHERE state = 'pending') AS waiting
    FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.created_at > now() - interval '1 day') d ON true`;

const DELIVERY = sql`
  SELECT d.id, d.event_id, d.endpoint_id, v.type, d.state, d.tries, d.created_at, d.due_at, d.delivered_at,
    t.status AS last_status, t.error AS last_error, v.occurred_at, v.data
  FROM webhook_delivery d JOIN webhook_event v ON v.id = d.event_id
  LEFT JOIN LATERAL (SELECT status, error FROM webhook_attempt t WHERE t.delivery_id = d.id
    ORDER BY t.started_at DESC LIMIT 1) t ON true`;

export function createWebhookService(ports: {
  database: Database;
  guard: TargetGuard;
  keyEncryptionKeys: KeyEncryptionKeys;
  allowances: Allowances;
  newId(): string;
}) {
  const { database, guard, keyEncryptionKeys, allowances, newId } = ports;
  const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
  const owned = (owner: EndpointOwner): SQL =>
    sql`e.partner_id IS NOT DISTINCT FROM ${owner}::uuid AND e.deleted_at IS NULL`;

  async function get(owner: EndpointOwner, id: string): Promise<Endpoint> {
    const [endpoint] = await database.rows<Endpoint>(
      sql`${VIEW} WHERE e.id = ${id}::uuid AND ${owned(owner)}`,
    );
    if (!endpoint) throw new AppError('not_found', 'No such endpoint');
    return endpoint;
  }

  async function isIncluded(owner: EndpointOwner): Promise<boolean> {
    const [row] = await database.rows<{ included: boolean }>(
      sql`SELECT has_webhooks(${owner}::uuid) AS included`,
    );
    return row?.included ?? false;
  }

  /** Before anything is to be sent. What waits when a plan changes is not sent either (delivery-store.ts). */
  async function requireIncluded(owner: EndpointOwner): Promise<void> {
    if (!(await isIncluded(owner))) throw new AppError('forbidden', 'Your plan does not include webhooks');
  }

  function checkWish({ url, events, askedAt }: Partial<EndpointWish>): void {
    const refused = url === undefined ? undefined : guard.judge(url, askedAt);
    const details = [
      ...(refused ? [{ field: 'url', message: REFUSALS[refused] }] : []),
      ...(events?.some((type) => !(eventTypes as string[]).includes(type))
        ? [{ field: 'events', message: `Event types are: ${eventTypes.join(', ')}` }]
        : []),
    ];
    if (details.length > 0) throw new AppError('validation_error', undefined, { details });
  }

  const change = (owner: EndpointOwner, id: string, set: SQL): SQL => sql`
    changed AS (UPDATE webhook_endpoint e SET ${set}, updated_at = now() WHERE e.id = ${id}::uuid AND ${owned(owner)}
      RETURNING e.partner_id, e.id)`;

  async function update(
    owner: EndpointOwner,
    id: string,
    set: SQL,
    actor: Actor,
    action: string,
    details: object,
  ) {
    const changed = await database.rows(sql`WITH ${change(owner, id, set)},
      audit AS (${auditRow(actor, action, { endpoint_id: id }, details)}) SELECT id FROM changed`);
    if (changed.length === 0) throw new AppError('not_found', 'No such endpoint');
    return get(owner, id);
  }

  async function deliveryOf(owner: EndpointOwner, id: string): Promise<DeliveryDetail> {
    const [delivery] = await database.rows<DeliveryDetail>(sql`
      SELECT s.*, (SELECT coalesce(jsonb_agg(to_jsonb(t) - 'delivery_id' ORDER BY t.started_at DESC), '[]')
        FROM webhook_attempt t WHERE t.delivery_id = s.id) AS attempts
      FROM (${DELIVERY} WHERE d.id = ${id}::uuid AND EXISTS (SELECT 1 FROM webhook_endpoint e
        WHERE e.id = d.endpoint_id AND ${owned(owner)})) s`);
    if (!delivery) throw new AppError('not_found', 'No such delivery');
    return delivery;
  }

  return {
    get,
    /** Whether the plan has webhooks. */
    isIncluded,
    list: (owner: EndpointOwner): Promise<Endpoint[]> =>
      database.rows<Endpoint>(sql`${VIEW} WHERE ${owned(owner)} ORDER BY e.created_at, e.id`),

    /** The secret is in this answer and nowhere else. */
    async create(
      owner: EndpointOwner,
      wish: EndpointWish,
      actor: Actor,
    ): Promise<{ endpoint: Endpoint; secret: string }> {
      checkWish(wish);
      await requireIncluded(owner);
      const id = newId();
      const secret = newSecret(random);
      const envelope = await sealEnvelope(keyEncryptionKeys, secret, id);
      const [, [count], made] = (await database.batch([
        // Endpoints that are made at the same moment are counted one after the other: by the statements after.
        sql`SELECT pg_advisory_xact_lock(hashtextextended('webhook_endpoint ' || coalesce(${owner}::text, ''), 0))::text`,
        sql`SELECT count(*) AS endpoints FROM webhook_endpoint e WHERE ${owned(owner)}`,
        sql`WITH changed AS (
          INSERT INTO webhook_endpoint (id, partner_id, app_id, url, description, events, secret_envelope)
          SELECT ${id}::uuid, ${owner}::uuid, ${wish.appId ?? null}::uuid, ${wish.url}, ${wish.description ?? null},
            ${textArray(wish.events ?? [])}, ${envelope}
          WHERE (${wish.appId ?? null}::uuid IS NULL OR EXISTS (SELECT 1 FROM dev_apps a
              WHERE a.id = ${wish.appId ?? null}::uuid AND a.partner_id = ${owner}::uuid AND a.archived_at IS NULL))
            AND (SELECT count(*) FROM webhook_endpoint e WHERE ${owned(owner)}) < ${MOST_ENDPOINTS}
          RETURNING partner_id),
        audit AS (${auditRow(actor, 'webhook.created', { endpoint_id: id }, { url: wish.url, events: wish.events ?? [] })})
        SELECT 1 FROM changed`,
      ])) as [unknown[], { endpoints: number }[], unknown[]];
      if (made.length === 0) {
        if (count && count.endpoints >= MOST_ENDPOINTS)
          throw new AppError(
            'conflict',
            `At most ${MOST_ENDPOINTS} endpoints. Delete one that is not needed`,
          );
        throw new AppError('not_found', 'No such app');
      }
      return { endpoint: await get(owner, id), secret };
    },

    change(owner: EndpointOwner, id: string, wish: Partial<EndpointWish>, actor: Actor): Promise<Endpoint> {
      checkWish(wish);
      const { askedAt: _, ...said } = wish;
      const sets = [
        ...(wish.url !== undefined ? [sql`url = ${wish.url}`] : []),
        ...(wish.description !== undefined ? [sql`description = ${wish.description}`] : []),
        ...(wish.events !== undefined ? [sql`events = ${textArray(wish.events)}`] : []),
      ];
      if (sets.length === 0) return get(owner, id);
      return update(owner, id, sql.join(sets, sql`, `), actor, 'webhook.changed', said);
    },

    /** Paused: nothing is sent, and nothing is lost: it can be recovered. Active again: what waited is sent. */
    async setState(
      owner: EndpointOwner,
      id: string,
      state: 'active' | 'paused',
      actor: Actor,
    ): Promise<Endpoint> {
      await get(owner, id);
      if (state === 'active') await requireIncluded(owner);
      const action = state === 'active' ? 'webhook.resumed' : 'webhook.paused';
      // Whether it is slow is forgotten by prompt answers alone.
      return update(owner, id, sql`state = ${state}, failing_since = NULL`, actor, action, {});
    },

    async remove(owner: EndpointOwner, id: string, actor: Actor): Promise<void> {
      const removed =
        await database.rows(sql`WITH ${change(owner, id, sql`deleted_at = now(), state = 'paused'`)},
        audit AS (${auditRow(actor, 'webhook.deleted', { endpoint_id: id })}) SELECT id FROM changed`);
      if (removed.length === 0) throw new AppError('not_found', 'No such endpoint');
    },

    /** A new secret; for a day both sign. */
    async rotate(
      owner: EndpointOwner,
      id: string,
      actor: Actor,
    ): Promise<{ endpoint: Endpoint; secret: string }> {
      const secret = newSecret(random);
      const envelope = await sealEnvelope(keyEncryptionKeys, secret, id);
      const set = sql`old_secret_envelope = e.secret_envelope, secret_envelope = ${envelope},
        old_secret_expires_at = now() + make_interval(hours => ${OLD_SECRET_HOURS})`;
      return { endpoint: await update(owner, id, set, actor, 'webhook.secret_rotated', {}), secret };
    },

    /** Sends `webhook.test` to this endpoint alone. The id of the delivery. */
    async sendTest(owner: EndpointOwner, id: string, actor: Actor): Promise<string> {
      const endpoint = await get(owner, id);
      if (endpoint.state !== 'active') throw new AppError('conflict', 'Switch the endpoint on first');
      await requireIncluded(owner);
      if (!(await allowances.take('webhook_test', id)))
        throw new AppError('rate_limit_exceeded', 'Too many tests of this endpoint. Try again in a minute');
      const eventId = newId();
      await database.rows(sql`WITH changed AS (
          INSERT INTO webhook_event (id, partner_id, app_id, type, data, only_endpoint_id)
          VALUES (${eventId}::uuid, ${owner}::uuid, ${endpoint.app_id}::uuid, 'webhook.test',
            '{"message": "This is a test event."}', ${id}::uuid) RETURNING partner_id),
        audit AS (${auditRow(actor, 'webhook.tested', { endpoint_id: id })}) SELECT 1 FROM changed`);
      const [delivery] = await database.rows<{ id: string }>(
        sql`SELECT id FROM webhook_delivery WHERE event_id = ${eventId}::uuid AND endpoint_id = ${id}::uuid`,
      );
      return delivery?.id ?? '';
    },

    /** Newest first. `before`: the id of the last one seen. */
    deliveries: (
      owner: EndpointOwner,
      endpointId: string,
      limit: number,
      before?: string,
      filter: { state?: string; type?: string } = {},
    ): Promise<Delivery[]> =>
      database.rows<Delivery>(sql`SELECT s.id, s.event_id, s.endpoint_id, s.type, s.state, s.tries, s.created_at, s.due_at,
          s.delivered_at, s.last_status, s.last_error FROM (${DELIVERY}
        WHERE d.endpoint_id = ${endpointId}::uuid AND EXISTS (SELECT 1 FROM webhook_endpoint e
            WHERE e.id = d.endpoint_id AND ${owned(owner)})
          AND (${filter.state ?? null}::text IS NULL OR d.state = ${filter.state ?? null}::text)
          AND (${filter.type ?? null}::text IS NULL OR v.type = ${filter.type ?? null}::text)
          AND (${before ?? null}::uuid IS NULL OR (d.created_at, d.id) <
            (SELECT b.created_at, b.id FROM webhook_delivery b WHERE b.id = ${before ?? null}::uuid))
        ORDER BY d.created_at DESC, d.id DESC LIMIT ${limit}) s ORDER BY s.created_at DESC, s.id DESC`),

    delivery: deliveryOf,

    /** Sends it again, under the same id: receivers that keep ids know it. */
    async replay(owner: EndpointOwner, id: string, actor: Actor): Promise<DeliveryDetail> {
      await deliveryOf(owner, id);
      await requireIncluded(owner);
      await database.rows(sql`
        WITH changed AS (UPDATE webhook_delivery d SET state = 'pending', tries = 0, due_at = now(), claimed_until = NULL
            FROM webhook_endpoint e WHERE d.id = ${id}::uuid AND e.id = d.endpoint_id AND d.state <> 'pending'
            RETURNING e.partner_id),
          now_due AS (UPDATE webhook_delivery SET due_at = now() WHERE id = ${id}::uuid AND state = 'pending'),
          audit AS (${auditRow(actor, 'webhook.replayed', { delivery_id: id })}) SELECT 1 FROM changed`);
      return deliveryOf(owner, id);
    },

    /** Everything since then that did not arrive: what failed, and what happened while the endpoint was off. */
    async recover(owner: EndpointOwner, id: string, since: string, actor: Actor): Promise<number> {
      await get(owner, id);
      await requireIncluded(owner);
      const [row] = await database.rows<{ recovered: number }>(sql`
        WITH failed AS (UPDATE webhook_delivery d SET state = 'pending', tries = 0, due_at = now(), claimed_until = NULL
            FROM webhook_event v WHERE d.endpoint_id = ${id}::uuid AND d.state = 'failed' AND v.id = d.event_id
              AND v.occurred_at >= ${since}::timestamptz RETURNING d.id),
          missed AS (INSERT INTO webhook_delivery (event_id, endpoint_id)
            SELECT v.id, e.id FROM webhook_endpoint e JOIN webhook_event v
              ON (v.partner_id = e.partner_id OR e.partner_id IS NULL) AND v.occurred_at >= greatest(${since}::timestamptz, e.created_at)
            WHERE e.id = ${id}::uuid AND v.only_endpoint_id IS NULL AND (e.app_id IS NULL OR e.app_id = v.app_id)
              AND (cardinality(e.events) = 0 OR v.type = ANY (e.events))
            ON CONFLICT DO NOTHING RETURNING id),
          changed AS (SELECT partner_id FROM webhook_endpoint WHERE id = ${id}::uuid),
          audit AS (${auditRow(actor, 'webhook.recovered', { endpoint_id: id }, { since })})
        SELECT (SELECT count(*) FROM failed) + (SELECT count(*) FROM missed) AS recovered`);
      return row?.recovered ?? 0;
    },
  };
}

export type WebhookService = ReturnType<typeof createWebhookService>;
