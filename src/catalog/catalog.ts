// OpenAPI documents -> routes. The documents (with the `x-passerelle` extension) are the whole configuration of the
// offered APIs. A document that does not fit fails at start, by name.

import { RegExpRouter } from 'hono/router/reg-exp-router';
import { SmartRouter } from 'hono/router/smart-router';
import { TrieRouter } from 'hono/router/trie-router';
import * as z from 'zod';

const defaults = z.object({
  cost: z.int().min(1),
  cacheSeconds: z.int().min(0),
  timeoutMs: z.int().min(1),
  bodyBytes: z.int().min(0),
});
const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'options', 'head'] as const;
const operation = z.looseObject({
  summary: z.string().optional(),
  requestBody: z.looseObject({}).optional(),
  'x-passerelle': defaults.partial().extend({
    scope: z.string().nullable(),
    /** `bound`: signatures must cover the whole request, also where there is a body. */
    signatureRule: z.literal('bound').optional(),
  }),
});
const document = z.looseObject({
  openapi: z.string().startsWith('3.'),
  info: z.looseObject({ title: z.string(), version: z.string() }),
  'x-passerelle': z.object({
    id: z.string(),
    /** Names of variables; the first that is set is the origin of the upstream. */
    upstream: z.array(z.string()).min(1),
    sandbox: z.string(),
    defaults,
  }),
  paths: z.record(z.string().startsWith('/'), z.partialRecord(z.enum(METHODS), operation)),
});
export type CatalogDocument = z.infer<typeof document>;

export interface CatalogRoute {
  /** `/v2/stops/{id}/departures`: names the route in usage. */
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
}

export type Match =
  | { found: 'route'; route: CatalogRoute }
  | { found: 'path'; allow: string[] }
  | { found: 'nothing' };

export interface Catalog {
  documents: readonly CatalogDocument[];
  scopes: readonly string[];
  /** `path`: as received, percent-encoding untouched. HEAD is answered wherever GET is. */
  match(method: string, path: string): Match;
}

type MethodMap = Map<string, CatalogRoute>;

function routesOf(parsed: CatalogDocument): CatalogRoute[] {
  const api = parsed['x-passerelle'];
  return Object.entries(parsed.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { requestBody, 'x-passerelle': own }]) => ({
      ...api.defaults,
      signatureRule: requestBody ? ('any' as const) : ('bound' as const),
      ...own,
      path,
      method: method.toUpperCase(),
      api: api.id,
      upstream: api.upstream,
      sandbox: api.sandbox,
    })),
  );
}

/** `.` and `..`, also encoded, would be resolved by the upstream's URL parser; a backslash would become a slash. */
const ESCAPES = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)|\\|%5c/i;

export function loadCatalog(documents: readonly unknown[]): Catalog {
  const parsed = documents.map((each, i) => {
    const result = document.safeParse(each);
    if (!result.success) throw new Error(`catalogue document ${i}: ${z.prettifyError(result.error)}`);
    return result.data;
  });
  const byPath = new Map<string, MethodMap>();
  for (const route of parsed.flatMap(routesOf)) {
    const methods: MethodMap = byPath.get(route.path) ?? new Map();
    if (methods.has(route.method))
      throw new Error(`catalogue: ${route.method} ${route.path} is offered twice`);
    byPath.set(route.path, methods.set(route.method, route));
  }
  const router = new SmartRouter<MethodMap>({ routers: [new RegExpRouter(), new TrieRouter()] });
  for (const [path, methods] of byPath) router.add('ALL', path.replace(/\{(\w+)\}/g, ':$1'), methods);

  return {
    documents: parsed,
    scopes: [...new Set(parsed.flatMap(routesOf).flatMap(({ scope }) => scope ?? []))].sort(),
    match(method, path) {
      if (ESCAPES.test(path)) return { found: 'nothing' };
      const methods = router.match('ALL', path)[0][0]?.[0];
      if (!methods) return { found: 'nothing' };
      const route = methods.get(method) ?? (method === 'HEAD' ? methods.get('GET') : undefined);
      if (route) return { found: 'route', route };
      const allow = [...methods.keys(), ...(methods.has('GET') ? ['HEAD'] : []), 'OPTIONS'];
      return { found: 'path', allow };
    },
  };
}
