// The Worker with faults to order: frozen KV, doubled queue messages, a consumer that dies, replies that are lost, a clock
// of its own, and several edges in one isolate. `POST /__test {fault: value}` sets them; `X-Test-Edge` names the edge.

import { KeyLimiter as RealKeyLimiter } from '../../durable-objects/key-limiter.ts';
import { PartnerLimiter as RealPartnerLimiter } from '../../durable-objects/partner-limiter.ts';
import type { Env } from '../../src/compose.ts';
import type { DrawRequest } from '../../src/limits/partner-draw.ts';
import type { Report } from '../../src/limits/partner-report.ts';
import type { Settle, TakeCall } from '../../src/limits/protocol.ts';
import worker from '../../src/worker.ts';
import { flood } from './flood.ts';
import { hearing, lossyObjects, orderReplies, type ReplyFaults } from './lossy-objects.ts';
import { activeUntilNow, ObjectMeter, objectCounts } from './object-meter.ts';
import { alarmsInRealTime, shiftClock } from './shifted-clock.ts';

/** Objects that can be made to crash: memory is lost, storage stays, calls under way fail. */
export class KeyLimiter extends RealKeyLimiter {
  private readonly meter: ObjectMeter;
  constructor(ctx: DurableObjectState, env: Env) {
    const meter = new ObjectMeter('key');
    super(alarmsInRealTime(meter.watch(ctx)), {
      ...env,
      PARTNER_LIMITER: countedObjects(lossyObjects(env.PARTNER_LIMITER), 'partnerCalls'),
    });
    this.meter = meter;
  }
  override take(call: TakeCall) {
    return this.meter.during(() => super.take(call));
  }
  override settle(settle: Settle) {
    return this.meter.during(() => super.settle(settle));
  }
  override report(isAlways?: boolean) {
    return this.meter.during(() => super.report(isAlways));
  }
  override alarm() {
    objectCounts.alarms++;
    return this.meter.during(() => super.alarm());
  }
  crash(): void {
    this.ctx.abort('crashed to order');
  }
}
export class PartnerLimiter extends RealPartnerLimiter {
  private readonly meter: ObjectMeter;
  constructor(ctx: DurableObjectState, env: Env) {
    const meter = new ObjectMeter('partner');
    super(alarmsInRealTime(meter.watch(ctx)), { ...env, KEY_LIMITER: lossyObjects(env.KEY_LIMITER) });
    this.meter = meter;
  }
  override draw(request: DrawRequest) {
    return this.meter.during(() => super.draw(request));
  }
  override report(report: Report) {
    return this.meter.during(() => super.report(report));
  }
  override alarm() {
    objectCounts.alarms++;
    return this.meter.during(() => super.alarm());
  }
  crash(): void {
    this.ctx.abort('crashed to order');
  }
}

export { PaymentSandbox } from '../../durable-objects/payment-sandbox.ts';

interface Faults {
  /** KV answers what it held when it was frozen, and takes no writes. */
  kvFrozen: boolean;
  /** No queue takes anything. */
  queueDown: boolean;
  /** A queue takes no more than this; 0 is what Cloudflare's takes. */
  queueBytes: number;
  /** Every message is sent twice. */
  queueTwice: boolean;
  /** The consumer dies at this step, this many times. */
  dies: { step: 'before' | 'after' | 'none'; times: number };
  /** The limiter does not answer. */
  limiterDown: boolean;
  /** Where the keys are published that sign reports of leaks. */
  githubKeysUrl: string;
}

const faults: Faults = {
  kvFrozen: false,
  queueDown: false,
  queueBytes: 0,
  queueTwice: false,
  dies: { step: 'none', times: 0 },
  limiterDown: false,
  githubKeysUrl: '',
};
const frozen = new Map<string, unknown>();
const counts = {
  kvReads: 0,
  kvWrites: 0,
  /** Of keys' objects and of partners'. */
  objectCalls: 0,
  partnerCalls: 0,
  floodCalls: 0,
  queueMessages: 0,
  queueBytes: 0,
  /** Begun 64 kB of messages. */
  queueChunks: 0,
  batches: 0,
  logLines: 0,
  queueRefusals: 0,
  consumerDeaths: 0,
};

const writeLine = console.log.bind(console);
console.log = (...line: unknown[]) => {
  counts.logLines++;
  writeLine(...line);
};

function faultyKv(kv: KVNamespace): KVNamespace {
  return new Proxy(kv, {
    get(target, name) {
      if (name === 'get') {
        return async (key: string, options: KVNamespaceGetOptions<'json'>) => {
          counts.kvReads++;
          if (faults.kvFrozen) return frozen.get(key) ?? null;
          const value = await target.get(key, options);
          frozen.set(key, value);
          return value;
        };
      }
      if (name === 'put') {
        return async (key: string, value: string, options: KVNamespacePutOptions) => {
          counts.kvWrites++;
          if (faults.kvFrozen) return;
          frozen.set(key, JSON.parse(value));
          await target.put(key, value, options);
        };
      }
      if (name === 'delete')
        return async (key: string) => void (faults.kvFrozen || (await target.delete(key)));
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const MOST_QUEUE_BYTES = 128_000;
const QUEUE_CHUNK_BYTES = 64_000;
const bytesOf = (body: unknown): number =>
  new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)).length;
/** In Cloudflare's words. */
function refuseLarge(bytes: number): void {
  if (bytes > (faults.queueBytes || MOST_QUEUE_BYTES))
    throw new Error('Queue send failed: Payload Too Large');
}

const faultyQueue = <Body>(queue: Queue<Body>): Queue<Body> =>
  new Proxy(queue, {
    get: (target, name) =>
      name === 'send'
        ? async (body: Body, options?: QueueSendOptions) => {
            const bytes = bytesOf(body);
            refuseLarge(bytes);
            if (faults.queueDown) {
              counts.queueRefusals++;
              throw new Error('Queue send failed: Service Unavailable');
            }
            counts.queueMessages++;
            counts.queueBytes += bytes;
            counts.queueChunks += Math.ceil(bytes / QUEUE_CHUNK_BYTES);
            await target.send(body, options);
            if (faults.queueTwice) await target.send(body, options);
          }
        : Reflect.get(target, name, target),
  });

const countedObjects = <T extends Rpc.DurableObjectBranded>(
  objects: DurableObjectNamespace<T>,
  also?: 'partnerCalls' | 'floodCalls',
) =>
  new Proxy(objects, {
    get(target, name) {
      if (name === 'get') {
        return (id: DurableObjectId) => {
          counts.objectCalls++;
          if (also) counts[also]++;
          if (faults.limiterDown) throw new Error('limiter is down');
          return target.get(id);
        };
      }
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

const edges = new Map<string, Env>();
function edgeOf(env: Env, name: string): Env {
  const known = edges.get(name);
  if (known) return known;
  const edge: Env = {
    ...env,
    KEY_RECORDS: faultyKv(env.KEY_RECORDS),
    USAGE_QUEUE: faultyQueue(env.USAGE_QUEUE),
    KEY_LIMITER: countedObjects(lossyObjects(env.KEY_LIMITER), name === 'flood' ? 'floodCalls' : undefined),
    // All tests call from one address: only the edge that is asked for it holds it off.
    ...(name !== 'guarded' && { ABUSE_GUARD: undefined }),
    // As in production: webhooks go to public addresses only.
    ...(name === 'leaks' && { GITHUB_KEYS_URL: faults.githubKeysUrl }),
    ...(name === 'strict' && { WEBHOOK_TARGETS: 'public' }),
  };
  edges.set(name, edge);
  return edge;
}

/** As Cloudflare describes a connection whose client showed the certificate of this SHA-256: `X-Test-Certificate`. */
function withCertificate(request: Parameters<typeof worker.fetch>[0]): Parameters<typeof worker.fetch>[0] {
  const certFingerprintSHA256 = request.headers.get('x-test-certificate');
  if (certFingerprintSHA256 === null) return request;
  const tlsClientAuth = {
    certPresented: '1',
    certVerified: 'SUCCESS',
    certRevoked: '0',
    certFingerprintSHA256,
  };
  return new Request(request, { cf: { ...request.cf, tlsClientAuth } as never });
}

export default {
  async fetch(
    request: Parameters<typeof worker.fetch>[0],
    env: Env,
    ctx: ExecutionContext,
  ): Promise<Response> {
    if (request.url.endsWith('/__test')) {
      if (request.method === 'POST') Object.assign(faults, await request.json());
      return Response.json({ ...counts, ...objectCounts, activeMs: activeUntilNow() });
    }
    if (request.url.endsWith('/__test/clock')) {
      shiftClock(((await request.json()) as { shiftMs: number }).shiftMs);
      return Response.json({});
    }
    if (request.url.endsWith('/__test/replies')) {
      if (request.method === 'POST') orderReplies((await request.json()) as ReplyFaults);
      return Response.json(hearing());
    }
    if (request.url.endsWith('/__test/units')) {
      const { name, days } = (await request.json()) as { name: string; days: number[] };
      const partner = env.PARTNER_LIMITER.get(env.PARTNER_LIMITER.idFromName(name));
      const units = await Promise.all(days.map((day) => partner.unitsOfDay(day)));
      return Response.json(units);
    }
    if (request.url.endsWith('/__test/flood'))
      return Response.json(await flood(await request.json(), edgeOf(env, 'flood'), ctx));
    if (request.url.endsWith('/__test/crash')) {
      const { binding, name } = (await request.json()) as {
        binding: 'KEY_LIMITER' | 'PARTNER_LIMITER';
        name: string;
      };
      const objects = env[binding] as unknown as DurableObjectNamespace<KeyLimiter>;
      await objects
        .get(objects.idFromName(name))
        .crash()
        .catch(() => undefined);
      return Response.json({});
    }
    return worker.fetch(
      withCertificate(request),
      edgeOf(env, request.headers.get('x-test-edge') ?? 'a'),
      ctx,
    );
  },
  async queue(batch: MessageBatch<unknown>, env: Env): Promise<void> {
    counts.batches++;
    const edge = edgeOf(env, 'a');
    const { step } = faults.dies;
    if (step === 'none' || faults.dies.times <= 0) return worker.queue(batch, edge);
    faults.dies.times--;
    counts.consumerDeaths++;
    if (step === 'before') throw new Error('the consumer died before the fold');
    const messages = batch.messages.map(({ body, attempts }) => ({
      body,
      attempts,
      ack: () => undefined,
      retry: () => undefined,
    }));
    await worker.queue({ queue: batch.queue, messages } as unknown as MessageBatch<unknown>, edge);
    throw new Error('the consumer died after the fold');
  },
  scheduled: (controller: ScheduledController, env: Env) => worker.scheduled(controller, edgeOf(env, 'a')),
};
