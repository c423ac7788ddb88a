// Endpoints and their secrets: made, changed, paused, tried. What was sent to them is delivery-service.ts's.

import { type SQL, sql } from 'drizzle-orm';
import { type Actor, type AuditAction, auditRow } from '../audit/audit-store.ts';
import { AppError } from '../core/errors.ts';
import { type KeyEncryptionKeys, sealEnvelope } from '../crypto/envelope.ts';
import { eventRow } from '../outbox/event-store.ts';
import { eventTypes } from '../outbox/event-types.ts';
import type { Allowances } from '../platform/allowances.ts';
import type { Database } from '../platform/database.ts';
import { command, query } from '../platform/query.ts';
import { boolean, number, oneOf, type RowOf, row, text, texts, time, uuid } from '../platform/row.ts';
import { textArray } from '../platform/sql.ts';
import { createDeliveryService, type EndpointOwner, OPERATORS, owned } from './delivery-service.ts';
import { newSecret } from './signature.ts';
import type { Refused, TargetGuard } from './target-guard.ts';

export type { Attempt, Delivery, DeliveryDetail, EndpointOwner } from './delivery-service.ts';

const ofTheLastDay = number.notNull('all rows of a day, counted');
const Endpoint = row('webhook endpoint', {
  id: uuid,
  partner_id: uuid.nullable(),
  app_id: uuid.nullable(),
  app: text.nullable(),
  url: text,
  description: text.nullable(),
  /** Empty: all. */
  events: texts,
  state: oneOf(['active', 'paused', 'disabled']),
  failing_since: time.nullable(),
  last_success_at: time.nullable(),
  /** The secret that a rotation replaced signs, too, until then. */
  old_secret_expires_at: time.nullable(),
  created_at: time,
  delivered: ofTheLastDay,
  failed: ofTheLastDay,
  waiting: ofTheLastDay,
});
export type Endpoint = RowOf<typeof Endpoint>;
const Included = row('whether webhooks are included', {
  included: boolean.notNull('the function says yes or no'),
});
const Made = row('number of endpoints', { endpoints: number });
const TestDelivery = row('delivery of a test', { id: uuid });

export interface EndpointWish {
  url: string;
  description?: string | null;
  events?: string[];
  appId?: string | null;
  /** The host at which the endpoint was asked for. */
  askedAt?: string;
}

export type SwitchedTo = 'active' | 'paused';

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

export function createWebhookService(ports: {
  database: Database;
  guard: TargetGuard;
  keyEncryptionKeys: KeyEncryptionKeys;
  allowances: Allowances;
  newId(): string;
}) {
  const { database, guard, keyEncryptionKeys, allowances, newId } = ports;
  const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
  async function get(owner: EndpointOwner, id: string): Promise<Endpoint> {
    const [endpoint] = await database.rows(
      Endpoint,
      sql`${VIEW} WHERE e.id = ${id}::uuid AND ${owned(owner)}`,
    );
    if (!endpoint) throw new AppError('not_found', 'No such endpoint');
    return endpoint;
  }

  async function isIncluded(owner: EndpointOwner): Promise<boolean> {
    const [plan] = await database.rows(Included, sql`SELECT has_webhooks(${owner}::uuid) AS included`);
    return plan?.included ?? false;
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

  /** `actions`: what the audit trail calls it, with details. */
  async function update(
    owner: EndpointOwner,
    id: string,
    set: SQL,
    actor: Actor,
    actions: readonly [action: AuditAction, details: object][],
  ) {
    const audits = actions.map(
      ([action, details], n) =>
        sql`${sql.raw(`audit_${n}`)} AS (${auditRow(actor, action, { endpoint_id: id }, details)})`,
    );
    const changed = await database.run(
      sql`WITH ${sql.join([change(owner, id, set), ...audits], sql`, `)} SELECT id FROM changed`,
    );
    if (changed === 0) throw new AppError('not_found', 'No such endpoint');
    return get(owner, id);
  }

  /**
   * One statement: all of it, or nothing. Paused: nothing is sent, and nothing is lost: it can be recovered. Active again:
   * what waited is sent.
   */
  async function changeEndpoint(
    owner: EndpointOwner,
    id: string,
    { state, ...wish }: Partial<EndpointWish> & { state?: SwitchedTo },
    actor: Actor,
  ): Promise<Endpoint> {
    checkWish(wish);
    const { askedAt: _, ...said } = wish;
    const sets = [
      ...(wish.url !== undefined ? [sql`url = ${wish.url}`] : []),
      ...(wish.description !== undefined ? [sql`description = ${wish.description}`] : []),
      ...(wish.events !== undefined ? [sql`events = ${textArray(wish.events)}`] : []),
    ];
    const actions: [action: AuditAction, details: object][] =
      sets.length > 0 ? [['webhook.changed', said]] : [];
    if (state !== undefined) {
      // Whether it is slow is forgotten by prompt answers alone.
      sets.push(sql`state = ${state}, failing_since = NULL`);
      actions.push([state === 'active' ? 'webhook.resumed' : 'webhook.paused', {}]);
    }
    if (sets.length === 0 || state === 'active') {
      const endpoint = await get(owner, id);
      if (sets.length === 0) return endpoint;
      await requireIncluded(owner);
    }
    return update(owner, id, sql.join(sets, sql`, `), actor, actions);
  }

  return {
    ...createDeliveryService({ database, allowances, get, requireIncluded }),
    get,
    /** Whether the plan has webhooks. */
    isIncluded,
    list: (owner: EndpointOwner): Promise<Endpoint[]> =>
      database.rows(Endpoint, sql`${VIEW} WHERE ${owned(owner)} ORDER BY e.created_at, e.id`),

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
      const [, [count], made] = await database.batch(
        // Endpoints that are made at the same moment are counted one after the other: by the statements after.
        command(
          sql`SELECT pg_advisory_xact_lock(hashtextextended('webhook_endpoint ' || coalesce(${owner}::text, ''), 0))::text`,
        ),
        query(Made, sql`SELECT count(*) AS endpoints FROM webhook_endpoint e WHERE ${owned(owner)}`),
        command(sql`WITH changed AS (
          INSERT INTO webhook_endpoint (id, partner_id, app_id, url, description, events, secret_envelope)
          SELECT ${id}::uuid, ${owner}::uuid, ${wish.appId ?? null}::uuid, ${wish.url}, ${wish.description ?? null},
            ${textArray(wish.events ?? [])}, ${envelope}
          WHERE (${wish.appId ?? null}::uuid IS NULL OR EXISTS (SELECT 1 FROM dev_apps a
              WHERE a.id = ${wish.appId ?? null}::uuid AND a.partner_id = ${owner}::uuid AND a.archived_at IS NULL))
            AND (SELECT count(*) FROM webhook_endpoint e WHERE ${owned(owner)}) < ${MOST_ENDPOINTS}
          RETURNING partner_id),
        audit AS (${auditRow(actor, 'webhook.created', { endpoint_id: id }, { url: wish.url, events: wish.events ?? [] })})
        SELECT 1 FROM changed`),
      );
      if (made === 0) {
        if (count && count.endpoints >= MOST_ENDPOINTS)
          throw new AppError(
            'conflict',
            `At most ${MOST_ENDPOINTS} endpoints. Delete one that is not needed`,
          );
        throw new AppError('not_found', 'No such app');
      }
      return { endpoint: await get(owner, id), secret };
    },

    change: changeEndpoint,
    setState: (owner: EndpointOwner, id: string, state: SwitchedTo, actor: Actor): Promise<Endpoint> =>
      changeEndpoint(owner, id, { state }, actor),

    async remove(owner: EndpointOwner, id: string, actor: Actor): Promise<void> {
      const removed =
        await database.run(sql`WITH ${change(owner, id, sql`deleted_at = now(), state = 'paused'`)},
        audit AS (${auditRow(actor, 'webhook.deleted', { endpoint_id: id })}) SELECT id FROM changed`);
      if (removed === 0) throw new AppError('not_found', 'No such endpoint');
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
      return { endpoint: await update(owner, id, set, actor, [['webhook.secret_rotated', {}]]), secret };
    },

    /** Sends `webhook.test` to this endpoint alone. The id of the delivery. */
    async sendTest(owner: EndpointOwner, id: string, actor: Actor): Promise<string> {
      const endpoint = await get(owner, id);
      if (endpoint.state !== 'active') throw new AppError('conflict', 'Switch the endpoint on first');
      await requireIncluded(owner);
      await allowances.require('webhook_test', owner ?? OPERATORS, 'Too many tests of webhooks');
      const eventId = newId();
      await database.run(sql`WITH changed AS (SELECT ${owner}::uuid AS partner_id),
        event AS (${eventRow(
          'webhook.test',
          { message: 'This is a test event.' },
          { appId: endpoint.app_id, test: { id: eventId, endpointId: id } },
        )}),
        audit AS (${auditRow(actor, 'webhook.tested', { endpoint_id: id })}) SELECT 1 FROM changed`);
      const [delivery] = await database.rows(
        TestDelivery,
        sql`SELECT id FROM webhook_delivery WHERE event_id = ${eventId}::uuid AND endpoint_id = ${id}::uuid`,
      );
      return delivery?.id ?? '';
    },
  };
}

export type WebhookService = ReturnType<typeof createWebhookService>;
