// What the database is handed for a batch of messages: the events, their places in the mergeable sketches, and counts of
// refused callers. Pure.

import { registerOf } from './distinct.ts';
import { eventColumns, type Kind, type KindValues, storedColumns } from './event-columns.ts';
import { bucketOf } from './latency-buckets.ts';
import type { UsageEvent, UsageMessage } from './usage-event.ts';

/** Upper bounds of the Prometheus latency histogram, ms. */
export const HISTOGRAM_MS = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000] as const;

const leOf = (latencyMs: number): string => {
  const bound = HISTOGRAM_MS.find((ms) => latencyMs <= ms);
  return bound === undefined ? '+Inf' : String(bound / 1000);
};

/** An event with what its fold needs besides. `line`: the number of its rollup among those of its batch. */
export interface FoldRow extends UsageEvent {
  messageId: string;
  line: number;
  bucket: number;
  register: number;
  rank: number;
  le: string;
}

function foldRow(event: UsageEvent, messageId: string, line: number): FoldRow {
  const { register, rank } = registerOf(event.ip ?? '');
  const [bucket, le] = [bucketOf(event.latencyMs), leOf(event.latencyMs)];
  return { ...event, messageId, line, bucket, register, rank, le };
}

/** How values of each kind are sent: the type of their array, and as what; json is cast where it is stored. */
const SENT: { [Each in Kind]: { type: string; as?: (value: KindValues[Each]) => string; castTo?: string } } =
  {
    uuid: { type: 'uuid' },
    key: { type: 'text' },
    hash: { type: 'text' },
    moment: { type: 'timestamptz', as: (ms) => new Date(ms).toISOString() },
    day: { type: 'date' },
    environment: { type: 'text' },
    method: { type: 'text' },
    text: { type: 'text' },
    error: { type: 'text' },
    country: { type: 'text' },
    ip: { type: 'inet' },
    status: { type: 'int2' },
    ms: { type: 'int4' },
    bytes: { type: 'int8' },
    units: { type: 'int4' },
    flag: { type: 'bool' },
    timings: { type: 'text', as: (timings) => JSON.stringify(timings), castTo: 'jsonb' },
    remaining: { type: 'text', as: (left) => JSON.stringify(left), castTo: 'jsonb' },
    failure: { type: 'text', as: (failure) => JSON.stringify(failure), castTo: 'jsonb' },
    basis: { type: 'text', as: (basis) => JSON.stringify(basis), castTo: 'jsonb' },
  };

interface FoldColumn {
  field: keyof FoldRow;
  name: string;
  type: string;
  as?: (value: never) => string;
}

/** Columns in which rows are sent: each value once, without the names of 30 columns beside it. */
export const FOLD_COLUMNS: readonly FoldColumn[] = [
  ...eventColumns.map(([field, { column: name, kind }]) => ({ field, name, ...SENT[kind] })),
  { field: 'messageId', name: 'message_id', type: 'uuid' },
  { field: 'line', name: 'line', type: 'int4' },
  { field: 'bucket', name: 'bucket', type: 'int4' },
  { field: 'register', name: 'register', type: 'int4' },
  { field: 'rank', name: 'rank', type: 'int4' },
  { field: 'le', name: 'le', type: 'text' },
];
/** Columns of the table, and what is put into each. */
export const STORED_COLUMNS: readonly { name: string; castTo?: string }[] = [
  ...storedColumns.map(([, { column: name, kind }]) => ({ name, castTo: SENT[kind].castTo })),
  { name: 'message_id' },
];

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
export function columnOf(rows: readonly FoldRow[], { field, type, as }: FoldColumn): string {
  const elementOf = type === 'text' ? elements() : (value: unknown) => value ?? 'NULL';
  // `as` takes the values of its own column.
  const sentOf = (value: unknown) =>
    as && value !== null && value !== undefined ? as(value as never) : value;
  return `{${rows.map((row) => elementOf(sentOf(row[field]) ?? null)).join(',')}}`;
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
