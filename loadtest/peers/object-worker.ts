// What somebody would write with hono-rate-limiter and its Durable Object store: a Hono Worker, a key check, a fixed
// window, a proxy.

import { DurableObjectRateLimiter, DurableObjectStore } from '@hono-rate-limiter/cloudflare';
import { Hono, type MiddlewareHandler } from 'hono';
import { rateLimiter } from 'hono-rate-limiter';
import { isKnown } from './known-keys.ts';

interface Env {
  UPSTREAM_ORIGIN: string;
  LIMITER: DurableObjectNamespace<DurableObjectRateLimiter>;
  KEY_HASH: string;
  LIMIT: string;
}
type AppEnv = { Bindings: Env };

export { DurableObjectRateLimiter };

let limiter: MiddlewareHandler<AppEnv> | undefined;
let hashes: Set<string> | undefined;

const app = new Hono<AppEnv>();
app.use(async (context, next) => {
  hashes ??= new Set([context.env.KEY_HASH]);
  if (!(await isKnown(context.req.header('authorization'), hashes))) return context.text('Unauthorized', 401);
  await next();
});
app.use(async (context, next) => {
  limiter ??= rateLimiter<AppEnv>({
    windowMs: 1000,
    limit: Number(context.env.LIMIT),
    standardHeaders: 'draft-7',
    keyGenerator: () => context.env.KEY_HASH,
    store: new DurableObjectStore({ namespace: context.env.LIMITER }),
  });
  return limiter(context, next);
});
app.all('*', ({ env, req }) => {
  const { method, headers, url } = req.raw;
  return fetch(env.UPSTREAM_ORIGIN + url.slice(url.indexOf('/', 8)), { method, headers });
});
export default app;
