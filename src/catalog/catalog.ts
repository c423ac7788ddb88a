// What the gateway offers: the routes of all APIs, by raw path. Made anew, and never changed, when something is published.

import * as z from 'zod';
import { decodedWholly, hasEncodedSlash, isDisguised } from './disguised-path.ts';
import { type CatalogDocument, documentSchema, type KeyScopes } from './document.ts';
import { type RuleSchemas, ruleSchemas } from './policies/document-rules.ts';
import { type InstalledPolicy, PolicyBook } from './policies/installed.ts';
import { RouteTree } from './route-tree.ts';
import { type CatalogRoute, type RouteData, routesOf, toRoutes, type UpstreamTarget } from './routes.ts';
import { type RouteVersion, routeOfVersion } from './versions.ts';

export type { CatalogDocument, KeyScopes, Words } from './document.ts';
export type { CatalogRoute, Example } from './routes.ts';

export type Match =
  | { found: 'route'; route: CatalogRoute }
  | { found: 'path'; allow: string[] }
  | { found: 'nothing' };

/** One offered API: all that a call of it needs, as JSON can hold it. */
export interface OfferedApi {
  id: string;
  /** The catalogue's version with which it was published; 0 where it came with the Worker. */
  version: number;
  prefix: string;
  variables: readonly string[];
  targets: readonly UpstreamTarget[];
  keyScopes: KeyScopes;
  routes: readonly RouteData[];
  /** What rules of routes refer to, once for all of them. */
  schemas?: RuleSchemas;
}

export interface Catalog {
  /** 0: nothing was published. */
  version: number;
  apis: readonly OfferedApi[];
  documents: readonly CatalogDocument[];
  scopes: readonly string[];
  keyScopes: KeyScopes;
  /** Policies whose settings fit no more: nothing passes their routes. */
  unfit: readonly InstalledPolicy[];
  /** A route of this catalogue as it is for a partner, and for callers of a version. */
  routeFor(route: CatalogRoute, partnerId: string, version?: RouteVersion): CatalogRoute;
  /** Whether paths that begin with this part are an offered API's. */
  isOffered(firstPart: string): boolean;
  /** `path`: as received, percent-encoding untouched. HEAD is answered wherever GET is. */
  match(method: string, path: string): Match;
}

export const idOf = ({ 'x-passerelle': { id } }: CatalogDocument): string => id;
export const documentOf = (
  { documents }: Pick<Catalog, 'documents'>,
  id: string,
): CatalogDocument | undefined => documents.find((each) => idOf(each) === id);

type MethodMap = Map<string, CatalogRoute>;

/** @throws with all that is wrong */
export function parseDocument(given: unknown, name: string): CatalogDocument {
  const { data, error } = documentSchema.safeParse(given);
  if (!data) throw new Error(`catalogue document ${name}: ${z.prettifyError(error)}`);
  return data;
}

export function offeredApi(
  document: CatalogDocument,
  published: { version: number; targets: readonly UpstreamTarget[] } = { version: 0, targets: [] },
  hasRules = false,
): OfferedApi {
  const { id, prefix, upstream: variables, keyScopes } = document['x-passerelle'];
  return {
    ...published,
    id,
    prefix,
    variables,
    keyScopes,
    routes: routesOf(document, hasRules),
    ...(hasRules && { schemas: ruleSchemas(document) }),
  };
}

const unionOf = (apis: readonly OfferedApi[]): KeyScopes => {
  const all = (kind: keyof KeyScopes) => [...new Set(apis.flatMap(({ keyScopes }) => keyScopes[kind]))];
  return { bearer: all('bearer'), signing: all('signing'), first: all('first') };
};

/** Two routes for the same calls. */
export class RouteConflict extends Error {
  override name = 'RouteConflict';
  readonly route: CatalogRoute;
  readonly other: CatalogRoute;
  constructor(route: CatalogRoute, other: CatalogRoute) {
    const { method, path } = route;
    super(
      other.path === path
        ? `catalogue: ${method} ${path} is offered twice`
        : `catalogue: ${method} ${path} and ${other.path} match the same paths`,
    );
    this.route = route;
    this.other = other;
  }
}

const ofVersions = new WeakMap<CatalogRoute, Map<string, CatalogRoute>>();

/** Made once for each route and version. */
function dated(route: CatalogRoute, version: RouteVersion): CatalogRoute {
  const known = ofVersions.get(route) ?? new Map<string, CatalogRoute>();
  ofVersions.set(route, known);
  const made = known.get(version.date) ?? routeOfVersion(route, version);
  known.set(version.date, made);
  return made;
}

/** @throws RouteConflict */
function treeOf(routes: readonly CatalogRoute[]): RouteTree<MethodMap> {
  const tree = new RouteTree<MethodMap>();
  for (const route of routes) {
    const methods = tree.at(route.path, () => new Map());
    const other = methods.get(route.method);
    if (other) throw new RouteConflict(route, other);
    methods.set(route.method, route);
  }
  return tree;
}

const allowed = (methods: MethodMap): string[] => [
  ...methods.keys(),
  ...(methods.has('GET') && !methods.has('HEAD') ? ['HEAD'] : []),
  ...(methods.has('OPTIONS') ? [] : ['OPTIONS']),
];

/** `documents`: of these APIs, as far as they are at hand. @throws RouteConflict */
export function createCatalog(
  version: number,
  apis: readonly OfferedApi[],
  documents: readonly CatalogDocument[],
  policies: readonly InstalledPolicy[] = [],
): Catalog {
  const book = new PolicyBook(policies);
  const routes = apis.flatMap(({ routes, prefix, variables, targets, schemas }) =>
    toRoutes(routes, { prefix, variables, targets }, schemas).map((route) => book.route(route)),
  );
  const tree = treeOf(routes);
  const firstParts = new Set(routes.map(({ path }) => path.split('/', 2)[1] ?? ''));
  /** A parameter here, and another route for whoever decodes before routing. */
  const isAnotherDecoded = (path: string, methods: MethodMap): boolean => {
    if (!path.includes('%')) return false;
    const decoded = tree.match(decodedWholly(path) ?? path);
    return decoded !== undefined && decoded !== methods;
  };

  return {
    version,
    apis,
    documents,
    scopes: [...new Set(routes.flatMap(({ scope }) => scope ?? []))].sort(),
    keyScopes: unionOf(apis),
    unfit: book.unfit,
    routeFor(route, partnerId, version) {
      const own = book.routeFor(route, partnerId);
      return version ? dated(own, version) : own;
    },
    isOffered: (part) => firstParts.has(part),
    match(method, path) {
      if (isDisguised(path)) return { found: 'nothing' };
      const methods = tree.match(path);
      if (!methods || isAnotherDecoded(path, methods)) return { found: 'nothing' };
      const route = methods.get(method) ?? (method === 'HEAD' ? methods.get('GET') : undefined);
      if (route && !route.encodedSlashes && hasEncodedSlash(path)) return { found: 'nothing' };
      if (route) return { found: 'route', route };
      return { found: 'path', allow: allowed(methods) };
    },
  };
}

/** Of documents alone. @throws by name, when one does not fit */
export function loadCatalog(documents: readonly unknown[]): Catalog {
  const parsed = documents.map((each, i) => parseDocument(each, String(i)));
  return createCatalog(
    0,
    parsed.map((each) => offeredApi(each)),
    parsed,
  );
}
