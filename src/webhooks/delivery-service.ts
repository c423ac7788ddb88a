// What was sent to endpoints: looked at, replayed, recovered.

import { type SQL, sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import { AppError } from '../core/errors.ts';
import type { Allowances } from '../platform/allowances.ts';
import type { Database } from '../platform/database.ts';
import { json, number, oneOf, type RowOf, row, text, time, uuid } from '../platform/row.ts';

const Delivery = row('delivery', {
  id: uuid,
  event_id: uuid,
  endpoint_id: uuid,
  type: text,
  state: oneOf(['pending', 'delivered', 'failed']),
  tries: number,
  created_at: time,
  due_at: time,
  delivered_at: time.nullable(),
  last_status: number.nullable(),
  last_error: text.nullable(),
});
export type Delivery = RowOf<typeof Delivery>;

export interface Attempt {
  started_at: string;
  status: number | null;
  error: string | null;
  latency_ms: number;
  response: string | null;
}

const DeliveryDetail = row('delivery with its attempts', {
  ...Delivery.columns,
  occurred_at: time,
  data: json<Record<string, unknown>>(),
  attempts: json<Attempt[]>(),
});
export type DeliveryDetail = RowOf<typeof DeliveryDetail>;
const Recovery = row('recovery of deliveries', { recovered: number });

/** null: an operator's endpoints, which hear of all partners. */
export type EndpointOwner = string | null;

/** Whose what no partner asks for is counted. */
export const OPERATORS = 'operators';

/** Of `webhook_endpoint e`. */
export const owned = (owner: EndpointOwner): SQL =>
  sql`e.partner_id IS NOT DISTINCT FROM ${owner}::uuid AND e.deleted_at IS NULL`;

const DELIVERY = sql`
  SELECT d.id, d.event_id, d.endpoint_id, v.type, d.state, d.tries, d.created_at, d.due_at, d.delivered_at,
    t.status AS last_status, t.error AS last_error, v.occurred_at, v.data
  FROM webhook_delivery d JOIN webhook_event v ON v.id = d.event_id
  LEFT JOIN LATERAL (SELECT status, error FROM webhook_attempt t WHERE t.delivery_id = d.id
    ORDER BY t.started_at DESC LIMIT 1) t ON true`;

function createDeliveryViews(database: Database) {
  return {
    async delivery(owner: EndpointOwner, id: string): Promise<DeliveryDetail> {
      const [delivery] = await database.rows(
        DeliveryDetail,
        sql`
        SELECT s.*, (SELECT coalesce(jsonb_agg(to_jsonb(t) - 'delivery_id' ORDER BY t.started_at DESC), '[]')
          FROM webhook_attempt t WHERE t.delivery_id = s.id) AS attempts
        FROM (${DELIVERY} WHERE d.id = ${id}::uuid AND EXISTS (SELECT 1 FROM webhook_endpoint e
          WHERE e.id = d.endpoint_id AND ${owned(owner)})) s`,
      );
      if (!delivery) throw new AppError('not_found', 'No such delivery');
      return delivery;
    },

    /** Newest first. `before`: the id of the last one seen. */
    deliveries: (
      owner: EndpointOwner,
      endpointId: string,
      limit: number,
      before?: string,
      filter: { state?: string; type?: string } = {},
    ): Promise<Delivery[]> =>
      database.rows(
        Delivery,
        sql`SELECT s.id, s.event_id, s.endpoint_id, s.type, s.state, s.tries, s.created_at, s.due_at,
          s.delivered_at, s.last_status, s.last_error FROM (${DELIVERY}
        WHERE d.endpoint_id = ${endpointId}::uuid AND EXISTS (SELECT 1 FROM webhook_endpoint e
            WHERE e.id = d.endpoint_id AND ${owned(owner)})
          AND (${filter.state ?? null}::text IS NULL OR d.state = ${filter.state ?? null}::text)
          AND (${filter.type ?? null}::text IS NULL OR v.type = ${filter.type ?? null}::text)
          AND (${before ?? null}::uuid IS NULL OR (d.created_at, d.id) <
            (SELECT b.created_at, b.id FROM webhook_delivery b WHERE b.id = ${before ?? null}::uuid))
        ORDER BY d.created_at DESC, d.id DESC LIMIT ${limit}) s ORDER BY s.created_at DESC, s.id DESC`,
      ),
  };
}

/** `get`, `requireIncluded`: throw where there is no such endpoint, and where the plan has no webhooks. */
export function createDeliveryService({
  database,
  allowances,
  get,
  requireIncluded,
}: {
  database: Database;
  allowances: Allowances;
  get(owner: EndpointOwner, id: string): Promise<unknown>;
  requireIncluded(owner: EndpointOwner): Promise<void>;
}) {
  const views = createDeliveryViews(database);
  return {
    ...views,
    /** Sends it again, under the same id: receivers that keep ids know it. What waits for its next attempt is sent now. */
    async replay(owner: EndpointOwner, id: string, actor: Actor): Promise<DeliveryDetail> {
      await views.delivery(owner, id);
      await requireIncluded(owner);
      await allowances.require('webhook_replay', owner ?? OPERATORS, 'Too many replays');
      await database.run(sql`
        WITH changed AS (UPDATE webhook_delivery d SET state = 'pending', due_at = now(),
              tries = CASE d.state WHEN 'pending' THEN d.tries ELSE 0 END,
              -- Whoever is just sending it goes on.
              claimed_until = CASE d.state WHEN 'pending' THEN d.claimed_until END
            FROM webhook_endpoint e WHERE d.id = ${id}::uuid AND e.id = d.endpoint_id RETURNING e.partner_id),
          audit AS (${auditRow(actor, 'webhook.replayed', { delivery_id: id })}) SELECT 1 FROM changed`);
      return views.delivery(owner, id);
    },

    /** Everything since then that did not arrive: what failed, and what happened while the endpoint was off. */
    async recover(owner: EndpointOwner, id: string, since: string, actor: Actor): Promise<number> {
      await get(owner, id);
      await requireIncluded(owner);
      await allowances.require('webhook_recovery', owner ?? OPERATORS, 'Too many recoveries');
      const [recovery] = await database.rows(
        Recovery,
        sql`
        WITH failed AS (UPDATE webhook_delivery d SET state = 'pending', tries = 0, due_at = now(), claimed_until = NULL
            FROM webhook_event v WHERE d.endpoint_id = ${id}::uuid AND d.state = 'failed' AND v.id = d.event_id
              AND v.occurred_at >= ${since}::timestamptz RETURNING d.id),
          missed AS (INSERT INTO webhook_delivery (event_id, endpoint_id)
            SELECT v.id, e.id FROM webhook_endpoint e JOIN webhook_event v
              ON (v.partner_id = e.partner_id OR e.partner_id IS NULL) AND v.occurred_at >= greatest(${since}::timestamptz, e.created_at)
            WHERE e.id = ${id}::uuid AND v.only_endpoint_id IS NULL AND (e.app_id IS NULL OR e.app_id = v.app_id)
              AND hears_of(e.environment, v.data)
              AND (cardinality(e.events) = 0 OR v.type = ANY (e.events))
            ON CONFLICT DO NOTHING RETURNING id),
          changed AS (SELECT partner_id FROM webhook_endpoint WHERE id = ${id}::uuid),
          audit AS (${auditRow(actor, 'webhook.recovered', { endpoint_id: id }, { since })})
        SELECT (SELECT count(*) FROM failed) + (SELECT count(*) FROM missed) AS recovered`,
      );
      return recovery?.recovered ?? 0;
    },
  };
}
