// A surface as an OpenAPI 3.1 document. What holds for all of its operations (ids, who may call, what refuses them, paging,
// repeating, examples) is derived here: a route declares what is its own, and a new one is described without a line more.
// Pure.

import type { CatalogDocument } from '../catalog/catalog.ts';
import { ALWAYS, CACHED, COUNTED, DATED, HEADERS, PAGE, TAGGED } from './answer-headers.ts';
import { exampleOf } from './examples.ts';
import { operationIdOf } from './operation-id.ts';
import {
  ERROR_SCHEMA,
  gatewayRefusals,
  isUsualRefusal,
  PROBLEM_SCHEMA,
  REFUSAL_ANSWERS,
  refusalsOf,
} from './refusals.ts';
import type {
  Answer,
  Content,
  OpenApiDocument,
  Operation,
  Parameter,
  Paths,
  Reference,
  Schema,
  Security,
} from './types.ts';

export interface Surface {
  title: string;
  version?: string;
  description: string;
  product: string;
  /** What each tag is about. One that is not here has no description, which linters say. */
  tags: Readonly<Record<string, string>>;
  schemes: Readonly<Record<string, object>>;
  /** Who offers it; the product where nobody else does. */
  contact?: object;
  license?: object;
  paths: Paths;
  webhooks?: Paths;
  schemas?: Readonly<Record<string, Schema>>;
}

/** Of routes of ours: where they are mounted, and who calls them. */
export interface Mount {
  prefix: string;
  security: Security;
  /** Who may call an operation, in a sentence. */
  audience?(method: string, path: string): string;
}

const IDEMPOTENCY_KEY: Parameter = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'The same key with the same request is done once, and has the same answer for a day',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
  example: '5f0c6d1e-order-42',
};
const PARAMETER_TEXTS: Readonly<Record<string, string>> = {
  cursor: '`next_cursor` of the page before',
  days: 'How many days, today included',
  environment: 'Of this environment alone',
  limit: 'Rows of a page',
};
const COMPONENT_PARAMETERS = { IdempotencyKey: IDEMPOTENCY_KEY };
const PAGED = '`next_cursor` is the `cursor` of the next page, and null on the last.';

/** Of calls with a key, or with a token of a client that has these scopes. */
export const byKey = (...scopes: string[]): Security => [{ bearer: [] }, { signed: [] }, { oauth: scopes }];

const isReference = (value: object): value is Reference => '$ref' in value;

/** `Archive an app; its keys stop working`: the first part is the summary, what follows belongs to the description. */
function split(text: string): [summary: string, rest: string | undefined] {
  const [, first = text, rest] = /^(.+?)(?:;|\.) (.+)$/.exec(text) ?? [];
  return [
    first.replace(/\.$/, ''),
    rest && `${rest.charAt(0).toUpperCase()}${rest.slice(1)}`.replace(/\.?$/, '.'),
  ];
}

/** Every operation of a document, as `change` has it. */
const mapOperations = (
  paths: Paths,
  change: (operation: Operation, method: string, path: string) => Operation,
): Paths =>
  Object.fromEntries(
    Object.entries(paths).map(([path, operations]) => [
      path,
      Object.fromEntries(
        Object.entries(operations).map(([method, operation]) => [method, change(operation, method, path)]),
      ),
    ]),
  );

const describeParameter = (parameter: Parameter | Reference): Parameter | Reference => {
  if (isReference(parameter)) return parameter;
  const description = parameter.description ?? PARAMETER_TEXTS[parameter.name];
  return description === undefined ? parameter : { ...parameter, description };
};

/** Answers that are an operation's own, with the headers that all have. */
const answered = (
  responses: Operation['responses'] = {},
  headers: Record<string, object>,
): Record<string, Answer | Reference> =>
  Object.fromEntries(
    Object.entries(responses).map(([status, answer]) => [
      status,
      isReference(answer) ? answer : { ...answer, headers: { ...headers, ...answer.headers } },
    ]),
  );

/** Without refusals that are like any other. */
const unusual = (responses: Operation['responses'] = {}): Record<string, Answer | Reference> =>
  Object.fromEntries(
    Object.entries(responses).filter(([status, answer]) => Number(status) < 400 || !isUsualRefusal(answer)),
  );

/** Whether its body says its version, which is then its ETag. */
const isTagged = (answer: Answer | Reference): boolean => {
  const schema = isReference(answer) ? undefined : answer.content?.['application/json']?.schema;
  return 'etag' in ((schema?.properties ?? {}) as object);
};

/** Routes of ours, from what `OpenAPIHono` says of them. */
export function describeRoutes(paths: Paths, { prefix, security, audience }: Mount): Paths {
  const described = mapOperations(paths, (operation, method, path) => {
    const [summary, rest] = split(operation.summary ?? '');
    const parameters = (operation.parameters ?? []).map(describeParameter);
    const isPaged = parameters.some((each) => !isReference(each) && each.name === 'cursor');
    const isRepeatable = method === 'post' && prefix !== '';
    const sentences = [rest, operation.description, isPaged && PAGED, audience?.(method, path)];
    return {
      ...operation,
      operationId: operation.operationId ?? operationIdOf(method, path, paths),
      summary,
      description: sentences.filter(Boolean).join(' ') || `${summary}.`,
      security: operation.security ?? security,
      parameters: isRepeatable
        ? [...parameters, { $ref: '#/components/parameters/IdempotencyKey' }]
        : parameters,
      responses: {
        ...refusalsOf(method, path, { security, ...operation }),
        ...answered(unusual(operation.responses), {
          ...(prefix !== '' && ALWAYS),
          ...(isPaged && PAGE),
          ...(Object.values(operation.responses ?? {}).some(isTagged) && TAGGED),
        }),
      },
    };
  });
  return Object.fromEntries(Object.entries(described).map(([path, item]) => [prefix + path, item]));
}

const versionParameter = (dates: readonly string[]): Parameter => ({
  name: 'Passerelle-Version',
  in: 'header',
  description: 'The version of the API; without it the one that the key, its app or its partner is pinned to',
  schema: { type: 'string', enum: dates },
  example: dates.at(-1) ?? '',
});

/** An offered API, without our own settings, and with what the gateway adds. */
export function describeOffered(document: CatalogDocument): {
  paths: Paths;
  schemas: Record<string, Schema>;
} {
  const shown = structuredClone(document) as unknown as {
    paths: Paths;
    components?: OpenApiDocument['components'];
  };
  const dates = document['x-passerelle'].versions.map(({ date }) => date);
  const paths = mapOperations(shown.paths, (given) => {
    const { 'x-passerelle': config, ...operation } = given as Operation & {
      'x-passerelle': { scope: string | null; cacheSeconds?: number };
    };
    const { cacheSeconds = document['x-passerelle'].defaults.cacheSeconds } = config;
    const scope = config.scope ? `Needs the scope \`${config.scope}\`.` : 'Any key may.';
    return {
      ...operation,
      description: [operation.description, scope].filter(Boolean).join(' '),
      security: config.scope ? byKey(config.scope) : byKey(),
      ...(dates.length > 0 && { parameters: [...(operation.parameters ?? []), versionParameter(dates)] }),
      responses: {
        ...gatewayRefusals(operation, dates.length > 0),
        ...answered(operation.responses, {
          ...COUNTED,
          ...(cacheSeconds > 0 && CACHED),
          ...(dates.length > 0 && DATED),
        }),
      },
    };
  });
  return { paths, schemas: shown.components?.schemas ?? {} };
}

/** Examples wherever a body has none. */
function withExamples(paths: Paths, schemas: Readonly<Record<string, Schema>>): Paths {
  const resolve = (reference: string): Schema =>
    schemas[reference.slice(reference.lastIndexOf('/') + 1)] ?? {};
  const shown = (content: Content): Content =>
    Object.fromEntries(
      Object.entries(content).map(([type, media]) => [
        type,
        !media.schema || media.example !== undefined || media.examples !== undefined
          ? media
          : { ...media, example: exampleOf(media.schema, resolve) },
      ]),
    );
  return mapOperations(paths, ({ requestBody, responses = {}, ...operation }) => ({
    ...operation,
    ...(requestBody && { requestBody: { ...requestBody, content: shown(requestBody.content) } }),
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, answer]) => [
        status,
        isReference(answer) || !answer.content ? answer : { ...answer, content: shown(answer.content) },
      ]),
    ),
  }));
}

/** Of components, those that are referred to, also by one another. */
function referredOnly(
  components: OpenApiDocument['components'],
  documents: readonly object[],
): OpenApiDocument['components'] {
  const kept = new Map<string, Map<string, unknown>>();
  const follow = (value: object): void => {
    for (const [, kind = '', name = ''] of JSON.stringify(value).matchAll(
      /"#\/components\/(\w+)\/([^"]+)"/g,
    )) {
      const component = components[kind]?.[name];
      const known = kept.get(kind) ?? new Map<string, unknown>();
      if (component === undefined || known.has(name)) continue;
      kept.set(kind, known.set(name, component));
      follow(component as object);
    }
  };
  for (const document of documents) follow(document);
  const found = Object.fromEntries([...kept].map(([kind, each]) => [kind, Object.fromEntries(each)]));
  return { ...found, schemas: (found.schemas ?? {}) as Record<string, Schema> };
}

const tagsOf = (paths: Paths): string[] =>
  Object.values(paths).flatMap((item) => Object.values(item).flatMap(({ tags = [] }) => tags));

export function createDocument(surface: Surface): OpenApiDocument {
  const { title, version = '1.0.0', description, product, tags, schemes, schemas = {} } = surface;
  const all = { Error: ERROR_SCHEMA, Problem: PROBLEM_SCHEMA, ...schemas };
  const paths = withExamples(surface.paths, all);
  const webhooks = surface.webhooks && withExamples(surface.webhooks, all);
  const used = new Set([...tagsOf(paths), ...tagsOf(webhooks ?? {})]);
  const components = {
    schemas: all,
    responses: REFUSAL_ANSWERS,
    parameters: COMPONENT_PARAMETERS,
    headers: HEADERS,
  };
  return {
    openapi: '3.1.0',
    info: {
      title,
      version,
      description,
      contact: surface.contact ?? { name: product },
      license: surface.license ?? { name: 'MIT', identifier: 'MIT' },
    },
    tags: [...used].map((name) => ({ name, description: tags[name] ?? '' })),
    paths,
    ...(webhooks && { webhooks }),
    components: { ...referredOnly(components, [paths, webhooks ?? {}]), securitySchemes: schemes },
  };
}

/** As it is served from an origin. */
export const servedFrom = (document: OpenApiDocument, origin: string) => ({
  ...document,
  servers: [{ url: origin, description: 'This deployment' }],
});
