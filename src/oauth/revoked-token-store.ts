// Access tokens that end before their time. A trigger raises the version of the client's record, and with it every older
// record is stale: so a token that lives by itself is refused everywhere as soon as a revoked key is.

import { sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import type { Database } from '../platform/database.ts';
import { command, query } from '../platform/query.ts';
import { boolean, row } from '../platform/row.ts';

/** Of a client, at once: each is part of its record. Others end by themselves within a quarter of an hour. */
const MAX_REVOKED = 1000;

const Room = row('room for revoked tokens', { has: boolean.notNull('a comparison of counts') });

export function createRevokedTokens(database: Database) {
  return {
    /**
     * Whether it is revoked now; false where the client has revoked so many that no more are kept. Of one that ended there is
     * nothing to keep.
     */
    async revoke(
      client: { id: string; keyId: string },
      token: { jti: string; expiresMs: number },
      actor: Actor,
    ): Promise<boolean> {
      const [, , [room]] = await database.batch(
        command(sql`SELECT 1 FROM api_key WHERE id = ${client.id}::uuid FOR UPDATE`),
        command(sql`WITH gone AS (DELETE FROM revoked_token WHERE api_key_id = ${client.id}::uuid AND expires_at < now()),
          changed AS (
            INSERT INTO revoked_token (api_key_id, jti, expires_at)
            SELECT k.id, ${token.jti}::uuid, to_timestamp(${token.expiresMs / 1000}) FROM api_key k
            WHERE k.id = ${client.id}::uuid AND (SELECT count(*) FROM revoked_token r
              WHERE r.api_key_id = k.id AND r.expires_at > now()) < ${MAX_REVOKED}
            ON CONFLICT DO NOTHING RETURNING (SELECT k.partner_id FROM api_key k WHERE k.id = api_key_id) AS partner_id)
          ${auditRow(actor, 'access_token.revoked', { key_id: client.keyId }, { jti: token.jti })}`),
        query(
          Room,
          sql`SELECT EXISTS (SELECT 1 FROM revoked_token WHERE api_key_id = ${client.id}::uuid AND jti = ${token.jti}::uuid) AS has`,
        ),
      );
      return room?.has ?? false;
    },
  };
}

export type RevokedTokens = ReturnType<typeof createRevokedTokens>;
