// What the routes of plans, invoices and alerts take and answer, for developers and for operators.

import * as z from 'zod';
import type { Invoice } from '../billing/invoice-service.ts';
import { CURRENCIES } from '../billing/money.ts';
import { MOST_PRICE_MINOR, type Plan } from '../billing/plan-store.ts';
import { email, limitValue, lines, text } from './fields.ts';

export const currency = z.enum(CURRENCIES);
const minor = z.int().describe('Minor units of the currency; XOF has none');
export const amount = z.int().min(0).max(1_000_000_000_000);
export const overage = z.enum(['block', 'warn', 'charge']);
const planPrice = z.int().min(0).max(MOST_PRICE_MINOR);
const price = z.object({ price: planPrice, overage_per_1000: planPrice });
export const prices = z.partialRecord(currency, price);

export const plan = z.object({
  tier: z.string(),
  partner_id: z.string().nullable(),
  self_serve: z.boolean(),
  prices: z.record(z.string(), z.object({ price: minor, overage_per_1000: minor })),
  overage_actions: z.array(overage),
  rate_limit_per_second: z.number(),
  rate_limit_per_day: z.number(),
  rate_limit_per_month: z.number(),
  max_keys: z.number(),
  features: z.record(z.string(), z.unknown()),
});
export const planView = (of: Plan): z.infer<typeof plan> => ({
  tier: of.tier,
  partner_id: of.partnerId,
  self_serve: of.selfServe,
  prices: of.prices,
  overage_actions: of.overageActions,
  rate_limit_per_second: of.perSecond,
  rate_limit_per_day: of.perDay,
  rate_limit_per_month: of.perMonth,
  max_keys: of.maxKeys,
  features: of.features,
});
export const newPlan = z.object({
  tier: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,48}$/, 'must be small letters, digits and hyphens')
    .describe('Its name'),
  partner_id: z.uuid().nullish().describe('The one partner that it is made for'),
  self_serve: z.boolean().default(false),
  prices: prices.refine((given) => given.EUR !== undefined, 'must have a price in EUR'),
  overage_actions: z
    .array(overage)
    .max(3)
    .default(['block', 'charge'])
    .describe('What its holders may choose beyond their quota. `charge` without a price blocks'),
  rate_limit_per_second: limitValue,
  rate_limit_per_day: limitValue,
  rate_limit_per_month: limitValue.describe('What is included: overage begins beyond it'),
  max_keys: limitValue.default(-1),
  features: z.record(z.string(), z.unknown()).default({}),
});

export const billing = z.object({
  tier: z.string(),
  currency,
  overage_action: overage,
  overage_actions: z.array(overage).describe('Those that may be chosen'),
  overage_in_force: overage.describe('`charge` blocks where 1,000 calls beyond have no price'),
  spending_cap_minor: minor.nullable(),
  tax_bps: z.number(),
  billing_email: z.string().nullable(),
  billing_address: z.string().nullable(),
  tax_id: z.string().nullable(),
  next_tier: z.string().nullable(),
  next_currency: currency.nullable(),
  next_change_at: z.string().nullable(),
});
export const billingChange = z
  .object({
    tier: text(50).describe('A dearer plan begins at once, a cheaper one with the next month'),
    currency: currency.describe('With the next month'),
    overage_action: overage.describe('One of `overage_actions`'),
    spending_cap_minor: amount.nullable(),
    billing_email: email.nullable(),
    billing_address: lines(1000).nullable(),
    tax_id: text(50).nullable(),
  })
  .partial();

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
  period_start: z.string(),
  period_end: z.string(),
  currency: z.string(),
  subtotal_minor: minor,
  tax_bps: z.number(),
  tax_minor: minor,
  total_minor: minor,
  credited_minor: minor,
  status: z.enum(['open', 'paid', 'void']),
  issued_at: z.string(),
  due_at: z.string(),
  settled_at: z.string().nullable(),
  credits: z.string().nullable(),
  reason: z.string().nullable(),
});
export const invoice = invoiceSummary.extend({
  seller: z.looseObject({}),
  buyer: z.looseObject({}),
  lines: z.array(line),
});
/** Parties are open objects in the document: whoever issued it may have said more of them. */
export const invoiceView = (of: Invoice) => ({ ...of, seller: { ...of.seller }, buyer: { ...of.buyer } });
const draft = z.object({
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
export const preview = z.object({
  period_start: z.string(),
  period_end: z.string(),
  units: z.number(),
  forecast_units: z.number(),
  so_far: z.array(draft),
  forecast: z.array(draft),
});

export const alert = z.object({
  id: z.string(),
  rule: z.string(),
  subject: z.string(),
  label: z.string().nullable(),
  fired_at: z.string(),
  resolved_at: z.string().nullable(),
  value: z.number(),
  peak: z.number(),
  threshold: z.number(),
});
export const alertRule = z.object({
  rule: z.string(),
  unit: z.string(),
  window_minutes: z.number(),
  enabled: z.boolean(),
  threshold: z.number(),
  is_adjustable: z.boolean(),
});
export const alertSetting = z.object({
  enabled: z.boolean(),
  threshold: z.number().min(0).max(1_000_000_000).nullish().describe("null: the rule's own"),
});
