// What the routes of keys answer, for developers and for operators.

import * as z from 'zod';

export const keyLimits = z.object({
  burst_limit: z.number().nullable(),
  sustained_limit: z.number().nullable(),
  daily_quota: z.number().nullable(),
  monthly_quota: z.number().nullable(),
  overage_action: z.string(),
});

/** Units. */
export const MAX_BUDGET = 1_000_000_000_000;
export const MAX_BUDGET_MINOR = MAX_BUDGET / 1000;
/** As it is asked for. */
export const keyBudget = z
  .union([
    z.strictObject({ units: z.int().min(1).max(MAX_BUDGET) }),
    z.strictObject({ minor: z.int().min(1).max(MAX_BUDGET_MINOR) }),
  ])
  .describe(
    'What it may spend in its whole life: units, or minor units of your currency, at the price of units beyond the plan',
  );

/** As it stands. */
export const budgetShape = z
  .object({
    in: z.enum(['units', 'money']),
    limit: z.int().describe('Units, or minor units of the currency'),
    currency: z.string().nullable(),
    used: z.int().nullable().describe('Null in lists of all keys, and while the limiter does not answer'),
    remaining: z.int().nullable(),
  })
  .nullable()
  .describe('Of keys that were made with one');

/** As the portal document names the kinds of keys. */
export const KEY_TYPES = {
  signing: 'api_key',
  bearer: 'bearer',
  oauth: 'oauth_client',
  grant: 'oauth_grant',
} as const;
export const KINDS = { api_key: 'signing', bearer: 'bearer', oauth_client: 'oauth' } as const;
