// Letters that could not be folded, kept as bytes: one row a statement, so that none can take another with it.

import { sql } from 'drizzle-orm';
import { fromBase64, toBase64 } from '../core/encoding.ts';
import type { Database } from '../platform/database.ts';
import { number, type RowOf, row, text, time, uuid } from '../platform/row.ts';
import { storableText } from './storable.ts';

const MAX_REASON_BYTES = 256;

const Letter = row('dead letter', {
  id: uuid,
  queue: text,
  /** Base64, in lines. */
  body: text,
  /** Why it was set aside; null for letters from before it was kept. */
  reason: text.nullable(),
  /** How often it was set aside. */
  times: number,
  receivedAt: time,
  replayedAt: time.nullable(),
});
export type DeadLetter = Omit<RowOf<typeof Letter>, 'body'> & { body: Uint8Array<ArrayBuffer> };
const toLetter = (letter: RowOf<typeof Letter>): DeadLetter => ({
  ...letter,
  body: fromBase64(letter.body.replaceAll('\n', '')),
});
const Kept = row('dead letter that was kept', { id: uuid });

const LETTER = sql`SELECT id, queue, encode(body, 'base64') AS body, reason, times, received_at AS "receivedAt",
  replayed_at AS "replayedAt" FROM dead_letter`;

export function createDeadLetterStore(database: Database, newId: () => string) {
  return {
    /** What was set aside before, and comes again, is the same letter: it waits again. The letter's id. */
    async keep(queue: string, body: Uint8Array, reason: string): Promise<string> {
      const [letter] = await database.rows(
        Kept,
        sql`
        INSERT INTO dead_letter AS d (id, queue, body, reason)
        VALUES (${newId()}, ${storableText(queue, MAX_REASON_BYTES)}, decode(${toBase64(body)}, 'base64'),
          ${storableText(reason, MAX_REASON_BYTES)})
        ON CONFLICT (digest) DO UPDATE SET replayed_at = NULL, received_at = now(), times = d.times + 1,
          reason = excluded.reason
        RETURNING id`,
      );
      return letter?.id ?? '';
    },
    /** Newest first. `before`: the id of the last one seen. */
    async list(limit: number, before?: string): Promise<DeadLetter[]> {
      const rows = await database.rows(
        Letter,
        sql`
        ${LETTER} WHERE ${before ?? null}::uuid IS NULL OR id < ${before ?? null}::uuid ORDER BY id DESC LIMIT ${limit}`,
      );
      return rows.map(toLetter);
    },
    async find(id: string): Promise<DeadLetter | undefined> {
      const [letter] = await database.rows(Letter, sql`${LETTER} WHERE id = ${id}`);
      return letter && toLetter(letter);
    },
    /** Unless it was set aside again meanwhile: then it still waits. */
    markReplayed: ({ id, times }: DeadLetter): Promise<unknown> =>
      database.run(
        sql`UPDATE dead_letter SET replayed_at = now() WHERE id = ${id} AND times = ${times} AND replayed_at IS NULL`,
      ),
  };
}

export type DeadLetterStore = ReturnType<typeof createDeadLetterStore>;
