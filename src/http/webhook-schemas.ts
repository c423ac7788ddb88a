// What developers' and operators' webhook routes take and answer.

import * as z from 'zod';
import { ENVIRONMENTS } from '../keys/key-format.ts';
import { lines, rfcMoment, text } from './fields.ts';
import { etag } from './versions.ts';

export const newEndpoint = z.object({
  url: text(2000, 1),
  description: lines(500).nullish(),
  events: z.array(text(50)).max(50).optional().describe('Event types; empty is all'),
  app_id: z.uuid().nullish(),
  environment: z
    .enum(ENVIRONMENTS)
    .optional()
    .describe('Whose events it receives; live also receives those of the account. Missing: both'),
});
export const endpointChange = newEndpoint
  .omit({ app_id: true })
  .extend({ state: z.enum(['active', 'paused']) })
  .partial();
export const endpoint = z.object({
  id: z.string(),
  partner_id: z.string().nullable(),
  app_id: z.string().nullable(),
  app: z.string().nullable().describe('Its name'),
  environment: z.enum(['test', 'live', 'both']).describe('both: none was chosen'),
  url: z.string(),
  description: z.string().nullable(),
  events: z.array(z.string()),
  state: z.enum(['active', 'paused', 'disabled']),
  failing_since: z.string().nullable(),
  last_success_at: z.string().nullable(),
  old_secret_expires_at: z.string().nullable(),
  created_at: z.string(),
  delivered: z.number().describe('Deliveries of the last day that arrived'),
  failed: z.number().describe('Those that were given up'),
  waiting: z.number().describe('Those that are still tried'),
  etag,
});
export const endpointWithSecret = endpoint.extend({ secret: z.string().describe('Shown once') });
export const delivery = z.object({
  id: z.string(),
  event_id: z.string(),
  endpoint_id: z.string(),
  type: z.string(),
  state: z.enum(['pending', 'delivered', 'failed']),
  tries: z.number(),
  created_at: z.string(),
  due_at: z.string(),
  delivered_at: z.string().nullable(),
  last_status: z.number().nullable(),
  last_error: z.string().nullable(),
});
export const deliveryDetail = delivery.extend({
  occurred_at: z.string(),
  data: z.record(z.string(), z.unknown()),
  attempts: z.array(
    z.object({
      started_at: z.string(),
      status: z.number().nullable(),
      error: z.string().nullable(),
      latency_ms: z.number(),
      response: z.string().nullable(),
    }),
  ),
});
export const recovery = z.object({ since: rfcMoment });
export const deliveryFilter = {
  state: z.enum(['pending', 'delivered', 'failed']).optional(),
  type: z.string().max(50).optional(),
};
