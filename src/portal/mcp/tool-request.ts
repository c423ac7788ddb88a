// A tool's arguments as the request that they mean, and what is wrong with them in words that a model can act on. Pure.

import { Validator } from '@cfworker/json-schema';
import { isJsonType } from '../../core/encoding.ts';
import { type ApiTool, BODY, type ToolParameter } from './tools.ts';

export interface ToolRequest {
  method: string;
  /** Path and query. */
  target: string;
  headers: Record<string, string>;
  body: string | undefined;
}

const MAX_PROBLEMS = 5;
const validators = new WeakMap<ApiTool, Validator>();

function validatorOf(tool: ApiTool): Validator {
  const known = validators.get(tool) ?? new Validator(tool.shape.inputSchema, '2020-12', false);
  validators.set(tool, known);
  return known;
}

/** Undefined where they fit. */
export function problemsOf(tool: ApiTool, given: Record<string, unknown>): string[] | undefined {
  const { valid, errors } = validatorOf(tool).validate(given);
  if (valid) return undefined;
  // What contains others says nothing that they do not.
  const inner = errors.filter(({ keyword }) => keyword !== 'properties' && keyword !== '$ref');
  return (inner.length > 0 ? inner : errors)
    .slice(0, MAX_PROBLEMS)
    .map(({ instanceLocation, error }) => `${instanceLocation.replace(/^#/, '') || 'arguments'}: ${error}`);
}

const textOf = (value: unknown): string =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

const at = (place: ToolParameter['in'], { parameters }: ApiTool, given: Record<string, unknown>) =>
  parameters.filter(
    ({ in: own, name }) => own === place && given[name] !== undefined && given[name] !== null,
  );

function queryOf(tool: ApiTool, given: Record<string, unknown>): string {
  const query = new URLSearchParams();
  for (const { name, explode } of at('query', tool, given)) {
    const values = listOf(given[name]).map(textOf);
    if (explode) for (const value of values) query.append(name, value);
    else query.append(name, values.join(','));
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

function bodyOf({ bodyType }: ApiTool, body: unknown): string | undefined {
  if (bodyType === undefined || body === undefined) return undefined;
  if (isJsonType(bodyType)) return JSON.stringify(body);
  if (typeof body !== 'object' || body === null) return String(body);
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(body))
    for (const each of listOf(value)) form.append(name, textOf(each));
  return form.toString();
}

export function toolRequest(tool: ApiTool, given: Record<string, unknown>): ToolRequest {
  const path = tool.path.replace(/\{([^}]+)\}/g, (_, name: string) =>
    encodeURIComponent(listOf(given[name]).map(textOf).join(',')),
  );
  const body = bodyOf(tool, given[BODY]);
  const headers = Object.fromEntries(
    at('header', tool, given).map(({ name }) => [name, listOf(given[name]).map(textOf).join(',')]),
  );
  return {
    method: tool.method,
    target: path + queryOf(tool, given),
    headers: {
      ...headers,
      accept: 'application/json, */*;q=0.5',
      ...(body !== undefined && tool.bodyType && { 'content-type': tool.bodyType }),
    },
    body,
  };
}
