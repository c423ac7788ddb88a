// The outbox: a CTE that writes events in the statement that makes the change. A trigger makes their deliveries with them.
// Nothing else writes them, but the Postgres functions that issue documents.

import { SQL, sql } from 'drizzle-orm';
import { objectOf } from '../platform/sql.ts';
import type { EventData, EventType } from './event-types.ts';

/** What receivers get: each member as it is, or an expression of the rows that the events are about. */
export type EventColumns<Type extends EventType> = {
  [Name in keyof EventData<Type>]: EventData<Type>[Name] | SQL;
};

export interface EventPlace {
  /** Its rows are the events: a CTE before it that has `partner_id`, with what else is joined. */
  from?: SQL;
  partnerId?: SQL;
  appId?: string | null | SQL;
  occurredAt?: SQL;
  /** The test of an endpoint. */
  test?: { id: string; endpointId: string };
}

/**
 * An event for each row of `from`.
 * @param type where rows differ, the expression that says which of the named types each is
 * @example event AS (${eventRow('key.expiring', { ...key, days_left: sql`days` }, { from: sql`due` })})
 */
export const eventRow = <Type extends EventType>(
  type: Type | SQL<Type>,
  data: EventColumns<Type>,
  { from = sql`changed`, partnerId = sql`partner_id`, appId = null, occurredAt, test }: EventPlace = {},
): SQL => sql`
  INSERT INTO webhook_event (id, partner_id, app_id, type, data, occurred_at, only_endpoint_id)
  SELECT ${test ? sql`${test.id}::uuid` : sql`gen_random_uuid()`}, ${partnerId},
    ${appId instanceof SQL ? appId : sql`${appId}::uuid`}, ${type}, ${objectOf(data)},
    ${occurredAt ?? sql`now()`}, ${test?.endpointId ?? null}::uuid FROM ${from}`;
