// Known? The caller's response cache, for routes whose catalogue entry allows it, and within what the upstream allows
// (cache-rules.ts). A hit is counted like any call. Fails open: without a cache the upstream is asked.

import { GATEWAY_HEADERS, SANDBOX_HEADER, TRACE_HEADERS } from '../../catalog/headers.ts';
import type { Soon } from '../../core/soon.ts';
import { ageOf, directivesOf, freshSeconds, variesWithin } from '../cache-rules.ts';
import { type Admitted, acceptEncodingOf } from '../exchange.ts';
import type { GatewayPorts } from '../ports.ts';

/** Larger answers, and answers of unknown size, are not kept. */
const MAX_CACHED_BYTES = 1024 * 1024;
/** What the cache's own headers stand in the place of. */
const KEPT = 'x-passerelle-kept';

interface Kept {
  storedMs: number;
  ageSeconds: number;
  cacheControl: string | null;
  vary: string | null;
  upstreamUrl: string;
  upstreamBase: string;
}

/**
 * Path, query, what the answer may vary by, and all that the upstream is told of the caller: unless the document says that
 * an answer is for the whole partner. Nobody else's answers are ever found.
 */
function cacheUrl(exchange: Admitted): string {
  const { caller, route, catalogVersion, heard, path, query } = exchange;
  const shared = [caller.partnerId, caller.environment];
  const own = [...shared, caller.tier, caller.appId, caller.keyId];
  const owner = route.cacheSharedBy === 'partner' ? ['partner', ...shared] : ['key', ...own];
  const said = route.headers.cacheKey.map((name) => heard.get(name) ?? '');
  // Of another catalogue it may be another API's, another upstream's, or have what must not leave.
  const offered = `${route.api} ${catalogVersion} ${route.policies.version ?? ''} ${route.policies.mark}`;
  const vary = [acceptEncodingOf(exchange), offered, ...said].join('\n');
  return `https://cache.invalid/${owner.join('/')}/${encodeURIComponent(vary)}${path}${query}`;
}

/** An answer to order is the sandbox's alone: it neither comes from the cache nor goes into it. */
const isCacheable = ({ route, method, heard }: Admitted): boolean =>
  route.cacheSeconds > 0 && method === 'GET' && !heard.has('range') && !heard.has(SANDBOX_HEADER);

/** What the caller says of caches; `Pragma` where it says nothing else (RFC 9111, 5.4). */
const requestDirectives = ({ heard }: Admitted) =>
  directivesOf(heard.get('cache-control') ?? heard.get('pragma') ?? '');

/** Why the upstream was asked (RFC 9211, 2.2). */
const FORWARDED = {
  bypass: 'passerelle; fwd=bypass',
  method: 'passerelle; fwd=method',
  request: 'passerelle; fwd=request',
  miss: 'passerelle; fwd=miss',
};

export function readCached(exchange: Admitted, gateway: GatewayPorts): Soon<Response | undefined> {
  const { route, method } = exchange;
  if (isCacheable(exchange)) return lookUp(exchange, gateway);
  if (route.cacheSeconds > 0) exchange.cacheStatus = FORWARDED[method === 'GET' ? 'bypass' : 'method'];
  return undefined;
}

async function lookUp(exchange: Admitted, { cache, now }: GatewayPorts): Promise<Response | undefined> {
  const requested = requestDirectives(exchange);
  exchange.cacheStatus = FORWARDED.request;
  if (requested.has('no-cache') || requested.has('no-store')) return undefined;
  const hit = await cache.match(cacheUrl(exchange)).catch(() => undefined);
  const text = hit?.headers.get(KEPT);
  if (!hit || !text) {
    exchange.cacheStatus = FORWARDED.miss;
    return undefined;
  }
  const kept: Kept = JSON.parse(text);
  const keptSeconds = Math.max(0, Math.floor((now() - kept.storedMs) / 1000));
  const ageSeconds = kept.ageSeconds + keptSeconds;
  if (ageSeconds > (requested.seconds('max-age') ?? Number.POSITIVE_INFINITY)) return undefined;
  exchange.cacheHit = true;
  const forSeconds = directivesOf(hit.headers.get('cache-control') ?? '').seconds('max-age') ?? keptSeconds;
  exchange.cacheStatus = `passerelle; hit; ttl=${forSeconds - keptSeconds}`;
  exchange.upstreamUrl = kept.upstreamUrl;
  exchange.upstreamBase = kept.upstreamBase;
  const headers = new Headers(hit.headers);
  headers.delete('cf-cache-status');
  headers.delete('cache-control');
  if (kept.cacheControl !== null) headers.set('cache-control', kept.cacheControl);
  if (kept.vary !== null) headers.set('vary', kept.vary);
  headers.set('age', String(ageSeconds));
  return new Response(hit.body, { status: hit.status, headers });
}

/** What no caller can tell the upstream is the same for all; who the caller is stands in the key. */
function isKeyed({ route }: Admitted, name: string): boolean {
  if (name === 'x-passerelle-partner') return true;
  if (name === 'x-passerelle-identity') return route.cacheSharedBy === 'key';
  if (name === '*' || TRACE_HEADERS.has(name) || GATEWAY_HEADERS.some((ours) => ours === name)) return false;
  return (
    name === 'accept-encoding' || route.headers.cacheKey.includes(name) || !route.headers.toUpstream.has(name)
  );
}

/** Seconds to keep it for; 0 is not at all. */
function secondsToKeep(exchange: Admitted, response: Response, nowMs: number): number {
  const { route } = exchange;
  if (!isCacheable(exchange) || response.status !== 200) return 0;
  const { headers } = response;
  const bytes = Number(headers.get('content-length') ?? Number.NaN);
  if (!(bytes <= MAX_CACHED_BYTES) || headers.has('set-cookie')) return 0;
  if (
    requestDirectives(exchange).has('no-store') ||
    !variesWithin(headers, (name) => isKeyed(exchange, name))
  )
    return 0;
  return freshSeconds(headers, route.cacheSeconds, nowMs);
}

export function writeCached(exchange: Admitted, response: Response, { cache, now }: GatewayPorts): Response {
  const seconds = secondsToKeep(exchange, response, now());
  if (seconds === 0) return response;
  exchange.cacheStatus += '; stored';
  const copy = response.clone();
  const headers = new Headers(copy.headers);
  const kept: Kept = {
    storedMs: now(),
    ageSeconds: ageOf(headers, now()),
    cacheControl: headers.get('cache-control'),
    vary: headers.get('vary'),
    upstreamUrl: exchange.upstreamUrl,
    upstreamBase: exchange.upstreamBase,
  };
  headers.set(KEPT, JSON.stringify(kept));
  headers.set('cache-control', `max-age=${seconds}`);
  for (const name of ['vary', 'expires', 'age', 'pragma']) headers.delete(name);
  exchange.keepAlive(
    cache.put(cacheUrl(exchange), new Response(copy.body, { headers })).catch(() => undefined),
  );
  return response;
}
