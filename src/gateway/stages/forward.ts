// Live keys to the upstream, test keys to the sandbox. Path and query byte for byte, bodies streamed both ways,
// hop-by-hop headers and credentials removed, the partner's signed identity added.
// Time bound: the route's, until the answer's headers. Fails closed: 502 or 504, not billed.

import { type Denied, deny } from '../../core/denied.ts';
import { type CountedStream, countStream } from '../../http/body.ts';
import { stripHopByHop } from '../answer.ts';
import type { Exchange } from '../exchange.ts';
import type { GatewayPorts } from '../ports.ts';

/** Tried once more when the connection failed and nothing can have been done twice. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
/** What Cloudflare answers in place of an origin that it could not reach, and of one that was too slow. */
const UNREACHABLE = new Set([520, 521, 522, 523, 525, 526, 527, 530]);
const TOO_SLOW = 524;

class UpstreamTimeout extends Error {}

export async function forward(exchange: Exchange, gateway: GatewayPorts): Promise<Response | Denied> {
  const { route, caller } = exchange;
  if (!route || !caller) return deny('internal_error', undefined, 'forward before limit');
  const origin = gateway.upstreamOrigin(route.upstream);
  const toSandbox = caller.environment === 'test' || (origin === undefined && gateway.sandboxForLive);
  if (!toSandbox && origin === undefined)
    return deny('upstream_error', undefined, 'no upstream is configured');
  const cutOff = new AbortController();
  const stream = requestBody(exchange, cutOff);
  // A signature reads also what is empty; `fetch` takes no body at all with a GET.
  const body = exchange.body?.length === 0 ? null : (exchange.body ?? stream?.body ?? null);
  const startedMs = gateway.now();
  const tries = IDEMPOTENT.has(exchange.request.method) && !stream ? 2 : 1;
  try {
    const send = toSandbox
      ? () => askSandbox(exchange, gateway, body)
      : await upstreamCall(exchange, gateway, body, origin ?? '');
    const response = await withTries(tries, () => within(route.timeoutMs, cutOff, send));
    if (stream?.isTooLarge()) return deny('payload_too_large');
    if (response.status === TOO_SLOW) return deny('upstream_timeout');
    return UNREACHABLE.has(response.status)
      ? deny('upstream_error', undefined, `status ${response.status}`)
      : response;
  } catch (error) {
    if (stream?.isTooLarge()) return deny('payload_too_large');
    if (error instanceof UpstreamTimeout) return deny('upstream_timeout');
    return deny('upstream_error', undefined, error instanceof Error ? error.message : 'thrown');
  } finally {
    exchange.upstreamMs = gateway.now() - startedMs;
    if (stream) exchange.bytesIn = stream.bytes();
  }
}

/** A body that turns out too large is cut off together with its connection: the upstream never sees a whole request. */
function requestBody({ request, body, route }: Exchange, cutOff: AbortController): CountedStream | undefined {
  if (body || !request.body) return undefined;
  return countStream(request.body as ReadableStream<Uint8Array>, route?.bodyBytes ?? 0, {
    tooLarge: () => cutOff.abort(),
  });
}

async function withTries(tries: number, send: () => Promise<Response>): Promise<Response> {
  for (let left = tries; ; left--) {
    try {
      return await send();
    } catch (error) {
      if (left <= 1 || error instanceof UpstreamTimeout) throw error;
    }
  }
}

async function within(
  timeoutMs: number,
  controller: AbortController,
  send: (signal: AbortSignal) => Promise<Response>,
): Promise<Response> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new UpstreamTimeout());
      controller.abort();
    }, timeoutMs);
  });
  try {
    return await Promise.race([send(controller.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

const CREDENTIALS = [
  'authorization',
  'x-api-key',
  'x-signature-version',
  'x-timestamp',
  'x-nonce',
  'cookie',
  'proxy-authorization',
];

async function upstreamCall(
  exchange: Exchange,
  gateway: GatewayPorts,
  body: BodyInit | null,
  origin: string,
): Promise<(signal: AbortSignal) => Promise<Response>> {
  const { request, caller, path, query } = exchange;
  const headers = new Headers(request.headers);
  stripHopByHop(headers);
  for (const name of [...CREDENTIALS, 'host', 'content-length', 'x-sandbox-simulate']) headers.delete(name);
  for (const name of [...headers.keys()])
    if (name.startsWith('x-passerelle-') || name.startsWith('cf-')) headers.delete(name);
  headers.set('x-request-id', exchange.id);
  headers.set('x-forwarded-for', exchange.ip);
  if (caller) {
    headers.set('x-passerelle-partner', caller.partnerId);
    headers.set('x-passerelle-identity', await gateway.identityToken(caller));
  }
  const url = origin + path + query;
  return (signal) =>
    gateway.fetchUpstream(url, { method: request.method, headers, body, signal, redirect: 'manual' });
}

function askSandbox(exchange: Exchange, gateway: GatewayPorts, body: BodyInit | null): Promise<Response> {
  const { request, path, query, caller, route } = exchange;
  const account = caller?.appId ?? caller?.partnerId ?? '';
  return gateway.sandbox({ request, path, query, body, sandbox: route?.sandbox ?? '', account });
}
