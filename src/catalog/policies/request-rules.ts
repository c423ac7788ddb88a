// What a document says of the requests of an operation, as far as they can be checked: parameters and bodies, with the schemas
// that they refer to. Only for routes whose policies ask for it. Pure.

import type { CatalogDocument, Operation } from '../document.ts';

export interface ParameterRule {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  schema: object;
}

export interface RequestRules {
  parameters: readonly ParameterRule[];
  bodyRequired: boolean;
  /** By media type, lower case. */
  bodies: Readonly<Record<string, object>>;
  /** By name: what `#/components/schemas/…` refers to. */
  schemas: Readonly<Record<string, unknown>>;
}

const REFERENCE = /"#\/components\/schemas\/([^"/]+)/g;
const PLACES = new Set(['path', 'query', 'header']);
type Plain = Record<string, unknown>;
const isPlain = (value: unknown): value is Plain => typeof value === 'object' && value !== null;

/** Those that are referred to, also by one another. */
function referred(value: unknown, all: Plain): Plain {
  const found: Plain = {};
  const visit = (part: unknown): void => {
    for (const [, name = ''] of JSON.stringify(part ?? null).matchAll(REFERENCE)) {
      if (name in found || !(name in all)) continue;
      found[name] = all[name];
      visit(all[name]);
    }
  };
  visit(value);
  return found;
}

const parameterOf = (document: CatalogDocument, given: Plain): Plain => {
  const { $ref } = given;
  if (typeof $ref !== 'string') return given;
  const name = $ref.slice($ref.lastIndexOf('/') + 1);
  return (document.components?.parameters?.[name] as Plain | undefined) ?? {};
};

export function requestRules(document: CatalogDocument, operation: Operation): RequestRules {
  const parameters = ((operation.parameters ?? []) as Plain[])
    .map((given) => parameterOf(document, given))
    .filter(
      ({ name, in: place, schema }) =>
        typeof name === 'string' && PLACES.has(String(place)) && isPlain(schema),
    )
    .map(
      (given): ParameterRule => ({
        name: String(given.name),
        in: given.in as ParameterRule['in'],
        required: given.required === true,
        schema: given.schema as object,
      }),
    );
  const body = operation.requestBody as { required?: boolean; content?: Record<string, Plain> } | undefined;
  const bodies = Object.fromEntries(
    Object.entries(body?.content ?? {}).map(([type, media]) => [
      type.toLowerCase(),
      isPlain(media?.schema) ? media.schema : {},
    ]),
  );
  const all = ((document.components as { schemas?: Plain } | undefined)?.schemas ?? {}) as Plain;
  return {
    parameters,
    bodyRequired: body?.required === true,
    bodies,
    schemas: referred([parameters, bodies], all),
  };
}
