// Known? The partner's own response cache, for routes whose catalogue entry allows it. A hit is counted like any call.
// Fails open: without a cache the upstream is asked.

import type { Exchange } from '../exchange.ts';
import type { GatewayPorts } from '../ports.ts';

/** Larger answers, and answers of unknown size, are not kept. */
const MOST_CACHED_BYTES = 1024 * 1024;

/** Partner, environment, path, query and what the answer may vary by. Nobody else's answers are ever found. */
function cacheUrl({ caller, request, path, query }: Exchange): string {
  const vary = [request.headers.get('accept'), request.headers.get('accept-language')].join('|');
  const owner = `${caller?.partnerId}/${caller?.environment}`;
  return `https://cache.invalid/${owner}/${encodeURIComponent(vary)}${path}${query}`;
}

const isCacheable = ({ route, request }: Exchange): boolean =>
  route !== undefined && route.cacheSeconds > 0 && request.method === 'GET' && !request.headers.has('range');

export async function readCached(exchange: Exchange, { cache }: GatewayPorts): Promise<Response | undefined> {
  if (!isCacheable(exchange) || /no-cache|no-store/.test(exchange.request.headers.get('cache-control') ?? ''))
    return;
  const hit = await cache.match(cacheUrl(exchange)).catch(() => undefined);
  if (!hit) return undefined;
  exchange.cacheHit = true;
  const headers = new Headers(hit.headers);
  headers.delete('cache-control');
  headers.delete('cf-cache-status');
  return new Response(hit.body, { status: hit.status, headers });
}

export function writeCached(exchange: Exchange, response: Response, { cache }: GatewayPorts): Response {
  const bytes = Number(response.headers.get('content-length') ?? Number.NaN);
  const forbidden =
    /no-store|private/.test(response.headers.get('cache-control') ?? '') ||
    response.headers.has('set-cookie');
  if (!isCacheable(exchange) || response.status !== 200 || forbidden || !(bytes <= MOST_CACHED_BYTES))
    return response;
  const copy = response.clone();
  const headers = new Headers(copy.headers);
  headers.set('cache-control', `max-age=${exchange.route?.cacheSeconds ?? 0}`);
  headers.delete('vary');
  exchange.keepAlive(
    cache.put(cacheUrl(exchange), new Response(copy.body, { headers })).catch(() => undefined),
  );
  return response;
}
