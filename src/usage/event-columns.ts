// The columns of a usage event, each declared once. Everything else derives from this list: the type of an event, how it is
// made storable and packed, what the consumer takes, INSERT and SELECT, the JSON answer, the request's page, and the table
// in `drizzle/schema.ts`. A column of a kind that is known needs a line here, its value in
// `src/gateway/stages/record.ts`, its name for people in `src/web/messages/request.ts`, and a migration. Pure.

import type { RecordSource } from '../keys/key-record.ts';
import type { Level, LimitType } from '../limits/limit.ts';

/** Why a call failed, beside its code: what its people need to see and cannot know from elsewhere. */
export interface Failure {
  /** Of a limit: which, whose, how much of it was used, how many units were asked for, and when they would have passed. */
  limit_type?: LimitType;
  level?: Level;
  limit?: number;
  used?: number;
  cost?: number;
  /** RFC 3339. */
  retry_at?: string;
  /** That the key lacked. */
  required_scope?: string;
  /** That was refused. */
  origin?: string;
  /** What the answer said of limits, and of when to come back. */
  headers?: Record<string, string>;
  /** By `X-Sandbox-Simulate`. */
  simulated?: true;
}

/** By what a call was judged: calls that were judged alike share one. */
export interface Basis {
  /** Versions of the key's record, of its partner's, and of the catalogue. */
  key: number;
  partner: number;
  catalog: number;
  /** Where this edge had the record from, and when it was read from the database, RFC 3339. */
  from: RecordSource;
  read_at: string;
  /** What each limit was, and whose; -1 is unlimited. Unknown where the limiter was not asked. */
  limits?: Record<PeriodName, BasisLimit> & { budget?: BasisLimit };
  /** Kinds of the policies of its route, in their order. */
  policies?: readonly string[];
  /** What the cache did (RFC 9211), without how long it lasts. */
  cache?: string;
  /** It was beyond what is included. */
  over?: true;
}
export type PeriodName = 'second' | 'burst' | 'day' | 'month';
export type LimitName = PeriodName | 'budget';
interface BasisLimit {
  limit: number;
  level: Level;
}

/** What each kind holds. */
export interface KindValues {
  /** An id of ours. */
  uuid: string;
  /** The id of a key, as people see it. */
  key: string;
  /** SHA-256, hex. */
  hash: string;
  /** ms since the epoch. */
  moment: number;
  /** `YYYY-MM-DD`, UTC. */
  day: string;
  environment: string;
  method: string;
  /** Of ours, or cut: at most `maxBytes` of UTF-8. */
  text: string;
  /** A code of ours. */
  error: string;
  /** Two letters. */
  country: string;
  ip: string;
  status: number;
  ms: number;
  bytes: number;
  units: number;
  flag: boolean;
  /** ms by stage. */
  timings: Record<string, number>;
  /** -1 is unlimited. */
  remaining: { second: number; day: number; month: number; budget?: number };
  failure: Failure;
  basis: Basis;
}
export type Kind = keyof KindValues;

export interface EventColumn {
  /** In the table, and in answers unless `shownAs` says otherwise. */
  column: string;
  kind: Kind;
  /**
   * With which others its values are written once for many events: who called, what came of it, from where. Otherwise each
   * event writes its own. New ones are optional, and the last of `caller` or `origin`: so messages under way can be read.
   */
  packed?: 'caller' | 'outcome' | 'origin';
  /** `null` is a value. */
  isNullable?: true;
  /** May be missing: for what came after the first events, or is not always known. */
  isOptional?: true;
  /** Of `text`. */
  maxBytes?: number;
  /** Where people see it: in lists and alone, or alone. */
  shown?: 'everywhere' | 'alone';
  shownAs?: string;
  /** Events made by hand may leave it out. */
  isNullableInTable?: true;
  /** The fold alone needs it. */
  isNotStored?: true;
}

/** In UTF-8. With these an event is at most some 2 kB of JSON, of a call that failed some 8; a message takes 64 kB. */
export const MAX_ENDPOINT_BYTES = 256;
export const MAX_AGENT_BYTES = 200;
export const MAX_ROUTE_BYTES = 256;
export const MAX_QUERY_BYTES = 512;
export const MAX_BODY_BYTES = 2048;

export const EVENT_COLUMNS = {
  /** The request id. */
  id: { column: 'id', kind: 'uuid', shown: 'everywhere', shownAs: 'request_id' },
  /** For admitted calls, the moment at which the limiter counted them. */
  occurredMs: { column: 'occurred_at', kind: 'moment', shown: 'everywhere' },
  partnerId: { column: 'partner_id', kind: 'uuid', packed: 'caller', isNullableInTable: true },
  keyId: {
    column: 'key_id',
    kind: 'key',
    packed: 'caller',
    shown: 'everywhere',
    isNullableInTable: true,
  },
  appId: { column: 'app_id', kind: 'uuid', packed: 'caller', isNullable: true, shown: 'everywhere' },
  environment: {
    column: 'environment',
    kind: 'environment',
    packed: 'caller',
    shown: 'everywhere',
    isNullableInTable: true,
  },
  /** The limiter's day for admitted calls, so that what limits is what is billed. */
  day: { column: 'day', kind: 'day', packed: 'caller' },
  /** SHA-256 of the rotated secret that was used, so that people see when it is no longer needed. */
  retiredHash: {
    column: 'retired_hash',
    kind: 'hash',
    packed: 'caller',
    isOptional: true,
    isNotStored: true,
  },
  route: {
    column: 'route',
    kind: 'text',
    maxBytes: MAX_ROUTE_BYTES,
    packed: 'outcome',
    shown: 'everywhere',
  },
  method: { column: 'method', kind: 'method', packed: 'outcome', shown: 'everywhere' },
  status: { column: 'status_code', kind: 'status', packed: 'outcome', shown: 'everywhere' },
  error: { column: 'error', kind: 'error', packed: 'outcome', isNullable: true, shown: 'everywhere' },
  /** Counted and billed: 0 for refused calls and for failed upstream calls. */
  units: { column: 'units', kind: 'units', packed: 'outcome', shown: 'everywhere' },
  /** What was left of each limit after the call. */
  remaining: { column: 'remaining', kind: 'remaining', isOptional: true, shown: 'alone' },
  /** The path as sent, cut. */
  endpoint: { column: 'endpoint', kind: 'text', maxBytes: MAX_ENDPOINT_BYTES, shown: 'everywhere' },
  latencyMs: { column: 'latency_ms', kind: 'ms', shown: 'everywhere' },
  upstreamMs: { column: 'upstream_ms', kind: 'ms', isNullable: true, shown: 'everywhere' },
  bytesIn: { column: 'bytes_in', kind: 'bytes', shown: 'everywhere' },
  bytesOut: { column: 'bytes_out', kind: 'bytes', shown: 'everywhere' },
  cacheHit: { column: 'cache_hit', kind: 'flag', packed: 'outcome', shown: 'everywhere' },
  degraded: { column: 'degraded', kind: 'flag', packed: 'outcome', shown: 'everywhere' },
  ip: { column: 'ip', kind: 'ip', isNullable: true, shown: 'everywhere' },
  country: { column: 'country', kind: 'country', packed: 'origin', isNullable: true, shown: 'everywhere' },
  userAgent: {
    column: 'user_agent',
    kind: 'text',
    maxBytes: MAX_AGENT_BYTES,
    packed: 'origin',
    isNullable: true,
    shown: 'everywhere',
  },
  /** Of a dated API, the version that answered. */
  apiVersion: {
    column: 'api_version',
    kind: 'text',
    maxBytes: 10,
    packed: 'origin',
    isNullable: true,
    isOptional: true,
    shown: 'everywhere',
  },
  /** How it came, where not by itself: `mcp`, as a tool. */
  via: {
    column: 'via',
    kind: 'text',
    maxBytes: 10,
    packed: 'origin',
    isNullable: true,
    isOptional: true,
    shown: 'everywhere',
  },
  /** Of calls that failed, as are the next two: without what is secret. */
  query: {
    column: 'query',
    kind: 'text',
    maxBytes: MAX_QUERY_BYTES,
    packed: 'origin',
    isOptional: true,
    shown: 'everywhere',
  },
  failure: { column: 'failure', kind: 'failure', packed: 'origin', isOptional: true, shown: 'alone' },
  /** The beginning of what was answered, where it is JSON. */
  errorBody: {
    column: 'error_body',
    kind: 'text',
    maxBytes: MAX_BODY_BYTES,
    packed: 'origin',
    isOptional: true,
    shown: 'alone',
  },
  /** By what it was judged. */
  basis: { column: 'basis', kind: 'basis', packed: 'origin', isOptional: true, shown: 'alone' },
  timings: { column: 'timings', kind: 'timings', isOptional: true, shown: 'alone' },
} as const satisfies Record<string, EventColumn>;

type Listed = typeof EVENT_COLUMNS;
export type EventField = keyof Listed;
type Value<Field extends EventField> =
  | KindValues[Listed[Field]['kind']]
  | (Listed[Field] extends { isNullable: true } ? null : never);
type OptionalField = {
  [Field in EventField]: Listed[Field] extends { isOptional: true } ? Field : never;
}[EventField];

/** One event per answered request of a known key. Refused ones too. */
export type UsageEvent = { [Field in Exclude<EventField, OptionalField>]: Value<Field> } & {
  [Field in OptionalField]?: Value<Field>;
};

/** Those that are shown, by the names that they have in answers. */
type ShownName<Column> = Column extends { shownAs: infer Name extends string }
  ? Name
  : Column extends { column: infer Name extends string }
    ? Name
    : never;
type ShownWhere<Where> = {
  [Field in EventField as Listed[Field] extends { shown: Where } ? ShownName<Listed[Field]> : never]:
    | ShownValue<Listed[Field]['kind']>
    | (Listed[Field] extends { isNullable: true } | { isOptional: true } ? null : never);
};
type ShownValue<Of extends Kind> = Of extends 'moment' ? string : KindValues[Of];
export type ShownEverywhere = ShownWhere<'everywhere'>;
export type ShownAlone = ShownWhere<'everywhere' | 'alone'>;

// The list's own names are the fields.
export const eventFields = Object.keys(EVENT_COLUMNS) as EventField[];
export const eventColumn = (field: EventField): EventColumn => EVENT_COLUMNS[field];
export const eventColumns: readonly (readonly [EventField, EventColumn])[] = eventFields.map((field) => [
  field,
  eventColumn(field),
]);
export const storedColumns = eventColumns.filter(([, { isNotStored }]) => !isNotStored);
export const nameShown = ({ column, shownAs }: EventColumn): string => shownAs ?? column;
