// A partner may ask a second factor of all its members: who has none is led to the page where it is set up, and can do nothing
// else, by page or by program.

import { sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import type { Notify } from '../mail/notices.ts';
import type { Database } from '../platform/database.ts';
import { command, query } from '../platform/query.ts';
import { row, text } from '../platform/row.ts';

const Member = row('member without a second factor', {
  email: text,
  language: text.nullable(),
  partner: text,
});

export function createFactorDuty({ database, notify }: { database: Database; notify: Notify }) {
  const without = (partnerId: string) =>
    query(
      Member,
      sql`SELECT m.email, a.language, p.name AS partner FROM partner_member m JOIN partner p ON p.id = m.partner_id
        LEFT JOIN dev_accounts a ON a.id = m.subject
        WHERE m.partner_id = ${partnerId}::uuid AND a.two_factor_enabled IS NOT TRUE ORDER BY m.created_at, m.subject LIMIT 500`,
    );
  return {
    membersWithoutFactor: async (partnerId: string): Promise<number> =>
      (await database.batch(without(partnerId)))[0].length,
    /** Whoever has none is told when it is asked for. The same again changes nothing and tells nobody. */
    async requireFactor(partnerId: string, isRequired: boolean, actor: Actor, origin: string): Promise<void> {
      const [changed, members] = await database.batch(
        command(sql`WITH changed AS (UPDATE partner SET requires_factor = ${isRequired}, updated_at = now()
            WHERE id = ${partnerId}::uuid AND requires_factor <> ${isRequired} RETURNING id AS partner_id),
          audit AS (${auditRow(actor, 'partner.factor_changed', { partner_id: partnerId }, { required: isRequired })})
          SELECT * FROM changed`),
        without(partnerId),
      );
      if (changed === 0 || !isRequired) return;
      await Promise.all(
        members.map((member) =>
          notify(member, 'factorRequired', { name: member.partner, path: '/portal', origin }),
        ),
      );
    },
  };
}
