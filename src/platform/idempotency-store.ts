// Answers by Idempotency-Key, for a day. Kept in an envelope, because an answer may hold a secret.

import { sql } from 'drizzle-orm';
import { AppError } from '../core/errors.ts';
import { type KeyEncryptionKeys, openEnvelope, sealEnvelope } from '../keys/envelope.ts';
import type { Database } from './database.ts';

export interface KeptAnswer {
  status: number;
  body: string;
}

export function createIdempotencyStore(database: Database, keks: KeyEncryptionKeys) {
  return {
    /** Claims the key for this request; the answer, when it was given before. */
    async begin(owner: string, key: string, requestHash: string): Promise<KeptAnswer | undefined> {
      const [row] = await database.rows<{
        mine: boolean;
        request_hash: string;
        status: number | null;
        answer: string | null;
      }>(sql`
        WITH claimed AS (
          INSERT INTO idempotency_key AS i (owner, key, request_hash) VALUES (${owner}, ${key}, ${requestHash})
          ON CONFLICT (owner, key) DO UPDATE SET request_hash = excluded.request_hash, created_at = now()
            WHERE i.status IS NULL AND i.created_at < now() - interval '1 minute' RETURNING 1)
        SELECT true AS mine, ${requestHash} AS request_hash, NULL::int AS status, NULL::text AS answer FROM claimed
        UNION ALL SELECT false, request_hash, status, answer_envelope FROM idempotency_key
          WHERE owner = ${owner} AND key = ${key} AND NOT EXISTS (SELECT 1 FROM claimed)`);
      if (!row || row.mine) return undefined;
      if (row.request_hash !== requestHash) throw new AppError('idempotency_mismatch');
      if (row.status === null || row.answer === null) {
        throw new AppError('conflict', 'A request with this Idempotency-Key is still running');
      }
      return { status: row.status, body: await openEnvelope(keks, row.answer, `${owner}:${key}`) };
    },
    async finish(owner: string, key: string, answer: KeptAnswer): Promise<void> {
      const envelope = await sealEnvelope(keks, answer.body, `${owner}:${key}`);
      await database.rows(sql`UPDATE idempotency_key SET status = ${answer.status}, answer_envelope = ${envelope}
        WHERE owner = ${owner} AND key = ${key}`);
    },
    /** After a failure: the same key may be tried again. */
    release: (owner: string, key: string): Promise<unknown> =>
      database.rows(
        sql`DELETE FROM idempotency_key WHERE owner = ${owner} AND key = ${key} AND status IS NULL`,
      ),
  };
}

export type IdempotencyStore = ReturnType<typeof createIdempotencyStore>;
