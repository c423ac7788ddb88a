// Every change of a partner is one transaction with its audit row, and is announced to the limiters of the partner and of its
// keys: in force everywhere when it returns.

import { type SQL, sql } from 'drizzle-orm';
import { type Actor, type AuditAction, auditRow } from '../audit/audit-store.ts';
import { type Expected, isExpected, PARTNER_ETAG, partnerChanged } from '../audit/version-store.ts';
import type { OriginService } from '../blocks/origin-service.ts';
import type { Recipient } from '../mail/notices.ts';
import { recipientsOf } from '../mail/recipients-store.ts';
import type { Database } from '../platform/database.ts';
import { json, row } from '../platform/row.ts';
import type { PartnerView } from './partner-view-store.ts';

const Changed = row('partner that was written', { owners: json<Recipient[]>().nullable() });

export type PartnerReader = (id: string) => Promise<PartnerView>;

export function createWriter(
  { database, origins }: { database: Database; origins: Pick<OriginService, 'publish'> },
  announce: (id: string) => Promise<void>,
  get: PartnerReader,
) {
  async function write(
    id: string,
    set: ReturnType<typeof sql>,
    actor: Actor,
    action: AuditAction,
    details: object,
    event: SQL = sql`SELECT 1`,
    /** Of the partner as it is, `b`: where it is not so, nothing is written. */
    when: SQL = sql`true`,
  ) {
    const [changed] = await database.rows(
      Changed,
      sql`
      WITH before AS (SELECT id, status, ${PARTNER_ETAG} AS etag FROM partner p WHERE id = ${id}::uuid FOR UPDATE),
      changed AS (UPDATE partner p SET ${set}, updated_at = now() FROM before b WHERE p.id = b.id AND ${when}
        RETURNING p.id AS partner_id, p.status),
      event AS (${event}),
      audit AS (${auditRow(actor, action, { partner_id: id }, details)})
      SELECT ${recipientsOf(sql`changed.partner_id`)} AS owners FROM changed`,
    );
    return changed;
  }

  /** What was written, in force everywhere. */
  async function published(id: string): Promise<PartnerView> {
    await announce(id);
    await origins.publish();
    return get(id);
  }

  /** @throws AppError precondition_failed where it is another by now */
  async function update(
    id: string,
    set: SQL,
    actor: Actor,
    action: AuditAction,
    details: object,
    expected?: Expected,
  ): Promise<PartnerView> {
    const when = isExpected(sql`b.etag`, expected);
    if (await write(id, set, actor, action, details, undefined, when)) return published(id);
    await get(id);
    throw await partnerChanged(database, id);
  }
  return { write, published, update };
}

export type PartnerWriter = ReturnType<typeof createWriter>;
