// The Worker of `npm start`: the very one, which also knows what it is doing, and can be asked to drain. The order comes
// from the process that runs it, under a token of that run.

import { composeGateway, type Env } from '../compose.ts';
import { errorResponse } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { whenGone } from '../http/body.ts';
import worker from '../worker.ts';
import { type ActivityMeter, createActivityMeter, LONGEST_MS } from './activity.ts';
import { CODE_PATH, codePage } from './code-page.ts';
import { ORDER_HEADER } from './local-order.ts';
import { RECEIVER_PATH, receive } from './receiver.ts';

export * from '../worker.ts';

/** Usage goes through these. What another queue holds stands in Postgres as well, and is found there. */
const isUsage = (queue: string): boolean => queue.startsWith('passerelle-usage');

const meter: ActivityMeter = createActivityMeter(() => Date.now());
let isDraining = false;

function metered<Body>(queue: Queue<Body>): Queue<Body> {
  return new Proxy(queue, {
    get(target, name) {
      if (name === 'send')
        return async (...args: Parameters<Queue<Body>['send']>) => {
          const sent = await target.send(...args);
          meter.sent(1);
          return sent;
        };
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const known = new WeakMap<Env, Env>();
function meteredEnv(env: Env): Env {
  const before = known.get(env);
  if (before) return before;
  const made: Env = {
    ...env,
    USAGE_QUEUE: metered(env.USAGE_QUEUE),
  };
  known.set(env, made);
  return made;
}

function meteredContext<Context extends ExecutionContext>(context: Context): Context {
  return new Proxy(context, {
    get(target, name) {
      if (name === 'waitUntil')
        return (work: Promise<unknown>) => target.waitUntil(work.finally(meter.begin('tasks')));
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** Passes the body on and notes its end. A body in a coding of its own is not opened for that. */
function meteredBody(response: Response, request: Pick<Request, 'signal'>): Response {
  const { body, headers } = response;
  if (!body || response.webSocket || headers.has('content-encoding')) return response;
  const length = headers.get('content-length');
  // Of a body without a length the end is always told, and its call is counted only then: it may take what it takes.
  const done = meter.begin('bodies', length === null ? Number.POSITIVE_INFINITY : LONGEST_MS);
  whenGone(request, done);
  const watched = body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({ flush: done, cancel: done }),
  );
  const sized = length === null ? watched : watched.pipeThrough(new FixedLengthStream(Number(length)));
  return new Response(sized, response);
}

/** Takes no new call, sends what is still packed when the last has ended, and says what is left to do. */
async function drain(env: Env): Promise<Response> {
  isDraining = true;
  const before = meter.read();
  if (before.calls + before.bodies === 0) await composeGateway(env).gateway.usage.flush();
  return Response.json(meter.read());
}

export default {
  async fetch(
    request: Parameters<typeof worker.fetch>[0],
    env: Env,
    context: ExecutionContext,
  ): Promise<Response> {
    const order = request.headers.get(ORDER_HEADER);
    if (order !== null && order === env.DRAIN_TOKEN) return drain(meteredEnv(env));
    if (isDraining)
      return errorResponse(
        'service_unavailable',
        { requestId: newId(), portalOrigin: new URL(request.url).origin },
        {
          message: 'Passerelle is being stopped or reloaded',
        },
      );
    const { pathname } = new URL(request.url);
    if (env.DEMO_OPERATOR_FACTOR && pathname === CODE_PATH)
      return codePage(request, String(env.DEMO_OPERATOR_FACTOR), Date.now());
    if (pathname === RECEIVER_PATH) return receive();
    const ended = meter.begin('calls');
    try {
      return meteredBody(await worker.fetch(request, meteredEnv(env), meteredContext(context)), request);
    } finally {
      ended();
    }
  },

  async queue(batch: MessageBatch<unknown>, env: Env): Promise<void> {
    if (!isUsage(batch.queue)) return worker.queue(batch, meteredEnv(env));
    const again = new Set<string>();
    const messages = batch.messages.map((message) => ({
      id: message.id,
      timestamp: message.timestamp,
      body: message.body,
      attempts: message.attempts,
      ack: () => message.ack(),
      retry(options?: QueueRetryOptions) {
        again.add(message.id);
        message.retry(options);
      },
    }));
    await worker.queue({ queue: batch.queue, messages } as unknown as typeof batch, meteredEnv(env));
    meter.settled(messages.length - again.size);
  },

  async scheduled(controller: ScheduledController, env: Env): Promise<void> {
    const ended = meter.begin('tasks');
    try {
      await worker.scheduled(controller, meteredEnv(env));
    } finally {
      ended();
    }
  },
};
