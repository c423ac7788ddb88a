// What a document says of the requests and answers of an operation, as far as it can be checked: parameters and bodies. The schemas
// that they refer to are kept once for the API. Only for APIs whose policies ask for it. Pure.

import { type CatalogDocument, nameOfReference, type Operation, parametersOf } from '../document.ts';

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
  bodies: Bodies;
  /** By status; `2XX` is all of them, and `default` all that have none. */
  answers: readonly (readonly [status: string, bodies: Bodies])[];
}

/** By media type, lower case, without parameters. */
export type Bodies = readonly (readonly [type: string, schema: object])[];

type Side = 'request' | 'answer';
/** By name: what `#/components/schemas/…` refers to. */
export type Schemas = Readonly<Record<string, unknown>>;
/** What is only read is not asked for in a request, nor what is only written in an answer. */
export type RuleSchemas = Readonly<Record<Side, Schemas>>;
export const NO_SCHEMAS: RuleSchemas = { request: {}, answer: {} };

export interface DocumentRules extends RouteRules {
  schemas: RuleSchemas;
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

/** Keys of which are names of schemas. */
const OF_NAMES = new Set(['properties', '$defs']);

/** As bodies of this side are held against it; or as they are for whoever reads it. */
function cleaned(value: unknown, side: Side, isNames = false, isForReaders = false): unknown {
  const again = (each: unknown, areNames = false) => cleaned(each, side, areNames, isForReaders);
  if (Array.isArray(value)) return value.map((each) => again(each));
  if (!isPlain(value)) return value;
  const { properties } = value;
  const others = side === 'request' ? 'readOnly' : 'writeOnly';
  const onlyOthers = new Set(
    isPlain(properties) && !isNames
      ? Object.entries(properties).flatMap(([name, schema]) =>
          isPlain(schema) && schema[others] === true ? [name] : [],
        )
      : [],
  );
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, each]): [string, unknown][] => {
      if (isNames) return [[name, again(each)]];
      const isLeftOut = LEFT_OUT.has(name) || (name === 'format' && !PLAIN_FORMATS.has(String(each)));
      if (isLeftOut) return isForReaders ? [[name, each]] : [];
      if (name === 'enum' || name === 'const') return [[name, each]];
      if (name === 'required' && Array.isArray(each))
        return [[name, each.filter((one) => !onlyOthers.has(String(one)))]];
      return [[name, again(each, OF_NAMES.has(name))]];
    }),
  );
}

/** What requests are held against: nothing of it runs a document's expressions on what callers send. */
export const checkedSchema = (schema: object): object => cleaned(schema, 'request') as object;
/** The same for whoever makes requests: with all that it says of them. */
export const shownSchema = (schema: unknown): unknown => cleaned(schema, 'request', false, true);

export function routeRules(document: CatalogDocument, operation: Operation): RouteRules {
  const parameters = parametersOf(document, operation)
    .filter(({ in: place, schema }) => PLACES.has(String(place)) && isPlain(schema))
    .map(
      (given): ParameterRule => ({
        name: given.name,
        in: given.in as ParameterRule['in'],
        required: given.required === true,
        schema: cleaned(given.schema, 'request') as object,
      }),
    );
  const body = operation.requestBody;
  const answers = Object.entries(operation.responses ?? {}).map(([status, given]) => {
    const { $ref, ...own } = given;
    const name = $ref === undefined ? undefined : nameOfReference($ref);
    const answer = name === undefined ? own : (document.components?.responses?.[name] ?? {});
    return [status.toUpperCase(), bodiesOf(answer.content, 'answer')] as const;
  });
  return {
    parameters,
    bodyRequired: body?.required === true,
    bodies: bodiesOf(body?.content, 'request'),
    answers,
  };
}

const bodiesOf = (content: unknown, side: Side): Bodies =>
  Object.entries(isPlain(content) ? content : {}).map(([type, media]) => {
    const schema = isPlain(media) && isPlain(media.schema) ? media.schema : {};
    return [(type.split(';')[0] ?? '').trim().toLowerCase(), cleaned(schema, side) as object] as const;
  });

/** All of a document, once for all of its routes. */
export const ruleSchemas = ({ components }: CatalogDocument): RuleSchemas => {
  const { schemas } = (components ?? {}) as { schemas?: Plain };
  const of = (side: Side): Schemas =>
    Object.fromEntries(Object.entries(schemas ?? {}).map(([name, schema]) => [name, cleaned(schema, side)]));
  return { request: of('request'), answer: of('answer') };
};

const MAX_STEPS = 20;

/** What a schema is, or refers to. */
export function resolved(schema: unknown, schemas: Schemas): Plain | undefined {
  let found = schema;
  for (let step = 0; step < MAX_STEPS && isPlain(found) && typeof found.$ref === 'string'; step++) {
    const name = decodeURIComponent(found.$ref.slice(found.$ref.lastIndexOf('/') + 1));
    found = Object.hasOwn(schemas, name) ? schemas[name] : undefined;
  }
  return isPlain(found) ? found : undefined;
}

/** All that a value of a schema may be. */
export function typesOf(schema: unknown, schemas: Schemas, depth = 0): ReadonlySet<string> {
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
