// The operations of the offered APIs as tools of the Model Context Protocol (2026-07-28, server/tools). Made of the documents,
// so what is published is a tool at once. Pure.

import type { Catalog, CatalogDocument } from '../../catalog/catalog.ts';
import { METHODS, type Operation, parametersOf } from '../../catalog/document.ts';
import { shownSchema } from '../../catalog/policies/document-rules.ts';
import { isJsonType } from '../../core/encoding.ts';

type Json = Record<string, unknown>;

/** As `tools/list` shows it. */
export interface ToolShape {
  name: string;
  title?: string;
  description: string;
  inputSchema: { type: 'object' } & Json;
  annotations: {
    readOnlyHint: boolean;
    destructiveHint: boolean;
    idempotentHint: boolean;
    openWorldHint: boolean;
  };
}

export interface ToolParameter {
  name: string;
  /** Its name among the tool's arguments. */
  argument: string;
  in: 'path' | 'query' | 'header';
  /** Whether a list is written once for each value, or all together, with this between. */
  explode: boolean;
  between: string;
  /** An object's members are parameters of their own: `filter[name]=x`. */
  isDeep: boolean;
}

export interface ApiTool {
  shape: ToolShape;
  api: string;
  method: string;
  path: string;
  /** That the caller needs; null: any may. */
  scope: string | null;
  parameters: readonly ToolParameter[];
  /** Media type of the body, where it takes one. */
  bodyType: string | undefined;
}

/** What most clients take: the standard allows more. */
const NAME = /^[\w-]{1,64}$/;
const MAX_NAME_CHARS = 64;
/** Of a body. */
export const BODY = 'body';
const FORM = 'application/x-www-form-urlencoded';
const PLACES: ReadonlySet<unknown> = new Set(['path', 'query', 'header']);

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';
const DEFINITIONS = '#/$defs/';
const nameOf = (reference: string): string =>
  decodeURIComponent(reference.slice(reference.lastIndexOf('/') + 1))
    .replaceAll('~1', '/')
    .replaceAll('~0', '~');

/** An adopted document's names begin with its API's id: within one tool they need not. */
const within = ({ 'x-passerelle': { id } }: CatalogDocument, name: string): string =>
  name.startsWith(`${id}.`) ? name.slice(id.length + 1) : name;

/** A document's schemas for one tool: references lead into its own `$defs`, which have all that they lead to. */
class ToolSchemas {
  private readonly document: CatalogDocument;
  private readonly named = new Set<string>();

  constructor(document: CatalogDocument) {
    this.document = document;
  }

  local(schema: unknown): unknown {
    if (Array.isArray(schema)) return schema.map((each) => this.local(each));
    if (!isObject(schema)) return schema;
    return Object.fromEntries(
      Object.entries(schema).map(([key, value]) => {
        if (key !== '$ref' || typeof value !== 'string') return [key, this.local(value)];
        const name = nameOf(value);
        this.named.add(name);
        return [key, DEFINITIONS + encodeURIComponent(within(this.document, name))];
      }),
    );
  }

  definitions(): Json | undefined {
    const { components } = this.document;
    const schemas = isObject(components?.schemas) ? components.schemas : {};
    const definitions: Json = {};
    // A set is walked together with what is added on the way.
    for (const name of this.named)
      definitions[within(this.document, name)] = this.local(
        Object.hasOwn(schemas, name) ? schemas[name] : {},
      );
    return this.named.size > 0 ? definitions : undefined;
  }
}

const bodyOf = ({
  requestBody,
}: Operation): { type: string; schema: unknown; isRequired: boolean } | undefined => {
  const content = isObject(requestBody?.content) ? requestBody.content : {};
  const types = Object.keys(content);
  const type = types.find(isJsonType) ?? types.find((each) => each.startsWith(FORM)) ?? types[0];
  const media = type === undefined ? undefined : content[type];
  if (type === undefined || !isObject(media)) return undefined;
  return { type, schema: media.schema ?? {}, isRequired: requestBody?.required === true };
};

/** Parts that no text can hold. */
const isSendable = (type: string): boolean =>
  isJsonType(type) || type.startsWith(FORM) || type.startsWith('text/');

const uniqueIn = (taken: ReadonlySet<string>, wishes: readonly string[]): string => {
  for (const wish of wishes) if (NAME.test(wish) && !taken.has(wish)) return wish;
  const base = (wishes.at(-1) ?? 'tool').slice(0, MAX_NAME_CHARS - 4);
  for (let n = 2; ; n++) if (!taken.has(`${base}_${n}`)) return `${base}_${n}`;
};

const words = (text: string): string =>
  text
    .replace(/[^\w-]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, MAX_NAME_CHARS) || 'tool';

const BETWEEN: Readonly<Record<string, string>> = { spaceDelimited: ' ', pipeDelimited: '|' };
/** Members of every object, which nobody gave. */
const isNameable = (name: string): boolean => name !== '' && !(name in Object.prototype);

/** The arguments: each parameter by its name, and the body. Of two that have one name, the later says where it goes. */
function argumentsOf(document: CatalogDocument, operation: Operation, takesBody: boolean) {
  const schemas = new ToolSchemas(document);
  const properties: Json = {};
  const required: string[] = [];
  const parameters: ToolParameter[] = [];
  const body = takesBody ? bodyOf(operation) : undefined;
  for (const parameter of parametersOf(document, operation)) {
    const {
      name,
      in: place,
      schema,
      description,
      required: isRequired,
      explode,
      style,
    } = parameter as Json & {
      name: string;
    };
    if (!PLACES.has(place) || !isNameable(name)) continue;
    const isTaken = Object.hasOwn(properties, name) || (body !== undefined && name === BODY);
    const argument = isTaken ? `${name}_in_${place}` : name;
    const local = schemas.local(isObject(schema) ? schema : {}) as Json;
    properties[argument] = { ...local, ...(typeof description === 'string' && { description }) };
    if (isRequired === true || place === 'path') required.push(argument);
    parameters.push({
      name,
      argument,
      in: place as ToolParameter['in'],
      explode: explode !== false,
      between: BETWEEN[String(style)] ?? ',',
      isDeep: style === 'deepObject',
    });
  }
  if (body) {
    const isStructured = isJsonType(body.type) || body.type.startsWith(FORM);
    properties[BODY] = schemas.local(isStructured ? body.schema : { type: 'string' });
    if (body.isRequired) required.push(BODY);
  }
  const definitions = schemas.definitions();
  const inputSchema = {
    $schema: DIALECT,
    type: 'object' as const,
    properties,
    ...(required.length > 0 && { required }),
    additionalProperties: false,
    ...(definitions && { $defs: definitions }),
  };
  return { parameters, body, inputSchema: shownSchema(inputSchema) as typeof inputSchema };
}

function toolOf(
  document: CatalogDocument,
  path: string,
  method: string,
  operation: Operation,
  name: string,
): ApiTool | undefined {
  const { id } = document['x-passerelle'];
  const isReading = method === 'get' || method === 'head';
  const { inputSchema, parameters, body } = argumentsOf(document, operation, !isReading);
  if (body && !isSendable(body.type)) return undefined;
  const { scope } = operation['x-passerelle'];
  const description = typeof operation.description === 'string' ? operation.description : undefined;
  const needs = scope === null ? undefined : `Needs the scope ${scope}.`;
  return {
    shape: {
      name,
      title: operation.summary,
      description: [operation.summary, description, needs].filter(Boolean).join('\n'),
      inputSchema,
      annotations: {
        readOnlyHint: isReading,
        destructiveHint: method === 'delete' || method === 'put' || method === 'patch',
        idempotentHint: isReading || method === 'put' || method === 'delete',
        openWorldHint: true,
      },
    },
    api: id,
    method: method.toUpperCase(),
    path,
    scope,
    parameters,
    bodyType: body?.type,
  };
}

const OFFERED = METHODS.filter((method) => method !== 'head' && method !== 'options');
const made = new WeakMap<readonly CatalogDocument[], readonly ApiTool[]>();

/** All of them, in the order of the documents, each with a name of its own. `reserved`: names of other tools. */
export function toolsOf(
  { documents }: Pick<Catalog, 'documents'>,
  reserved: readonly string[],
): readonly ApiTool[] {
  const known = made.get(documents);
  if (known) return known;
  const taken = new Set(reserved);
  const tools = documents.flatMap((document) =>
    Object.entries(document.paths).flatMap(([path, operations]) =>
      OFFERED.flatMap((method) => {
        const operation = operations[method];
        if (!operation) return [];
        const api = document['x-passerelle'].id;
        const id = typeof operation.operationId === 'string' ? operation.operationId : `${method}_${path}`;
        // An adopted document's ids begin with its API's.
        const own = id.startsWith(`${api}.`) ? id.slice(api.length + 1) : id;
        const name = uniqueIn(taken, [words(own), words(`${api}_${own}`)]);
        const tool = toolOf(document, path, method, operation, name);
        if (!tool) return [];
        taken.add(name);
        return [tool];
      }),
    ),
  );
  made.set(documents, tools);
  return tools;
}
