// An example of what an operation answers: what its document shows, or else what its schema says. For test keys, and for
// readers. Pure. Schemas may contain themselves: it ends at MAX_DEPTH.

import { followed, isObject, type JsonObject } from './read-document.ts';

const MAX_DEPTH = 6;
const FORMATS: Readonly<Record<string, string>> = {
  'date-time': '2026-01-31T09:30:00Z',
  date: '2026-01-31',
  time: '09:30:00Z',
  email: 'ada@example.com',
  uri: 'https://example.com',
  url: 'https://example.com',
  uuid: '0192f3a0-7c1e-7b6a-9d52-3f8e1c4b7a60',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  hostname: 'example.com',
};

const first = (value: unknown): unknown => (Array.isArray(value) ? value[0] : undefined);

function textOf({ format, minLength, maxLength }: JsonObject): string {
  const text = FORMATS[String(format)] ?? 'text';
  const padded = text.padEnd(Math.min(Number(minLength ?? 0), 1000), 'x');
  return typeof maxLength === 'number' ? padded.slice(0, maxLength) : padded;
}

function numberOf({ minimum, maximum, exclusiveMinimum }: JsonObject): number {
  const least = typeof exclusiveMinimum === 'number' ? exclusiveMinimum + 1 : Number(minimum ?? 1);
  return Math.min(least, Number(maximum ?? least));
}

/** A schema with what each of its parts (`allOf`) adds. */
function merged(document: JsonObject, schema: JsonObject): JsonObject {
  const parts = (Array.isArray(schema.allOf) ? schema.allOf : [])
    .map((part) => followed(document, part))
    .filter(isObject)
    .map((part) => merged(document, part));
  if (parts.length === 0) return schema;
  const properties = Object.assign({}, ...parts.map((part) => part.properties), schema.properties);
  return { ...Object.assign({}, ...parts), ...schema, properties };
}

export function exampleOfSchema(document: JsonObject, given: unknown, depth = 0): unknown {
  const reached = followed(document, given);
  if (!isObject(reached) || depth > MAX_DEPTH) return null;
  const shown = [
    reached.example,
    first(reached.examples),
    reached.const,
    reached.default,
    first(reached.enum),
  ];
  const found = shown.find((value) => value !== undefined);
  if (found !== undefined) return found;
  const schema = merged(document, reached);
  const choice = first(schema.oneOf) ?? first(schema.anyOf);
  if (choice !== undefined && !schema.properties) return exampleOfSchema(document, choice, depth + 1);
  const types = [schema.type].flat().filter((type) => type !== 'null');
  const type = types[0] ?? (schema.properties ? 'object' : schema.items ? 'array' : undefined);
  if (type === 'object') {
    const properties = isObject(schema.properties) ? Object.entries(schema.properties) : [];
    return Object.fromEntries(
      properties.map(([name, of]) => [name, exampleOfSchema(document, of, depth + 1)]),
    );
  }
  if (type === 'array')
    return depth < MAX_DEPTH ? [exampleOfSchema(document, schema.items ?? {}, depth + 1)] : [];
  if (type === 'string') return textOf(schema);
  if (type === 'integer' || type === 'number') return numberOf(schema);
  if (type === 'boolean') return true;
  return {};
}

const isJson = (type: string): boolean => /^application\/(?:[\w.-]+\+)?json\b/i.test(type) || type === '*/*';

/** Of an answer, as given or referred to; undefined where it has no JSON. */
export function exampleOfAnswer(document: JsonObject, given: unknown): unknown {
  const answer = followed(document, given);
  if (!isObject(answer) || !isObject(answer.content)) return undefined;
  const [, media] = Object.entries(answer.content).find(([type]) => isJson(type)) ?? [];
  if (!isObject(media)) return undefined;
  if (media.example !== undefined) return media.example;
  const named = isObject(media.examples) ? followed(document, Object.values(media.examples)[0]) : undefined;
  if (isObject(named) && named.value !== undefined) return named.value;
  return exampleOfSchema(document, media.schema ?? {});
}
