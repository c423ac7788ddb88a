// What applying a file would change, and what that was found against. Pure.

import { CURRENCIES } from '../billing/amounts.ts';
import { adoptDocument } from '../catalog/adopt/adopt.ts';
import { type Catalog, documentOf } from '../catalog/catalog.ts';
import { AppError } from '../core/errors.ts';
import {
  areEqual,
  type Change,
  changesOf,
  type Fields,
  fieldsOf,
  type Mark,
  pathOf,
  type Seen,
  type Thing,
} from './config-fields.ts';
import type { Prepared, Step } from './config-kinds.ts';
import type { Owned } from './config-owner.ts';
import type { StoredState } from './config-state-store.ts';
import { hashOf, type Wanted } from './config-wanted.ts';

export interface Looked {
  catalog: Catalog;
  states: readonly StoredState[];
  seen: readonly Seen[];
  marks: readonly Mark[];
  applied: string;
}

export type PlannedChange = Change & Owned & { path: string };
export interface ConfigPlan {
  changes: PlannedChange[];
  /** Fields that become the file's, as they are. */
  taken: string[];
  /** Fields that were the file's, and are not named any more. */
  released: string[];
  hits: Prepared['hits'];
  routes: Prepared['routes'];
  /** What it was planned against, by path. */
  version: Record<string, string>;
}

export const isSame = (a: Thing) => (b: Thing) => a.kind === b.kind && a.thing === b.thing;

/** A price in a currency that is not the brand's is nobody's to pay. */
const inUse = (fields: Fields): Fields =>
  Object.fromEntries(
    Object.entries(fields).filter(
      ([field]) => !field.startsWith('prices/') || CURRENCIES.includes(field.slice(7)),
    ),
  );

export async function seenOf({ kind, thing, state }: StoredState, catalog: Catalog): Promise<Seen> {
  if (kind !== 'apis') return { kind, thing, fields: state && inUse(fieldsOf(kind, state)) };
  const document = documentOf(catalog, thing);
  if (!document) return { kind, thing, fields: null };
  // What came with the Worker was not adopted yet, as a file's documents are.
  const isBundled = catalog.apis.some(({ id, version }) => id === thing && version === 0);
  const adopted = isBundled ? adoptDocument(JSON.stringify(document), { id: thing }).document : document;
  return { kind, thing, fields: { document: await hashOf(adopted), upstreams: state?.upstreams ?? [] } };
}

/** What is of the catalogue, which has one number. */
export const isOffer = ({ kind }: Pick<Thing, 'kind'>): boolean => kind === 'apis' || kind === 'policies';

export function versionOf({ states, applied, catalog }: Looked): Record<string, string> {
  const named = states.map((state) => [pathOf(state), state.version] as const);
  return {
    ...Object.fromEntries(named),
    ...(states.some(isOffer) && { '/apis': String(catalog.version) }),
    '': applied,
  };
}

export const stepsOf = ({ things }: Wanted, { seen, states }: Looked): Step[] =>
  things.map((wanted) => {
    const found = seen.find(isSame(wanted)) ?? { ...wanted, fields: null };
    const ref = states.find(isSame(wanted))?.ref ?? null;
    return { wanted, ref, before: found.fields, changes: changesOf(wanted, found) };
  });

/** A file has one policy of a kind at a place. @throws AppError conflict where there are more */
export function refuseDoubled(seen: readonly Seen[]): void {
  const doubled = seen.filter(({ fields }) => fields?.others !== undefined).map((each) => pathOf(each));
  if (doubled.length > 0)
    throw new AppError(
      'conflict',
      `A file can name one policy of a kind at a place, and here are more: ${doubled.join(', ')}. Make one of them first`,
    );
}

export const namedIn = ({ things }: Wanted) =>
  things.flatMap(({ kind, thing, fields }) =>
    Object.entries(fields).map(([field, value]) => ({ kind, thing, field, value })),
  );

/** Which fields become the file's, and which are its no more. */
export function ownership(wanted: Wanted, marks: readonly Mark[], changes: readonly Change[]) {
  const path = ({ field, ...thing }: Thing & { field: string }) => pathOf(thing, field);
  const named = namedIn(wanted);
  const changed = new Set(changes.map(path));
  const before = new Map(marks.map((mark) => [path(mark), mark.value]));
  const now = new Set(named.map(path));
  return {
    taken: named
      .filter((each) => !changed.has(path(each)) && !areEqual(before.get(path(each)), each.value))
      .map(path),
    released: marks.map(path).filter((each) => !now.has(each)),
  };
}

/** `found`: what it would be now. */
export const tooLate = (paths: readonly string[], found: ConfigPlan): AppError =>
  new AppError(
    'conflict',
    'The configuration was changed meanwhile. `changed` says where: look again, and apply it if it still fits',
    {
      changed: paths,
      now: found.changes.map(({ path, before, owner, by, at }) => ({ path, value: before, owner, by, at })),
    },
  );

/** Where two versions differ. */
export const staleIn = (version: Readonly<Record<string, string>>, now: ConfigPlan): string[] =>
  [...new Set([...Object.keys(now.version), ...Object.keys(version)])].filter(
    (path) => now.version[path] !== version[path],
  );
