// Our own surfaces beside the offered API: APIs, pages, and what machines ask. Loaded with the first request for one of them.

import { Hono, type MiddlewareHandler } from 'hono';
import type { Env } from './compose.ts';
import { handle } from './gateway/pipeline.ts';
import { isChange } from './http/changes.ts';
import { firstPart } from './http/path.ts';
import { oauth } from './oauth/oauth-routes.ts';
import { adminApi } from './operator/admin-routes.ts';
import { operatorConsole } from './operator/console/pages.ts';
import { createMachineRoutes } from './operator/machine-routes.ts';
import { createDocumentRoutes } from './operator/openapi.ts';
import { dashboard } from './portal/api/dashboard-routes.ts';
import { developerApi } from './portal/api/dev-routes.ts';
import { documents } from './portal/api/openapi-routes.ts';
import { mcp } from './portal/mcp/mcp-routes.ts';
import { portal } from './portal/web/pages.ts';
import { compose, type Services } from './services.ts';

type AppEnv = { Bindings: Env; Variables: { services: Services; requestId: string } };

const withServices = (): Hono<AppEnv> => {
  const app = new Hono<AppEnv>();
  return app.use(async (context, next) => {
    const services = compose(context.env);
    context.set('services', services);
    await next();
    // Whatever was changed may have something to tell; what was refused has not.
    if (isChange(context.req.method) && context.res.status < 400)
      context.executionCtx.waitUntil(services.wakeWebhooks());
  });
};

/** What is offered, as it is now. APIs ask for it once they know who calls. */
const showCatalog: MiddlewareHandler<AppEnv> = async (context, next) => {
  await context.var.services.catalogs.whole();
  await next();
};

const PROGRAMS = /^(?:v\d+|api|dashboard)$/;

/** Whether a person looks for a page, and no program for an answer. */
const isForPage = ({ headers }: Request, path: string): boolean =>
  (headers.get('accept') ?? '').includes('text/html') &&
  !headers.has('authorization') &&
  !PROGRAMS.test(firstPart(path));

/** What lies between our own routes: a page that says so, or what the offered API answers. */
const between = new Hono<AppEnv>().all('*', (context) => {
  const { env, executionCtx, req } = context;
  if (isForPage(req.raw, req.path)) return pages.fetch(req.raw, env, executionCtx);
  return handle(req.raw, req.url, compose(env).gateway, (work) => executionCtx.waitUntil(work));
});

const apis = withServices();
apis.route('/dashboard', dashboard);
apis.route('/api/dev', developerApi);
apis.route('/api/admin', adminApi);
apis.route('/', createMachineRoutes());
apis.route('/', oauth);
apis.route('/', mcp);
// The operators' before the offered APIs', whose names are a parameter.
apis.route('/', createDocumentRoutes());
apis.route('/', documents);
apis.get('/assets/*', (context) => context.var.services.assetServer.serve(context.req.path));
apis.route('/', between);

const pages = withServices();
pages.use(showCatalog);
pages.route('/', operatorConsole);
pages.route('/', portal);

/** Whose callers are counted by their keys, as those of the offered API. */
const BY_KEY: ReadonlySet<string> = new Set(['mcp']);
export const isCountedByKey = (path: string): boolean => BY_KEY.has(firstPart(path));

/** By the first part of the path. */
const apps = new Map<string, Hono<AppEnv>>();
for (const app of [pages, apis]) for (const { path } of app.routes) apps.set(firstPart(path), app);
// Stars are middleware and the rest.
apps.delete('*');

/** The surface that answers, if one of ours does: where nothing is, a page says so to whoever looks for one. */
export const surfaceFor = (request: Request, path: string): Hono<AppEnv> | undefined =>
  apps.get(firstPart(path)) ?? (isForPage(request, path) ? pages : undefined);
