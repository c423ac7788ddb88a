// The Worker's three doors: fetch, queue, scheduled. Re-exports the Durable Objects.
// Nearly every request is for the offered API: it passes no framework on its way, and what our own surfaces and jobs need is
// loaded with the first of them.

import { composeGateway, type Env } from './compose.ts';
import { handle } from './gateway/pipeline.ts';
import { withClientRequestId } from './http/client-request-id.ts';
import { refuseAtDoor } from './http/doors.ts';
import { firstPart, pathOf } from './http/path.ts';
import { withSecureHeaders } from './http/secure-headers.ts';
import { refuseUnconfigured } from './http/unconfigured.ts';

export { KeyLimiter } from '../durable-objects/key-limiter.ts';
export { PartnerLimiter } from '../durable-objects/partner-limiter.ts';
export { PaymentSandbox } from '../durable-objects/payment-sandbox.ts';

const loadSurfaces = () => import('./surfaces.ts');

function answer(request: Request, url: string, env: Env, ctx: ExecutionContext): Promise<Response> {
  const gate = composeGateway(env);
  const path = pathOf(url);
  if (!gate.gateway.catalog.isOffered(firstPart(path))) return answerOwn(request, path, env, ctx);
  const keepAlive = (work: Promise<unknown>) => ctx.waitUntil(work);
  const stopped = refuseAtDoor(request, path, gate, false, keepAlive);
  return stopped ? Promise.resolve(stopped) : handle(request, url, gate.gateway, keepAlive);
}

async function answerOwn(request: Request, path: string, env: Env, ctx: ExecutionContext): Promise<Response> {
  const gate = composeGateway(env);
  const { surfaceFor, isCountedByKey } = await loadSurfaces();
  const surface = surfaceFor(request, path);
  const hasRate = surface !== undefined && !isCountedByKey(path);
  const keepAlive = (work: Promise<unknown>) => ctx.waitUntil(work);
  const stopped = refuseAtDoor(request, path, gate, hasRate, keepAlive);
  if (stopped) return stopped;
  return surface?.fetch(request, env, ctx) ?? handle(request, request.url, gate.gateway, keepAlive);
}

export default {
  fetch(request, env, ctx) {
    const { url } = request;
    const finished = (response: Response) =>
      withClientRequestId(withSecureHeaders(response, url), request.headers);
    const refusal = refuseUnconfigured(url, () => composeGateway(env), request);
    if (refusal) return finished(refusal);
    const loading = composeGateway(env).catalogs.loading();
    const answered = loading
      ? loading.then(() => answer(request, url, env, ctx))
      : answer(request, url, env, ctx);
    const work = answered.then(finished);
    // Whoever breaks off ends its connection, not what it asked for: what was admitted is done, told and billed.
    ctx.waitUntil(work);
    return work;
  },
  async queue(batch, env) {
    const [{ consume }, { compose }] = await Promise.all([import('./jobs/jobs.ts'), import('./services.ts')]);
    await consume(batch.queue, batch.messages, compose(env));
  },
  async scheduled(controller, env) {
    const [{ runCron }, { compose }] = await Promise.all([import('./jobs/jobs.ts'), import('./services.ts')]);
    await runCron(controller.cron, controller.scheduledTime, compose(env));
  },
} satisfies ExportedHandler<Env, unknown>;
