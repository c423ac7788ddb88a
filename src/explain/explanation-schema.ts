// What an explanation is, once for its type and for the document. What is not known is null.

import * as z from 'zod';
import { RECORD_SOURCES } from '../keys/key-record.ts';
import { LEVELS } from '../limits/limit.ts';

const explainedLimit = z.object({
  name: z.enum(['second', 'burst', 'day', 'month', 'budget']),
  level: z.enum(LEVELS),
  limit: z.number().nullable().describe('Units; null is unlimited'),
  before: z
    .number()
    .nullable()
    .describe('Units that were left before the call; null where that is not known'),
  after: z.number().nullable().describe('Units that were left after it'),
  formula: z.string().describe('What is counted'),
});
export type ExplainedLimit = z.infer<typeof explainedLimit>;

export const explanation = z.object({
  request_id: z.string(),
  at: z.string(),
  outcome: z.enum(['admitted', 'refused', 'failed']),
  summary: z.string().describe('In a sentence'),
  judged: z
    .object({
      key_version: z.number(),
      partner_version: z.number(),
      catalog_version: z.number(),
      record_from: z.enum(RECORD_SOURCES),
      record_read_at: z.string(),
    })
    .nullable()
    .describe('By which record of the key, and by which catalogue; null where that was not kept'),
  limits: z.array(explainedLimit).nullable(),
  units: z.number(),
  price: z
    .object({
      reason: z.enum(['not_counted', 'test', 'not_billed', 'included', 'overage_charged', 'overage_free']),
      tier: z.string().nullable(),
      currency: z.string().nullable(),
      per_1000_minor: z.number().nullable(),
    })
    .nullable()
    .describe('Of its units, and why; null where that is not known'),
  cache: z.object({ hit: z.boolean(), status: z.string().nullable() }),
  policies: z.array(z.string()).nullable(),
  upstream_ms: z.number().nullable(),
  via: z.string().nullable(),
  api_version: z.string().nullable(),
});
export type Explanation = z.infer<typeof explanation>;
