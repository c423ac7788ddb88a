// Ends an account: memberships, sessions, ways in and personal data go with it, in one transaction with the audit. Entries of
// the audit and invoices stay, as the law asks; they name the account by an id that leads to nobody any more.

import { sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import type { Database } from '../platform/database.ts';
import { command, query } from '../platform/query.ts';
import { row, text } from '../platform/row.ts';

const SolelyOwned = row('partner with a sole owner', { name: text });
const Gone = row('account that is gone', { id: text });

/** Of a person: the account, and the identities that it is linked with. */
const subjectsOf = (account: string) => sql`(SELECT ${account}::text UNION ALL
  SELECT provider_id || '|' || subject FROM dev_credential WHERE account_id = ${account} AND provider_id <> 'credential')`;

export const createDeletionStore = (database: Database) => ({
  /** The partners that would be without an owner: while there is one, nothing is deleted. `isGone`: it is. */
  async delete(account: string, actor: Actor): Promise<{ isGone: boolean; owned: string[] }> {
    const subjects = subjectsOf(account);
    const solelyOwned = sql`partner_member m WHERE m.subject IN ${subjects} AND m.role = 'owner' AND NOT EXISTS (
      SELECT 1 FROM partner_member o WHERE o.partner_id = m.partner_id AND o.role = 'owner' AND o.subject NOT IN ${subjects})`;
    const [, owned, gone] = await database.batch(
      // Two owners who leave at once wait for each other, in one order.
      command(sql`SELECT 1 FROM partner_member WHERE role = 'owner' AND partner_id IN (SELECT partner_id FROM partner_member
        WHERE subject IN ${subjects}) ORDER BY partner_id, subject FOR UPDATE`),
      query(
        SolelyOwned,
        sql`SELECT p.name FROM partner p WHERE p.id IN (SELECT m.partner_id FROM ${solelyOwned}) ORDER BY p.name, p.id LIMIT 20`,
      ),
      query(
        Gone,
        sql`WITH person AS (SELECT id, lower(email) AS email FROM dev_accounts
            WHERE id = ${account} AND NOT is_operator AND NOT EXISTS (SELECT 1 FROM ${solelyOwned})),
          changed AS (DELETE FROM partner_member m WHERE m.subject IN ${subjects} AND EXISTS (SELECT 1 FROM person)
            RETURNING m.partner_id),
          invitations AS (UPDATE partner_invitation i SET
              email = CASE WHEN i.email = p.email THEN 'deleted-' || i.id || '@deleted.invalid' ELSE i.email END,
              withdrawn_at = CASE WHEN i.accepted_at IS NULL THEN coalesce(i.withdrawn_at, now()) ELSE i.withdrawn_at END
            FROM person p WHERE i.email = p.email OR i.invited_by = 'developer:' || p.id),
          partners AS (UPDATE partner q SET updated_at = now(),
              billing_email = CASE WHEN lower(q.billing_email) = p.email THEN NULL ELSE q.billing_email END,
              email = CASE WHEN lower(q.email) = p.email THEN coalesce((SELECT o.email FROM partner_member o
                WHERE o.partner_id = q.id AND o.role = 'owner' AND o.subject NOT IN ${subjects}
                  AND NOT EXISTS (SELECT 1 FROM partner x WHERE lower(x.email) = lower(o.email))
                ORDER BY o.created_at, o.subject LIMIT 1), 'deleted-' || q.id || '@deleted.invalid') ELSE q.email END
            FROM person p WHERE lower(q.email) = p.email OR lower(q.billing_email) = p.email),
          proofs AS (DELETE FROM dev_verification v USING person p WHERE v.value = p.id),
          account AS (DELETE FROM dev_accounts a USING person p WHERE a.id = p.id),
          audit AS (${auditRow(actor, 'account.deleted', { subject: account })})
          SELECT id FROM person`,
      ),
    );
    return { isGone: gone.length > 0, owned: owned.map(({ name }) => name) };
  },
});

export type DeletionStore = ReturnType<typeof createDeletionStore>;
