// Judges the packed events of one message by columns: each value that many share is asked about once, the rest by hand. Pure.
// It says yes only where the schema takes an event as it is. Where it does not, the schema says whether, and why not.

import type * as z from 'zod';
import type { UsageEvent } from './usage-event.ts';
import { fields, text } from './usage-schema.ts';

/** Of these, the events of a message have few values. */
const SHARED = [
  'partnerId',
  'keyId',
  'appId',
  'environment',
  'day',
  'route',
  'method',
  'error',
  'country',
  'userAgent',
  'ip',
  'retiredHash',
] as const satisfies readonly (keyof UsageEvent)[];
const NUMBERS = [
  'occurredMs',
  'status',
  'latencyMs',
  'bytesIn',
  'bytesOut',
  'units',
] as const satisfies readonly (keyof UsageEvent)[];
const BY_HAND = [
  'id',
  'endpoint',
  'upstreamMs',
  'cacheHit',
  'degraded',
  'timings',
  'remaining',
] as const satisfies readonly (keyof UsageEvent)[];

type Forgotten = Exclude<
  keyof UsageEvent,
  (typeof SHARED)[number] | (typeof NUMBERS)[number] | (typeof BY_HAND)[number]
>;
true satisfies Forgotten extends never ? true : never;

type Judge = (value: unknown) => boolean;
type Sent = Partial<Record<keyof UsageEvent, unknown>>;

function remembering(schema: z.ZodType): Judge {
  const good = new Set<unknown>();
  return (value) => {
    if (good.has(value)) return true;
    const isGood = schema.safeParse(value).success;
    if (isGood) good.add(value);
    return isGood;
  };
}

/** As we make ids; the schema takes more. */
const ID = /^[\da-f]{8}-[\da-f]{4}-[1-8][\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
const isId: Judge = (value) => typeof value === 'string' && ID.test(value);
const isText: Judge = (value) => typeof value === 'string' && value.isWellFormed() && !value.includes('\0');
const isWhole: Judge = Number.isSafeInteger;

function isRemaining(value: unknown): boolean {
  if (value === undefined) return true;
  if (typeof value !== 'object' || value === null) return false;
  const { second, day, month } = value as Record<string, unknown>;
  return isWhole(second) && isWhole(day) && isWhole(month);
}

function areTimings(value: unknown, isStage: Judge): boolean {
  if (value === undefined) return true;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  for (const [stage, ms] of Object.entries(value)) if (!Number.isFinite(ms) || !isStage(stage)) return false;
  return true;
}

/** For the events of one message, which have no fields but an event's. */
export function columnJudge(): (event: Sent) => event is UsageEvent {
  const shared = SHARED.map((name) => [name, remembering(fields[name])] as const);
  const isStage = remembering(text);
  return (event): event is UsageEvent => {
    for (const name of NUMBERS) if (!isWhole(event[name])) return false;
    for (const [name, isGood] of shared) if (!isGood(event[name])) return false;
    return (
      isId(event.id) &&
      isText(event.endpoint) &&
      (event.upstreamMs === null || isWhole(event.upstreamMs)) &&
      typeof event.cacheHit === 'boolean' &&
      typeof event.degraded === 'boolean' &&
      areTimings(event.timings, isStage) &&
      isRemaining(event.remaining)
    );
  };
}
