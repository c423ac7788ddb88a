// Keywords of a schema that hold no schemas: each of its own kind, as JSON Schema 2020-12 has it. Pure.

import { hasReference, isObject, type JsonObject } from './read-document.ts';

const TYPES = new Set(['null', 'boolean', 'object', 'array', 'number', 'string', 'integer']);
/** What authors write for them. */
const OTHER_TYPES = new Map(
  Object.entries({
    int: 'integer',
    int32: 'integer',
    int64: 'integer',
    long: 'integer',
    float: 'number',
    double: 'number',
    decimal: 'number',
    bool: 'boolean',
    date: 'string',
    'date-time': 'string',
    datetime: 'string',
    file: 'string',
    text: 'string',
    uuid: 'string',
    list: 'array',
  }),
);

const isText = (value: unknown): value is string => typeof value === 'string';
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean';
const isList = (value: unknown): value is unknown[] => Array.isArray(value);
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isCount = (value: unknown): value is number => isNumber(value) && Number.isInteger(value) && value >= 0;
const isAnything = (value: unknown): boolean => value !== undefined;

const KINDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  ...Object.fromEntries(
    ['title', 'description', 'format', 'pattern', 'contentMediaType', 'contentEncoding', '$comment'].map(
      (name) => [name, isText],
    ),
  ),
  ...Object.fromEntries(['readOnly', 'writeOnly', 'deprecated', 'uniqueItems'].map((name) => [name, isFlag])),
  ...Object.fromEntries(
    ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'].map((name) => [name, isNumber]),
  ),
  ...Object.fromEntries(
    ['Length', 'Items', 'Properties', 'Contains'].flatMap((what) => [
      [`min${what}`, isCount],
      [`max${what}`, isCount],
    ]),
  ),
  multipleOf: (value) => isNumber(value) && value > 0,
  const: isAnything,
  default: isAnything,
  'x-enum-varnames': isList,
  'x-enum-descriptions': isAnything,
};

/** Numbers that are written as text. */
const numeric = (value: unknown): unknown =>
  isText(value) && value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : value;

function typeOf(given: unknown): string | string[] | undefined {
  const types = [given].flat().flatMap((type) => {
    const name = String(type).toLowerCase();
    const known = TYPES.has(name) ? name : OTHER_TYPES.get(name);
    return known === undefined ? [] : [known];
  });
  const unique = [...new Set(types)];
  return Array.isArray(given) && unique.length > 1 ? unique : unique[0];
}

const FITS: Readonly<Record<string, (value: unknown) => boolean>> = {
  null: (value) => value === null,
  boolean: isFlag,
  object: isObject,
  array: isList,
  number: isNumber,
  integer: Number.isInteger,
  string: isText,
};

/** A value as its type has it: YAML reads `yes` and `1` as what their authors did not mean. Undefined: none fits. */
function typedValue(value: unknown, types: readonly string[]): unknown {
  if (types.length === 0 || types.some((type) => FITS[type]?.(value))) return value;
  if (types.includes('string') && (isNumber(value) || isFlag(value))) return String(value);
  const number = numeric(value);
  if (types.some((type) => FITS[type]?.(number))) return number;
  return types.includes('boolean') && (value === 'true' || value === 'false') ? value === 'true' : undefined;
}

function enumOf(given: unknown, type: string | string[] | undefined): unknown[] | undefined {
  if (!isList(given)) return undefined;
  const types = [type ?? []].flat();
  const values = given.map((value) => typedValue(value, types)).filter(isAnything);
  const unique = new Map(values.map((value) => [JSON.stringify(value), value]));
  return unique.size > 0 ? [...unique.values()] : undefined;
}

/** `nullable` of OpenAPI 3.0. */
function allowNull(schema: JsonObject, source: JsonObject): void {
  const { type } = schema;
  if (type !== undefined) schema.type = [...new Set([type, 'null'].flat())];
  if (isList(schema.enum) && !schema.enum.includes(null)) schema.enum = [...schema.enum, null];
  if (type !== undefined) return;
  for (const keyword of ['anyOf', 'oneOf']) {
    const choices = source[keyword];
    if (isList(choices)) source[keyword] = [...choices, { type: 'null' }];
  }
}

/** Limits as draft 4 had them: `exclusiveMinimum` was said of `minimum`. */
function bounds(source: JsonObject): JsonObject {
  const { exclusiveMinimum: least, exclusiveMaximum: most, minimum, maximum, ...others } = source;
  return {
    ...others,
    ...(least === true ? { exclusiveMinimum: minimum } : { exclusiveMinimum: least, minimum }),
    ...(most === true ? { exclusiveMaximum: maximum } : { exclusiveMaximum: most, maximum }),
  };
}

/** `source`: of what may be null, its choices are changed. */
export function repairedKeywords(source: JsonObject): JsonObject {
  const schema: JsonObject = {};
  const type = typeOf(source.type);
  if (type !== undefined) schema.type = type;
  const given = bounds(source);
  for (const [name, is] of Object.entries(KINDS)) {
    const value = is === isNumber || is === isCount ? numeric(given[name]) : given[name];
    if (is(value)) schema[name] = value;
  }
  const values = enumOf(source.enum, type);
  if (values) schema.enum = values;
  if (isList(source.required)) {
    const required = [...new Set(source.required.filter(isText))];
    if (required.length > 0) schema.required = required;
  }
  // One, before 2020-12.
  const examples = isList(source.examples) ? source.examples : [source.example];
  const shown = examples.filter((each) => each !== undefined && !hasReference(each));
  if (shown.length > 0) schema.examples = shown;
  if (isObject(source.dependentRequired)) schema.dependentRequired = source.dependentRequired;
  if (isObject(source.externalDocs) && isText(source.externalDocs.url))
    schema.externalDocs = { url: source.externalDocs.url };
  if (isObject(source.xml)) {
    const { name, namespace, prefix, attribute, wrapped } = source.xml;
    schema.xml = {
      ...(isText(name) && { name }),
      ...(isText(namespace) && { namespace }),
      ...(isText(prefix) && { prefix }),
      ...(isFlag(attribute) && { attribute }),
      ...(isFlag(wrapped) && { wrapped }),
    };
  }
  if (source.nullable === true) allowNull(schema, source);
  return schema;
}
