// For machines: health, metrics, and the one OpenAPI document.

import { sql } from 'drizzle-orm';
import { Hono } from 'hono';
import * as z from 'zod';
import type { CatalogDocument } from '../catalog/catalog.ts';
import { equalInConstantTime } from '../core/encoding.ts';
import { AppError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { type ApiEnv, fieldErrors, renderError } from '../http/api.ts';
import { readBody } from '../http/body.ts';
import { text } from '../http/fields.ts';
import { renderMetrics } from '../metrics/metrics-store.ts';
import { renderReference } from './reference-page.ts';
import type { Services } from './services.ts';

export interface OpenApiPart {
  prefix: string;
  document: { paths?: object; components?: { schemas?: object } };
}

/** Our own paths and those of the catalogue, in one document. Nothing of the configuration shows. */
export function mergeDocuments(own: readonly OpenApiPart[], catalog: readonly CatalogDocument[]) {
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

const HEALTH_PATHS = {
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

/** A new key is published for longer than this before it signs. */
const KEYS_KEPT_SECONDS = 300;
const MOST_REPORT_BYTES = 1_000_000;
const MOST_LEAKS = 500;
const leakReport = z
  .array(
    z.object({
      token: text(1000, 1),
      type: text(200),
      url: text(2000).nullish(),
      source: text(100).nullish(),
    }),
  )
  .max(MOST_LEAKS);

/** GitHub's are hex; a signature is base64 of some 72 bytes. */
const IDENTIFIER = /^[\w-]{1,128}$/;
const SIGNATURE = /^[A-Za-z0-9+/]{64,120}={0,2}$/;

async function readText(request: Request, mostBytes: number): Promise<string> {
  const body = await readBody(request, mostBytes);
  if (body === 'too_large') throw new AppError('payload_too_large');
  if (body === 'cut_short') throw new AppError('invalid_request');
  return new TextDecoder().decode(body);
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new AppError('invalid_request');
  }
}

/** That it is down, for less: it may be up again. */
const HEALTH_KEPT_MS = { up: 5000, down: 1000 };

interface Health {
  isUp: boolean;
  latencyMs: number;
}

/** Kept for a while: whoever asks costs the database nothing. While one asks, the others hear what was last known. */
function createHealth(now: () => number) {
  let kept: Health | undefined;
  let askedMs = Number.NEGATIVE_INFINITY;
  return async (database: Services['database']): Promise<Health> => {
    if (kept && now() - askedMs < HEALTH_KEPT_MS[kept.isUp ? 'up' : 'down']) return kept;
    const startedMs = now();
    askedMs = startedMs;
    const isUp = await database.run(sql`SELECT 1`).then(
      () => true,
      () => false,
    );
    kept = { isUp, latencyMs: now() - startedMs };
    return kept;
  };
}

export function createMachineRoutes(own: readonly OpenApiPart[]) {
  const routes = new Hono<ApiEnv<Services>>();
  const readHealth = createHealth(() => Date.now());
  routes.onError((error, context) => renderError(error, context.var.requestId ?? newId()));

  routes.get('/healthz', (context) =>
    context.json({ status: 'alive' }, 200, { 'cache-control': 'no-store' }),
  );

  routes.get('/health', async (context) => {
    const { database, config } = context.var.services;
    const { isUp, latencyMs } = await readHealth(database);
    const checks = { database: { status: isUp ? 'up' : 'down', latency_ms: latencyMs } };
    const body = { status: isUp ? 'healthy' : 'unhealthy', environment: config.ENVIRONMENT, checks };
    return context.json(body, isUp ? 200 : 503, { 'cache-control': 'no-store' });
  });

  routes.get('/metrics', async (context) => {
    const { metrics, config } = context.var.services;
    const token = context.req.header('authorization')?.replace(/^bearer /i, '') ?? '';
    if (!equalInConstantTime(token, config.METRICS_TOKEN)) throw new AppError('invalid_token');
    return context.text(renderMetrics(await metrics.samples()), 200, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      'cache-control': 'no-store',
    });
  });

  routes.get('/.well-known/jwks.json', async (context) =>
    context.json(await context.var.services.identityJwks(), 200, {
      'cache-control': `public, max-age=${KEYS_KEPT_SECONDS}`,
    }),
  );

  routes.post('/leaks/github', async (context) => {
    const { leaks } = context.var.services;
    const identifier = context.req.header('github-public-key-identifier') ?? '';
    const signature = context.req.header('github-public-key-signature') ?? '';
    if (!IDENTIFIER.test(identifier) || !SIGNATURE.test(signature)) throw new AppError('invalid_signature');
    const body = await readText(context.req.raw, MOST_REPORT_BYTES);
    await leaks.checkSignature(identifier, signature, body);
    const report = leakReport.safeParse(parsed(body));
    if (!report.success)
      throw new AppError('validation_error', undefined, { details: fieldErrors(report.error) });
    return context.json(await leaks.report(report.data));
  });

  routes.get('/openapi.json', (context) =>
    context.json(
      mergeDocuments(
        [...own, { prefix: '', document: { paths: HEALTH_PATHS } }],
        context.var.services.gateway.catalog.documents,
      ),
    ),
  );

  return routes;
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
