// What a partner's owners and billing members are told of money: after the change, which a mail that fails does not undo.

import type { Recipient } from '../mail/notices.ts';
import type { Currency } from './amounts.ts';
import type { Invoice, InvoiceSummary } from './invoice-store.ts';
import type { PlanReview } from './plan-review.ts';
import type { Plan } from './plan-store.ts';
import type { PriceNotice } from './price-notice-service.ts';

/** An invoice as its mail names it. */
export type IssuedInvoice = Pick<InvoiceSummary, 'number' | 'currency' | 'total_minor' | 'due_at'>;

export interface MoneyNotices {
  planChanged(partnerId: string, review: PlanReview, undoUntil: string | null): Promise<unknown>;
  /** By an operator, at once, with the reason. */
  planAssigned(
    partnerId: string,
    plan: Plan,
    currency: Currency,
    reason: string | undefined,
  ): Promise<unknown>;
  planUndone(partnerId: string, plan: Plan): Promise<unknown>;
  /** Whether anybody was told. */
  priceChanged(notice: PriceNotice): Promise<boolean>;
  /** To where invoices go. */
  invoicesIssued(recipient: Recipient, invoices: readonly IssuedInvoice[]): Promise<unknown>;
  /** Whether anybody was told. */
  invoiceOverdue(invoice: InvoiceSummary): Promise<boolean>;
  /** With the reason. */
  invoiceVoided(invoice: Invoice): Promise<unknown>;
  creditIssued(note: Invoice): Promise<unknown>;
}
