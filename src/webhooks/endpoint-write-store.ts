// The statements that make and change endpoints, for every door to them.

import { type SQL, sql } from 'drizzle-orm';
import type { Environment } from '../keys/key-format.ts';
import { command, type Query } from '../platform/query.ts';
import { textArray } from '../platform/sql.ts';
import { type EndpointOwner, owned } from './delivery-service.ts';

export interface EndpointWish {
  url: string;
  description?: string | null;
  events?: string[];
  appId?: string | null;
  /** Undefined: both. */
  environment?: Environment;
  /** The host at which the endpoint was asked for. */
  askedAt?: string;
}

export const MAX_ENDPOINTS = 20;
export const TOO_MANY_ENDPOINTS = `At most ${MAX_ENDPOINTS} endpoints. Delete one that is not needed`;

/** Endpoints that are made at the same moment are counted one after the other: by the statements after. */
export const endpointsLock = (owner: EndpointOwner): Query<number> =>
  command(
    sql`SELECT pg_advisory_xact_lock(hashtextextended('webhook_endpoint ' || coalesce(${owner}::text, ''), 0))::text`,
  );

/** A CTE: `changed` has the endpoint, where there is such a one. `when`: of the endpoint `e`. */
export const endpointChange = (owner: EndpointOwner, id: string, set: SQL, when: SQL = sql`true`): SQL => sql`
  changed AS (UPDATE webhook_endpoint e SET ${set}, updated_at = now() WHERE e.id = ${id}::uuid AND ${owned(owner)} AND ${when}
    RETURNING e.partner_id, e.id)`;

/** Whether it is slow is forgotten by prompt answers alone. */
export const switchedTo = (state: 'active' | 'paused'): SQL => sql`state = ${state}, failing_since = NULL`;
export const REMOVED = sql`deleted_at = now(), state = 'paused'`;

/** A CTE: `changed` has the endpoint, unless there are as many as there may be, or its app is none of the owner's. */
export const endpointInsertion = (
  owner: EndpointOwner,
  id: string,
  wish: EndpointWish,
  envelope: string,
): SQL => sql`
  changed AS (INSERT INTO webhook_endpoint (id, partner_id, app_id, environment, url, description, events, secret_envelope)
    SELECT ${id}::uuid, ${owner}::uuid, ${wish.appId ?? null}::uuid, ${wish.environment ?? 'both'}, ${wish.url}, ${wish.description ?? null},
      ${textArray(wish.events ?? [])}, ${envelope}
    WHERE (${wish.appId ?? null}::uuid IS NULL OR EXISTS (SELECT 1 FROM dev_apps a
        WHERE a.id = ${wish.appId ?? null}::uuid AND a.partner_id = ${owner}::uuid AND a.archived_at IS NULL))
      AND (SELECT count(*) FROM webhook_endpoint e WHERE ${owned(owner)}) < ${MAX_ENDPOINTS}
    RETURNING partner_id)`;
