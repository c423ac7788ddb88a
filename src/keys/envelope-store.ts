// The envelopes of the database, wherever they are. After a rotation of the key-encryption key all are put under the current
// one; what does not open is told, and keeps nothing else from its turn.

import { sql } from 'drizzle-orm';
import { type KeyEncryptionKeys, rewrapEnvelope } from '../crypto/envelope.ts';
import type { Database } from '../platform/database.ts';
import { row, text } from '../platform/row.ts';

const MAX_A_RUN = 500;

/** All columns that hold envelopes, and what each envelope is bound to. */
export const ENVELOPES = [
  { table: 'api_key', column: 'secret_envelope', context: 'key_id' },
  {
    table: 'api_key_retired_secret',
    column: 'secret_envelope',
    context: '(SELECT k.key_id FROM api_key k WHERE k.id = api_key_id)',
  },
  { table: 'webhook_endpoint', column: 'secret_envelope', context: 'id::text' },
  { table: 'webhook_endpoint', column: 'old_secret_envelope', context: 'id::text' },
  { table: 'api_upstream', column: 'credential_envelope', context: 'url' },
  { table: 'idempotency_key', column: 'answer_envelope', context: "owner || ':' || key" },
] as const;

export interface Rewrapped {
  rewrapped: number;
  /** Those that do not open: their key-encryption key is gone, or they were changed. */
  failed: number;
}

const Envelope = row('envelope', {
  place: text,
  envelope: text.notNull('how it starts was looked at'),
  context: text.notNull('each is bound to what it belongs to'),
});

export function createEnvelopeStore(ports: {
  database: Database;
  keyEncryptionKeys: KeyEncryptionKeys;
  log(line: Record<string, unknown>): void;
}) {
  const { database, keyEncryptionKeys: keks, log } = ports;
  const current = `v1.${keks.current}.`;
  const openable = sql`SELECT jsonb_array_elements_text(${JSON.stringify(Object.keys(keks.keys))}::jsonb)`;

  async function rewrapColumn({ table, column, context }: (typeof ENVELOPES)[number]): Promise<Rewrapped> {
    const [of, envelope] = [sql.identifier(table), sql.identifier(column)];
    // By where it stands: the row is there, and nothing else may have been put in its place.
    const rows = await database.rows(
      Envelope,
      sql`
      SELECT ctid::text AS place, ${envelope} AS envelope, ${sql.raw(context)} AS context FROM ${of}
      WHERE NOT starts_with(${envelope}, ${current})
      ORDER BY split_part(${envelope}, '.', 2) IN (${openable}) DESC LIMIT ${MAX_A_RUN}`,
    );
    let failed = 0;
    for (const { place, envelope: old, context: bound } of rows) {
      try {
        const fresh = await rewrapEnvelope(keks, old, bound);
        await database.run(
          sql`UPDATE ${of} SET ${envelope} = ${fresh} WHERE ctid = ${place}::tid AND ${envelope} = ${old}`,
        );
      } catch (error) {
        failed++;
        log({ message: 'envelope not rewrapped', level: 'error', table, of: bound, error: String(error) });
      }
    }
    return { rewrapped: rows.length - failed, failed };
  }

  return {
    /** At most 500 of each column. */
    async rewrap(): Promise<Rewrapped> {
      const sum = { rewrapped: 0, failed: 0 };
      for (const each of ENVELOPES) {
        const { rewrapped, failed } = await rewrapColumn(each);
        sum.rewrapped += rewrapped;
        sum.failed += failed;
      }
      return sum;
    },
  };
}

export type EnvelopeStore = ReturnType<typeof createEnvelopeStore>;
