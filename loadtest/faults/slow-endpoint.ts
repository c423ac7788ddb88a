// Stands before the SQL endpoint: makes every statement take its time, as a database that is slow and not down, or loses
// the answer of one that was executed.

import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { keepConnections } from '../../src/dev/keep-alive.ts';

export interface SlowEndpoint {
  url: string;
  /** Where statements go; known once the stack runs. */
  forwardTo(url: string): void;
  delay(ms: number): void;
  /** The answer of the next statement that contains it is lost. */
  loseNext(containing: string): void;
  /** Statements that were delayed, and answers that were lost. */
  spoilt(): number;
  close(): void;
}

export async function startSlowEndpoint(): Promise<SlowEndpoint> {
  let target = '';
  let delayMs = 0;
  let losing = '';
  let spoilt = 0;

  function forward({ method, headers }: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const isLost = losing !== '' && body.includes(losing);
    if (isLost) losing = '';
    if (isLost || delayMs > 0) spoilt++;
    const sent = httpRequest(target, { method, headers }, (answer) => {
      if (isLost) return void answer.resume().once('end', () => response.destroy());
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    sent.once('error', () => response.destroy());
    sent.end(body);
  }

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return;
    }
    setTimeout(() => forward(request, Buffer.concat(chunks), response), delayMs);
  });
  keepConnections(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/sql`,
    forwardTo(url) {
      target = url;
    },
    delay(ms) {
      delayMs = ms;
    },
    loseNext(containing) {
      losing = containing;
    },
    spoilt: () => spoilt,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
