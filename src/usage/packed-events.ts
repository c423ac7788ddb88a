// Usage events as a queue is charged for them, by the byte: what many of an isolate's events have in common is written once
// for all of them, the rest as a row without names. Pure.

import { type EventField, eventColumns } from './event-columns.ts';
import type { UsageEvent } from './usage-event.ts';

const packedAs = (group: 'caller' | 'outcome' | 'origin'): EventField[] =>
  eventColumns.filter(([, { packed }]) => packed === group).map(([field]) => field);

/** Who called, what came of it, and from where: of each of these an isolate sees few. */
const SHARED = [packedAs('caller'), packedAs('outcome'), packedAs('origin')];
/** Written by hand: parts of an event that have parts themselves. */
const BY_HAND: readonly EventField[] = ['timings', 'remaining'];
const OWN = eventColumns
  .filter(([field, { packed }]) => packed === undefined && !BY_HAND.includes(field))
  .map(([field]) => field);
const OPTIONAL = eventColumns.filter(([, { isOptional }]) => isOptional).map(([field]) => field);
/** The last where there is one. */
const REMAINING = ['second', 'day', 'month', 'budget'] as const satisfies readonly (keyof NonNullable<
  UsageEvent['remaining']
>)[];
/** The group that the names of the stages stand with, at its end. */
const STAGES_IN = 1;

export interface PackedEvents {
  /** For each group of `SHARED` the combinations of its values. */
  shared: unknown[][];
  /** Numbers of combinations, values of `OWN`, of `REMAINING` or null, and times of the stages. */
  rows: unknown[];
}

function combinationOf(event: UsageEvent, group: number): unknown[] {
  const values: unknown[] = (SHARED[group] ?? []).map((name) => event[name] ?? null);
  if (group === STAGES_IN) values.push(event.timings === undefined ? null : Object.keys(event.timings));
  return values;
}

function haveSameStages({ timings: a }: UsageEvent, { timings: b }: UsageEvent): boolean {
  if (!a || !b) return a === b;
  const others = Object.keys(b);
  let at = 0;
  for (const stage in a) if (stage !== others[at++]) return false;
  return at === others.length;
}

/** Whether they share a combination, which calls that follow each other mostly do. */
function isAlike(a: UsageEvent, b: UsageEvent, group: number): boolean {
  for (const field of SHARED[group] ?? []) if (a[field] !== b[field]) return false;
  return group !== STAGES_IN || haveSameStages(a, b);
}

/** Tells combinations apart, and costs less than their JSON: no text of an event has the character that ends each value. */
function nameOf(event: UsageEvent, group: number): string {
  let name = '';
  for (const field of SHARED[group] ?? []) {
    const value = event[field] ?? null;
    const text = typeof value === 'object' ? JSON.stringify(value) : value;
    name += value === null ? '\0' : `=${text}\0`;
  }
  if (group === STAGES_IN && event.timings) for (const stage in event.timings) name += `${stage}\0`;
  else if (group === STAGES_IN) name += '\0\0';
  return name;
}

function rowOf(event: UsageEvent, combinations: readonly number[]): unknown[] {
  const row: unknown[] = combinations.slice();
  for (const name of OWN) row.push(event[name]);
  row.push(event.remaining === undefined ? null : leftOf(event.remaining));
  for (const stage in event.timings) row.push(event.timings[stage]);
  return row;
}

function leftOf(remaining: NonNullable<UsageEvent['remaining']>): number[] {
  const left: number[] = [];
  for (const name of REMAINING) {
    const units = remaining[name];
    if (units !== undefined) left.push(units);
  }
  return left;
}

export interface Prepared {
  /** What it shares, where nobody had it before: of a group its name, and what is written. */
  fresh: { group: number; name: string; text: string }[];
  row: string;
  event: UsageEvent;
  /** Of its combinations. */
  numbers: readonly number[];
}

/** Collects events as text, which is what is measured and sent. */
export function packing() {
  const known = SHARED.map(() => new Map<string, number>());
  const texts: string[][] = SHARED.map(() => []);
  const rows: string[] = [];
  let last: Pick<Prepared, 'event' | 'numbers'> | undefined;
  return {
    count: (): number => rows.length,
    /** What the event would be written as. */
    prepare(event: UsageEvent): Prepared {
      const fresh: Prepared['fresh'] = [];
      const numbers = known.map((combinations, group) => {
        const number = last && isAlike(last.event, event, group) ? last.numbers[group] : undefined;
        if (number !== undefined) return number;
        const name = nameOf(event, group);
        const before = combinations.get(name);
        if (before === undefined)
          fresh.push({ group, name, text: JSON.stringify(combinationOf(event, group)) });
        return before ?? combinations.size;
      });
      return { fresh, row: JSON.stringify(rowOf(event, numbers)), event, numbers };
    },
    take({ fresh, row, event, numbers }: Prepared): void {
      last = { event, numbers };
      for (const { group, name, text } of fresh) {
        known[group]?.set(name, known[group].size);
        texts[group]?.push(text);
      }
      rows.push(row);
    },
    /** Members of a JSON object. */
    text(): string {
      const shared = texts.map((combinations) => `[${combinations.join(',')}]`);
      return `"shared":[${shared.join(',')}],"rows":[${rows.join(',')}]`;
    },
  };
}

/** The events, as whoever reads them has to judge them: a row that is damaged is handed on as it is. */
export function unpack({ shared, rows }: PackedEvents): unknown[] {
  return rows.map((row) => (Array.isArray(row) ? (eventOf(row, shared) ?? row) : row));
}

/** Of a million events: by index, and nothing is built that is thrown away. */
function eventOf(row: readonly unknown[], shared: PackedEvents['shared']): object | undefined {
  const event: Record<string, unknown> = {};
  let stages: unknown;
  let at = 0;
  for (const names of SHARED) {
    const combination = shared[at]?.[Number(row[at])];
    if (!Array.isArray(combination)) return undefined;
    for (let i = 0; i < names.length; i++) event[names[i] ?? ''] = combination[i];
    if (at === STAGES_IN) stages = combination[names.length];
    at++;
  }
  for (const name of OPTIONAL) if (event[name] === null) event[name] = undefined;
  for (const name of OWN) event[name] = row[at++];
  const left = row[at++];
  if (Array.isArray(left)) event.remaining = named(REMAINING.slice(0, left.length), left, 0);
  if (Array.isArray(stages)) event.timings = named(stages, row, at);
  return event;
}

function named(names: readonly string[], values: readonly unknown[], from: number): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (let i = 0; i < names.length; i++) result[names[i] ?? ''] = values[from + i];
  return result;
}

export const isPacked = (value: object): value is PackedEvents =>
  'shared' in value &&
  Array.isArray(value.shared) &&
  value.shared.every(Array.isArray) &&
  'rows' in value &&
  Array.isArray(value.rows);
