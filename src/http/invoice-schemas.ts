// What the routes of invoices answer, for developers and for operators.

import * as z from 'zod';
import type { Invoice } from '../billing/invoice-service.ts';
import { minor } from './amount-schemas.ts';

const line = z.object({
  position: z.number(),
  kind: z.string(),
  tier: z.string().nullable(),
  app_id: z.string().nullable(),
  app_name: z.string().nullable(),
  from_at: z.string(),
  to_at: z.string(),
  quantity: z.number(),
  unit_price_minor: minor.nullable(),
  amount_minor: minor,
  note: z.string().nullable(),
});
export const invoiceSummary = z.object({
  id: z.string(),
  number: z.string(),
  kind: z.enum(['invoice', 'credit_note']),
  partner_id: z.string(),
  partner: z.string().describe('Its name'),
  period_start: z.string(),
  period_end: z.string(),
  currency: z.string(),
  subtotal_minor: minor,
  tax_bps: z.number(),
  tax_minor: minor,
  total_minor: minor,
  credited_minor: minor,
  credited_net_minor: minor.describe('The same before tax'),
  status: z.enum(['open', 'paid', 'void']),
  issued_at: z.string(),
  due_at: z.string(),
  settled_at: z.string().nullable(),
  overdue_days: z.number().nullable().describe('Since it was due; null when it is not overdue'),
  credits: z.string().nullable(),
  reason: z.string().nullable(),
});
export const ageing = z.object({
  currency: z.string(),
  invoices: z.number(),
  up_to_30: minor.nullable(),
  up_to_60: minor.nullable(),
  up_to_90: minor.nullable(),
  over_90: minor.nullable(),
  total: minor,
});
export const invoice = invoiceSummary.extend({
  seller: z.looseObject({}),
  buyer: z.looseObject({}),
  lines: z.array(line),
  not_billed: z
    .array(z.object({ from_at: z.string(), to_at: z.string() }))
    .describe('When, in its period, the account had no live access: nothing is asked for it'),
});
/** Parties are open objects in the document: whoever issued it may have said more of them. */
export const invoiceView = (of: Invoice) => ({ ...of, seller: { ...of.seller }, buyer: { ...of.buyer } });
