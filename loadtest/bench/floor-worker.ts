// What the gateway is measured against: a bare Hono proxy (/floor/…), and the same with one Durable Object call
// (/object/…).

import { DurableObject } from 'cloudflare:workers';
import { Hono } from 'hono';

interface Env {
  COUNTER: DurableObjectNamespace<Counter>;
  UPSTREAM_ORIGIN: string;
}

export class Counter extends DurableObject {
  private count = 0;
  add(): number {
    this.count++;
    return this.count;
  }
}

const app = new Hono<{ Bindings: Env }>();
const proxy = (request: Request, env: Env): Promise<Response> => {
  const path = request.url.slice(request.url.indexOf('/', 8)).replace(/^\/(floor|object)/, '');
  return fetch(env.UPSTREAM_ORIGIN + path, { method: request.method, headers: request.headers });
};
app.all('/floor/*', (context) => proxy(context.req.raw, context.env));
app.all('/object/*', async (context) => {
  const { COUNTER } = context.env;
  await COUNTER.get(COUNTER.idFromName('one')).add();
  return proxy(context.req.raw, context.env);
});

export default app;
