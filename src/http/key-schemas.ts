// What the routes of keys answer, for developers and for operators.

import * as z from 'zod';

export const keyLimits = z.object({
  burst_limit: z.number().nullable(),
  sustained_limit: z.number().nullable(),
  daily_quota: z.number().nullable(),
  monthly_quota: z.number().nullable(),
  overage_action: z.string(),
});

/** As the portal document names the kinds of keys. */
export const KEY_TYPES = { signing: 'api_key', bearer: 'bearer', oauth: 'oauth_client' } as const;
export const KINDS = { api_key: 'signing', bearer: 'bearer', oauth_client: 'oauth' } as const;
