// What the consumer takes for an event. Shapes, and text that a database can hold: the bounds of its columns are
// Postgres's to judge.

import * as z from 'zod';
import { RECORD_SOURCES } from '../keys/key-record.ts';
import { LEVELS, LIMIT_TYPES } from '../limits/limit.ts';
import { type EventField, eventColumns, type Kind, type KindValues } from './event-columns.ts';
import type { UsageEvent } from './usage-event.ts';

export const text = z.string().refine((value) => value.isWellFormed() && !value.includes('\0'), 'no text');
const whole = z.int();
const LEVEL = z.enum(LEVELS);
const LIMIT = z.object({ limit: whole, level: LEVEL });

const KINDS: { [Each in Kind]: z.ZodType<KindValues[Each]> } = {
  uuid: z.uuid(),
  key: text,
  hash: text.max(64),
  moment: whole,
  day: z.iso.date(),
  environment: z.enum(['test', 'live']),
  method: text.max(10),
  text,
  error: text,
  country: text.max(2),
  ip: z.union([z.ipv4(), z.ipv6()]),
  status: whole,
  ms: whole,
  bytes: whole,
  units: whole,
  flag: z.boolean(),
  timings: z.record(text, z.number()),
  remaining: z.object({ second: whole, day: whole, month: whole, budget: whole.optional() }),
  failure: z.looseObject({
    limit_type: z.enum(LIMIT_TYPES).optional(),
    level: LEVEL.optional(),
    limit: whole.optional(),
    used: z.number().optional(),
    cost: whole.optional(),
    retry_at: z.iso.datetime().optional(),
    required_scope: text.optional(),
    origin: text.optional(),
    headers: z.record(text, text).optional(),
    simulated: z.literal(true).optional(),
  }),
  basis: z.looseObject({
    key: whole,
    partner: whole,
    catalog: whole,
    from: z.enum(RECORD_SOURCES),
    read_at: z.iso.datetime(),
    limits: z
      .object({ second: LIMIT, burst: LIMIT, day: LIMIT, month: LIMIT, budget: LIMIT.optional() })
      .optional(),
    policies: z.array(text).readonly().optional(),
    cache: text.optional(),
    over: z.literal(true).optional(),
  }),
};

function schemaOf(kind: Kind, isNullable = false, isOptional = false): z.ZodType {
  const schema = isNullable ? KINDS[kind].nullable() : KINDS[kind];
  return isOptional ? schema.optional() : schema;
}

// One schema for each field of the list.
export const fields = Object.fromEntries(
  eventColumns.map(([field, { kind, isNullable, isOptional }]) => [
    field,
    schemaOf(kind, isNullable, isOptional),
  ]),
) as Record<EventField, z.ZodType>;
// Its fields are those of the list, and so those of an event.
export const usageEvent = z.object(fields) as unknown as z.ZodType<UsageEvent>;
