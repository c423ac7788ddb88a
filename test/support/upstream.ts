// A live HTTP server as upstream: remembers what arrived, and misbehaves when the query asks for it.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { keepConnections } from '../../src/dev/keep-alive.ts';

export interface Arrived {
  method: string;
  url: string;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

export interface Upstream {
  origin: string;
  requests: Arrived[];
  close(): Promise<unknown>;
}

const MEBIBYTE = Buffer.alloc(1024 * 1024, 'x');

const paramOf = ({ url }: IncomingMessage, name: string): number =>
  Number(new URL(url ?? '', 'http://upstream').searchParams.get(name) ?? 0);

const MISBEHAVIOURS: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  /** Answers after `ms`, with a length. */
  delay: (request, response) =>
    void setTimeout(
      () => response.writeHead(200, { 'content-length': '4000' }).end('x'.repeat(4000)),
      paramOf(request, 'ms'),
    ),
  /** Headers at once, then a body of unknown length, for `ms`. */
  trickle: (request, response) => {
    response.writeHead(200).flushHeaders();
    let left = 5;
    const timer = setInterval(() => {
      if (--left > 0) return void response.write('x'.repeat(20_000));
      clearInterval(timer);
      response.end();
    }, paramOf(request, 'ms') / 5);
    response.on('close', () => clearInterval(timer));
  },
  hang: () => undefined,
  reset: (request) => request.socket.resetAndDestroy(),
  fail: (_, response) =>
    response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":"boom"}'),
  /** Beyond what is kept of it, and with its length. */
  refuse: ({ headers }, response) => {
    const said = Buffer.from(JSON.stringify({ error: 'no_such_stop', hint: 'é'.repeat(3000) }));
    const takes = headers['accept-encoding']?.includes('gzip');
    const body = takes ? gzipSync(said) : said;
    response
      .writeHead(422, {
        'content-type': 'application/problem+json',
        'content-length': String(body.length),
        ...(takes && { 'content-encoding': 'gzip' }),
      })
      .end(body);
  },
  /** Begins to say what is wrong, and never ends. */
  stall: (_, response) =>
    void response.writeHead(503, { 'content-type': 'application/json' }).write('{"error":"overloaded"'),
  large: (_, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    let left = 50;
    const more = () => {
      while (left-- > 0) if (!response.write(MEBIBYTE)) return void response.once('drain', more);
      response.end();
    };
    more();
  },
  garbage: (request) => void request.socket.end('HTTP/1.1 200 OK\r\nBad Header Without Colon\r\n\r\nbody'),
  /** The headers that are wished for, as JSON. */
  headers: ({ url }, response) => {
    const wish = new URL(url ?? '', 'http://upstream').searchParams.get('headers') ?? '{}';
    response.writeHead(200, { 'content-length': '2', ...JSON.parse(wish) }).end('{}');
  },
  /** For those who take it, as is due. */
  gzip: ({ headers }, response) => {
    const takes = headers['accept-encoding']?.includes('gzip');
    const body = takes ? gzipSync('{"plain":true}') : Buffer.from('{"plain":true}');
    const encoding = takes ? { 'content-encoding': 'gzip' } : {};
    response
      .writeHead(200, { 'content-length': String(body.length), vary: 'Accept-Encoding', ...encoding })
      .end(body);
  },
  redirect: (_, response) => void response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
  cookie: (_, response) =>
    void response.writeHead(200, { 'set-cookie': 'a=b', 'content-length': '2' }).end('{}'),
};

export async function startUpstream(): Promise<Upstream> {
  const requests: Arrived[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return;
    }
    const url = request.url ?? '';
    requests.push({
      method: request.method ?? '',
      url,
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    });
    if (requests.length > 20_000) requests.splice(0, 10_000);
    const misbehaviour = MISBEHAVIOURS[new URL(url, 'http://upstream').searchParams.get('upstream') ?? ''];
    if (misbehaviour) return misbehaviour(request, response);
    const body = JSON.stringify({ upstream: true, url });
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  });
  keepConnections(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
