// Grants, their codes and their refresh tokens. Each code and each refresh token is for one use: the statement that uses it makes
// the next, or finds that it was used.

import { type SQL, sql } from 'drizzle-orm';
import { KEY_ID } from '../keys/key-columns-store.ts';
import type { Database } from '../platform/database.ts';
import { boolean, row, text, uuid } from '../platform/row.ts';

const Shown = row('code or refresh token that was shown', {
  keyId: KEY_ID,
  clientId: text,
  resource: text.nullable(),
  /** Of the DPoP key that it is bound to. */
  jkt: text.nullable(),
  /** Of codes. */
  redirectUri: text.nullable(),
  challenge: text.nullable(),
  isUsed: boolean.notNull('IS NOT NULL'),
  isOver: boolean.notNull('a comparison of what is never null'),
});
const Used = row('grant whose code or refresh token was used', { id: uuid });

/** A refresh token to come: its hash, and what it is bound to. */
export interface NextToken {
  hash: string;
  jkt: string | undefined;
}

/** A refresh token that is not used for this long ends; never later than its grant. */
const REFRESH_DAYS = 30;
export const CODE_SECONDS = 300;

export interface NewGrant {
  subject: string;
  clientId: string;
  codeHash: string;
  redirectUri: string;
  challenge: string;
  resource: string | undefined;
  jkt: string | undefined;
}

/**
 * To be run with the insertion of its key. What came of the same request before, and nobody has used, is replaced by it; so is
 * what nobody came for.
 */
export const grantRows = (id: string, grant: NewGrant): SQL[] => [
  sql`UPDATE api_key k SET is_active = false, revoked_at = now(), revoked_reason = 'its program never came for it'
    FROM oauth_grant g JOIN oauth_code c ON c.api_key_id = g.api_key_id
    WHERE k.id = g.api_key_id AND k.is_active AND g.subject = ${grant.subject} AND c.used_at IS NULL
      AND (c.expires_at < now() OR (g.client_id = ${grant.clientId} AND c.challenge = ${grant.challenge}))`,
  sql`INSERT INTO oauth_grant (api_key_id, subject, client_id)
    SELECT k.id, ${grant.subject}, ${grant.clientId} FROM api_key k WHERE k.id = ${id}::uuid`,
  sql`INSERT INTO oauth_code (code_hash, api_key_id, redirect_uri, challenge, resource, jkt, expires_at)
    SELECT ${grant.codeHash}, k.id, ${grant.redirectUri}, ${grant.challenge}, ${grant.resource ?? null}::text, ${grant.jkt ?? null}::text,
      now() + make_interval(secs => ${CODE_SECONDS}) FROM api_key k WHERE k.id = ${id}::uuid`,
];

const nextToken = ({ hash, jkt }: NextToken): SQL => sql`next AS (
  INSERT INTO oauth_refresh_token (token_hash, api_key_id, resource, jkt, expires_at)
  SELECT ${hash}, u.api_key_id, u.resource, ${jkt ?? null}::text, least(now() + make_interval(days => ${REFRESH_DAYS}), k.expires_at)
  FROM used u JOIN api_key k ON k.id = u.api_key_id)`;

export function createGrantStore(database: Database) {
  const one = async (statement: SQL) => (await database.rows(Shown, statement))[0];

  return {
    code: (codeHash: string) =>
      one(sql`SELECT k.key_id AS "keyId", g.client_id AS "clientId", c.resource, c.jkt, c.redirect_uri AS "redirectUri", c.challenge,
          c.used_at IS NOT NULL AS "isUsed", c.expires_at <= now() AS "isOver"
        FROM oauth_code c JOIN oauth_grant g ON g.api_key_id = c.api_key_id JOIN api_key k ON k.id = c.api_key_id
        WHERE c.code_hash = ${codeHash}`),

    refreshToken: (tokenHash: string) =>
      one(sql`SELECT k.key_id AS "keyId", g.client_id AS "clientId", t.resource, t.jkt, NULL::text AS "redirectUri", NULL::text AS challenge,
          t.replaced_at IS NOT NULL AS "isUsed", t.expires_at <= now() AS "isOver"
        FROM oauth_refresh_token t JOIN oauth_grant g ON g.api_key_id = t.api_key_id JOIN api_key k ON k.id = t.api_key_id
        WHERE t.token_hash = ${tokenHash}`),

    /** Whether nobody had used it before. `next`: the refresh token that comes of it. */
    async useCode(codeHash: string, next: NextToken): Promise<boolean> {
      const used = await database.rows(
        Used,
        sql`WITH used AS (UPDATE oauth_code SET used_at = now() WHERE code_hash = ${codeHash} AND used_at IS NULL
            RETURNING api_key_id, resource), ${nextToken(next)}
          SELECT api_key_id AS id FROM used`,
      );
      return used.length > 0;
    },

    async useRefreshToken(tokenHash: string, next: NextToken): Promise<boolean> {
      const used = await database.rows(
        Used,
        sql`WITH used AS (UPDATE oauth_refresh_token SET replaced_at = now() WHERE token_hash = ${tokenHash}
            AND replaced_at IS NULL RETURNING api_key_id, resource), ${nextToken(next)}
          SELECT api_key_id AS id FROM used`,
      );
      return used.length > 0;
    },
  };
}

export type GrantStore = ReturnType<typeof createGrantStore>;
