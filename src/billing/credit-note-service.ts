// Credit notes: what takes back part of an invoice, or all of it.

import { sql } from 'drizzle-orm';
import type { Actor } from '../audit/audit-store.ts';
import { AppError } from '../core/errors.ts';
import { type Database, isViolation } from '../platform/database.ts';
import { number, type RowOf, row, text, uuid } from '../platform/row.ts';
import { taxOf } from './amounts.ts';
import type { Invoice, InvoiceViews } from './invoice-store.ts';
import type { MoneyNotices } from './money-notices.ts';

export interface CreditWish {
  netMinor: number;
  reason: string;
  /** With whose it is. */
  idempotencyKey?: string | null;
}

const Issued = row('credit note that was issued', { id: uuid.notNull('every document has an id') });

const Note = row('credit note of a key', {
  id: uuid,
  credits_id: uuid.nullable(),
  subtotal_minor: number,
  reason: text.nullable(),
});

interface Ports {
  now(): number;
  newId(): string;
  notices: Pick<MoneyNotices, 'creditIssued'>;
}

/** The document, in the form that `issue_credit_note` takes. */
function noteFor(
  invoice: Invoice,
  { netMinor, reason, idempotencyKey = null }: CreditWish,
  ids: Omit<Ports, 'notices'>,
) {
  const line = {
    kind: 'credit',
    from_at: `${invoice.period_start}T00:00:00Z`,
    to_at: `${invoice.period_end}T00:00:00Z`,
    quantity: 0,
    amount_minor: -netMinor,
    note: reason,
  };
  // The last note takes back what the others left of the tax, so that roundings do not add up.
  const isLast = netMinor === invoice.subtotal_minor - invoice.credited_net_minor;
  const taxLeft = invoice.tax_minor - (invoice.credited_minor - invoice.credited_net_minor);
  const taxMinor = -(isLast ? taxLeft : Math.min(taxLeft, taxOf(netMinor, invoice.tax_bps)));
  return {
    id: ids.newId(),
    kind: 'credit_note',
    partner_id: invoice.partner_id,
    period_start: invoice.period_start,
    period_end: invoice.period_end,
    currency: invoice.currency,
    subtotal_minor: -netMinor,
    tax_bps: invoice.tax_bps,
    tax_minor: taxMinor,
    total_minor: taxMinor - netMinor,
    issued_at: new Date(ids.now()).toISOString(),
    due_at: new Date(ids.now()).toISOString(),
    credits_id: invoice.id,
    reason,
    idempotency_key: idempotencyKey,
    seller: invoice.seller,
    buyer: invoice.buyer,
    lines: [line],
  };
}

export function createCreditNotes(database: Database, views: InvoiceViews, ports: Ports) {
  /** The credit note that was made with this key. @throws AppError idempotency_mismatch when it was asked for otherwise */
  async function noteOf(idempotencyKey: string, wanted: Omit<RowOf<typeof Note>, 'id'>): Promise<Invoice> {
    const [note] = await database.rows(
      Note,
      sql`
      SELECT id, credits_id, subtotal_minor, reason FROM invoice WHERE idempotency_key = ${idempotencyKey}`,
    );
    const isSame =
      note?.credits_id === wanted.credits_id &&
      note.subtotal_minor === wanted.subtotal_minor &&
      note.reason === wanted.reason;
    if (!isSame) throw new AppError('idempotency_mismatch');
    return views.get(null, note.id);
  }

  return {
    /**
     * Takes back part of an invoice, or all of it: `netMinor` before tax, at most what was not yet taken back.
     * `idempotencyKey`: one key makes one note, ever; asked again with it, this is that note.
     */
    async credit(id: string, wish: CreditWish, actor: Actor): Promise<Invoice> {
      const document = noteFor(await views.get(null, id), wish, ports);
      try {
        const [issued] = await database.rows(
          Issued,
          sql`SELECT id FROM issue_credit_note(${JSON.stringify(document)}::jsonb, ${actor.name}, ${actor.ip}, ${actor.requestId})`,
        );
        if (!issued) throw new AppError('conflict', 'Nothing is left to credit');
        const note = await views.get(null, issued.id);
        await ports.notices.creditIssued(note);
        return note;
      } catch (error) {
        if (isViolation(error, 'restrict'))
          throw new AppError('conflict', 'Only an invoice that is not void can be credited');
        if (isViolation(error, 'check'))
          throw new AppError('conflict', 'More than what is left of the invoice cannot be credited');
        if (isViolation(error, 'unique') && wish.idempotencyKey) return noteOf(wish.idempotencyKey, document);
        throw error;
      }
    },
  };
}
