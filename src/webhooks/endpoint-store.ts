// Endpoints as they are looked at, and whether a plan has any.

import { sql } from 'drizzle-orm';
import { ENDPOINT_ETAG } from '../audit/version-store.ts';
import { AppError } from '../core/errors.ts';
import type { Database } from '../platform/database.ts';
import { boolean, number, oneOf, type RowOf, row, text, texts, time, uuid } from '../platform/row.ts';
import { type EndpointOwner, owned } from './delivery-service.ts';

const ofTheLastDay = number.notNull('all rows of a day, counted');
const Endpoint = row('webhook endpoint', {
  id: uuid,
  partner_id: uuid.nullable(),
  app_id: uuid.nullable(),
  app: text.nullable(),
  /** `both`: none was chosen. */
  environment: oneOf(['test', 'live', 'both']),
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
  /** Another whenever it was changed. */
  etag: text.notNull('a hash of something is something'),
});
export type Endpoint = RowOf<typeof Endpoint>;
const Included = row('whether webhooks are included', {
  included: boolean.notNull('the function says yes or no'),
});

const VIEW = sql`
  SELECT e.id, e.partner_id, e.app_id, a.name AS app, e.environment, e.url, e.description, e.events, e.state, e.failing_since,
    e.last_success_at, CASE WHEN e.old_secret_expires_at > now() THEN e.old_secret_expires_at END AS old_secret_expires_at,
    e.created_at, d.delivered, d.failed, d.waiting, ${ENDPOINT_ETAG} AS etag
  FROM webhook_endpoint e LEFT JOIN dev_apps a ON a.id = e.app_id
  LEFT JOIN LATERAL (SELECT count(*) FILTER (WHERE state = 'delivered') AS delivered,
      count(*) FILTER (WHERE state = 'failed') AS failed, count(*) FILTER (WHERE state = 'pending') AS waiting
    FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.created_at > now() - interval '1 day') d ON true`;

export function createEndpointViews(database: Database) {
  async function isIncluded(owner: EndpointOwner): Promise<boolean> {
    const [plan] = await database.rows(Included, sql`SELECT has_webhooks(${owner}::uuid) AS included`);
    return plan?.included ?? false;
  }

  return {
    async get(owner: EndpointOwner, id: string): Promise<Endpoint> {
      const [endpoint] = await database.rows(
        Endpoint,
        sql`${VIEW} WHERE e.id = ${id}::uuid AND ${owned(owner)}`,
      );
      if (!endpoint) throw new AppError('not_found', 'No such endpoint');
      return endpoint;
    },
    list: (owner: EndpointOwner): Promise<Endpoint[]> =>
      database.rows(Endpoint, sql`${VIEW} WHERE ${owned(owner)} ORDER BY e.created_at, e.id`),
    /** Whether the plan has webhooks. */
    isIncluded,
    /** Before anything is to be sent. What waits when a plan changes is not sent either (delivery-store.ts). */
    async requireIncluded(owner: EndpointOwner): Promise<void> {
      if (!(await isIncluded(owner))) throw new AppError('forbidden', 'Your plan does not include webhooks');
    },
  };
}

export type EndpointViews = ReturnType<typeof createEndpointViews>;
