// The upstream of `npm run faults`: answers well, fails when the path asks for it, and misbehaves when it is told to.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { keepConnections } from '../../src/dev/keep-alive.ts';

export type Mood = 'well' | 'hanging' | 'resetting';

const HANG_EVERY = 8;
const BODY = JSON.stringify({ departures: [], filler: 'x'.repeat(400) });
const HEADERS = { 'content-type': 'application/json', 'content-length': BODY.length };

export interface FaultyUpstream {
  origin: string;
  be(mood: Mood): void;
  /** How often the requests of a call were left hanging or reset before any answer, by the call's id. */
  spoilt: ReadonlyMap<string, number>;
  close(): void;
}

export async function startFaultyUpstream(): Promise<FaultyUpstream> {
  let mood: Mood = 'well';
  let requests = 0;
  const spoilt = new Map<string, number>();
  const hanging = new Set<ServerResponse>();

  function spoil({ headers }: IncomingMessage): void {
    const id = String(headers['x-request-id']);
    spoilt.set(id, (spoilt.get(id) ?? 0) + 1);
  }

  function reset(request: IncomingMessage, response: ServerResponse, turn: number): void {
    if (turn % 4 === 0) {
      spoil(request);
      request.socket.resetAndDestroy();
      return;
    }
    // Its headers and half of its body are through by then.
    response.writeHead(200, HEADERS);
    response.write(BODY.slice(0, BODY.length / 2), () => request.socket.resetAndDestroy());
  }

  const server = createServer((request, response) => {
    const turn = requests++;
    request.resume();
    response.once('close', () => hanging.delete(response));
    if (request.url?.includes('upstream=fail')) {
      response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":"boom"}');
    } else if (mood === 'hanging' && turn % HANG_EVERY === 0) {
      spoil(request);
      hanging.add(response);
    } else if (mood === 'resetting' && turn % 2 === 0) {
      reset(request, response, turn);
    } else response.writeHead(200, HEADERS).end(BODY);
  });
  keepConnections(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spoilt,
    be(next) {
      mood = next;
      if (mood !== 'hanging') for (const response of hanging) response.writeHead(200, HEADERS).end(BODY);
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
