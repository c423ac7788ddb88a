// What a document says of the requests of an operation, as far as it can be checked: parameters and bodies. The schemas that they
// refer to are kept once for the API. Only for APIs whose policies ask for it. Pure.

import { type CatalogDocument, type Operation, parametersOf } from '../document.ts';

export interface ParameterRule {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  schema: object;
}

/** As a route has it. */
export interface RouteRules {
  parameters: readonly ParameterRule[];
  bodyRequired: boolean;
  /** By media type, lower case, without parameters. */
  bodies: readonly (readonly [type: string, schema: object])[];
}

export interface RequestRules extends RouteRules {
  /** By name: what `#/components/schemas/…` refers to. */
  schemas: Readonly<Record<string, unknown>>;
}

const PLACES = new Set(['path', 'query', 'header']);
type Plain = Record<string, unknown>;
const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Expressions of a document would run on what callers send, and so would formats that are expressions in the validator. */
const LEFT_OUT = new Set([
  'pattern',
  'patternProperties',
  'uniqueItems',
  'contains',
  'minContains',
  'maxContains',
  'default',
  'example',
  'examples',
]);
const PLAIN_FORMATS = new Set(['date', 'date-time', 'time', 'uuid', 'ipv4']);

/** As requests are held against it: what is only read is not asked for. */
function forRequests(value: unknown, isNames = false): unknown {
  if (Array.isArray(value)) return value.map((each) => forRequests(each));
  if (!isPlain(value)) return value;
  const { properties } = value;
  const onlyRead = new Set(
    isPlain(properties) && !isNames
      ? Object.entries(properties).flatMap(([name, schema]) =>
          isPlain(schema) && schema.readOnly === true ? [name] : [],
        )
      : [],
  );
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, each]): [string, unknown][] => {
      if (isNames) return [[name, forRequests(each)]];
      if (LEFT_OUT.has(name) || (name === 'format' && !PLAIN_FORMATS.has(String(each)))) return [];
      if (name === 'enum' || name === 'const') return [[name, each]];
      if (name === 'required' && Array.isArray(each))
        return [[name, each.filter((one) => !onlyRead.has(String(one)))]];
      return [[name, forRequests(each, name === 'properties')]];
    }),
  );
}

export function routeRules(document: CatalogDocument, operation: Operation): RouteRules {
  const parameters = parametersOf(document, operation)
    .filter(({ in: place, schema }) => PLACES.has(String(place)) && isPlain(schema))
    .map(
      (given): ParameterRule => ({
        name: given.name,
        in: given.in as ParameterRule['in'],
        required: given.required === true,
        schema: forRequests(given.schema) as object,
      }),
    );
  const body = operation.requestBody as { required?: boolean; content?: Record<string, Plain> } | undefined;
  const bodies = Object.entries(body?.content ?? {}).map(
    ([type, media]) =>
      [
        (type.split(';')[0] ?? '').trim().toLowerCase(),
        forRequests(isPlain(media?.schema) ? media.schema : {}) as object,
      ] as const,
  );
  return { parameters, bodyRequired: body?.required === true, bodies };
}

/** All of a document, once for all of its routes. */
export const requestSchemas = ({ components }: CatalogDocument): Readonly<Record<string, unknown>> => {
  const { schemas } = (components ?? {}) as { schemas?: Plain };
  return Object.fromEntries(
    Object.entries(schemas ?? {}).map(([name, schema]) => [name, forRequests(schema)]),
  );
};

const MAX_STEPS = 20;

/** What a schema is, or refers to. */
export function resolved(schema: unknown, schemas: RequestRules['schemas']): Plain | undefined {
  let found = schema;
  for (let step = 0; step < MAX_STEPS && isPlain(found) && typeof found.$ref === 'string'; step++) {
    const name = decodeURIComponent(found.$ref.slice(found.$ref.lastIndexOf('/') + 1));
    found = Object.hasOwn(schemas, name) ? schemas[name] : undefined;
  }
  return isPlain(found) ? found : undefined;
}

/** All that a value of a schema may be. */
export function typesOf(schema: unknown, schemas: RequestRules['schemas'], depth = 0): ReadonlySet<string> {
  const found = resolved(schema, schemas);
  if (!found || depth > MAX_STEPS) return new Set();
  const { type, enum: values, const: only, properties, items } = found;
  const types = new Set([type].flat().filter((each): each is string => typeof each === 'string'));
  if (isPlain(properties)) types.add('object');
  if (items !== undefined) types.add('array');
  for (const value of [...(Array.isArray(values) ? values : []), ...(only === undefined ? [] : [only])])
    types.add(value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);
  for (const part of [found.anyOf, found.oneOf, found.allOf].flat())
    for (const each of typesOf(part, schemas, depth + 1)) types.add(each);
  return types;
}
