// Endpoints and their secrets: made, changed, paused, tried. What was sent to them is delivery-service.ts's.

import { type SQL, sql } from 'drizzle-orm';
import { type Actor, type AuditAction, auditRow } from '../audit/audit-store.ts';
import { changedMeanwhile, ENDPOINT_ETAG, type Expected, isExpected } from '../audit/version-store.ts';
import { AppError } from '../core/errors.ts';
import { type KeyEncryptionKeys, sealEnvelope } from '../crypto/envelope.ts';
import { eventRow } from '../outbox/event-store.ts';
import { eventTypes } from '../outbox/event-types.ts';
import type { Allowances } from '../platform/allowances.ts';
import type { Database } from '../platform/database.ts';
import { command, query } from '../platform/query.ts';
import { number, row, uuid } from '../platform/row.ts';
import { assignments, textArray } from '../platform/sql.ts';
import { createDeliveryService, type EndpointOwner, OPERATORS, owned } from './delivery-service.ts';
import { createEndpointViews, type Endpoint, type EndpointViews } from './endpoint-store.ts';
import {
  type EndpointWish,
  endpointChange,
  endpointInsertion,
  endpointsLock,
  MAX_ENDPOINTS,
  REMOVED,
  switchedTo,
  TOO_MANY_ENDPOINTS,
} from './endpoint-write-store.ts';
import { newSecret } from './signature.ts';
import type { Refused, TargetGuard } from './target-guard.ts';

export type { Attempt, Delivery, DeliveryDetail, EndpointOwner } from './delivery-service.ts';
export type { Endpoint } from './endpoint-store.ts';
export type { EndpointWish } from './endpoint-write-store.ts';

const TestDelivery = row('delivery of a test', { id: uuid });
const Made = row('number of endpoints', { endpoints: number });

export type SwitchedTo = 'active' | 'paused';

const OLD_SECRET_HOURS = 24;

const NO_TARGET =
  'must be a URL that begins with https:// and names a public host, like https://example.com/webhooks';
const REFUSALS: Record<Refused, string> = {
  invalid_url: NO_TARGET,
  https_required: NO_TARGET,
  credentials_in_url: 'must not contain a user name or a password',
  private_address: 'must name a public host, not an address of a private network or of this machine',
  own_host: 'must be a host of your own',
  port: 'must be at port 443 or 8443',
  unresolvable: 'must be a name that can be resolved',
};

interface Ports {
  database: Database;
  guard: TargetGuard;
  keyEncryptionKeys: KeyEncryptionKeys;
  allowances: Allowances;
  newId(): string;
}

export const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));

export function checkWish(guard: TargetGuard, { url, events, askedAt }: Partial<EndpointWish>): void {
  const refused = url === undefined ? undefined : guard.judge(url, askedAt);
  const details = [
    ...(refused ? [{ field: 'url', message: REFUSALS[refused] }] : []),
    ...(events?.some((type) => !(eventTypes as string[]).includes(type))
      ? [{ field: 'events', message: `Event types are: ${eventTypes.join(', ')}` }]
      : []),
  ];
  if (details.length > 0) throw new AppError('validation_error', undefined, { details });
}

/** Whether there is such a one. `actions`: what the audit trail calls it, with details. `when`: of the endpoint `e`. */
async function update(
  database: Database,
  owner: EndpointOwner,
  id: string,
  set: SQL,
  actor: Actor,
  actions: readonly [action: AuditAction, details: object][],
  when?: SQL,
): Promise<boolean> {
  const audits = actions.map(
    ([action, details], n) =>
      sql`${sql.raw(`audit_${n}`)} AS (${auditRow(actor, action, { endpoint_id: id }, details)})`,
  );
  const changed = await database.run(
    sql`WITH ${sql.join([endpointChange(owner, id, set, when), ...audits], sql`, `)} SELECT id FROM changed`,
  );
  return changed > 0;
}

function createEndpointChanges({ database, guard, keyEncryptionKeys }: Ports, views: EndpointViews) {
  const { get, requireIncluded } = views;

  /**
   * One statement: all of it, or nothing. Paused: nothing is sent, and nothing is lost: it can be recovered. Active again:
   * what waited is sent. @throws AppError precondition_failed where it is another by now
   */
  async function changeEndpoint(
    owner: EndpointOwner,
    id: string,
    { state, ...wish }: Partial<EndpointWish> & { state?: SwitchedTo },
    actor: Actor,
    expected?: Expected,
  ): Promise<Endpoint> {
    checkWish(guard, wish);
    const { askedAt: _, ...said } = wish;
    const { url, description, environment, events } = wish;
    const set = assignments({ url, description, environment, events: events && textArray(events) });
    const actions: [action: AuditAction, details: object][] = set ? [['webhook.changed', said]] : [];
    const switched = state && switchedTo(state);
    if (state) actions.push([state === 'active' ? 'webhook.resumed' : 'webhook.paused', {}]);
    const sets = [set, switched].filter((each) => each !== undefined);
    if (sets.length === 0 || state === 'active') {
      const endpoint = await get(owner, id);
      if (sets.length === 0) return endpoint;
      await requireIncluded(owner);
    }
    const when = isExpected(ENDPOINT_ETAG, expected);
    const isDone = await update(database, owner, id, sql.join(sets, sql`, `), actor, actions, when);
    const endpoint = await get(owner, id);
    if (!isDone) {
      const thing = owner === null ? sql`${`webhooks/${endpoint.url}`}::text` : undefined;
      throw await changedMeanwhile(database, owner, sql`d.target->>'endpoint_id' = ${id}`, thing);
    }
    return endpoint;
  }

  return {
    change: changeEndpoint,
    setState: (owner: EndpointOwner, id: string, state: SwitchedTo, actor: Actor): Promise<Endpoint> =>
      changeEndpoint(owner, id, { state }, actor),

    async remove(owner: EndpointOwner, id: string, actor: Actor): Promise<void> {
      const removed = await database.run(sql`WITH ${endpointChange(owner, id, REMOVED)},
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
      await update(database, owner, id, set, actor, [['webhook.secret_rotated', {}]]);
      return { endpoint: await get(owner, id), secret };
    },
  };
}

/** What makes an endpoint: the secret is in the answer and nowhere else. */
const createMaking = ({ database, guard, keyEncryptionKeys, newId }: Ports, views: EndpointViews) =>
  async function create(
    owner: EndpointOwner,
    wish: EndpointWish,
    actor: Actor,
  ): Promise<{ endpoint: Endpoint; secret: string }> {
    checkWish(guard, wish);
    await views.requireIncluded(owner);
    const id = newId();
    const secret = newSecret(random);
    const envelope = await sealEnvelope(keyEncryptionKeys, secret, id);
    const [, [count], made] = await database.batch(
      endpointsLock(owner),
      query(Made, sql`SELECT count(*) AS endpoints FROM webhook_endpoint e WHERE ${owned(owner)}`),
      command(sql`WITH ${endpointInsertion(owner, id, wish, envelope)},
      audit AS (${auditRow(actor, 'webhook.created', { endpoint_id: id }, { url: wish.url, events: wish.events ?? [] })})
      SELECT 1 FROM changed`),
    );
    if (made === 0) {
      if (count && count.endpoints >= MAX_ENDPOINTS) throw new AppError('conflict', TOO_MANY_ENDPOINTS);
      throw new AppError('not_found', 'No such app');
    }
    return { endpoint: await views.get(owner, id), secret };
  };

export function createWebhookService(ports: Ports) {
  const { database, allowances, newId } = ports;
  const views = createEndpointViews(database);
  const { get, requireIncluded } = views;
  return {
    ...views,
    ...createDeliveryService({ database, allowances, get, requireIncluded }),
    ...createEndpointChanges(ports, views),
    create: createMaking(ports, views),

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
