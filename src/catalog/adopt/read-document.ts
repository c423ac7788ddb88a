// Text -> an OpenAPI 3.1 document: JSON or YAML, of any version since Swagger 2.0. Pure. Bounded by MAX_BYTES, MAX_DEPTH and
// MAX_NODES; aliases of YAML are counted by its parser, so that few bytes do not become many.

import { upgrade } from '@scalar/openapi-upgrader';
import { parseDocument } from 'yaml';
import { nameOfPart, pointerTo } from '../../core/json-pointer.ts';
import { type Problem, UnfitDocument, unfit } from './problems.ts';

export const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;
const MAX_DEPTH = 64;
const MAX_NODES = 400_000;

export type JsonObject = Record<string, unknown>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @throws UnfitDocument */
function parse(text: string): unknown {
  if (text.trim() === '') throw unfit('', 'is empty');
  if (/^\s*[{[]/.test(text))
    try {
      return JSON.parse(text);
    } catch {
      // YAML says more exactly where it is wrong, and may be what it is.
    }
  // That names are unique, it would look up among all for each.
  const read = parseDocument(text, { uniqueKeys: false, prettyErrors: false });
  const [error] = read.errors;
  if (error) {
    const line = text.slice(0, error.pos[0]).split('\n').length;
    throw unfit('', `is neither JSON nor YAML, at line ${line}`);
  }
  try {
    return read.toJS({ maxAliasCount: 100 });
  } catch {
    // Aliases of aliases: few bytes that become many.
    throw unfit('', 'is no YAML that we read');
  }
}

/** @throws UnfitDocument for what is too deep, too large, or what JSON cannot hold */
function checkShape(document: JsonObject): void {
  let nodes = 0;
  const visit = (value: unknown, path: readonly (string | number)[]): void => {
    if (++nodes > MAX_NODES) throw unfit('', `has more than ${MAX_NODES} values`);
    if (path.length > MAX_DEPTH) throw unfit(pointerTo(...path), `is deeper than ${MAX_DEPTH} levels`);
    if (typeof value === 'string' && (value.includes('\0') || !value.isWellFormed()))
      throw unfit(pointerTo(...path), 'must be well-formed Unicode without NUL');
    if (Array.isArray(value)) for (const [i, each] of value.entries()) visit(each, [...path, i]);
    else if (isObject(value))
      for (const [name, each] of Object.entries(value)) {
        if (name === '__proto__') throw unfit(pointerTo(...path, name), 'is a name that we do not take');
        visit(each, [...path, name]);
      }
  };
  visit(document, []);
}

const resolved = (document: JsonObject, reference: string): unknown =>
  reference
    .slice(2)
    .split('/')
    .map((part) => nameOfPart(decodeURIComponent(part)))
    .reduce<unknown>(
      (value, part) =>
        isObject(value) || Array.isArray(value) ? (value as Record<string, unknown>)[part] : undefined,
      document,
    );

/** Where references of a document lead, as far as they were followed: chains are long, and walked from each of their links. */
const reached = new WeakMap<JsonObject, Map<string, unknown>>();

function nextOf(document: JsonObject, $ref: string): unknown {
  try {
    return resolved(document, $ref);
  } catch {
    return undefined;
  }
}

/** What a `$ref` leads to, over further ones. @throws Error where it leads nowhere, or in a circle */
export function followed(document: JsonObject, given: unknown): unknown {
  if (!isObject(given) || typeof given.$ref !== 'string') return given;
  const known = reached.get(document) ?? new Map<string, unknown>();
  reached.set(document, known);
  const seen = new Set<string>();
  let value: unknown = given;
  while (isObject(value) && typeof value.$ref === 'string') {
    const { $ref } = value;
    if (known.has($ref)) {
      value = known.get($ref);
      break;
    }
    if (seen.has($ref)) throw new Error('refers to itself');
    seen.add($ref);
    const next = nextOf(document, $ref);
    if (next === undefined) throw new Error(`refers to \`${$ref}\`, which is nowhere in this document`);
    value = next;
  }
  for (const $ref of seen) known.set($ref, value);
  return value;
}

/** Whether a reference, or what one may name, is within, at any depth. In examples these are text, which not all tools know. */
export const hasReference = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.some(hasReference)
    : isObject(value) &&
      (typeof value.$ref === 'string' ||
        typeof value.$id === 'string' ||
        Object.values(value).some(hasReference));

/** Every reference is to a place in the document: nothing is ever fetched. Schemas may well contain themselves. */
function wrongReferences(document: JsonObject): Problem[] {
  const wrong: Problem[] = [];
  const visit = (value: unknown, path: readonly (string | number)[], isNamed: boolean): void => {
    if (Array.isArray(value)) for (const [i, each] of value.entries()) visit(each, [...path, i], false);
    if (!isObject(value)) return;
    // Under `properties` a `$ref` is a name like any other, and examples are anything.
    if (typeof value.$ref === 'string' && !isNamed) {
      const pointer = pointerTo(...path, '$ref');
      if (value.$ref !== '#' && !value.$ref.startsWith('#/'))
        wrong.push({ pointer, message: 'is outside of this document: put what it refers to in, first' });
      else
        try {
          followed(document, value);
        } catch (error) {
          wrong.push({ pointer, message: (error as Error).message });
        }
      return;
    }
    for (const [name, each] of Object.entries(value))
      if (name !== 'example' && name !== 'examples' && name !== 'enum' && !name.startsWith('x-'))
        visit(each, [...path, name], name === 'properties' && !isNamed);
  };
  visit(document, [], false);
  return wrong;
}

/** @throws UnfitDocument with all that is wrong */
export function readDocument(text: string): JsonObject {
  if (new TextEncoder().encode(text).length > MAX_DOCUMENT_BYTES)
    throw unfit('', `is larger than ${MAX_DOCUMENT_BYTES / 1024 / 1024} MiB`);
  const given = parse(text);
  if (!isObject(given)) throw unfit('', 'must be an object');
  checkShape(given);
  const version = given.openapi ?? given.swagger;
  if (version === undefined) throw unfit('', 'is no OpenAPI document: it has no `openapi`, nor `swagger`');
  if (!/^(?:2\.0|3\.[012](?:\.\d+)?)$/.test(String(version)))
    throw unfit(given.openapi === undefined ? '/swagger' : '/openapi', 'must be 2.0, 3.0, 3.1 or 3.2');
  const wrong = wrongReferences(given);
  if (wrong.length > 0) throw new UnfitDocument(wrong);
  try {
    return String(version).startsWith('3.2') ? given : (upgrade(given, '3.1') as unknown as JsonObject);
  } catch {
    throw unfit('', 'cannot be read as OpenAPI');
  }
}
