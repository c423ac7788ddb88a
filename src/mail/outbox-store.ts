// Mails of your machine, newest first.

import { sql } from 'drizzle-orm';
import { newId } from '../core/ids.ts';
import type { Database } from '../platform/database.ts';
import { type RowOf, row, text, time, uuid } from '../platform/row.ts';

const OutboxMail = row('mail of the outbox', {
  id: uuid,
  recipient: text,
  subject: text,
  body: text,
  createdAt: time,
});
export type OutboxMail = RowOf<typeof OutboxMail>;

export const createOutboxStore = (database: Database) => ({
  keep: ({ to, subject, body }: { to: string; subject: string; body: string }): Promise<unknown> =>
    database.run(
      sql`INSERT INTO outbox_mail (id, recipient, subject, body) VALUES (${newId()}, ${to}, ${subject}, ${body})`,
    ),
  list: (recipient: string | undefined): Promise<OutboxMail[]> =>
    database.rows(
      OutboxMail,
      sql`
      SELECT id, recipient, subject, body, created_at AS "createdAt" FROM outbox_mail
      WHERE ${recipient ?? null}::text IS NULL OR recipient = ${recipient ?? null} ORDER BY id DESC LIMIT 50`,
    ),
});

export type OutboxStore = ReturnType<typeof createOutboxStore>;
