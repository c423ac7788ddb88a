// A document -> its routes, as plain data that an edge can keep, and as what the gateway matches. Pure.

import {
  type CatalogDocument,
  nameOfReference,
  type Operation,
  parametersOf,
  shownAnswer,
} from './document.ts';
import { type DeclaredHeaders, type HeaderRules, headerRules } from './headers.ts';
import {
  type DocumentRules,
  NO_SCHEMAS,
  type RouteRules,
  type RuleSchemas,
  routeRules,
} from './policies/document-rules.ts';
import { NO_POLICIES, type RoutePolicies } from './policies/policy.ts';
import { type RouteVersion, routeVersions } from './versions.ts';

export interface Example {
  status: number;
  body: unknown;
}

/** As JSON can hold it. */
export interface RouteData {
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
  sandbox: string;
  /** What a sandbox of examples answers. */
  example: Example;
  cacheSharedBy: 'key' | 'partner';
  encodedSlashes: boolean;
  declared: DeclaredHeaders;
  /** Names of query parameters whose values are kept nowhere. */
  secretParameters: readonly string[];
  /** Oldest first, where the API has dated ones. */
  versions?: readonly RouteVersion[];
  /** Where a policy holds requests or answers against the document. */
  rules?: RouteRules;
}

/** One place that answers an API's calls. */
export interface UpstreamTarget {
  /** Origin, and the path that precedes each route's. */
  url: string;
  /** Share of the calls; 0: only where the others fail. */
  weight: number;
  /** A header that each request carries, `Name: value`, as an envelope that is bound to `url`. */
  credential?: string | null;
}

/** Where an API's calls go. */
export interface Upstream {
  /** What is cut off the beginning of each path. */
  prefix: string;
  targets: readonly UpstreamTarget[];
  /** Without targets: names of variables, the first of which that is set is the origin. */
  variables: readonly string[];
}

export interface CatalogRoute extends Omit<RouteData, 'declared' | 'secretParameters' | 'rules'> {
  rules?: DocumentRules;
  headers: HeaderRules;
  secretParameters: ReadonlySet<string>;
  upstream: Upstream;
  policies: RoutePolicies;
}

/** The headers that an operation's parameters and answers show, and those that its extension names. */
function headersOf(document: CatalogDocument, operation: Operation): DeclaredHeaders {
  const { components, 'x-passerelle': api } = document;
  const { responses = {}, 'x-passerelle': own } = operation;
  const shownRequest = parametersOf(document, operation).flatMap((given) =>
    given.in === 'header' ? given.name : [],
  );
  const shownAnswer = Object.values(responses)
    .map(({ $ref, ...given }) => ($ref ? components?.responses?.[nameOfReference($ref)] : given))
    .flatMap((given) => Object.keys(given?.headers ?? {}));
  return {
    request: [...api.requestHeaders, ...own.requestHeaders, ...shownRequest],
    answer: [...api.answerHeaders, ...own.answerHeaders, ...shownAnswer],
  };
}

const secretParametersOf = (document: CatalogDocument, operation: Operation): string[] =>
  parametersOf(document, operation)
    .filter((given) => given.in === 'query' && given['x-passerelle']?.secret)
    .map(({ name }) => name);

/** Of the first answer that is a success, as the document shows it. */
function exampleOf({ components }: CatalogDocument, { responses = {} }: Operation): Example {
  const [status = '200', { $ref, ...given } = {}] =
    Object.entries(responses).find(([code]) => /^2\d\d$/.test(code)) ?? [];
  const shown = shownAnswer.safeParse($ref ? components?.responses?.[nameOfReference($ref)] : given);
  return { status: Number(status), body: shown.data?.content['application/json'].example ?? {} };
}

/** `hasRules`: with what a policy holds requests against. */
export function routesOf(document: CatalogDocument, hasRules = false): RouteData[] {
  const api = document['x-passerelle'];
  return Object.entries(document.paths).flatMap(([path, operations]) =>
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
        sandbox: api.sandbox,
        example: exampleOf(document, operation),
        declared: headersOf(document, operation),
        secretParameters: secretParametersOf(document, operation),
        ...(api.versions.length > 0 && {
          versions: routeVersions(api.versions, `${method.toUpperCase()} ${path}`),
        }),
        ...(hasRules && { rules: routeRules(document, operation) }),
      };
    }),
  );
}

/** Routes of one API have one upstream, and few kinds of headers: each is made once. @throws what `headerRules` throws */
export function toRoutes(
  routes: readonly RouteData[],
  upstream: Upstream,
  schemas: RuleSchemas = NO_SCHEMAS,
): CatalogRoute[] {
  const rules = new Map<string, HeaderRules>();
  const rulesOf = (declared: DeclaredHeaders): HeaderRules => {
    const name = JSON.stringify(declared);
    const made = rules.get(name) ?? headerRules(declared);
    rules.set(name, made);
    return made;
  };
  return routes.map(({ declared, secretParameters, rules, ...route }) => ({
    ...route,
    ...(rules && { rules: { ...rules, schemas } }),
    headers: rulesOf(declared),
    secretParameters: new Set(secretParameters),
    upstream,
    policies: NO_POLICIES,
  }));
}
