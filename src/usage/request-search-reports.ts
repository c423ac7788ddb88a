// Requests as operators look for them: by id, whoever's they are, and by the address that they came from. By address, of the
// last hour only, which the events' own order finds without an index of addresses; and the busiest keys alone.

import { sql } from 'drizzle-orm';
import type { Database } from '../platform/database.ts';
import { number, type RowOf, row, text, time, uuid } from '../platform/row.ts';

const FoundRequest = row('request that was searched for', {
  id: uuid,
  partnerId: uuid,
  partner: text,
  method: text,
  endpoint: text,
  status: number,
  at: time,
});
export type FoundRequest = RowOf<typeof FoundRequest>;
const KeyFrom = row('key that was used from an address', {
  keyId: text,
  name: text,
  partner: text,
  calls: number,
  refused: number,
  at: time.notNull('the latest of one call or more'),
});
export type KeyFrom = RowOf<typeof KeyFrom>;

const MAX_KEYS = 20;

export const createRequestSearch = (database: Database) => ({
  async byId(id: string): Promise<FoundRequest | undefined> {
    const [found] = await database.rows(
      FoundRequest,
      sql`
      SELECT e.id, e.partner_id AS "partnerId", p.name AS partner, e.method, e.endpoint, e.status_code AS status, e.occurred_at AS at
      FROM api_usage_events e JOIN partner p ON p.id = e.partner_id WHERE e.id = ${id}::uuid LIMIT 1`,
    );
    return found;
  },

  /** Which keys were used from an address, most calls first. */
  fromAddress: (ip: string): Promise<KeyFrom[]> =>
    database.rows(
      KeyFrom,
      sql`
      SELECT e.key_id AS "keyId", k.name, p.name AS partner, count(*) AS calls, count(*) FILTER (WHERE e.status_code >= 400) AS refused,
        max(e.occurred_at) AS at
      FROM api_usage_events e JOIN api_key k ON k.key_id = e.key_id JOIN partner p ON p.id = k.partner_id
      WHERE e.occurred_at > now() - interval '1 hour' AND e.ip = ${ip}::inet
      GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1 LIMIT ${MAX_KEYS}`,
    ),
});

export type RequestSearch = ReturnType<typeof createRequestSearch>;
