// A request is held against its document before anything is counted: parameters, and JSON bodies. So is a share of answers, after
// they were given. The validator is loaded with the first of them. What a document could make slow for everybody (expressions, formats that are expressions, comparisons of all
// items) is left to the upstream: `document-rules.ts` takes it out.

import { deny } from '../../core/denied.ts';
import { isJsonType, textOf } from '../../core/encoding.ts';
import { type Bodies, type DocumentRules, type ParameterRule, resolved, typesOf } from './document-rules.ts';
import type { PolicyCall, RequestStep } from './policy.ts';
import { isDeepOrDouble } from './strict-json.ts';

const MAX_DETAILS = 20;

export interface Detail {
  field: string;
  message: string;
}
type Check = (value: unknown) => Detail[];

const load = () => import('@cfworker/json-schema');
type Library = Awaited<ReturnType<typeof load>>;

/** Made once for each schema. */
const checks = new WeakMap<object, Check>();
/** These say that something inside does not fit, which is said by itself. */
const AROUND = new Set(['properties', 'items', '$ref', 'allOf', 'anyOf', 'oneOf']);

function checkOf({ Validator }: Library, schema: object, schemas: object, field: string): Check {
  const known = checks.get(schema);
  if (known) return known;
  // To look references up costs as much as there are schemas: most have none.
  const isAlone = !JSON.stringify(schema).includes('"$ref":');
  const validator = new Validator(
    isAlone ? schema : { ...schema, components: { schemas } },
    '2020-12',
    false,
  );
  const check: Check = (value) => {
    const { valid, errors } = validator.validate(value);
    if (valid) return [];
    const inner = errors.filter(({ keyword }) => !AROUND.has(keyword));
    return (inner.length > 0 ? inner : errors).map(({ instanceLocation, error }) => ({
      field: field + instanceLocation.slice(1),
      message: error,
    }));
  };
  checks.set(schema, check);
  return check;
}

const NUMBER = /^-?\d{1,300}(?:\.\d{1,300})?(?:[eE][+-]?\d{1,3})?$/;

/** As its schema wants it, where that may be a number or a truth value. */
function typed(text: string, types: ReadonlySet<string>): unknown {
  if ((types.has('integer') || types.has('number')) && NUMBER.test(text)) return Number(text);
  if (types.has('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  return text === '' && types.has('null') ? null : text;
}

/** undefined: it is part of a segment, and not checked. */
function pathValue(template: string, path: string, name: string): string | undefined {
  const at = template.split('/').indexOf(`{${name}}`);
  const said = at < 0 ? undefined : path.split('/')[at];
  if (said === undefined) return undefined;
  try {
    return decodeURIComponent(said);
  } catch {
    return said;
  }
}

function valuesOf({ name, in: place }: ParameterRule, call: PolicyCall): string[] {
  if (place === 'query') return new URLSearchParams(call.query).getAll(name);
  const said = place === 'header' ? call.headers.get(name) : pathValue(call.route.path, call.path, name);
  return said === null || said === undefined ? [] : [said];
}

function wrongParameters(
  library: Library,
  call: PolicyCall,
  { parameters, schemas: { request: schemas } }: DocumentRules,
): Detail[] {
  return parameters.flatMap((rule): Detail[] => {
    const { name, in: place, required, schema } = rule;
    const types = typesOf(schema, schemas);
    // Lists and objects have many forms, which gateways read differently.
    if (types.has('array') || types.has('object')) return [];
    const field = `${place}.${name}`;
    const [said, ...more] = valuesOf(rule, call);
    if (more.length > 0) return [{ field, message: 'is given more than once' }];
    if (said !== undefined) return checkOf(library, schema, schemas, field)(typed(said, types));
    return required && place !== 'path' ? [{ field, message: 'is required' }] : [];
  });
}

const typeOf = (headers: Headers): string =>
  (headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';

/** The schema of a media type, also by `application/*`. */
function schemaFor(bodies: Bodies, type: string): object | undefined {
  const found = (name: string) => bodies.find(([given]) => given === name)?.[1];
  return found(type) ?? found(`${type.split('/')[0]}/*`) ?? found('*/*');
}

function wrongBody(
  library: Library,
  call: PolicyCall,
  { bodies, bodyRequired, schemas: { request: schemas } }: DocumentRules,
): Detail[] {
  const isEmpty = !call.body || call.body.length === 0;
  if (isEmpty) return bodyRequired ? [{ field: 'body', message: 'is required' }] : [];
  if (bodies.length === 0) return [];
  const type = typeOf(call.headers);
  const schema = schemaFor(bodies, type);
  if (!schema)
    return [{ field: 'content-type', message: `is none of: ${bodies.map(([name]) => name).join(', ')}` }];
  if (!isJsonType(type)) return [];
  let value: unknown;
  try {
    const text = textOf(call.body as Uint8Array);
    const odd = isDeepOrDouble(text);
    if (odd) return [{ field: 'body', message: odd }];
    value = JSON.parse(text);
  } catch {
    return [{ field: 'body', message: 'is no JSON in UTF-8' }];
  }
  return checkOf(library, resolved(schema, schemas) ?? schema, schemas, 'body')(value);
}

/** Where the rules of a route are not known, nothing is refused. */
export const validates =
  (what: { body: boolean; parameters: boolean }): RequestStep =>
  async (call) => {
    const { rules } = call.route;
    if (!rules) return undefined;
    const library = await load();
    const details = [
      ...(what.parameters ? wrongParameters(library, call, rules) : []),
      ...(what.body ? wrongBody(library, call, rules) : []),
    ];
    return details.length > 0
      ? deny('validation_error', { fields: { details: details.slice(0, MAX_DETAILS) } }, 'policy')
      : undefined;
  };

/** What an answer has that its document does not say of its status; nothing where it says nothing. */
export async function wrongAnswer(
  { answers, schemas: { answer: schemas } }: DocumentRules,
  { status, headers }: Pick<Response, 'status' | 'headers'>,
  body: Uint8Array,
): Promise<Detail[]> {
  const names = [String(status), `${String(status)[0]}XX`, 'DEFAULT'];
  const said = names.map((name) => answers.find(([each]) => each === name)).find(Boolean);
  if (!said)
    return answers.length > 0 ? [{ field: 'status', message: `${status} is not in the document` }] : [];
  const [, bodies] = said;
  const type = typeOf(headers);
  if (bodies.length === 0 || body.length === 0 || !isJsonType(type)) return [];
  const schema = schemaFor(bodies, type);
  if (!schema)
    return [{ field: 'content-type', message: `is none of: ${bodies.map(([name]) => name).join(', ')}` }];
  let value: unknown;
  try {
    value = JSON.parse(textOf(body));
  } catch {
    return [{ field: 'body', message: 'is no JSON in UTF-8' }];
  }
  const check = checkOf(await load(), resolved(schema, schemas) ?? schema, schemas, 'body');
  return check(value).slice(0, MAX_DETAILS);
}
