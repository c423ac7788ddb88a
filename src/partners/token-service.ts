// Personal tokens: a member's access to /api/dev for programs, to one partner. A token is shown once, ends within a year, and
// does what both its permissions and the member's role allow, now. It carries a signature of ours, so that a made-up one costs
// Postgres nothing.

import { sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import { sha256Hex, toBase64Url, utf8 } from '../core/encoding.ts';
import { AppError } from '../core/errors.ts';
import { hmacSha256 } from '../crypto/hmac.ts';
import type { Database } from '../platform/database.ts';
import { command } from '../platform/query.ts';
import { type RowOf, row, text, texts, time, uuid } from '../platform/row.ts';
import { textArray } from '../platform/sql.ts';
import type { Permission } from './permissions.ts';

const TokenView = row('personal token', {
  id: uuid,
  name: text,
  prefix: text,
  permissions: texts,
  createdAt: time,
  expiresAt: time,
  lastUsedAt: time.nullable(),
});
export type TokenView = RowOf<typeof TokenView>;
const Holder = row('holder of a personal token', { subject: text, partnerId: uuid, permissions: texts });
export type TokenHolder = RowOf<typeof Holder>;

const KIND = 'pt_';
const RANDOM_BYTES = 32;
const SIGNATURE_BYTES = 12;
const PREFIX_CHARS = 9;
const MAX_TOKENS = 20;
/** Its last use is written this often at most. */
const USED_SECONDS = 60;

export const isPersonalToken = (bearer: string): boolean => bearer.startsWith(KIND);

interface Member {
  partnerId: string;
  subject: string;
}

async function signatureOf(body: string, secret: string): Promise<string> {
  const signed = await hmacSha256(utf8(`personal token ${secret}`), body);
  return toBase64Url(signed.subarray(0, SIGNATURE_BYTES));
}

function createHolders(database: Database, secrets: readonly string[]) {
  /** Ours, whoever holds it: the table alone says whether it still is. */
  async function isOurs(token: string): Promise<boolean> {
    const [body = '', signature] = token.split('.');
    const signatures = await Promise.all(secrets.map((secret) => signatureOf(body, secret)));
    return signatures.includes(signature ?? '');
  }

  return {
    /** Whoever may act by it now; its use is noted. */
    async holder(token: string): Promise<TokenHolder | undefined> {
      if (!(await isOurs(token))) return undefined;
      const [holder] = await database.rows(
        Holder,
        sql`WITH token AS (SELECT id, subject, partner_id, permissions, last_used_at FROM dev_token
            WHERE token_hash = ${await sha256Hex(token)} AND expires_at > now()),
          used AS (UPDATE dev_token d SET last_used_at = now() FROM token t WHERE d.id = t.id
            AND (t.last_used_at IS NULL OR t.last_used_at < now() - make_interval(secs => ${USED_SECONDS})))
        SELECT subject, partner_id AS "partnerId", permissions FROM token`,
      );
      return holder;
    },
  };
}

/** `secrets`: any of which may have signed one, the newest first. */
export function createTokenService(database: Database, secrets: readonly string[]) {
  return {
    ...createHolders(database, secrets),
    /**
     * What is shown once; undefined where this `id`, the form's, has made one before.
     * @throws AppError conflict, where the member has too many
     */
    async make(
      { partnerId, subject }: Member,
      wanted: { id: string; name: string; permissions: readonly Permission[]; days: number },
      actor: Actor,
    ): Promise<string | undefined> {
      const { id, name, days } = wanted;
      const body = KIND + toBase64Url(crypto.getRandomValues(new Uint8Array(RANDOM_BYTES)));
      const token = `${body}.${await signatureOf(body, secrets[0] ?? '')}`;
      const [, known, made] = await database.batch(
        command(
          sql`SELECT 1 FROM partner_member WHERE partner_id = ${partnerId}::uuid AND subject = ${subject} FOR UPDATE`,
        ),
        command(sql`SELECT 1 FROM dev_token WHERE id = ${id}::uuid`),
        command(sql`WITH changed AS (INSERT INTO dev_token (id, partner_id, subject, name, token_hash, prefix, permissions, expires_at)
            SELECT ${id}::uuid, partner_id, subject, ${name}, ${await sha256Hex(token)}, ${token.slice(0, PREFIX_CHARS)},
              ${textArray(['read', ...wanted.permissions])}, now() + make_interval(days => ${days}::int)
            FROM partner_member WHERE partner_id = ${partnerId}::uuid AND subject = ${subject}
              AND (SELECT count(*) FROM dev_token WHERE partner_id = ${partnerId}::uuid AND subject = ${subject}) < ${MAX_TOKENS}
            ON CONFLICT (id) DO NOTHING RETURNING partner_id),
          audit AS (${auditRow(actor, 'token.created', { token_id: id, token: name }, { permissions: wanted.permissions, days })})
          SELECT * FROM changed`),
      );
      if (made > 0) return token;
      if (known > 0) return undefined;
      throw new AppError('conflict', `At most ${MAX_TOKENS} tokens. Revoke one that is not needed`);
    },

    /** Newest first. */
    list: ({ partnerId, subject }: Member): Promise<TokenView[]> =>
      database.rows(
        TokenView,
        sql`SELECT id, name, prefix, permissions, created_at AS "createdAt", expires_at AS "expiresAt", last_used_at AS "lastUsedAt"
          FROM dev_token WHERE partner_id = ${partnerId}::uuid AND subject = ${subject} ORDER BY created_at DESC, id LIMIT ${MAX_TOKENS}`,
      ),

    async revoke({ partnerId, subject }: Member, id: string, actor: Actor): Promise<void> {
      const revoked = await database.run(sql`
        WITH changed AS (DELETE FROM dev_token WHERE id = ${id}::uuid AND partner_id = ${partnerId}::uuid AND subject = ${subject}
            RETURNING partner_id, name),
          audit AS (${auditRow(actor, 'token.revoked', { token_id: id, token: sql`changed.name` })}) SELECT * FROM changed`);
      if (revoked === 0) throw new AppError('not_found', 'No such token');
    },
  };
}

export type TokenService = ReturnType<typeof createTokenService>;
