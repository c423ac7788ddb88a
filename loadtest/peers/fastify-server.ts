// What somebody would run on a server of their own: Fastify, @fastify/rate-limit on Redis, a key check, a count of usage,
// a proxy; and the same proxy bare, on /bare. Starts redis-server, prints {url, pids}.

import { Agent, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import rateLimit from '@fastify/rate-limit';
import { type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { Redis } from 'ioredis';
import { startRedisRest } from '../../test/support/redis-rest.ts';
import { isKnown } from './known-keys.ts';

const { UPSTREAM_ORIGIN = '', KEY_HASH = '', LIMIT = '100' } = process.env;
const hashes = new Set([KEY_HASH]);
const agent = new Agent({ keepAlive: true });
const store = await startRedisRest();
const redis = new Redis({ host: '127.0.0.1', port: store.port });
const usage = new Map<string, number>();

function proxy(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  return new Promise((resolve, reject) => {
    const url = UPSTREAM_ORIGIN + request.url.replace(/^\/bare/, '');
    const sent = httpRequest(url, { agent, method: request.method, headers: request.headers }, (answer) => {
      for (const [name, value] of Object.entries(answer.headers))
        if (value !== undefined && name !== 'connection' && name !== 'keep-alive') reply.header(name, value);
      resolve(reply.code(answer.statusCode ?? 502).send(answer));
    });
    sent.on('error', reject);
    sent.end();
  });
}

const server = fastify();
server.all('/bare/*', proxy);
await server.register(async (limited) => {
  limited.addHook('onRequest', async (request, reply) => {
    if (!(await isKnown(request.headers.authorization, hashes))) return reply.code(401).send();
  });
  await limited.register(rateLimit, {
    max: Number(LIMIT),
    timeWindow: 1000,
    redis,
    keyGenerator: () => KEY_HASH,
    // After the key check.
    hook: 'preHandler',
  });
  limited.addHook('onResponse', async ({ url }) => void usage.set(url, (usage.get(url) ?? 0) + 1));
  limited.all('/*', proxy);
});
await server.listen({ host: '127.0.0.1', port: 0 });
const { port } = server.server.address() as AddressInfo;
console.log(JSON.stringify({ url: `http://127.0.0.1:${port}`, pids: [process.pid, store.pid()] }));
process.on('disconnect', () => void store.stop().finally(() => process.exit(0)));
