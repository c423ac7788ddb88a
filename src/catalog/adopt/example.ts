// An example of a schema: what its author shows, or else what its keywords say. For test keys, and for readers. Pure. Schemas
// may contain themselves: what need not be there is left out then. One that says more than MAX_VALUES has no example.

import { textFor } from './pattern-text.ts';
import { isObject, type JsonObject } from './read-document.ts';
import type { Schema } from './schemas.ts';

const MAX_VALUES = 500;
const PADDED_AT_MOST = 10_000;
/** A field is shown although it need not be there, this far within others. */
const OPTIONAL_DEPTH = 3;
const FORMATS = new Map(
  Object.entries({
    'date-time': '2026-01-31T09:30:00Z',
    date: '2026-01-31',
    time: '09:30:00Z',
    duration: 'PT15M',
    email: 'ada@example.com',
    'idn-email': 'ada@example.com',
    uri: 'https://example.com',
    'uri-reference': 'https://example.com',
    iri: 'https://example.com',
    url: 'https://example.com',
    uuid: '0192f3a0-7c1e-7b6a-9d52-3f8e1c4b7a60',
    ipv4: '192.0.2.1',
    ipv6: '2001:db8::1',
    hostname: 'example.com',
    regex: '.*',
    'json-pointer': '/0',
    byte: 'dGV4dA==',
    base64: 'dGV4dA==',
  }),
);
class NoExample extends Error {}

const first = (value: unknown): unknown => (Array.isArray(value) ? value[0] : undefined);

function fits(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(text);
  } catch {
    return true;
  }
}

function textOf({ format, pattern, minLength, maxLength }: JsonObject): string {
  const least = Math.min(Number(minLength ?? 0), PADDED_AT_MOST);
  const most = Number(maxLength ?? Number.POSITIVE_INFINITY);
  const usual = (FORMATS.get(String(format)) ?? 'text').padEnd(least, 'x').slice(0, most);
  if (typeof pattern !== 'string' || fits(pattern, usual)) return usual;
  const made = textFor(pattern) ?? usual;
  // What is too short by its pattern may be repeated, or have its last sign repeated.
  const longer = [made, made.padEnd(least, made.slice(-1)), made.padEnd(least, made)];
  return longer.find((text) => text.length >= least && text.length <= most && fits(pattern, text)) ?? made;
}

function numberOf({
  type,
  minimum,
  maximum,
  exclusiveMinimum,
  exclusiveMaximum,
  multipleOf,
}: JsonObject): number {
  const step = typeof multipleOf === 'number' ? multipleOf : 1;
  const isWhole = [type].flat().includes('integer');
  const least =
    typeof exclusiveMinimum === 'number'
      ? exclusiveMinimum + (isWhole ? step : step / 10)
      : Number(minimum ?? -Infinity);
  const most =
    typeof exclusiveMaximum === 'number'
      ? exclusiveMaximum - (isWhole ? step : step / 10)
      : Number(maximum ?? Infinity);
  const usual = Math.min(Math.max(step, least), most);
  const stepped = Math.ceil(usual / step) * step;
  return typeof multipleOf === 'number' && stepped <= most ? stepped : usual;
}

/** Of a field that several parts describe, each says something. */
function together(parts: readonly JsonObject[]): JsonObject {
  const all: JsonObject = {};
  for (const part of parts)
    for (const [name, of] of Object.entries(part)) all[name] = name in all ? { allOf: [all[name], of] } : of;
  return all;
}

class Example {
  private readonly schemas: Readonly<Record<string, Schema>>;
  private readonly opened: string[] = [];
  private values = 0;

  constructor(schemas: Readonly<Record<string, Schema>>) {
    this.schemas = schemas;
  }

  /** @throws NoExample */
  of(given: unknown, depth = 0): unknown {
    if (++this.values > MAX_VALUES) throw new NoExample();
    if (!isObject(given)) return {};
    if (typeof given.$ref === 'string') return this.referred(given.$ref, depth);
    const { examples, const: fixed, default: usual, enum: some } = given;
    const found = [fixed, first(examples), usual ?? undefined, first(some)].find(
      (value) => value !== undefined,
    );
    if (found !== undefined) return found;
    const schema = this.merged(given);
    const narrowed = schema.const ?? first(schema.enum);
    if (narrowed !== undefined) return narrowed;
    const choices = [schema.oneOf, schema.anyOf].flatMap((each) => (Array.isArray(each) ? each : []));
    const choice = choices.find((each) => isObject(each) && each.type !== 'null' && !this.isOpened(each));
    if (choice !== undefined && !schema.properties) return this.of(choice, depth + 1);
    return this.typical(schema, isObject(choice) ? this.merged(choice) : {}, depth);
  }

  private isOpened(given: unknown): boolean {
    return isObject(given) && typeof given.$ref === 'string' && this.opened.includes(given.$ref);
  }

  private found($ref: string): JsonObject {
    const schema = this.schemas[$ref.slice($ref.lastIndexOf('/') + 1)];
    return isObject(schema) ? schema : {};
  }

  private referred($ref: string, depth: number): unknown {
    this.opened.push($ref);
    const value = this.of(this.found($ref), depth);
    this.opened.pop();
    return value;
  }

  /** A schema with what each of its parts (`allOf`) adds. @throws NoExample where they are without end */
  private merged(given: JsonObject): JsonObject {
    if (++this.values > MAX_VALUES) throw new NoExample();
    if (typeof given.$ref === 'string') return this.merged(this.found(given.$ref));
    const parts = (Array.isArray(given.allOf) ? given.allOf : [])
      .filter(isObject)
      .map((part) => this.merged(part));
    if (parts.length === 0) return given;
    const all = [...parts, given];
    return {
      ...Object.assign({}, ...all),
      properties: together(all.map(({ properties }) => (isObject(properties) ? properties : {}))),
      required: all.flatMap(({ required }) => (Array.isArray(required) ? required : [])),
    };
  }

  private typical(schema: JsonObject, more: JsonObject, depth: number): unknown {
    const [type = schema.properties ? 'object' : schema.items ? 'array' : undefined] = [schema.type]
      .flat()
      .filter((each) => each !== undefined && each !== 'null');
    if (type === 'object') return this.object(schema, more, depth);
    if (type === 'array') return this.list(schema, depth);
    if (type === 'string') return textOf(schema);
    if (type === 'integer' || type === 'number') return numberOf(schema);
    if (type === 'boolean') return true;
    return schema.type === 'null' ? null : {};
  }

  private object(schema: JsonObject, more: JsonObject, depth: number): JsonObject {
    const properties = { ...(schema.properties as JsonObject), ...(more.properties as JsonObject) };
    const required = new Set([schema.required, more.required].flat());
    const shown = Object.entries(properties).filter(([name, of]) => {
      if (required.has(name)) return true;
      // Tools take it for a reference wherever it stands.
      if (name.startsWith('$')) return false;
      const within = isObject(of) && of.items !== undefined ? of.items : of;
      return (
        of !== false &&
        depth < OPTIONAL_DEPTH &&
        !this.isOpened(within) &&
        !(isObject(of) && of.writeOnly === true)
      );
    });
    const unsaid = [...required].filter((name) => typeof name === 'string' && !(name in properties));
    const others = isObject(schema.additionalProperties) ? schema.additionalProperties : {};
    return Object.fromEntries([
      ...shown.map(([name, of]) => [name, this.of(of, depth + 1)]),
      ...unsaid.map((name) => [name, this.of(others, depth + 1)]),
    ]);
  }

  private list({ items, prefixItems, minItems }: JsonObject, depth: number): unknown[] {
    const least = Math.min(Number(minItems ?? 0), MAX_VALUES);
    const begun = (Array.isArray(prefixItems) ? prefixItems : []).map((each) => this.of(each, depth + 1));
    const more =
      items === false ? 0 : this.isOpened(items) ? least : Math.max(least, begun.length > 0 ? 0 : 1);
    const others = Array.from({ length: Math.max(0, more - begun.length) }, () =>
      this.of(items ?? {}, depth + 1),
    );
    return [...begun, ...others];
  }
}

/** Undefined where it would be too large. `schemas`: components, by their names. */
export function exampleOfSchema(schema: unknown, schemas: Readonly<Record<string, Schema>>): unknown {
  try {
    return new Example(schemas).of(schema);
  } catch (error) {
    if (error instanceof NoExample) return undefined;
    throw error;
  }
}
