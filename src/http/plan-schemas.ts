// What the routes of plans take and answer, for developers and for operators.

import * as z from 'zod';
import { MAX_PRICE_MINOR, type NewPlan, type Plan } from '../billing/plan-store.ts';
import { currency, minor } from './amount-schemas.ts';
import { limitValue, overageAction, text } from './fields.ts';

const planPrice = z.int().min(0).max(MAX_PRICE_MINOR);
const price = z.object({ price: planPrice, overage_per_1000: planPrice });
export const prices = z.partialRecord(currency, price);

const names = z
  .object({ en: text(50, 1), fr: text(50, 1) })
  .partial()
  .describe('What people call it, by language');

export const plan = z.object({
  tier: z.string(),
  partner_id: z.string().nullable(),
  self_serve: z.boolean(),
  prices: z.partialRecord(z.string(), z.object({ price: minor, overage_per_1000: minor })),
  overage_actions: z.array(overageAction),
  rate_limit_per_second: z.number(),
  rate_limit_per_day: z.number(),
  rate_limit_per_month: z.number(),
  max_keys: z.number(),
  features: z.record(z.string(), z.unknown()),
  names,
  is_closed: z.boolean().describe('For those that are on it alone: they kept its price'),
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
  names: of.names,
  is_closed: of.isClosed,
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
    .array(overageAction)
    .max(3)
    .default(['block', 'charge'])
    .describe('What its holders may choose beyond their quota. `charge` without a price blocks'),
  rate_limit_per_second: limitValue,
  rate_limit_per_day: limitValue,
  rate_limit_per_month: limitValue.describe('What is included: overage begins beyond it'),
  max_keys: limitValue.default(-1),
  features: z.record(z.string(), z.unknown()).default({}),
  names: names.optional(),
});

export const toPlan = (input: z.infer<typeof newPlan>): NewPlan => ({
  tier: input.tier,
  partnerId: input.partner_id ?? null,
  selfServe: input.self_serve,
  prices: input.prices,
  overageActions: [...new Set(['block' as const, ...input.overage_actions])],
  perSecond: input.rate_limit_per_second,
  perDay: input.rate_limit_per_day,
  perMonth: input.rate_limit_per_month,
  maxKeys: input.max_keys,
  features: input.features,
  names: input.names,
});
