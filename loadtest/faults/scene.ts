// The whole stack, with everything that can be broken within reach: the database, the SQL endpoint, the queue, the
// objects, the upstream, Redis, the clock.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type Stack, startStack } from '../../src/dev/stack.ts';
import type { ReplyFaults } from '../../test/support/lossy-objects.ts';
import { startRedisRest, TOKEN } from '../../test/support/redis-rest.ts';
import { ensureRedis } from '../../test/support/tools.ts';
import { type FaultyUpstream, startFaultyUpstream } from './faulty-upstream.ts';
import { type SlowEndpoint, startSlowEndpoint } from './slow-endpoint.ts';

/** A stranger is held off after this many failures a minute. */
export const MOST_FAILURES = 60;
const SAID = ['usage waits', 'abuse guard', 'limiter_unavailable'] as const;
export type Said = (typeof SAID)[number];

export interface Hearing {
  tallies: Record<string, { sent: number; lost: number; twice: number }>;
  /** Calls for which the edge heard of no `take`. */
  unheard: string[];
}

export type LimiterObject = 'KEY_LIMITER' | 'PARTNER_LIMITER';

export interface Scene {
  stack: Stack;
  database: pg.Pool;
  upstream: FaultyUpstream;
  endpoint: SlowEndpoint;
  redis: Awaited<ReturnType<typeof startRedisRest>>;
  /** How often the Worker said it. */
  said(what: Said): number;
  /** What the test worker counted. */
  counted(what: 'objectsMade' | 'queueRefusals' | 'consumerDeaths'): Promise<number>;
  order(faults: object): Promise<void>;
  replies(faults: ReplyFaults): Promise<Hearing>;
  hearing(): Promise<Hearing>;
  shiftClock(ms: number): Promise<void>;
  /** What a partner's object counted on each of the days. */
  unitsOn(partnerId: string, days: readonly number[]): Promise<number[]>;
  crash(binding: LimiterObject, name: string): Promise<void>;
  evict(binding: LimiterObject, name: string): Promise<void>;
  close(): Promise<void>;
}

const CLASSES = { KEY_LIMITER: 'KeyLimiter', PARTNER_LIMITER: 'PartnerLimiter' } as const;

export const sleep = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));

async function post<Reply>(url: string, body: object): Promise<Reply> {
  const answer = await fetch(url, {
    method: 'POST',
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return (await answer.json()) as Reply;
}

async function startParts(onLog: (line: string) => void) {
  process.env.REDIS_SERVER_PATH = ensureRedis();
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-faults-'));
  const upstream = await startFaultyUpstream();
  const endpoint = await startSlowEndpoint();
  const redis = await startRedisRest();
  const close = async () => {
    upstream.close();
    endpoint.close();
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const stack = await startStack({
      folder,
      port: 0,
      persist: true,
      isThrowaway: true,
      entry: 'test/support/test-worker.ts',
      variables: {
        ENVIRONMENT: 'test',
        UPSTREAM_ORIGIN: upstream.origin,
        NEON_ENDPOINT: endpoint.url,
        UPSTASH_REDIS_REST_URL: redis.url,
        UPSTASH_REDIS_REST_TOKEN: TOKEN,
        ABUSE_LIMIT_PER_MINUTE: String(MOST_FAILURES),
      },
      onLog,
    });
    endpoint.forwardTo(stack.endpoint.url);
    return { stack, upstream, endpoint, redis, close };
  } catch (error) {
    await close();
    throw error;
  }
}

export async function openScene(): Promise<Scene> {
  const said = new Map<Said, number>();
  const { stack, close, ...parts } = await startParts((line) => {
    for (const what of SAID) if (line.includes(what)) said.set(what, (said.get(what) ?? 0) + 1);
  });
  const database = new pg.Pool({
    connectionString: stack.databaseUrl,
    max: 4,
    connectionTimeoutMillis: 2000,
  });
  // Connections break when the database stops; the next query gets a new one.
  database.on('error', () => undefined);
  const url = `${stack.url}/__test`;
  return {
    stack,
    database,
    ...parts,
    said: (what) => said.get(what) ?? 0,
    async counted(what) {
      const counts = (await (await fetch(url)).json()) as Record<typeof what, number>;
      return counts[what];
    },
    order: (faults) => post(url, faults),
    replies: (faults) => post(`${url}/replies`, faults),
    hearing: async () => (await fetch(`${url}/replies`)).json() as Promise<Hearing>,
    shiftClock: (shiftMs) => post(`${url}/clock`, { shiftMs }),
    unitsOn: (partnerId, days) => post(`${url}/units`, { name: `${partnerId}:live`, days }),
    crash: (binding, name) => post(`${url}/crash`, { binding, name }),
    async evict(binding, name) {
      try {
        await stack.miniflare.unsafeEvictDurableObject('passerelle', CLASSES[binding], { name });
      } catch (error) {
        // What no call reached is not there to be evicted.
        if (!String(error).includes('not currently running')) throw error;
      }
    },
    async close() {
      await database.end();
      await stack.stop();
      await close();
    },
  };
}
