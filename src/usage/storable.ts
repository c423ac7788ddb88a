// Makes an event storable where it is made, whatever bytes its caller sent: what comes out is taken by the queue, by the
// consumer's schema and by the columns of `api_usage_events`. Pure, and never throws. Ids, units and moments are ours and
// pass as they are: nothing here may change what is billed.

import ipaddr from 'ipaddr.js';
import { isErrorCode } from '../core/errors.ts';
import { isoDay } from '../core/time.ts';
import {
  type EventColumn,
  eventColumns,
  type Failure,
  type Kind,
  type KindValues,
  MAX_AGENT_BYTES,
  MAX_BODY_BYTES,
  MAX_ENDPOINT_BYTES,
  MAX_QUERY_BYTES,
  MAX_ROUTE_BYTES,
} from './event-columns.ts';
import type { UsageEvent } from './usage-event.ts';

const MAX_INT2 = 2 ** 15 - 1;
const MAX_INT4 = 2 ** 31 - 1;
/** Of one call, 64 GiB: a length that a caller only claims must not overflow the sums of its day. */
const MAX_BYTES = 2 ** 36;
/** The last moment whose ISO form has a year of four digits. */
const LAST_MS = Date.UTC(10_000, 0, 1) - 1;

/** `OTHER`: whatever else was sent. The column takes ten letters. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
const COUNTRY = /^[A-Z]{2}$/;
const DAY = /^\d{4}-\d\d-\d\d$/;

const encoder = new TextEncoder();
const scratch = new Uint8Array(
  Math.max(MAX_ENDPOINT_BYTES, MAX_AGENT_BYTES, MAX_ROUTE_BYTES, MAX_QUERY_BYTES, MAX_BODY_BYTES),
);

/**
 * Well-formed text without NUL, at most so many bytes of UTF-8, cut between code points. `mostBytes`: up to 2048.
 * @example storableText('a\ud83d', 200) // 'a\ufffd'
 */
export function storableText(text: string, mostBytes: number): string {
  if (text.length <= mostBytes && PRINTABLE_ASCII.test(text)) return text;
  // One unit too many is kept, so that a pair at the border is seen as a pair, and does not fit.
  const head = text.slice(0, mostBytes + 1).replaceAll('\0', '\ufffd');
  const { read } = encoder.encodeInto(head, scratch.subarray(0, mostBytes));
  return head.slice(0, read).toWellFormed();
}

/** A whole number within bounds; what is no number is the least. */
function whole(value: number, most: number, least = 0): number {
  return Number.isNaN(value) ? least : Math.min(most, Math.max(least, Math.trunc(value)));
}

/** As Postgres takes it: IPv4 in four decimal parts, IPv6 without a zone. IPv4 written as IPv6 is IPv4. */
function addressOf(text: string): string | null {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return text;
  return ipaddr.IPv6.isValid(text) && !text.includes('%') ? ipaddr.process(text).toString() : null;
}

const left = (units: number): number => whole(units, Number.MAX_SAFE_INTEGER, -1);
function remainingOf(remaining: KindValues['remaining']): KindValues['remaining'] {
  const { second, day, month, budget } = remaining;
  if ([second, day, month, budget ?? 0].every((units) => units === left(units))) return remaining;
  return {
    second: left(second),
    day: left(day),
    month: left(month),
    ...(budget !== undefined && { budget: left(budget) }),
  };
}

function timingsOf(timings: Record<string, number>): Record<string, number> {
  let areStorable = true;
  const stored: Record<string, number> = {};
  for (const stage in timings) {
    const name = storableText(stage, MAX_ROUTE_BYTES);
    const ms = whole(timings[stage] ?? 0, MAX_INT4);
    areStorable &&= name === stage && ms === timings[stage];
    stored[name] = ms;
  }
  return areStorable ? timings : stored;
}

/** A header's value, an origin. */
const MAX_SAID_BYTES = 200;
const said = (text: string): string => storableText(text, MAX_SAID_BYTES);

/** The gateway's own, but for what the caller and the upstream said. */
function failureOf({ origin, headers, ...ours }: Failure): Failure {
  return {
    ...ours,
    ...(origin !== undefined && { origin: said(origin) }),
    ...(headers && {
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, said(value)])),
    }),
  };
}

type Storable<Each extends Kind> = (
  value: KindValues[Each],
  column: EventColumn,
  event: UsageEvent,
) => unknown;
/** What is left out is ours, and passes as it is. */
const KINDS: { [Each in Kind]?: Storable<Each> } = {
  moment: (ms) => whole(ms, LAST_MS),
  day: (day, _, event) => (DAY.test(day) ? day : isoDay(event.occurredMs)),
  environment: (environment) => (environment === 'test' ? 'test' : 'live'),
  method: (method) => (METHODS.has(method) ? method : 'OTHER'),
  text: (text, { maxBytes = MAX_ROUTE_BYTES }) => storableText(text, maxBytes),
  error: (code) => (isErrorCode(code) ? code : 'internal_error'),
  country: (country) => (COUNTRY.test(country) ? country : null),
  ip: addressOf,
  status: (status) => whole(status, MAX_INT2),
  ms: (ms) => whole(ms, MAX_INT4),
  bytes: (bytes) => whole(bytes, MAX_BYTES),
  timings: timingsOf,
  remaining: remainingOf,
  failure: failureOf,
};
// A column's value is of its kind.
const STEPS = eventColumns.flatMap(([field, column]) => {
  const storableValue = KINDS[column.kind] as Storable<Kind> | undefined;
  /** `good`: what passed as it is, the last time. Calls that follow each other have most of it in common. */
  return storableValue ? [{ field, column, storableValue, good: undefined as unknown }] : [];
});

/** The event itself: it is made for this. */
export function storable(event: UsageEvent): UsageEvent {
  event.timings ??= {};
  const values: Record<string, unknown> = event;
  for (const step of STEPS) {
    const { field } = step;
    const value = event[field];
    if (value === step.good || value === null || value === undefined) continue;
    const stored = step.storableValue(value as never, step.column, event);
    if (stored === value) step.good = value;
    else values[field] = stored;
  }
  return event;
}
