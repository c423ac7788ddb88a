// Makes an event storable where it is made, whatever bytes its caller sent: what comes out is taken by the queue, by the
// consumer's schema and by the columns of `api_usage_events`. Pure, and never throws. Ids, units and moments are ours and
// pass as they are: nothing here may change what is billed.

import ipaddr from 'ipaddr.js';
import { ERRORS } from '../core/errors.ts';
import { isoDay } from '../core/time.ts';
import type { UsageEvent } from './usage-event.ts';

/** In UTF-8. With these an event is at most some 2 kB of JSON, a message of a hundred well under a queue's bound. */
export const MOST_ENDPOINT_BYTES = 256;
export const MOST_AGENT_BYTES = 200;
const MOST_ROUTE_BYTES = 256;
const MOST_INT2 = 2 ** 15 - 1;
const MOST_INT4 = 2 ** 31 - 1;
/** Of one call, 64 GiB: a length that a caller only claims must not overflow the sums of its day. */
const MOST_BYTES = 2 ** 36;
/** The last moment whose ISO form has a year of four digits. */
const LAST_MS = Date.UTC(10_000, 0, 1) - 1;

/** `OTHER`: whatever else was sent. The column takes ten letters. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
const COUNTRY = /^[A-Z]{2}$/;
const DAY = /^\d{4}-\d\d-\d\d$/;

const encoder = new TextEncoder();
const scratch = new Uint8Array(Math.max(MOST_ENDPOINT_BYTES, MOST_AGENT_BYTES, MOST_ROUTE_BYTES));

/**
 * Well-formed text without NUL, at most so many bytes of UTF-8, cut between code points. `mostBytes`: up to 256.
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
function addressOf(text: string | null): string | null {
  if (text === null) return null;
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return text;
  return ipaddr.IPv6.isValid(text) && !text.includes('%') ? ipaddr.process(text).toString() : null;
}

const errorOf = (code: string | null): string | null =>
  code === null || Object.hasOwn(ERRORS, code) ? code : 'internal_error';

const remainingOf = (left: NonNullable<UsageEvent['remaining']>): UsageEvent['remaining'] => ({
  second: whole(left.second, Number.MAX_SAFE_INTEGER, -1),
  day: whole(left.day, Number.MAX_SAFE_INTEGER, -1),
  month: whole(left.month, Number.MAX_SAFE_INTEGER, -1),
});

function timingsOf(timings: UsageEvent['timings'] = {}): Record<string, number> {
  const stored: Record<string, number> = {};
  for (const stage in timings)
    stored[storableText(stage, MOST_ROUTE_BYTES)] = whole(timings[stage] ?? 0, MOST_INT4);
  return stored;
}

/** The event itself: it is made for this. */
export function storable(event: UsageEvent): UsageEvent {
  event.occurredMs = whole(event.occurredMs, LAST_MS);
  if (!DAY.test(event.day)) event.day = isoDay(event.occurredMs);
  if (event.environment !== 'test') event.environment = 'live';
  event.route = storableText(event.route, MOST_ROUTE_BYTES);
  if (!METHODS.has(event.method)) event.method = 'OTHER';
  event.endpoint = storableText(event.endpoint, MOST_ENDPOINT_BYTES);
  event.status = whole(event.status, MOST_INT2);
  event.error = errorOf(event.error);
  event.latencyMs = whole(event.latencyMs, MOST_INT4);
  event.upstreamMs = event.upstreamMs === null ? null : whole(event.upstreamMs, MOST_INT4);
  event.bytesIn = whole(event.bytesIn, MOST_BYTES);
  event.bytesOut = whole(event.bytesOut, MOST_BYTES);
  if (event.country !== null && !COUNTRY.test(event.country)) event.country = null;
  event.ip = addressOf(event.ip);
  if (event.userAgent !== null) event.userAgent = storableText(event.userAgent, MOST_AGENT_BYTES);
  event.timings = timingsOf(event.timings);
  event.remaining = event.remaining && remainingOf(event.remaining);
  return event;
}
