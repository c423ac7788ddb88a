// Blocks of addresses by operators: made and lifted with a reason, audited, and told to the edges.

import { sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import { AppError, invalid } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { isInRanges, isWider } from '../core/ip-list.ts';
import type { Database } from '../platform/database.ts';
import { type RowOf, row, text, time, uuid } from '../platform/row.ts';
import type { AddressBlocks, BlockedRange } from './address-blocks.ts';

const BlockView = row('address block', {
  id: uuid,
  range: text,
  reason: text,
  created_by: text,
  created_at: time,
  expires_at: time.nullable(),
});
export type BlockView = RowOf<typeof BlockView>;

const IN_FORCE = sql`lifted_at IS NULL AND (expires_at IS NULL OR expires_at > now())`;
const MAX_BLOCKS = 1000;

/** What no network is as large as: wider, a slip would shut out whole countries. */
const WIDEST = { v4: 16, v6: 32 };
const TOO_WIDE = {
  v4: `must not be wider than /${WIDEST.v4}: block several narrower ranges`,
  v6: `must not be wider than /${WIDEST.v6} in IPv6: block several narrower ranges`,
};

const refused = (message: string): AppError => invalid('range', message);

/** @throws AppError validation_error */
function checkRange(range: string, { ip }: Actor): void {
  if (isWider(range, WIDEST)) throw refused(range.includes(':') ? TOO_WIDE.v6 : TOO_WIDE.v4);
  if (ip !== null && isInRanges(ip, [range])) throw refused('must not hold the address that you are at');
}

export function createBlockService(ports: { database: Database; blocks: AddressBlocks }) {
  const { database, blocks } = ports;

  /** Those in force, newest first. */
  const list = (): Promise<BlockView[]> =>
    database.rows(
      BlockView,
      sql`
      SELECT id, range::text, reason, created_by, created_at, expires_at FROM address_block WHERE ${IN_FORCE}
      ORDER BY id DESC LIMIT ${MAX_BLOCKS}`,
    );

  async function publish(): Promise<number> {
    const current = (await list()).map(
      ({ range, expires_at }): BlockedRange => ({
        range,
        untilMs: expires_at === null ? null : Date.parse(expires_at),
      }),
    );
    await blocks.publish(current);
    return current.length;
  }

  return {
    list,
    /** Again every hour, so that no edge keeps what was missed. */
    publish,

    /** @throws AppError validation_error for a range that is too wide, or shuts out whoever asks */
    async create(
      wanted: { range: string; reason: string; expiresAt: string | null },
      actor: Actor,
    ): Promise<BlockView> {
      checkRange(wanted.range, actor);
      const id = newId();
      await database.run(sql`
        WITH made AS (INSERT INTO address_block (id, range, reason, created_by, expires_at)
            VALUES (${id}, ${wanted.range}::inet, ${wanted.reason}, ${actor.name}, ${wanted.expiresAt}::timestamptz) RETURNING 1),
          changed AS (SELECT NULL::uuid AS partner_id FROM made),
          audit AS (${auditRow(actor, 'address.blocked', { block_id: id }, wanted)}) SELECT * FROM changed`);
      await publish();
      const made = (await list()).find((block) => block.id === id);
      if (!made) throw new AppError('conflict');
      return made;
    },

    async lift(id: string, reason: string, actor: Actor): Promise<void> {
      const changed = await database.run(sql`
        WITH lifted AS (UPDATE address_block SET lifted_at = now() WHERE id = ${id}::uuid AND lifted_at IS NULL RETURNING 1),
          changed AS (SELECT NULL::uuid AS partner_id FROM lifted),
          audit AS (${auditRow(actor, 'address.unblocked', { block_id: id }, { reason })}) SELECT * FROM changed`);
      if (changed === 0) throw new AppError('not_found', 'No such block');
      await publish();
    },
  };
}

export type BlockService = ReturnType<typeof createBlockService>;
