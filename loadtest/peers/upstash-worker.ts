// What somebody would write with @upstash/ratelimit: a Hono Worker, a key check, a sliding window in Redis, a proxy.

import { Ratelimit } from '@upstash/ratelimit';
import { Redis } from '@upstash/redis/cloudflare';
import { Hono } from 'hono';
import { isKnown } from './known-keys.ts';

interface Env {
  UPSTREAM_ORIGIN: string;
  REDIS_URL: string;
  REDIS_TOKEN: string;
  KEY_HASH: string;
  LIMIT: string;
}

let limiter: Ratelimit | undefined;
let hashes: Set<string> | undefined;

const app = new Hono<{ Bindings: Env }>();
app.all('*', async (context) => {
  const { UPSTREAM_ORIGIN, REDIS_URL, REDIS_TOKEN, KEY_HASH, LIMIT } = context.env;
  hashes ??= new Set([KEY_HASH]);
  if (!(await isKnown(context.req.header('authorization'), hashes))) return context.text('Unauthorized', 401);
  limiter ??= new Ratelimit({
    redis: new Redis({ url: REDIS_URL, token: REDIS_TOKEN, enableTelemetry: false }),
    limiter: Ratelimit.slidingWindow(Number(LIMIT), '1 s'),
  });
  const { success, limit, remaining, reset } = await limiter.limit(KEY_HASH);
  const limits = {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': String(reset),
  };
  if (!success) return context.text('Too many requests', 429, limits);
  const { method, headers, url } = context.req.raw;
  const answer = await fetch(UPSTREAM_ORIGIN + url.slice(url.indexOf('/', 8)), { method, headers });
  return new Response(answer.body, {
    status: answer.status,
    headers: { ...Object.fromEntries(answer.headers), ...limits },
  });
});
export default app;
