// A real redis-server behind a small REST endpoint that speaks Upstash's contract, in the place of Upstash.

import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { freePort } from '../../src/dev/files.ts';
import { keepConnections } from '../../src/dev/keep-alive.ts';

export const TOKEN = 'test-token';

/** Plain Redis refuses the shebang line of Upstash's scripts. */
const plain = (argument: unknown): unknown =>
  typeof argument === 'string' ? argument.replace(/^\s*#!lua[^\n]*\n/, '') : argument;

export async function startRedisRest() {
  const port = await freePort();
  const launch = () =>
    spawn(
      process.env.REDIS_SERVER_PATH ?? 'redis-server',
      ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
      { stdio: 'ignore' },
    );
  let server = launch();
  const end = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
  };
  const redis = new Redis({ host: '127.0.0.1', port, retryStrategy: () => 50, maxRetriesPerRequest: 200 });
  redis.on('error', () => undefined);
  await redis.ping();

  async function run(command: unknown[]) {
    try {
      const [name, ...args] = command.map(plain);
      return { result: await redis.call(String(name), ...args.map(String)) };
    } catch (error) {
      return { error: (error as Error).message };
    }
  }
  const body = async (request: IncomingMessage) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    return JSON.parse(Buffer.concat(chunks).toString());
  };
  const rest = createServer(async (request, response) => {
    response.setHeader('content-type', 'application/json');
    if (request.headers.authorization !== `Bearer ${TOKEN}`)
      return void response.writeHead(401).end('{"error":"Unauthorized"}');
    const command = await body(request);
    const answer = request.url?.startsWith('/pipeline')
      ? await Promise.all(command.map(run))
      : await run(command);
    response.writeHead('error' in answer ? 400 : 200).end(JSON.stringify(answer));
  });
  keepConnections(rest);
  await new Promise<void>((resolve) => rest.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(rest.address() as AddressInfo).port}`,
    /** Of redis-server itself. */
    port,
    /** Of the redis-server that runs now. */
    pid: (): number => server.pid ?? 0,
    /** Redis is gone, and with it what it held; the endpoint hangs. */
    pause: end,
    async resume() {
      server = launch();
      await redis.ping();
    },
    async stop() {
      rest.closeAllConnections();
      await new Promise((resolve) => rest.close(resolve));
      redis.disconnect();
      await end();
    },
  };
}
