// Reminders of invoices that are overdue, by mail, on the days of a schedule: each once, however often the job runs. What was
// missed is made up for by one reminder, of the latest day. Fails open: what reached nobody is tried again by the next run.

import { sql } from 'drizzle-orm';
import type { Database } from '../platform/database.ts';
import { number, type RowOf, row, uuid } from '../platform/row.ts';
import type { InvoiceViews } from './invoice-store.ts';
import type { MoneyNotices } from './money-notices.ts';

/** Each is a statement or two, and as many mails as there are owners: the rest is for the next run. */
const MAX_REMINDERS_A_RUN = 100;

const Due = row('reminder that is due', { id: uuid, day: number.notNull('a group has a day') });

interface Ports {
  database: Database;
  views: Pick<InvoiceViews, 'get'>;
  notices: Pick<MoneyNotices, 'invoiceOverdue'>;
  /** After the due date, ascending. */
  reminderDays: readonly number[];
}

export function createReminders({ database, views, notices, reminderDays }: Ports) {
  const days = JSON.stringify(reminderDays);

  const due = (nowMs: number): Promise<RowOf<typeof Due>[]> => {
    const at = new Date(nowMs).toISOString();
    return database.rows(
      Due,
      sql`
      SELECT i.id, max(d.day::int) AS day FROM invoice i
      JOIN jsonb_array_elements_text(${days}::jsonb) AS d(day) ON i.due_at + make_interval(days => d.day::int) <= ${at}::timestamptz
      WHERE i.kind = 'invoice' AND i.status = 'open'
      GROUP BY i.id, i.due_at
      HAVING NOT EXISTS (SELECT 1 FROM invoice_reminder r WHERE r.invoice_id = i.id AND r.day >= max(d.day::int))
      ORDER BY i.due_at, i.id LIMIT ${MAX_REMINDERS_A_RUN}`,
    );
  };

  /** Whether this run is the one that sends it. */
  const claim = async ({ id, day }: RowOf<typeof Due>): Promise<boolean> =>
    (await database.run(
      sql`INSERT INTO invoice_reminder (invoice_id, day) VALUES (${id}::uuid, ${day}::int) ON CONFLICT DO NOTHING RETURNING day`,
    )) > 0;

  const release = ({ id, day }: RowOf<typeof Due>): Promise<unknown> =>
    database.run(
      sql`DELETE FROM invoice_reminder WHERE invoice_id = ${id}::uuid AND day = ${day}::int RETURNING day`,
    );

  /** How many were sent. */
  return async function remind(nowMs: number): Promise<number> {
    if (reminderDays.length === 0) return 0;
    let sent = 0;
    for (const each of await due(nowMs)) {
      if (!(await claim(each))) continue;
      if (await notices.invoiceOverdue(await views.get(null, each.id))) sent++;
      else await release(each);
    }
    return sent;
  };
}
