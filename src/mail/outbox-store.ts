// Mails of your machine, newest first.

import { sql } from 'drizzle-orm';
import { newId } from '../core/ids.ts';
import type { Database } from '../platform/database.ts';
import { boolean, type RowOf, row, text, time, uuid } from '../platform/row.ts';

const OutboxMail = row('mail of the outbox', {
  id: uuid,
  recipient: text,
  subject: text,
  /** Plain text. */
  body: text,
  /** What was kept before there was any has none. */
  hasHtml: boolean,
  createdAt: time,
});
const MailHtml = row('HTML of a mail', { html: text.notNull('only such a mail is asked for') });
export type OutboxMail = RowOf<typeof OutboxMail>;

interface KeptMail {
  to: string;
  subject: string;
  text: string;
  html: string;
  headers?: Record<string, string>;
}

export const createOutboxStore = (database: Database) => ({
  keep: (mail: KeptMail): Promise<unknown> =>
    database.run(
      sql`INSERT INTO outbox_mail (id, recipient, subject, body, html, headers)
        VALUES (${newId()}, ${mail.to}, ${mail.subject}, ${mail.text}, ${mail.html},
          ${mail.headers ? JSON.stringify(mail.headers) : null}::jsonb)`,
    ),
  list: (recipient: string | undefined): Promise<OutboxMail[]> =>
    database.rows(
      OutboxMail,
      sql`
      SELECT id, recipient, subject, body, html IS NOT NULL AS "hasHtml", created_at AS "createdAt" FROM outbox_mail
      WHERE ${recipient ?? null}::text IS NULL OR recipient = ${recipient ?? null} ORDER BY id DESC LIMIT 50`,
    ),
  async htmlOf(id: string): Promise<string | undefined> {
    const [mail] = await database.rows(
      MailHtml,
      sql`SELECT html FROM outbox_mail WHERE id = ${id}::uuid AND html IS NOT NULL`,
    );
    return mail?.html;
  },
});

export type OutboxStore = ReturnType<typeof createOutboxStore>;
