// CORS preflights carry no key, so they are answered for the origins that some partner lists; the request itself is
// then held to its own partner's list. Fails closed.

import { deny } from '../../core/denied.ts';
import { refuse } from '../answer.ts';
import type { Exchange } from '../exchange.ts';
import type { GatewayPorts } from '../ports.ts';

const REMEMBERED_MS = 60_000;
const MOST_REMEMBERED = 1000;
const PREFLIGHT_SECONDS = 600;

export const isPreflight = (request: Request): boolean =>
  request.method === 'OPTIONS' &&
  request.headers.has('origin') &&
  request.headers.has('access-control-request-method');

async function isListed(origin: string, gateway: GatewayPorts): Promise<boolean> {
  const { origins } = gateway.memory;
  const known = origins.get(origin);
  if (known && gateway.now() < known.untilMs) return known.listed;
  const listed = origin.length <= 255 && (await gateway.isOriginListed(origin));
  if (origins.size >= MOST_REMEMBERED) origins.clear();
  // An origin that is not listed may be listed the next moment, from the portal.
  origins.set(origin, { listed, untilMs: gateway.now() + (listed ? REMEMBERED_MS : 1000) });
  return listed;
}

export async function preflight(exchange: Exchange, gateway: GatewayPorts): Promise<Response> {
  const { headers } = exchange.request;
  const origin = headers.get('origin') ?? '';
  if (!(await isListed(origin, gateway))) return refuse(exchange, deny('origin_not_allowed'), gateway.now());
  return new Response(null, {
    status: 204,
    headers: {
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers':
        headers.get('access-control-request-headers') ?? 'authorization, content-type, idempotency-key',
      'access-control-max-age': String(PREFLIGHT_SECONDS),
      vary: 'Origin, Access-Control-Request-Headers',
      'x-request-id': exchange.id,
      'server-timing': `total;dur=${gateway.now() - exchange.startedMs}`,
    },
  });
}
