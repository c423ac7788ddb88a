// What the consumer takes for an event. Shapes, and text that a database can hold: the bounds of its columns are
// Postgres's to judge.

import * as z from 'zod';
import type { UsageEvent } from './usage-event.ts';

export const text = z.string().refine((value) => value.isWellFormed() && !value.includes('\0'), 'no text');
const whole = z.int();

const event = z.object({
  id: z.uuid(),
  occurredMs: whole,
  day: z.iso.date(),
  partnerId: z.uuid(),
  keyId: text,
  appId: z.uuid().nullable(),
  environment: z.enum(['test', 'live']),
  route: text,
  method: text.max(10),
  endpoint: text,
  status: whole,
  error: text.nullable(),
  latencyMs: whole,
  upstreamMs: whole.nullable(),
  bytesIn: whole,
  bytesOut: whole,
  units: whole,
  cacheHit: z.boolean(),
  degraded: z.boolean(),
  country: text.max(2).nullable(),
  ip: z.union([z.ipv4(), z.ipv6()]).nullable(),
  userAgent: text.nullable(),
  timings: z.record(text, z.number()).optional(),
  remaining: z.object({ second: whole, day: whole, month: whole }).optional(),
  retiredHash: text.max(64).optional(),
});
export const usageEvent: z.ZodType<UsageEvent> = event;
export const fields = event.shape;
