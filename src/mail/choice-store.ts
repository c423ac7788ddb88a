// Which kinds of mail a member is sent. What is kept is what they do without, so that a new kind is sent to everybody.

import { sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import type { Database } from '../platform/database.ts';
import { boolean, row, text, texts } from '../platform/row.ts';
import { MAIL_KINDS, type MailChoices, type OptionalMail } from './kinds.ts';

const Choices = row('kinds of mail that a member does without', {
  partner: text,
  off: texts.notNull('none is an empty list'),
});
const Reader = row('reader of an optional mail', {
  subject: text,
  isOff: boolean.notNull('there is such a row or not'),
});

export interface Chooser {
  partnerId: string;
  subject: string;
}

export const createChoiceStore = (database: Database) => ({
  /** undefined: no member. `partner`: its name. */
  async of({ partnerId, subject }: Chooser): Promise<{ partner: string; choices: MailChoices } | undefined> {
    const [found] = await database.rows(
      Choices,
      sql`SELECT p.name AS partner, ARRAY(SELECT o.kind::text FROM mail_opt_out o
          WHERE o.partner_id = m.partner_id AND o.subject = m.subject) AS off
        FROM partner_member m JOIN partner p ON p.id = m.partner_id
        WHERE m.partner_id = ${partnerId}::uuid AND m.subject = ${subject}`,
    );
    if (!found) return undefined;
    const choices = Object.fromEntries(MAIL_KINDS.map((kind) => [kind, !found.off.includes(kind)]));
    return { partner: found.partner, choices: choices as MailChoices };
  },

  /** The member behind an address, and whether they do without this kind; undefined where it is no member's. */
  async reader({ partnerId, kind }: OptionalMail, email: string) {
    const [found] = await database.rows(
      Reader,
      sql`SELECT m.subject, o.kind IS NOT NULL AS "isOff" FROM partner_member m
        LEFT JOIN mail_opt_out o ON o.partner_id = m.partner_id AND o.subject = m.subject AND o.kind = ${kind}
        WHERE m.partner_id = ${partnerId}::uuid AND lower(m.email) = lower(${email})
        ORDER BY "isOff" DESC, m.subject LIMIT 1`,
    );
    return found;
  },

  /** The kinds that are named; the others stay as they are. */
  choose: ({ partnerId, subject }: Chooser, choices: Partial<MailChoices>, actor: Actor): Promise<unknown> =>
    database.run(sql`
      WITH chosen AS (SELECT key AS kind, value::boolean AS is_on FROM jsonb_each_text(${JSON.stringify(choices)}::jsonb)),
        resumed AS (DELETE FROM mail_opt_out o USING chosen c
          WHERE o.partner_id = ${partnerId}::uuid AND o.subject = ${subject} AND o.kind = c.kind AND c.is_on
          RETURNING o.partner_id, o.kind, true AS is_on),
        stopped AS (INSERT INTO mail_opt_out (partner_id, subject, kind)
          SELECT m.partner_id, m.subject, c.kind FROM chosen c, partner_member m
          WHERE m.partner_id = ${partnerId}::uuid AND m.subject = ${subject} AND NOT c.is_on
          ON CONFLICT DO NOTHING RETURNING partner_id, kind, false AS is_on),
        changed AS (SELECT partner_id, jsonb_object_agg(kind, is_on) AS mails
          FROM (SELECT * FROM resumed UNION ALL SELECT * FROM stopped) each GROUP BY partner_id),
        audit AS (${auditRow(actor, 'member.mails_changed', { subject }, { mails: sql`mails` })})
      SELECT 1 FROM changed`),
});

export type ChoiceStore = ReturnType<typeof createChoiceStore>;
