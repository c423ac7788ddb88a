// OpenAPI documents -> routes. The documents (with the `x-passerelle` extension) are the whole configuration of the
// offered APIs. A document that does not fit fails at start, by name.

import { RegExpRouter } from 'hono/router/reg-exp-router';
import { SmartRouter } from 'hono/router/smart-router';
import { TrieRouter } from 'hono/router/trie-router';
import * as z from 'zod';
import { decodedWholly, hasEncodedSlash, isDisguised } from './disguised-path.ts';
import { type HeaderRules, headerRules } from './headers.ts';

const headerNames = z.array(z.string()).default([]);
const defaults = z.object({
  cost: z.int().min(1),
  cacheSeconds: z.int().min(0),
  timeoutMs: z.int().min(1),
  bodyBytes: z.int().min(0),
  /** Whether one cached answer is for all keys of a partner, or each key has its own. */
  cacheSharedBy: z.enum(['key', 'partner']).optional(),
  /** Whether a path parameter may hold `%2f`. */
  encodedSlashes: z.boolean().optional(),
});
const parameter = z.looseObject({
  name: z.string().optional(),
  in: z.string().optional(),
  $ref: z.string().optional(),
  /** `secret`: its value is kept nowhere. */
  'x-passerelle': z.object({ secret: z.boolean().optional() }).optional(),
});
const answer = z.looseObject({
  headers: z.record(z.string(), z.unknown()).optional(),
  $ref: z.string().optional(),
});
const shownAnswer = z.object({
  content: z.object({ 'application/json': z.object({ example: z.unknown() }) }),
});
/** Headers that pass although the document's parameters and answers do not show them. */
const unshown = { requestHeaders: headerNames, answerHeaders: headerNames };
/** `bound`: signatures must cover the whole request, also where there is a body. */
const signatureRule = z.literal('bound').optional();

/** By language; English stands where one is missing. */
const words = z.object({ en: z.string() }).catchall(z.string());
export type Words = z.infer<typeof words>;
/** A call that shows the operation: it succeeds in the sandbox as it stands. Guides quote it within `'` and backticks. */
const firstCall = z.object({
  path: z.string().regex(/^\/[\x21-\x7e]*$/),
  body: z
    .looseObject({})
    .refine(
      (body) => /^[ -&(-[\]-_a-~]*$/.test(JSON.stringify(body)),
      'must be printable ASCII, without apostrophes, backticks and backslashes',
    )
    .optional(),
});

const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'options', 'head'] as const;
const operation = z.looseObject({
  summary: z.string().optional(),
  requestBody: z.looseObject({}).optional(),
  parameters: z.array(parameter).optional(),
  responses: z.record(z.string(), answer).optional(),
  'x-first-call': firstCall.optional(),
  'x-passerelle': defaults.partial().extend({ scope: z.string().nullable(), ...unshown, signatureRule }),
});
/** Scopes of keys: that programs make without any, and that forms propose at first. */
const keyScopes = z
  .object({
    bearer: z.array(z.string()).default([]),
    signing: z.array(z.string()).default([]),
    first: z.array(z.string()).default([]),
  })
  .default({ bearer: [], signing: [], first: [] });
type KeyScopes = z.infer<typeof keyScopes>;

const document = z.looseObject({
  openapi: z.string().startsWith('3.'),
  info: z.looseObject({
    title: z.string(),
    version: z.string(),
    description: z.string().default(''),
    contact: z.looseObject({}).optional(),
    license: z.looseObject({}).optional(),
  }),
  tags: z.array(z.looseObject({ name: z.string(), description: z.string().default('') })).default([]),
  'x-passerelle': z.object({
    id: z.string(),
    /** Names of variables; the first that is set is the origin of the upstream. */
    upstream: z.array(z.string()).min(1),
    /** `transit` or `payments`; any other answers with the examples of the document. */
    sandbox: z.string(),
    defaults,
    ...unshown,
    /** What each scope allows. */
    scopes: z.record(z.string(), words).default({}),
    keyScopes,
    /** Summaries and descriptions in other languages, by their English. */
    translations: z.record(z.string(), z.record(z.string(), z.string())).default({}),
    /** What guides (by their names) and the page of the sandbox say of this API. */
    notes: z.record(z.string(), words).default({}),
  }),
  components: z
    .looseObject({
      parameters: z.record(z.string(), parameter).optional(),
      responses: z.record(z.string(), answer).optional(),
    })
    .optional(),
  paths: z.record(z.string().startsWith('/'), z.partialRecord(z.enum(METHODS), operation)),
});
export type CatalogDocument = z.infer<typeof document>;
type Operation = z.infer<typeof operation>;

export interface CatalogRoute {
  /** `/v1/things/{id}`: names the route in usage. */
  path: string;
  method: string;
  api: string;
  scope: string | null;
  /** Units of each limit that a call takes. */
  cost: number;
  cacheSeconds: number;
  timeoutMs: number;
  /** Largest request body, bytes. */
  bodyBytes: number;
  /** A signature of the body alone counts only where the document has a body. */
  signatureRule: 'any' | 'bound';
  upstream: readonly string[];
  sandbox: string;
  /** What a sandbox of examples answers. */
  example: Example;
  cacheSharedBy: 'key' | 'partner';
  encodedSlashes: boolean;
  headers: HeaderRules;
  /** Names of query parameters whose values are kept nowhere. */
  secretParameters: ReadonlySet<string>;
}

export type Match =
  | { found: 'route'; route: CatalogRoute }
  | { found: 'path'; allow: string[] }
  | { found: 'nothing' };

export interface Catalog {
  documents: readonly CatalogDocument[];
  scopes: readonly string[];
  keyScopes: KeyScopes;
  /** `path`: as received, percent-encoding untouched. HEAD is answered wherever GET is. */
  match(method: string, path: string): Match;
}

type MethodMap = Map<string, CatalogRoute>;

/** Of `#/components/parameters/Name`. */
const nameOfReference = (reference: string): string => reference.slice(reference.lastIndexOf('/') + 1);

/** OpenAPI 3.1, 4.8.12.1: definitions of these say nothing. */
const SAYS_NOTHING = new Set(['accept', 'content-type', 'authorization']);

/** Of an operation, as given or referred to. */
const parametersOf = ({ components }: CatalogDocument, { parameters = [] }: Operation) =>
  parameters.flatMap(({ $ref, ...given }) => {
    const parameter = $ref ? components?.parameters?.[nameOfReference($ref)] : given;
    return parameter?.name === undefined ? [] : [{ ...parameter, name: parameter.name }];
  });

/** The headers that an operation's parameters and answers show, and those that its extension names. */
function headersOf(parsed: CatalogDocument, operation: Operation) {
  const { components, 'x-passerelle': api } = parsed;
  const { responses = {}, 'x-passerelle': own } = operation;
  const shownRequest = parametersOf(parsed, operation)
    .flatMap((given) => (given.in === 'header' ? given.name : []))
    .filter((name) => !SAYS_NOTHING.has(name.toLowerCase()));
  const shownAnswer = Object.values(responses)
    .map(({ $ref, ...given }) => ($ref ? components?.responses?.[nameOfReference($ref)] : given))
    .flatMap((given) => Object.keys(given?.headers ?? {}));
  return headerRules({
    request: [...api.requestHeaders, ...own.requestHeaders, ...shownRequest],
    answer: [...api.answerHeaders, ...own.answerHeaders, ...shownAnswer],
  });
}

const secretParametersOf = (parsed: CatalogDocument, operation: Operation): ReadonlySet<string> =>
  new Set(
    parametersOf(parsed, operation)
      .filter((given) => given.in === 'query' && given['x-passerelle']?.secret)
      .map(({ name }) => name),
  );

export interface Example {
  status: number;
  body: unknown;
}

/** Of the first answer that is a success, as the document shows it. */
function exampleOf({ components }: CatalogDocument, { responses = {} }: Operation): Example {
  const [status = '200', { $ref, ...given } = {}] =
    Object.entries(responses).find(([code]) => /^2\d\d$/.test(code)) ?? [];
  const shown = shownAnswer.safeParse($ref ? components?.responses?.[nameOfReference($ref)] : given);
  return { status: Number(status), body: shown.data?.content['application/json'].example ?? {} };
}

function routesOf(parsed: CatalogDocument): CatalogRoute[] {
  const api = parsed['x-passerelle'];
  return Object.entries(parsed.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => {
      const { requestHeaders: _request, answerHeaders: _answer, ...own } = operation['x-passerelle'];
      return {
        cacheSharedBy: 'key',
        encodedSlashes: false,
        // A signature of the body alone counts only where there has to be one: where it may be left out, any other fits as well.
        signatureRule: operation.requestBody?.required === true ? ('any' as const) : ('bound' as const),
        ...api.defaults,
        ...own,
        path,
        method: method.toUpperCase(),
        api: api.id,
        upstream: api.upstream,
        sandbox: api.sandbox,
        example: exampleOf(parsed, operation),
        headers: headersOf(parsed, operation),
        secretParameters: secretParametersOf(parsed, operation),
      };
    }),
  );
}

const keyScopesOf = (parsed: readonly CatalogDocument[]): KeyScopes => {
  const all = (kind: keyof KeyScopes) => [
    ...new Set(parsed.flatMap((each) => each['x-passerelle'].keyScopes[kind])),
  ];
  return { bearer: all('bearer'), signing: all('signing'), first: all('first') };
};

export function loadCatalog(documents: readonly unknown[]): Catalog {
  const parsed = documents.map((each, i) => {
    const result = document.safeParse(each);
    if (!result.success) throw new Error(`catalogue document ${i}: ${z.prettifyError(result.error)}`);
    return result.data;
  });
  const byPath = new Map<string, MethodMap>();
  const routes = parsed.flatMap(routesOf);
  for (const route of routes) {
    const methods: MethodMap = byPath.get(route.path) ?? new Map();
    if (methods.has(route.method))
      throw new Error(`catalogue: ${route.method} ${route.path} is offered twice`);
    byPath.set(route.path, methods.set(route.method, route));
  }
  // A path without parameters comes before those with (OpenAPI 3.1, 4.8.8.2).
  const plain = new Map([...byPath].filter(([path]) => !path.includes('{')));
  const router = new SmartRouter<MethodMap>({ routers: [new RegExpRouter(), new TrieRouter()] });
  for (const [path, methods] of byPath)
    if (!plain.has(path)) router.add('ALL', path.replace(/\{(\w+)\}/g, ':$1'), methods);

  const methodsAt = (path: string): MethodMap | undefined =>
    plain.get(path) ?? router.match('ALL', path)[0][0]?.[0];
  /** A parameter here, and another route for whoever decodes before routing. */
  const isAnotherDecoded = (path: string, methods: MethodMap): boolean => {
    if (!path.includes('%')) return false;
    const decoded = methodsAt(decodedWholly(path) ?? path);
    return decoded !== undefined && decoded !== methods;
  };

  return {
    documents: parsed,
    scopes: [...new Set(routes.flatMap(({ scope }) => scope ?? []))].sort(),
    keyScopes: keyScopesOf(parsed),
    match(method, path) {
      if (isDisguised(path)) return { found: 'nothing' };
      const methods = methodsAt(path);
      if (!methods || isAnotherDecoded(path, methods)) return { found: 'nothing' };
      const route = methods.get(method) ?? (method === 'HEAD' ? methods.get('GET') : undefined);
      if (route && !route.encodedSlashes && hasEncodedSlash(path)) return { found: 'nothing' };
      if (route) return { found: 'route', route };
      const allow = [...methods.keys(), ...(methods.has('GET') ? ['HEAD'] : []), 'OPTIONS'];
      return { found: 'path', allow };
    },
  };
}
