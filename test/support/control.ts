// Lets tests, which run in other processes, order what only the owner of the stack can do.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Stack } from '../../src/dev/stack.ts';
import type { Upstream } from './upstream.ts';

type Order = (argument: string) => Promise<unknown> | unknown;

export async function startControl(stack: Stack, upstream: Upstream, lines: string[]) {
  const orders: Record<string, Order> = {
    'stop-postgres': () => stack.postgres.stop(),
    'start-postgres': () => stack.postgres.start(),
    statements: () => stack.endpoint.statements(),
    trips: () => stack.endpoint.trips(),
    'upstream-requests': (containing) => upstream.requests.filter(({ url }) => url.includes(containing)),
    lines: (containing) => lines.filter((line) => line.includes(containing)),
    cron: (argument) => {
      const { cron, at } = JSON.parse(argument) as { cron: string; at?: number };
      return stack.fireCron(cron, at);
    },
    token: (argument) => {
      const { lifetime, issuer, audience, wrong, ...claims } = JSON.parse(argument) as {
        sub: string;
        email: string;
        roles?: string[];
        lifetime?: string;
        issuer?: string;
        audience?: string;
        wrong?: Record<string, unknown>;
      };
      return stack.issuer.token(claims, lifetime, issuer, audience, wrong);
    },
    /** A message; or, with `to`, for another queue. */
    queue: async (argument) => {
      const order = JSON.parse(argument);
      const queue = await stack.miniflare.getQueueProducer<unknown>(order.to ?? 'USAGE_QUEUE');
      await queue.send(order.to ? order.body : order, { contentType: 'json' });
    },
  };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://control');
    try {
      const order = orders[url.pathname.slice(1)];
      if (!order) throw new Error(`no order ${url.pathname}`);
      const result = await order(url.searchParams.get('argument') ?? '');
      response.end(JSON.stringify({ result: result ?? null }));
    } catch (error) {
      response.writeHead(500).end(JSON.stringify({ error: String(error) }));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
