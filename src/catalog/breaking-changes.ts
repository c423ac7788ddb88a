// What a document changes that breaks programs written for the one before: under the same date, nothing may. Pure. A walk over
// both documents; schemas that contain themselves are compared once. What `oneOf` and `anyOf` offer is not compared.

import { partsOf } from '../core/json-pointer.ts';
import type { CatalogDocument } from './catalog.ts';

type Plain = Record<string, unknown>;
const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const MAX_FOUND = 50;

class Walk {
  readonly found: string[] = [];
  private readonly seen = new Set<string>();
  private readonly merged = new Map<Plain, Plain>();
  private readonly before: CatalogDocument;
  private readonly after: CatalogDocument;

  constructor(before: CatalogDocument, after: CatalogDocument) {
    this.before = before;
    this.after = after;
  }

  say(text: string): void {
    if (this.found.length < MAX_FOUND) this.found.push(text);
  }

  documents(): void {
    for (const [path, operations] of Object.entries(this.before.paths))
      for (const [method, operation] of Object.entries(operations)) {
        const name = `${method.toUpperCase()} ${path}`;
        const now = this.after.paths[path]?.[method as keyof typeof operations];
        if (now) this.operation(name, operation as Plain, now as Plain);
        else this.say(`${name} is removed`);
      }
  }

  private operation(name: string, before: Plain, after: Plain): void {
    const parametersOf = (operation: Plain, document: CatalogDocument) =>
      new Map(
        ((operation.parameters as unknown[]) ?? [])
          .map((each) => plain(each, document))
          .map((each) => [`${String(each.in)} ${String(each.name)}`, each]),
      );
    const [old, now] = [parametersOf(before, this.before), parametersOf(after, this.after)];
    for (const id of old.keys()) if (!now.has(id)) this.say(`${name}: the parameter ${id} is removed`);
    const [scope, newScope] = [before, after].map((each) => scopeOf(each));
    if (newScope !== scope && newScope !== null)
      this.say(`${name} needs the scope ${newScope}, and needed ${scope ?? 'none'}`);
    for (const [id, parameter] of now) {
      const was = old.get(id);
      if (parameter.required === true && was?.required !== true)
        this.say(`${name}: the parameter ${id} is now required`);
      if (was) this.schema(`${name}: the parameter ${id}`, was.schema, parameter.schema, 'request');
    }
    this.body(name, plain(before.requestBody, this.before), plain(after.requestBody, this.after));
    this.answers(name, before.responses, after.responses);
  }

  private body(name: string, before: Plain, after: Plain): void {
    if (after.required === true && before.required !== true) this.say(`${name}: the body is now required`);
    for (const [type, media] of contentOf(before)) {
      const now = contentOf(after).find(([other]) => other === type)?.[1];
      if (now) this.schema(`${name}: the body`, media.schema, now.schema, 'request');
      else this.say(`${name}: bodies of ${type} are no longer taken`);
    }
  }

  private answers(name: string, before: unknown, after: unknown): void {
    for (const [status, answer] of Object.entries(isPlain(before) ? before : {})) {
      if (!/^2/.test(status)) continue;
      const now = isPlain(after) ? after[status] : undefined;
      if (now === undefined) {
        this.say(`${name}: the answer ${status} is removed`);
        continue;
      }
      for (const [type, media] of contentOf(plain(answer, this.before))) {
        const other = contentOf(plain(now, this.after)).find(([given]) => given === type)?.[1];
        if (other) this.schema(`${name}: the answer ${status}`, media.schema, other.schema, 'answer');
        else this.say(`${name}: the answer ${status} is no longer ${type}`);
      }
    }
  }

  private schema(place: string, given: unknown, now: unknown, side: 'request' | 'answer'): void {
    const pair = `${side} ${JSON.stringify([refOf(given), refOf(now)])}`;
    if (refOf(given) && this.seen.has(pair)) return;
    this.seen.add(pair);
    const [before, after] = [whole(given, this.before, this.merged), whole(now, this.after, this.merged)];
    this.types(place, before, after, side);
    this.properties(place, before, after, side);
    if (before.items && after.items) this.schema(`${place}/*`, before.items, after.items, side);
  }

  private types(place: string, before: Plain, after: Plain, side: 'request' | 'answer'): void {
    const typesOf = ({ type }: Plain) => [type].flat().filter((each) => each !== undefined);
    const [old, now] = [typesOf(before), typesOf(after)];
    if (old.length > 0 && now.length > 0) {
      const lost =
        side === 'request'
          ? old.filter((type) => !takes(now, type))
          : now.filter((type) => !takes(old, type));
      if (lost.length > 0) this.say(`${place} was ${old.join(' or ')}, and is ${now.join(' or ')}`);
    }
    if (side === 'answer' && old.length > 0 && now.length === 0)
      this.say(`${place} was ${old.join(' or ')}, and may be anything`);
    if (side === 'request' && old.length === 0 && now.length > 0)
      this.say(`${place} was anything, and is ${now.join(' or ')}`);
    if (side === 'request') this.bounds(place, before, after);
  }

  /** What a request may say may become more, and not less. */
  private bounds(place: string, before: Plain, after: Plain): void {
    const [was, is] = [before.enum, after.enum];
    if (Array.isArray(is)) {
      const gone = Array.isArray(was) ? was.filter((value) => !is.includes(value)) : undefined;
      if (!gone) this.say(`${place} takes ${is.map(String).join(', ')} alone`);
      else if (gone.length > 0) this.say(`${place} no longer takes ${gone.map(String).join(', ')}`);
    }
    for (const [names, isTighter] of BOUNDS)
      for (const name of names) {
        const [old, now] = [before[name], after[name]];
        if (typeof now === 'number' && (typeof old !== 'number' || isTighter(now, old)))
          this.say(`${place} has ${name} ${now}, and had ${typeof old === 'number' ? old : 'none'}`);
      }
    if (typeof after.pattern === 'string' && after.pattern !== before.pattern)
      this.say(`${place} must fit another pattern`);
  }

  private properties(place: string, before: Plain, after: Plain, side: 'request' | 'answer'): void {
    const [old, now] = [membersOf(before.properties), membersOf(after.properties)];
    const requiredOf = ({ required }: Plain) => listOf(required);
    for (const [name, schema] of Object.entries(old)) {
      if (Object.hasOwn(now, name)) this.schema(`${place}/${name}`, schema, now[name], side);
      else if (side === 'answer') this.say(`${place}/${name} is removed`);
    }
    if (side === 'request')
      for (const name of requiredOf(after))
        if (!requiredOf(before).includes(name)) this.say(`${place}/${String(name)} is now required`);
    if (side === 'answer')
      for (const name of requiredOf(before))
        if (Object.hasOwn(now, String(name)) && !requiredOf(after).includes(name))
          this.say(`${place}/${String(name)} may now be missing`);
  }
}

const BOUNDS: readonly [names: readonly string[], isTighter: (now: number, old: number) => boolean][] = [
  [['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'], (now, old) => now < old],
  [['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'], (now, old) => now > old],
];

/** null: any key may. */
const scopeOf = (operation: Plain): string | null =>
  (operation['x-passerelle'] as { scope?: string | null } | undefined)?.scope ?? null;

/** Whoever takes a number takes an integer. */
const takes = (types: readonly unknown[], type: unknown): boolean =>
  types.includes(type) || (type === 'integer' && types.includes('number'));

const refOf = (value: unknown): string | undefined =>
  isPlain(value) && typeof value.$ref === 'string' ? value.$ref : undefined;

/** What is given, or what it refers to. */
function plain(value: unknown, document: CatalogDocument): Plain {
  let found = value;
  for (let i = 0; i < 10 && refOf(found); i++)
    found = partsOf(String(refOf(found))).reduce<unknown>(
      (at, part) => (isPlain(at) && Object.hasOwn(at, part) ? at[part] : undefined),
      document,
    );
  return isPlain(found) ? found : {};
}

/** What all parts of `allOf` say, as one: of what more than one says, the last. `merged`: what was made before. */
function whole(value: unknown, document: CatalogDocument, merged: Map<Plain, Plain>): Plain {
  const found = plain(value, document);
  const known = merged.get(found);
  if (known) return known;
  const { allOf, ...own } = found;
  const parts = listOf(allOf);
  const all: Plain = parts.length === 0 ? found : {};
  merged.set(found, all);
  if (all === found) return all;
  const given = [...parts.map((part) => whole(part, document, merged)), own];
  return Object.assign(all, ...given, {
    properties: Object.assign({}, ...given.map(({ properties }) => membersOf(properties))),
    required: [...new Set(given.flatMap(({ required }) => listOf(required)))],
  });
}

const membersOf = (value: unknown): Plain => (isPlain(value) ? value : {});
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

const contentOf = ({ content }: Plain): [string, Plain][] =>
  Object.entries(isPlain(content) ? content : {}).filter((entry): entry is [string, Plain] =>
    isPlain(entry[1]),
  );

/** In words; at most fifty. */
export function breakingChanges(before: CatalogDocument, after: CatalogDocument): string[] {
  const walk = new Walk(before, after);
  walk.documents();
  return walk.found;
}
