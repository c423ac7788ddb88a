// How a partner is billed, what of it may be changed, and what the month will cost.

import * as z from 'zod';
import type { Draft } from '../billing/invoice.ts';
import { amount, currency, minor } from './amount-schemas.ts';
import { email, lines, overageAction, text } from './fields.ts';

export const billing = z.object({
  tier: z.string(),
  currency,
  overage_action: overageAction,
  overage_actions: z.array(overageAction).describe('Those that may be chosen'),
  overage_in_force: overageAction.describe('`charge` blocks where 1,000 calls beyond have no price'),
  spending_cap_minor: minor.nullable(),
  tax_bps: z.number(),
  billing_email: z.string().nullable(),
  billing_address: z.string().nullable(),
  tax_id: z.string().nullable(),
  next_tier: z.string().nullable(),
  next_currency: currency.nullable(),
  next_change_at: z.string().nullable(),
  undo_tier: z.string().nullable().describe('The plan that this one replaced, while that can be undone'),
  undo_until: z.string().nullable().describe('Until then, `POST /billing/undo` goes back to it at no charge'),
});
export const billingChange = z
  .object({
    tier: text(50).describe('A dearer plan begins at once, a cheaper one with the next month'),
    currency: currency.describe('With the next month'),
    overage_action: overageAction.describe('One of `overage_actions`'),
    spending_cap_minor: amount.nullable(),
    billing_email: email.nullable(),
    billing_address: lines(1000).nullable(),
    tax_id: text(50).nullable(),
  })
  .partial();

export const draft = z.object({
  currency: z.string(),
  subtotal_minor: minor,
  tax_minor: minor,
  total_minor: minor,
  lines: z.array(
    z.object({
      kind: z.string(),
      tier: z.string().nullable(),
      app: z.string().nullable(),
      quantity: z.number(),
      amount_minor: minor,
    }),
  ),
});
export const draftView = ({ currency, subtotalMinor, taxMinor, totalMinor, lines: of }: Draft) => ({
  currency,
  subtotal_minor: subtotalMinor,
  tax_minor: taxMinor,
  total_minor: totalMinor,
  lines: of.map(({ kind, tier, appName, quantity, amountMinor }) => ({
    kind,
    tier,
    app: appName,
    quantity,
    amount_minor: amountMinor,
  })),
});
export const planReview = z.object({
  tier: z.string(),
  is_now: z.boolean().describe('A dearer plan begins at once, a cheaper one with the next month'),
  starts_at: z.string(),
  currency,
  due_now_minor: minor.describe('By how much the invoice of this month grows, before tax'),
  next_invoice: draft.nullable().describe('The invoice of this month, at today’s usage'),
  invoiced_at: z.string().describe('When that is issued'),
  monthly_minor: minor.describe('Each month after this one, before tax'),
  monthly_currency: currency,
  is_billed: z.boolean().describe('Accounts that are not approved are not billed'),
  overage_action: overageAction.describe('What happens beyond the quota of this plan'),
});
export const preview = z.object({
  period_start: z.string(),
  period_end: z.string(),
  units: z.number(),
  forecast_units: z.number(),
  so_far: z.array(draft),
  forecast: z.array(draft),
});
