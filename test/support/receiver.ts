// A receiver of webhooks: keeps what arrives, verifies it with the `standardwebhooks` library, and answers as ordered.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { keepConnections } from '../../src/dev/keep-alive.ts';

/** How much faster than in production retries come in tests. */
export const WEBHOOK_SPEED = 60;

export interface Received {
  id: string;
  type: string;
  timestamp: string;
  data: Record<string, unknown>;
  atMs: number;
  path: string;
  body: string;
  headers: Record<string, string>;
}

export interface Receiver {
  origin: string;
  received: Received[];
  /** Deliveries that the library refused. */
  refused: string[];
  /** Requests of any kind. */
  requests: number;
  /** Secrets that verify, by path. */
  secrets: Map<string, string>;
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  close(): Promise<void>;
}

const ok = (_request: IncomingMessage, response: ServerResponse) =>
  void response.writeHead(200).end('thank you');

export async function startReceiver(): Promise<Receiver> {
  const server = createServer(async (request, response) => {
    receiver.requests++;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const path = request.url ?? '';
    const headers = request.headers as Record<string, string>;
    const secret = receiver.secrets.get(path);
    try {
      if (secret) new Webhook(secret).verify(body, headers);
      const { type, timestamp, data } = JSON.parse(body);
      const id = headers['webhook-id'] ?? '';
      // What was answered otherwise than 2xx was not received.
      response.on('finish', () => {
        if (response.statusCode >= 200 && response.statusCode < 300)
          receiver.received.push({ id, type, timestamp, data, atMs: Date.now(), path, body, headers });
      });
    } catch (error) {
      receiver.refused.push(String(error));
    }
    receiver.answer(request, response);
  });
  keepConnections(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: Receiver = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: [],
    refused: [],
    requests: 0,
    secrets: new Map(),
    answer: ok,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}
