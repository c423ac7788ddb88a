// A request is held against its document before anything is counted: parameters, and JSON bodies. The validator is loaded with
// the first of them.

import { deny } from '../../core/denied.ts';
import type { PolicyCall, RequestStep } from './policy.ts';
import type { ParameterRule, RequestRules } from './request-rules.ts';

const MAX_DETAILS = 20;

interface Detail {
  field: string;
  message: string;
}
type Check = (value: unknown) => Detail[];

const load = () => import('@cfworker/json-schema');
type Library = Awaited<ReturnType<typeof load>>;

/** Made once for each schema. */
const checks = new WeakMap<object, Check>();

function checkOf(
  { Validator }: Library,
  schema: object,
  schemas: RequestRules['schemas'],
  field: string,
): Check {
  const known = checks.get(schema);
  if (known) return known;
  const validator = new Validator({ ...schema, components: { schemas } }, '2020-12', false);
  const check: Check = (value) => {
    const { valid, errors } = validator.validate(value);
    if (valid) return [];
    // The innermost say what it is; those around them, that it is.
    const deepest = errors.filter(
      ({ instanceLocation, keyword }) =>
        !['properties', 'items', '$ref', 'allOf', 'anyOf', 'oneOf'].includes(keyword) ||
        errors.length === 1 ||
        instanceLocation === '#',
    );
    return (deepest.length > 0 ? deepest : errors).map(({ instanceLocation, error }) => ({
      field: field + instanceLocation.slice(1),
      message: error,
    }));
  };
  checks.set(schema, check);
  return check;
}

/** As its schema wants it, where that is a number or a truth value. */
function typed(text: string, { type }: { type?: unknown }): unknown {
  const types = [type].flat();
  if (
    (types.includes('integer') || types.includes('number')) &&
    /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)
  )
    return Number(text);
  if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

/** Lists and objects have many forms, which gateways read differently: they are left to the upstream. */
const isSimple = ({ schema }: ParameterRule): boolean => {
  const types = [(schema as { type?: unknown }).type].flat();
  return !types.includes('array') && !types.includes('object') && !('$ref' in schema);
};

function pathValue(template: string, path: string, name: string): string | undefined {
  const parts = template.split('/');
  const at = parts.indexOf(`{${name}}`);
  const said = at < 0 ? undefined : path.split('/')[at];
  if (said === undefined) return undefined;
  try {
    return decodeURIComponent(said);
  } catch {
    return said;
  }
}

function wrongParameters(
  library: Library,
  call: PolicyCall,
  { parameters, schemas }: RequestRules,
): Detail[] {
  const query = new URLSearchParams(call.query);
  return parameters.flatMap((rule): Detail[] => {
    const { name, in: place, required, schema } = rule;
    const said =
      place === 'query'
        ? (query.get(name) ?? undefined)
        : place === 'header'
          ? (call.headers.get(name) ?? undefined)
          : pathValue(call.route.path, call.path, name);
    const field = `${place}.${name}`;
    if (said === undefined) return required ? [{ field, message: 'is required' }] : [];
    return isSimple(rule) ? checkOf(library, schema, schemas, field)(typed(said, schema)) : [];
  });
}

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json$/;

function wrongBody(library: Library, call: PolicyCall, rules: RequestRules): Detail[] {
  const { bodies, bodyRequired, schemas } = rules;
  const isEmpty = !call.body || call.body.length === 0;
  if (isEmpty) return bodyRequired ? [{ field: 'body', message: 'is required' }] : [];
  if (Object.keys(bodies).length === 0) return [];
  const type = (call.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const schema = bodies[type] ?? bodies['*/*'];
  if (!schema) return [{ field: 'content-type', message: `is none of: ${Object.keys(bodies).join(', ')}` }];
  if (!JSON_TYPE.test(type)) return [];
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(call.body));
  } catch {
    return [{ field: 'body', message: 'is no JSON' }];
  }
  return checkOf(library, schema, schemas, 'body')(value);
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
