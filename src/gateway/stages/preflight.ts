// CORS preflights carry no key, so they are answered for the origins that some partner lists; the request itself is
// then held to its own partner's list.

import { deny } from '../../core/denied.ts';
import { allowsOrigin } from '../../core/origins.ts';
import { refuse } from '../answer.ts';
import type { Exchange } from '../exchange.ts';
import type { GatewayPorts } from '../ports.ts';

const PREFLIGHT_SECONDS = 600;

export const isPreflight = (request: Request): boolean =>
  request.method === 'OPTIONS' &&
  request.headers.has('origin') &&
  request.headers.has('access-control-request-method');

/** `listed`: origins that the routes of its path take from everybody. */
export async function preflight(
  exchange: Exchange,
  listed: readonly string[],
  gateway: GatewayPorts,
): Promise<Response> {
  const { headers } = exchange.request;
  const origin = headers.get('origin') ?? '';
  if (!allowsOrigin(listed, origin) && !(await gateway.isOriginListed(origin, exchange.keepAlive)))
    return refuse(exchange, deny('origin_not_allowed'), gateway);
  exchange.nowMs = gateway.now();
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
      'server-timing': `total;dur=${exchange.nowMs - exchange.startedMs}`,
    },
  });
}
