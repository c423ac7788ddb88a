// The one OpenAPI document: our own paths and those of the catalogue; as JSON, and as a plain page. Nothing of the
// configuration shows.

import { Hono } from 'hono';
import type { CatalogDocument } from '../catalog/catalog.ts';
import type { ApiEnv } from '../http/api.ts';
import { renderReference } from './reference-page.ts';
import type { Services } from './services.ts';

export interface OpenApiPart {
  prefix: string;
  document: { paths?: object; components?: { schemas?: object } };
}

function mergeDocuments(own: readonly OpenApiPart[], catalog: readonly CatalogDocument[]) {
  const paths: Record<string, unknown> = {};
  const schemas: Record<string, unknown> = {};
  for (const document of catalog) {
    const shown = structuredClone(document) as Record<string, unknown> & {
      components?: { schemas?: object };
    };
    for (const [path, operations] of Object.entries(document.paths)) {
      paths[path] = Object.fromEntries(
        Object.entries(operations).map(([method, { 'x-passerelle': config, ...operation }]) => [
          method,
          {
            tags: [document.info.title],
            ...operation,
            security: [{ bearer: config.scope ? [config.scope] : [] }, { signed: [] }],
          },
        ]),
      );
    }
    Object.assign(schemas, shown.components?.schemas);
  }
  for (const { prefix, document } of own) {
    for (const [path, item] of Object.entries(document.paths ?? {})) paths[prefix + path] = item;
    Object.assign(schemas, document.components?.schemas);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Passerelle',
      version: '1.0.0',
      description: 'The offered APIs, and the APIs for partners, developers and operators.',
    },
    paths,
    components: {
      schemas,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An API key (pk_…), or a JWT for /api/*' },
        signed: {
          type: 'apiKey',
          in: 'header',
          name: 'X-API-Key',
          description:
            'ak_…:<hex HMAC-SHA256> of the whole request (X-Signature-Version: 2), or of the body alone. See /docs/signing',
        },
      },
    },
  };
}

/** Of the routes for machines, which are not made from schemas. */
const MACHINE_PATHS = {
  '/health': {
    get: {
      tags: ['Machines'],
      summary: 'Health, with checks; 503 when not healthy',
      responses: { 200: { description: 'Healthy' }, 503: { description: 'Not healthy' } },
    },
  },
  '/leaks/github': {
    post: {
      tags: ['Machines'],
      summary: "Keys found in public, in the form of GitHub's secret scanning partner programme",
      responses: { 200: { description: 'A verdict on each' }, 401: { description: 'Not signed by GitHub' } },
    },
  },
  '/.well-known/jwks.json': {
    get: {
      tags: ['Machines'],
      summary: "Public keys of the callers' identity that upstreams are told (X-Passerelle-Identity)",
      responses: { 200: { description: 'JSON Web Key Set' } },
    },
  },
  '/healthz': { get: { tags: ['Machines'], summary: 'Alive', responses: { 200: { description: 'Alive' } } } },
  '/metrics': {
    get: {
      tags: ['Machines'],
      summary: 'Prometheus metrics, by bearer token',
      responses: { 200: { description: 'Text format' }, 401: { description: 'No or wrong token' } },
    },
  },
};

/** `/openapi.json`, for machines. */
export function addOpenApiRoute(routes: Hono<ApiEnv<Services>>, own: readonly OpenApiPart[]): void {
  const parts = [...own, { prefix: '', document: { paths: MACHINE_PATHS } }];
  routes.get('/openapi.json', (context) =>
    context.json(mergeDocuments(parts, context.var.services.gateway.catalog.documents)),
  );
}

/** All endpoints as plain HTML, without scripts. */
export function createReferenceRoutes(own: readonly OpenApiPart[]) {
  const routes = new Hono<ApiEnv<Services>>();
  routes.get('/docs/api', (context) =>
    context.html(renderReference(mergeDocuments(own, context.var.services.gateway.catalog.documents)), 200, {
      'content-security-policy':
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    }),
  );
  return routes;
}
