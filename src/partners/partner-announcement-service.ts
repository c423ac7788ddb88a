// Makes a partner's change immediate, at its own limiters and at those of its keys.

import { sql } from 'drizzle-orm';
import type { KeyDirectory } from '../keys/key-directory.ts';
import { partnerObjectName } from '../keys/key-record.ts';
import type { Lookup } from '../keys/key-store.ts';
import type { LimiterClient } from '../limiter/limiter-client.ts';
import type { Database } from '../platform/database.ts';
import { json, number, row } from '../platform/row.ts';

const MAX_ANNOUNCED = 1000;

const Announced = row('partner to announce', {
  version: number,
  /** Null where it has none. */
  keys: json<{ id: string; counter_id: string | null; version: number; lookups: Lookup[] }[]>().nullable(),
});

export const createPartnerAnnouncements = (ports: {
  database: Database;
  directory: KeyDirectory;
  limiter: LimiterClient;
}) =>
  /** The partner's own objects first: keys that draw from them learn of the change with their next lease. */
  async function announce(id: string): Promise<void> {
    const [partner] = await ports.database.rows(
      Announced,
      sql`SELECT p.version, (SELECT jsonb_agg(recent) FROM (
            SELECT k.id, k.counter_id, k.version, jsonb_build_array(jsonb_build_object('by', 'hash', 'value', k.key_hash),
              jsonb_build_object('by', 'key_id', 'value', k.key_id)) AS lookups
            FROM api_key k WHERE k.partner_id = p.id ORDER BY k.last_used_at DESC NULLS LAST LIMIT ${MAX_ANNOUNCED}) recent) AS keys
          FROM partner p WHERE p.id = ${id}`,
    );
    if (!partner) return;
    await Promise.all(
      ['live', 'test'].map((environment) =>
        ports.limiter.announcePartner(partnerObjectName(id, environment), partner.version),
      ),
    );
    const keys = partner.keys ?? [];
    await ports.directory.forget(keys.flatMap(({ lookups }) => lookups));
    const changed = keys.map(({ id: key, counter_id: counterId, version }) => ({
      id: key,
      counterId,
      key: version,
      partner: partner.version,
    }));
    // Whatever is not heard, the announcement service says again.
    await ports.limiter.announceKeys(changed).catch(() => undefined);
  };
