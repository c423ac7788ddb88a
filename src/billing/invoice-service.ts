// Invoices and credit notes as people see them, and what may still happen to one: paid, void, credited.

import { sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import { AppError } from '../core/errors.ts';
import { isoDay, monthStart } from '../core/time.ts';
import { eventRow } from '../outbox/event-store.ts';
import type { Database } from '../platform/database.ts';
import type { BillingStore } from './billing-store.ts';
import { type ClosedMonths, type ClosePorts, closeMonths, monthsUpTo, reckon } from './close-month.ts';
import { createCreditNotes } from './credit-note-service.ts';
import type { Draft } from './invoice.ts';
import { createInvoiceViews, type Invoice, type InvoiceViews } from './invoice-store.ts';
import type { MoneyNotices } from './money-notices.ts';
import { createReminders } from './reminder-service.ts';

export type { CreditWish } from './credit-note-service.ts';
export type { Ageing, Invoice, InvoiceFilter, InvoiceLine, InvoiceSummary, Party } from './invoice-store.ts';

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

interface Ports {
  database: Database;
  store: BillingStore;
  now(): number;
  newId(): string;
  closing: Omit<ClosePorts, 'store' | 'newId'>;
  notices: Pick<MoneyNotices, 'invoiceOverdue' | 'invoiceVoided' | 'creditIssued'>;
  /** Days after the due date. */
  reminderDays: readonly number[];
}

const createSettling = ({ database, notices }: Ports, { get }: InvoiceViews) =>
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
    const settled = await get(null, id);
    if (status === 'void') await notices.invoiceVoided(settled);
    return settled;
  };

const createPreview = ({ store, now }: Ports) =>
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
  };

export function createInvoiceService(ports: Ports) {
  const { database, store, newId, closing } = ports;
  const views = createInvoiceViews(database);
  const settle = createSettling(ports, views);

  return {
    ...views,
    ...createCreditNotes(database, views, ports),
    /** Mails about what is overdue, on the days of the schedule. */
    remind: createReminders({ ...ports, views }),
    preview: createPreview(ports),
    pay: (id: string, actor: Actor): Promise<Invoice> => settle(id, 'paid', null, actor),
    /** Nothing is owed any more; the number stays taken. */
    void: (id: string, reason: string, actor: Actor): Promise<Invoice> => settle(id, 'void', reason, actor),

    closeMonths: (nowMs: number): Promise<ClosedMonths> => closeMonths({ ...closing, store, newId }, nowMs),
  };
}

export type InvoiceService = ReturnType<typeof createInvoiceService>;
