// Stands before the SQL endpoint and can make every statement take its time: a database that is slow, not down.

import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SlowEndpoint {
  url: string;
  /** Where statements go; known once the stack runs. */
  forwardTo(url: string): void;
  delay(ms: number): void;
  close(): void;
}

export async function startSlowEndpoint(): Promise<SlowEndpoint> {
  let target = '';
  let delayMs = 0;
  const server = createServer((request, response) => {
    setTimeout(() => {
      const { method, headers } = request;
      const sent = httpRequest(target, { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      sent.once('error', () => response.destroy());
      request.pipe(sent);
    }, delayMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/sql`,
    forwardTo(url) {
      target = url;
    },
    delay(ms) {
      delayMs = ms;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
