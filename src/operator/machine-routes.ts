// For machines: health, metrics, the keys of identity tokens, where to report what is not safe, and leak reports.

import { sql } from 'drizzle-orm';
import { Hono } from 'hono';
import { equalInConstantTime } from '../core/encoding.ts';
import { AppError } from '../core/errors.ts';
import { type ApiEnv, answeredTo, renderError } from '../http/api.ts';
import { portalOriginOf } from '../http/portal-origin.ts';
import { renderMetrics } from '../metrics/metrics-store.ts';
import { addLeakRoute } from './leak-routes.ts';
import { securityText } from './security-text.ts';
import type { Services } from './services.ts';

/** A new key is published for longer than this before it signs. */
const KEYS_KEPT_SECONDS = 300;
const SECURITY_KEPT_SECONDS = 86_400;
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

export function createMachineRoutes() {
  const routes = new Hono<ApiEnv<Services>>();
  const now = () => Date.now();
  const readHealth = createHealth(now);
  routes.onError((error, context) => renderError(error, answeredTo(context)));

  routes.on('GET', ['/livez', '/healthz'], (context) =>
    context.json({ status: 'alive' }, 200, { 'cache-control': 'no-store' }),
  );

  routes.on('GET', ['/readyz', '/health'], async (context) => {
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

  routes.get('/.well-known/security.txt', (context) => {
    const { brand, config } = context.var.services;
    const text = securityText(brand.links, portalOriginOf(config, context.req.url), now());
    if (text === undefined) throw new AppError('not_found');
    return context.text(text, 200, { 'cache-control': `public, max-age=${SECURITY_KEPT_SECONDS}` });
  });

  addLeakRoute(routes);
  return routes;
}
