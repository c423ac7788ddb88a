// The Worker's three doors: fetch, queue, scheduled. Re-exports the Durable Objects.

import { Hono } from 'hono';
import { compose, type Env, type Services } from './compose.ts';
import { handle } from './gateway/pipeline.ts';
import { isChange } from './http/changes.ts';
import { refuseAtDoor } from './http/doors.ts';
import { withSecureHeaders } from './http/secure-headers.ts';
import { refuseUnconfigured } from './http/unconfigured.ts';
import { consume, runCron } from './jobs/jobs.ts';
import { adminApi } from './operator/admin-routes.ts';
import { operatorConsole } from './operator/console/pages.ts';
import { createMachineRoutes, createReferenceRoutes } from './operator/machine-routes.ts';
import { dashboard } from './portal/api/dashboard-routes.ts';
import { developerApi } from './portal/api/dev-routes.ts';
import { portal } from './portal/web/pages.ts';

export { KeyLimiter } from '../durable-objects/key-limiter.ts';
export { PartnerLimiter } from '../durable-objects/partner-limiter.ts';
export { PaymentSandbox } from '../durable-objects/payment-sandbox.ts';

const info = { openapi: '3.1.0', info: { title: 'Passerelle', version: '1.0.0' } };
const own = [
  { prefix: '/dashboard', document: dashboard.getOpenAPI31Document(info) as object },
  { prefix: '/api/dev', document: developerApi.getOpenAPI31Document(info) as object },
  { prefix: '/api/admin', document: adminApi.getOpenAPI31Document(info) as object },
];
const machines = createMachineRoutes(own);

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

// Told apart by the first part of the path. Nearly every request is for the offered API, and passes no framework on its way;
// what lies between our own routes is answered as it answers.
const offered = new Hono<AppEnv>().all('*', (context) =>
  handle(context.req.raw, context.req.url, compose(context.env).gateway, (work) =>
    context.executionCtx.waitUntil(work),
  ),
);

const apis = withServices();
apis.route('/dashboard', dashboard);
apis.route('/api/dev', developerApi);
apis.route('/api/admin', adminApi);
apis.route('/', machines);
apis.get('/assets/*', (context) => context.var.services.assetServer.serve(context.req.path));
apis.route('/', offered);

const pages = withServices();
pages.route('/', createReferenceRoutes(own));
pages.route('/', operatorConsole);
pages.route('/', portal);

const firstPart = (path: string): string => path.split('/', 2)[1] ?? '';
const apps = new Map<string, Hono<AppEnv>>();
for (const app of [pages, apis]) for (const { path } of app.routes) apps.set(firstPart(path), app);
// Stars are middleware and the rest.
apps.delete('*');

/** The path of `https://host/path?query`, without parsing all of it. */
const pathOf = (url: string): string => {
  const start = url.indexOf('/', url.indexOf('://') + 3);
  const end = url.indexOf('?', start);
  return end < 0 ? url.slice(start) : url.slice(start, end);
};

export default {
  fetch(request, env, ctx) {
    const { url } = request;
    const refusal = refuseUnconfigured(url, () => compose(env));
    if (refusal) return withSecureHeaders(refusal, url);
    const services = compose(env);
    const path = pathOf(url);
    const app = apps.get(firstPart(path));
    const keepAlive = (work: Promise<unknown>) => ctx.waitUntil(work);
    const stopped = refuseAtDoor(request, path, services, app !== undefined, keepAlive);
    if (stopped) return withSecureHeaders(stopped, url);
    const answered = app
      ? Promise.resolve(app.fetch(request, env, ctx))
      : handle(request, url, services.gateway, keepAlive);
    const work = answered.then((response) => withSecureHeaders(response, url));
    // Whoever breaks off ends its connection, not what it asked for: what was admitted is done, told and billed.
    ctx.waitUntil(work);
    return work;
  },
  async queue(batch, env) {
    await consume(batch.queue, batch.messages, compose(env));
  },
  async scheduled(controller, env) {
    await runCron(controller.cron, controller.scheduledTime, compose(env));
  },
} satisfies ExportedHandler<Env, unknown>;
