// Invoices and credit notes as people see them, and what may still happen to one: paid, void, credited.

import { sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import { AppError } from '../core/errors.ts';
import { isoDay, monthStart } from '../core/time.ts';
import { eventRow } from '../outbox/event-store.ts';
import { type Database, DatabaseRejected } from '../platform/database.ts';
import { json, number, oneOf, type RowOf, row, text, time, uuid } from '../platform/row.ts';
import { taxOf } from './amounts.ts';
import type { BillingStore } from './billing-store.ts';
import { type ClosedMonths, type ClosePorts, closeMonths, monthsUpTo, reckon } from './close-month.ts';
import type { Draft } from './invoice.ts';

export interface InvoiceLine {
  position: number;
  kind: 'plan' | 'overage' | 'adjustment' | 'credit';
  tier: string | null;
  app_id: string | null;
  app_name: string | null;
  from_at: string;
  to_at: string;
  quantity: number;
  unit_price_minor: number | null;
  amount_minor: number;
  note: string | null;
}

export interface Party {
  name: string;
  company?: string | null;
  email?: string | null;
  address?: string | null;
  tax_id?: string | null;
}

const InvoiceSummary = row('invoice in a list', {
  id: uuid,
  number: text,
  kind: oneOf(['invoice', 'credit_note']),
  partner_id: uuid,
  partner: text,
  period_start: text,
  period_end: text,
  currency: text,
  subtotal_minor: number,
  tax_bps: number,
  tax_minor: number,
  total_minor: number,
  /** What credit notes took back of it, as a positive amount. */
  credited_minor: number,
  /** The same before tax. */
  credited_net_minor: number,
  status: oneOf(['open', 'paid', 'void']),
  issued_at: time,
  due_at: time,
  settled_at: time.nullable(),
  /** Credit notes: the number of the invoice that they take back from. */
  credits: text.nullable(),
  reason: text.nullable(),
});
export type InvoiceSummary = RowOf<typeof InvoiceSummary>;

const Invoice = row('invoice', {
  ...InvoiceSummary.columns,
  seller: json<Party>(),
  buyer: json<Party>(),
  lines: json<InvoiceLine[]>().notNull('no document is without a line'),
});
export type Invoice = RowOf<typeof Invoice>;
const Spend = row('spend of a month', { month: text, currency: text, minor: number });
const Issued = row('credit note that was issued', { id: uuid.notNull('every document has an id') });

export interface Preview {
  /** The month under way, as it would be billed if nothing were called any more. */
  drafts: Draft[];
  /** The same, if calls go on at this month's pace. */
  forecast: Draft[];
  start: string;
  end: string;
  units: number;
  forecastUnits: number;
}

export interface CreditWish {
  netMinor: number;
  reason: string;
  /** With whose it is. */
  idempotencyKey?: string | null;
}

const Note = row('credit note of a key', {
  id: uuid,
  credits_id: uuid.nullable(),
  subtotal_minor: number,
  reason: text.nullable(),
});

export interface InvoiceFilter {
  partnerId?: string;
  status?: string;
  search?: string;
}

const CHECK_VIOLATION = '23514';
const RESTRICT_VIOLATION = '23001';
const UNIQUE_VIOLATION = '23505';

const SUMMARY = sql`
  SELECT i.id, i.number, i.kind, i.partner_id, p.name AS partner, i.period_start::text, i.period_end::text, i.currency,
    i.subtotal_minor, i.tax_bps, i.tax_minor, i.total_minor, i.status, i.issued_at, i.due_at, i.settled_at, i.reason,
    (SELECT coalesce(-sum(c.total_minor), 0) FROM invoice c WHERE c.credits_id = i.id) AS credited_minor,
    (SELECT coalesce(-sum(c.subtotal_minor), 0) FROM invoice c WHERE c.credits_id = i.id) AS credited_net_minor,
    (SELECT o.number FROM invoice o WHERE o.id = i.credits_id) AS credits
  FROM invoice i JOIN partner p ON p.id = i.partner_id`;

export function createInvoiceService(ports: {
  database: Database;
  store: BillingStore;
  now(): number;
  newId(): string;
  closing: Omit<ClosePorts, 'store' | 'newId'>;
}) {
  const { database, store, now, newId, closing } = ports;

  /** `partnerId` null: any partner's. */
  async function get(partnerId: string | null, id: string): Promise<Invoice> {
    const [invoice] = await database.rows(
      Invoice,
      sql`
      SELECT s.*, i.seller, i.buyer, (SELECT jsonb_agg(to_jsonb(l) - 'invoice_id' ORDER BY l.position)
        FROM invoice_line l WHERE l.invoice_id = s.id) AS lines
      FROM (${SUMMARY} WHERE i.id = ${id}::uuid AND (${partnerId}::uuid IS NULL OR i.partner_id = ${partnerId}::uuid)) s
      JOIN invoice i ON i.id = s.id`,
    );
    if (!invoice) throw new AppError('not_found', 'No such invoice');
    return invoice;
  }

  async function settle(
    id: string,
    status: 'paid' | 'void',
    reason: string | null,
    actor: Actor,
  ): Promise<Invoice> {
    const invoice = await get(null, id);
    if (invoice.status === status) return invoice;
    const { number, total_minor, currency } = invoice;
    const type = status === 'paid' ? 'invoice.paid' : 'invoice.voided';
    const changed = await database.run(sql`
      WITH changed AS MATERIALIZED (SELECT partner_id FROM settle_invoice(${id}::uuid, ${status}, ${reason})),
        event AS (${eventRow(type, { id, number, currency, total_minor })}),
        audit AS (${auditRow(actor, type, { invoice: number }, { reason })}) SELECT * FROM changed`);
    if (changed === 0)
      throw new AppError('conflict', 'Only an open invoice without credit notes can be voided');
    return get(null, id);
  }

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
    return get(null, note.id);
  }

  async function preview(partnerId: string): Promise<Preview> {
    const nowMs = now();
    const startMs = monthStart(nowMs);
    const start = isoDay(startMs);
    const facts = await store.facts(partnerId, monthsUpTo(start));
    if (!facts) throw new AppError('not_found', 'No such partner');
    const month = facts.months.at(-1);
    const units = month?.units ?? 0;
    const forecastUnits = Math.round(
      (units * (monthStart(nowMs, 1) - startMs)) / Math.max(1, nowMs - startMs),
    );
    const scaled = (count: number) => (units === 0 ? 0 : Math.round((count * forecastUnits) / units));
    const ahead = facts.months.map((each) =>
      each === month
        ? {
            ...each,
            units: forecastUnits,
            apps: each.apps.map((app) => ({ ...app, units: scaled(app.units) })),
          }
        : each,
    );
    return {
      drafts: reckon(facts).drafts,
      forecast: reckon({ ...facts, months: ahead }).drafts,
      start,
      end: isoDay(monthStart(nowMs, 1) - 1),
      units,
      forecastUnits,
    };
  }

  return {
    get,
    preview,
    /** Newest first. `before`: the id of the last one seen. */
    list: (limit: number, before: string | undefined, filter: InvoiceFilter): Promise<InvoiceSummary[]> =>
      database.rows(
        InvoiceSummary,
        sql`${SUMMARY}
        WHERE (${filter.partnerId ?? null}::uuid IS NULL OR i.partner_id = ${filter.partnerId ?? null}::uuid)
          AND (${filter.status ?? null}::text IS NULL OR i.status = ${filter.status ?? null}::text)
          AND (${filter.search ?? null}::text IS NULL OR strpos(lower(i.number || ' ' || p.name), lower(${filter.search ?? null})) > 0)
          AND (${before ?? null}::uuid IS NULL OR (i.issued_at, i.id) <
            (SELECT b.issued_at, b.id FROM invoice b WHERE b.id = ${before ?? null}::uuid))
        ORDER BY i.issued_at DESC, i.id DESC LIMIT ${limit}`,
      ),

    /** Net amounts by month and currency, oldest first: what was spent over time. */
    spend: (partnerId: string, months: number): Promise<RowOf<typeof Spend>[]> =>
      database.rows(
        Spend,
        sql`
        SELECT to_char(i.period_start, 'YYYY-MM') AS month, i.currency, sum(i.subtotal_minor) AS minor FROM invoice i
        WHERE i.partner_id = ${partnerId}::uuid AND i.status <> 'void'
          AND i.period_start >= date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => ${months}::int)
        GROUP BY 1, 2 ORDER BY 1, 2`,
      ),

    pay: (id: string, actor: Actor): Promise<Invoice> => settle(id, 'paid', null, actor),
    /** Nothing is owed any more; the number stays taken. */
    void: (id: string, reason: string, actor: Actor): Promise<Invoice> => settle(id, 'void', reason, actor),

    /**
     * Takes back part of an invoice, or all of it: `netMinor` before tax, at most what was not yet taken back.
     * `idempotencyKey`: one key makes one note, ever; asked again with it, this is that note.
     */
    async credit(
      id: string,
      { netMinor, reason, idempotencyKey = null }: CreditWish,
      actor: Actor,
    ): Promise<Invoice> {
      const invoice = await get(null, id);
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
      const document = {
        id: newId(),
        kind: 'credit_note',
        partner_id: invoice.partner_id,
        period_start: invoice.period_start,
        period_end: invoice.period_end,
        currency: invoice.currency,
        subtotal_minor: -netMinor,
        tax_bps: invoice.tax_bps,
        tax_minor: taxMinor,
        total_minor: taxMinor - netMinor,
        issued_at: new Date(now()).toISOString(),
        due_at: new Date(now()).toISOString(),
        credits_id: id,
        reason,
        idempotency_key: idempotencyKey,
        seller: invoice.seller,
        buyer: invoice.buyer,
        lines: [line],
      };
      try {
        const [issued] = await database.rows(
          Issued,
          sql`SELECT id FROM issue_credit_note(${JSON.stringify(document)}::jsonb, ${actor.name}, ${actor.ip}, ${actor.requestId})`,
        );
        if (!issued) throw new AppError('conflict', 'Nothing is left to credit');
        return get(null, issued.id);
      } catch (error) {
        if (error instanceof DatabaseRejected && error.code === RESTRICT_VIOLATION)
          throw new AppError('conflict', 'Only an invoice that is not void can be credited');
        if (error instanceof DatabaseRejected && error.code === CHECK_VIOLATION)
          throw new AppError('conflict', 'More than what is left of the invoice cannot be credited');
        if (error instanceof DatabaseRejected && error.code === UNIQUE_VIOLATION && idempotencyKey !== null)
          return noteOf(idempotencyKey, document);
        throw error;
      }
    },

    closeMonths: (nowMs: number): Promise<ClosedMonths> => closeMonths({ ...closing, store, newId }, nowMs),
  };
}

export type InvoiceService = ReturnType<typeof createInvoiceService>;
