// Opens a queue message loosely: the envelope as far as it can be read, and each event judged by itself. Pure.

import * as z from 'zod';
import { NIL_ID } from '../core/ids.ts';
import { columnJudge } from './column-judge.ts';
import { letterValue } from './dead-letters.ts';
import { isPacked, unpack } from './packed-events.ts';
import type { UsageEvent, UsageMessage } from './usage-event.ts';
import { usageEvent } from './usage-schema.ts';

/** Stands for the id of a message that has none. */
const NO_ID = NIL_ID;
/** What has more bad events than this is set aside whole: replayed, its good ones count once. */
const MAX_LETTERS = 200;
const MAX_CALLS = 1_000_000_000;

const counts = z.record(z.string().regex(/^[a-z_]{1,64}$/), z.int().min(0).max(MAX_CALLS));
const envelope = z.object({
  id: z.uuid(),
  refusals: counts.default({}),
  unproven: z.record(z.uuid(), counts).optional(),
});

export interface OpenedMessage {
  /** What can be folded of it. */
  message: UsageMessage;
  /** The events as they came, by id. */
  raw: ReadonlyMap<string, unknown>;
  /** What cannot. */
  bad: { letter: unknown; reason: string }[];
}

/** `body`: the JSON that is sent as text, or a value; packed events or, as in letters and older messages, plain ones. */
export function openMessage(body: unknown): OpenedMessage {
  const value = readBody(body);
  const bad: OpenedMessage['bad'] = [];
  const raw = new Map<string, unknown>();
  const events: UsageEvent[] = [];
  const sent = isObject(value) ? eventsIn(value) : undefined;
  if (!isObject(value) || !sent) {
    bad.push({ letter: body, reason: 'not a usage message' });
    return { message: { id: NO_ID, events, refusals: {} }, raw, bad };
  }
  const isPlain = isPacked(value) ? columnJudge() : undefined;
  for (const each of sent) {
    const parsed = isPlain && isObject(each) && isPlain(each) ? { data: each } : usageEvent.safeParse(each);
    if (parsed.data) {
      events.push(parsed.data);
      raw.set(parsed.data.id, each);
    } else bad.push({ letter: each, reason: reasonOf(parsed.error) });
  }
  if (bad.length > MAX_LETTERS)
    bad.splice(0, bad.length, { letter: body, reason: `${bad.length} bad events` });
  const rest = envelope.safeParse(value);
  if (!rest.success && hasCounts(value))
    bad.push({
      letter: { id: value.id, events: [], refusals: value.refusals, unproven: value.unproven },
      reason: reasonOf(rest.error),
    });
  const { id, refusals, unproven } = rest.success ? rest.data : { id: NO_ID, refusals: {} };
  return { message: { id, events, refusals, ...(unproven && { unproven }) }, raw, bad };
}

function readBody(body: unknown): unknown {
  if (body instanceof ArrayBuffer) return letterValue(new Uint8Array(body));
  if (body instanceof Uint8Array) return letterValue(body);
  if (typeof body !== 'string') return body;
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

function eventsIn(value: Record<string, unknown>): unknown[] | undefined {
  if (isPacked(value)) return unpack(value);
  return Array.isArray(value.events) ? value.events : undefined;
}

const hasCounts = ({ refusals, unproven }: Record<string, unknown>): boolean =>
  [refusals, unproven].some((part) => part !== undefined && JSON.stringify(part) !== '{}');

/** Where, and what is wrong there; never what was sent. */
const reasonOf = ({ issues }: z.ZodError): string =>
  issues.map(({ path, code }) => `${path.join('.')}: ${code}`).join(', ');
