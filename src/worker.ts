// The Worker's three doors: fetch, queue, scheduled. Re-exports the Durable Objects.

import { Hono } from 'hono';
import { compose, type Env, type Services } from './compose.ts';
import { handle } from './gateway/pipeline.ts';
import { consume, runCron } from './jobs/jobs.ts';
import { adminApi } from './operator/admin-routes.ts';
import { operatorConsole } from './operator/console/pages.ts';
import { createMachineRoutes } from './operator/machine-routes.ts';
import { dashboard } from './portal/api/dashboard-routes.ts';
import { developerApi } from './portal/api/dev-routes.ts';
import { portal } from './portal/web/pages.ts';

export { KeyLimiter } from '../durable-objects/key-limiter.ts';
export { PartnerLimiter } from '../durable-objects/partner-limiter.ts';
export { PaymentSandbox } from '../durable-objects/payment-sandbox.ts';

const info = { openapi: '3.1.0', info: { title: 'Passerelle', version: '1.0.0' } };
const machines = createMachineRoutes([
  { prefix: '/dashboard', document: dashboard.getOpenAPI31Document(info) as object },
  { prefix: '/api/dev', document: developerApi.getOpenAPI31Document(info) as object },
  { prefix: '/api/admin', document: adminApi.getOpenAPI31Document(info) as object },
]);

type AppEnv = { Bindings: Env; Variables: { services: Services; requestId: string } };
const app = new Hono<AppEnv>();
for (const path of [
  '/dashboard/*',
  '/api/*',
  '/health',
  '/healthz',
  '/metrics',
  '/openapi.json',
  '/docs/api',
]) {
  app.use(path, async (context, next) => {
    context.set('services', compose(context.env));
    await next();
  });
}
app.route('/dashboard', dashboard);
app.route('/api/dev', developerApi);
app.route('/api/admin', adminApi);
app.route('/', machines);
app.get('/assets/*', (context) => compose(context.env).assetServer.serve(context.req.path));

// Pages have middleware of their own, so they are an app of their own: the gateway's requests never pass through it.
const pages = new Hono<AppEnv>();
pages.use(async (context, next) => {
  context.set('services', compose(context.env));
  await next();
});
pages.route('/', operatorConsole);
pages.route('/', portal);
const PAGES = ['/', '/preferences', '/outbox', '/sign-up', '/sign-in', '/sign-in/*', '/sign-out', '/verify'];
const MORE_PAGES = [
  '/two-factor',
  '/reset',
  '/reset/*',
  '/invite/*',
  '/welcome',
  '/portal/*',
  '/operator/*',
  '/docs/*',
];
for (const path of [...PAGES, ...MORE_PAGES]) {
  app.all(path, (context) => pages.fetch(context.req.raw, context.env, context.executionCtx));
}

// Everything else is the offered API.
app.all('*', (context) =>
  handle(context.req.raw, compose(context.env).gateway, (work) => context.executionCtx.waitUntil(work)),
);

export default {
  fetch: app.fetch,
  async queue(batch, env) {
    await consume(batch.queue, batch.messages, compose(env));
  },
  async scheduled(controller, env) {
    await runCron(controller.cron, controller.scheduledTime, compose(env));
  },
} satisfies ExportedHandler<Env, unknown>;
