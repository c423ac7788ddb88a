// Things of a configuration as fields, and what differs between two of them. Pure.

import { partsOf, pointerTo } from '../core/json-pointer.ts';

/** What a file may name, in the order in which it is written. */
export const KINDS = ['apis', 'policies', 'plans', 'alert_rules', 'webhooks', 'partners'] as const;
export type Kind = (typeof KINDS)[number];

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
/** `max_keys`, `prices/EUR`: each is set by itself. */
export type Fields = Readonly<Record<string, Json>>;

export interface Thing {
  kind: Kind;
  thing: string;
}
/** As a file has it: the fields that it names. */
export interface Desired extends Thing {
  fields: Fields;
}
/** As it is; null where it is not there. */
export interface Seen extends Thing {
  fields: Fields | null;
}
/** A field that the last applied file set. */
export interface Mark extends Thing {
  field: string;
  value: Json;
  appliedAt: string;
  appliedBy: string;
}
export interface Change extends Thing {
  field: string;
  before: Json;
  after: Json;
}

/** The one field of what is not to be there. */
export const GONE = 'gone';

/** Objects whose members are fields. */
const NESTED: Readonly<Record<string, Kind>> = { prices: 'plans', names: 'plans' };
/** Lists without an order, and what is always in them. */
const SETS: ReadonlyMap<string, readonly string[]> = new Map([
  ['overage_actions', ['block']],
  ['events', []],
]);
/** As each list of its kind stands. */
export const asSet = (name: string, value: Json): Json => {
  const always = SETS.get(name);
  return always && Array.isArray(value) ? [...new Set([...always, ...value])].sort() : value;
};

/** Text that is the same for equal values. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const members = Object.entries(value).filter(([, each]) => each !== undefined);
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`).join()}}`;
}

export const areEqual = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b);

const isObject = (value: unknown): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function fieldsOf(kind: Kind, entry: Readonly<Record<string, unknown>>): Fields {
  const fields: Record<string, Json> = {};
  for (const [name, value] of Object.entries(entry) as [string, Json | undefined][]) {
    if (value === undefined) continue;
    if (NESTED[name] === kind && isObject(value))
      for (const [member, each] of Object.entries(value)) fields[`${name}/${member}`] = each;
    else fields[name] = asSet(name, value);
  }
  return fields;
}

/** The other way round. */
export function entryOf(fields: Fields): Record<string, Json> {
  const entry: Record<string, Json> = {};
  for (const [name, value] of Object.entries(fields)) {
    const [first = '', member] = name.split('/', 2);
    if (member === undefined) entry[name] = value;
    else {
      const before = entry[first];
      entry[first] = { ...(isObject(before) ? before : {}), [member]: value };
    }
  }
  return entry;
}

/** Where a policy is: an API and a route of it, or all. */
export interface PolicyPlace {
  api: string;
  route: string;
  policy: string;
}
export const EVERY = '*';
/** `shop/GET ~1shop~1shelves/cache`: the end of its path. */
export const policyThing = ({ api, route, policy }: PolicyPlace): string =>
  pointerTo(api, route, policy).slice(1);
export function policyPlace(thing: string): PolicyPlace {
  const [api = EVERY, route = EVERY, policy = ''] = partsOf(`/${thing}`);
  return { api, route, policy };
}

/** A JSON pointer into the file. */
export const pathOf = ({ kind, thing }: Thing, field?: string): string =>
  `/${kind}${kind === 'policies' ? `/${thing}` : pointerTo(thing)}${field === undefined ? '' : `/${field}`}`;

/** As a field of it stands; undefined where it has none. */
function valueIn({ fields }: Seen, field: string): Json | undefined {
  if (field === GONE) return fields === null;
  return fields?.[field];
}

export const changesOf = (desired: Desired, seen: Seen): Change[] =>
  Object.entries(desired.fields).flatMap(([field, after]) => {
    const before = valueIn(seen, field);
    if (before !== undefined && areEqual(before, after)) return [];
    const { kind, thing } = desired;
    return [{ kind, thing, field, before: before ?? null, after }];
  });

/** What the file set last, and is not so any more. Of a thing that is gone, one. */
export function driftOf(marks: readonly Mark[], seen: Seen): (Mark & { now: Json; field: string })[] {
  const drifted = marks.flatMap((mark) => {
    const now = valueIn(seen, mark.field);
    return now !== undefined && areEqual(now, mark.value) ? [] : [{ ...mark, now: now ?? null }];
  });
  const [first] = drifted;
  return seen.fields === null && first && first.field !== GONE
    ? [{ ...first, field: GONE, value: false, now: true }]
    : drifted;
}
