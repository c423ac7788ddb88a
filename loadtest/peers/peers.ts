// What somebody would use instead, started as it would be run, each beside a bare proxy of its own kind.

import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256Hex } from '../../src/core/encoding.ts';
import { TOKEN } from '../../test/support/redis-rest.ts';
import { ensureRedis } from '../../test/support/tools.ts';
import { startBareWorkerd } from '../bench/bare-workerd.ts';
import { cpuSeconds } from '../bench/cpu.ts';
import { PEER_KEY } from './known-keys.ts';

export interface Peer {
  name: string;
  url: string;
  key: string;
  /** Of all its processes. */
  cpuSeconds(): number;
  /** Its own bare proxy; that of workerd where there is none. */
  bareUrl?: string;
  stop(): Promise<unknown> | unknown;
}

interface Printed {
  url: string;
  pids: number[];
}

/** A program of this folder, and what it prints of itself. It ends with us. */
function run(file: string, env: Record<string, string> = {}): Promise<Printed & { stop(): void }> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url).href), {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
  });
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', (data) => {
      const printed: Printed = JSON.parse(String(data));
      resolve({ ...printed, stop: () => void child.disconnect() });
    });
    child.once('exit', () => reject(new Error(`${file} did not start`)));
  });
}

/** @param limit calls a second */
export async function startPeers(upstream: string, limit: number): Promise<Peer[]> {
  process.env.REDIS_SERVER_PATH = ensureRedis();
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-peers-'));
  const keyHash = await sha256Hex(PEER_KEY);
  const variables = { UPSTREAM_ORIGIN: upstream, KEY_HASH: keyHash, LIMIT: String(limit) };
  const redis = await run('redis-server.ts');
  const upstash = await startBareWorkerd({
    folder: join(folder, 'upstash'),
    entry: 'loadtest/peers/upstash-worker.ts',
    objects: {},
    variables: { ...variables, REDIS_URL: redis.url, REDIS_TOKEN: TOKEN },
  });
  const object = await startBareWorkerd({
    folder: join(folder, 'object'),
    entry: 'loadtest/peers/object-worker.ts',
    objects: { LIMITER: 'DurableObjectRateLimiter' },
    variables,
  });
  const server = await run('fastify-server.ts', variables);
  return [
    {
      name: '@upstash/ratelimit',
      url: upstash.url,
      key: PEER_KEY,
      cpuSeconds: () => upstash.cpuSeconds() + cpuSeconds(redis.pids),
      async stop() {
        await upstash.stop();
        redis.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    },
    {
      name: 'hono-rate-limiter',
      url: object.url,
      key: PEER_KEY,
      cpuSeconds: object.cpuSeconds,
      stop: object.stop,
    },
    {
      name: '@fastify/rate-limit',
      url: server.url,
      key: PEER_KEY,
      cpuSeconds: () => cpuSeconds(server.pids),
      bareUrl: `${server.url}/bare`,
      stop: server.stop,
    },
  ];
}
