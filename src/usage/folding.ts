// What the database is handed for a batch of messages: the events, their places in the mergeable sketches, and counts of
// refused callers. Pure.

import { registerOf } from './distinct.ts';
import { bucketOf } from './latency-buckets.ts';
import type { UsageEvent, UsageMessage } from './usage-event.ts';

/** Upper bounds of the Prometheus latency histogram, ms. */
export const HISTOGRAM_MS = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000] as const;

const leOf = (latencyMs: number): string => {
  const bound = HISTOGRAM_MS.find((ms) => latencyMs <= ms);
  return bound === undefined ? '+Inf' : String(bound / 1000);
};

/** `line`: the number of the event's rollup among those of its batch. */
function foldRow(event: UsageEvent, messageId: string, line: number) {
  const { register, rank } = registerOf(event.ip ?? '');
  return {
    id: event.id,
    occurred_at: new Date(event.occurredMs).toISOString(),
    day: event.day,
    message_id: messageId,
    partner_id: event.partnerId,
    key_id: event.keyId,
    app_id: event.appId,
    environment: event.environment,
    route: event.route,
    method: event.method,
    endpoint: event.endpoint,
    status_code: event.status,
    error: event.error,
    latency_ms: event.latencyMs,
    upstream_ms: event.upstreamMs,
    bytes_in: event.bytesIn,
    bytes_out: event.bytesOut,
    units: event.units,
    cache_hit: event.cacheHit,
    degraded: event.degraded,
    country: event.country,
    ip: event.ip,
    user_agent: event.userAgent,
    timings: event.timings === undefined ? null : JSON.stringify(event.timings),
    remaining: event.remaining === undefined ? null : JSON.stringify(event.remaining),
    retired_hash: event.retiredHash ?? null,
    bucket: bucketOf(event.latencyMs),
    register,
    rank,
    le: leOf(event.latencyMs),
    line,
  };
}

export type FoldRow = ReturnType<typeof foldRow>;

/** Types of the columns in which rows are sent: each value once, without the names of 30 columns beside it. */
export const FOLD_COLUMNS = {
  id: 'uuid',
  occurred_at: 'timestamptz',
  day: 'date',
  message_id: 'uuid',
  partner_id: 'uuid',
  key_id: 'text',
  app_id: 'uuid',
  environment: 'text',
  route: 'text',
  method: 'text',
  endpoint: 'text',
  status_code: 'int2',
  error: 'text',
  latency_ms: 'int4',
  upstream_ms: 'int4',
  bytes_in: 'int8',
  bytes_out: 'int8',
  units: 'int4',
  cache_hit: 'bool',
  degraded: 'bool',
  country: 'text',
  ip: 'inet',
  user_agent: 'text',
  timings: 'text',
  remaining: 'text',
  retired_hash: 'text',
  bucket: 'int4',
  register: 'int4',
  rank: 'int4',
  le: 'text',
  line: 'int4',
} as const satisfies Record<keyof FoldRow, string>;

/** Text as an element of an array of Postgres; most need no quotes, which would be escaped again on their way. */
function element(text: string): string {
  if (/^[\w/:.-]+$/.test(text) && !/^null$/i.test(text)) return text;
  return /["\\]/.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`;
}

/** Most columns of text have few values: each is made an element once. */
function elements(): (value: unknown) => string {
  const made = new Map<unknown, string>([[null, 'NULL']]);
  return (value) => {
    const known = made.get(value);
    if (known !== undefined) return known;
    const text = element(String(value));
    made.set(value, text);
    return text;
  };
}

/** One column of the rows as the text of an array of Postgres. */
export function columnOf(rows: readonly FoldRow[], name: keyof FoldRow): string {
  const elementOf = FOLD_COLUMNS[name] === 'text' ? elements() : (value: unknown) => value ?? 'NULL';
  return `{${rows.map((row) => elementOf(row[name])).join(',')}}`;
}

export interface Folding {
  rows: FoldRow[];
  /** `partner_id`: whose key it was that was not proven; null where no key is known. */
  refusals: { message_id: string; partner_id: string | null; code: string; calls: number }[];
}

/** In the order of ids, which is that of time: neighbours in the indexes, and the same order of locks for everybody. */
export function foldingOf(messages: readonly UsageMessage[]): Folding {
  const lines = new Map<string, number>();
  const rows = new Map<string, FoldRow>();
  const refusals = new Map<string, Folding['refusals']>();
  for (const message of messages) {
    for (const event of message.events) {
      const { day, route, keyId, partnerId, environment, appId } = event;
      const name = `${day}\0${route}\0${keyId}\0${partnerId}\0${environment}\0${appId}`;
      const line = lines.get(name) ?? lines.size;
      lines.set(name, line);
      rows.set(event.id, foldRow(event, message.id, line));
    }
    const refused = refusalsOf(message);
    if (refused.length > 0) refusals.set(message.id, refused);
  }
  return {
    rows: [...rows.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
    refusals: [...refusals.values()].flat(),
  };
}

const refusalsOf = ({ id, refusals, unproven }: UsageMessage): Folding['refusals'] =>
  [[null, refusals] as const, ...Object.entries(unproven ?? {})].flatMap(([partnerId, counts]) =>
    Object.entries(counts).map(([code, calls]) => ({ message_id: id, partner_id: partnerId, code, calls })),
  );
