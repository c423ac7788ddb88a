// Judges the packed events of one message by columns: each value that many share is asked about once, the rest by hand. Pure.
// It says yes only where the schema takes an event as it is. Where it does not, the schema says whether, and why not.

import type * as z from 'zod';
import { type EventField, eventColumns, type Kind } from './event-columns.ts';
import type { UsageEvent } from './usage-event.ts';
import { fields, text } from './usage-schema.ts';

type Judge = (value: unknown) => boolean;
type Sent = Partial<Record<EventField, unknown>>;

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
  if (typeof value !== 'object' || value === null) return false;
  const { second, day, month, budget } = value as Record<string, unknown>;
  const isBudget = budget === undefined || isWhole(budget);
  return isWhole(second) && isWhole(day) && isWhole(month) && isBudget;
}

function areTimings(value: unknown, isStage: Judge): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  for (const [stage, ms] of Object.entries(value)) if (!Number.isFinite(ms) || !isStage(stage)) return false;
  return true;
}

/** Of these an event has its own, which is judged by hand; what is left out has few values, or is asked about each time. */
const KINDS: { [Each in Kind]?: Judge } = {
  moment: isWhole,
  status: isWhole,
  ms: isWhole,
  bytes: isWhole,
  units: isWhole,
  flag: (value) => typeof value === 'boolean',
  remaining: isRemaining,
};
const OWN_KINDS: { [Each in Kind]?: Judge } = { uuid: isId, text: isText };

/** For the events of one message, which have no fields but an event's. */
export function columnJudge(): (event: Sent) => event is UsageEvent {
  const isStage = remembering(text);
  const judges = eventColumns.map(([field, { kind, packed, isNullable, isOptional }]) => {
    const own = packed === undefined ? OWN_KINDS[kind] : undefined;
    const byHand = kind === 'timings' ? (value: unknown) => areTimings(value, isStage) : (KINDS[kind] ?? own);
    // The schema of a field takes what the field may be without.
    if (!byHand) return [field, remembering(fields[field])] as const;
    const isGood: Judge = (value) =>
      (isNullable && value === null) || (isOptional && value === undefined) || byHand(value);
    return [field, isNullable || isOptional ? isGood : byHand] as const;
  });
  return (event): event is UsageEvent => {
    for (const [field, isGood] of judges) if (!isGood(event[field])) return false;
    return true;
  };
}
