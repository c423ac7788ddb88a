// A tool's arguments as the request that they mean, or what is wrong with them, in words that a model can act on. Pure, and
// never throws: whatever somebody sends is judged.

import { Validator } from '@cfworker/json-schema';
import { checkedSchema } from '../../catalog/policies/document-rules.ts';
import { isJsonType } from '../../core/encoding.ts';
import { type ApiTool, BODY, type ToolParameter } from './tools.ts';

export interface ToolRequest {
  method: string;
  /** As it is to arrive. */
  path: string;
  query: string;
  headers: Record<string, string>;
  body: string | undefined;
}

type Arguments = Readonly<Record<string, unknown>>;

const MAX_PROBLEMS = 5;
const validators = new WeakMap<ApiTool, Validator>();
/** What a header can hold. */
const HEADER = /^[\t\x20-\x7e]*$/;

function validatorOf(tool: ApiTool): Validator {
  const known =
    validators.get(tool) ?? new Validator(checkedSchema(tool.shape.inputSchema), '2020-12', false);
  validators.set(tool, known);
  return known;
}

function schemaProblems(tool: ApiTool, given: Arguments): string[] {
  const { valid, errors } = validatorOf(tool).validate(given);
  if (valid) return [];
  // What contains others says nothing that they do not.
  const inner = errors.filter(({ keyword }) => keyword !== 'properties' && keyword !== '$ref');
  return (inner.length > 0 ? inner : errors)
    .slice(0, MAX_PROBLEMS)
    .map(({ instanceLocation, error }) => `${instanceLocation.replace(/^#/, '') || 'arguments'}: ${error}`);
}

const textOf = (value: unknown): string =>
  (typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)).toWellFormed();
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);
const isMap = (value: unknown): value is Arguments =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const argumentOf = ({ argument }: Pick<ToolParameter, 'argument'>, given: Arguments): unknown =>
  Object.hasOwn(given, argument) ? given[argument] : undefined;
const at = (place: ToolParameter['in'], { parameters }: ApiTool, given: Arguments) =>
  parameters.flatMap((parameter) => {
    const value = parameter.in === place ? argumentOf(parameter, given) : undefined;
    return value === undefined || value === null ? [] : [{ ...parameter, value }];
  });

function queryOf(tool: ApiTool, given: Arguments): string {
  const query = new URLSearchParams();
  for (const { name, explode, between, isDeep, value } of at('query', tool, given)) {
    if (isDeep && isMap(value))
      for (const [member, each] of Object.entries(value)) query.append(`${name}[${member}]`, textOf(each));
    else if (explode) for (const each of listOf(value)) query.append(name, textOf(each));
    else query.append(name, listOf(value).map(textOf).join(between));
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

function bodyOf({ bodyType }: ApiTool, body: unknown): string | undefined {
  if (bodyType === undefined || body === undefined) return undefined;
  if (isJsonType(bodyType)) return JSON.stringify(body);
  if (!isMap(body)) return String(body);
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(body))
    for (const each of listOf(value)) form.append(name, textOf(each));
  return form.toString();
}

/** Each parameter fills what it stands for, and is neither nothing nor a step up the path. */
function pathOf(tool: ApiTool, given: Arguments): string | undefined {
  const filled = tool.path.replace(/\{([^}]+)\}/g, (_, name: string) => {
    const parameter = tool.parameters.find((each) => each.in === 'path' && each.name === name);
    const value = parameter ? argumentOf(parameter, given) : undefined;
    return value === undefined ? '' : encodeURIComponent(listOf(value).map(textOf).join(','));
  });
  const isPlain = filled
    .split('/')
    .slice(1)
    .every(
      (part, i, parts) =>
        !/^\.{0,2}$/.test(part) || (part === '' && i === parts.length - 1 && tool.path.endsWith('/')),
    );
  return isPlain ? filled : undefined;
}

const wrong = (...problems: string[]) => ({ problems });

/** `problems`: the arguments do not fit, and nothing is asked. */
export function toolRequest(tool: ApiTool, given: Arguments): ToolRequest | { problems: string[] } {
  try {
    const problems = schemaProblems(tool, given);
    if (problems.length > 0) return { problems };
    const path = pathOf(tool, given);
    if (path === undefined) return wrong('What stands for a part of the path is not empty, . or ..');
    const body = bodyOf(tool, Object.hasOwn(given, BODY) ? given[BODY] : undefined);
    const headers: Record<string, string> = { accept: 'application/json, */*;q=0.5' };
    for (const { name, argument, value } of at('header', tool, given)) {
      const text = listOf(value).map(textOf).join(',');
      if (!HEADER.test(text)) return wrong(`/${argument}: a header holds printable ASCII`);
      headers[name.toLowerCase()] = text;
    }
    if (body !== undefined && tool.bodyType) headers['content-type'] = tool.bodyType;
    return { method: tool.method, path, query: queryOf(tool, given), headers, body };
  } catch {
    return wrong('They are nested too deeply, or cannot be read');
  }
}
