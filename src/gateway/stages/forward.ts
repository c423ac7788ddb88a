// Live keys to the upstream, test keys to the sandbox. Path and query byte for byte, bodies streamed both ways; of the
// headers only those that the document allows, the partner's signed identity added.
// Time bound: the route's, for all tries together, until the answer's headers. Fails closed: 502 or 504, not billed.

import { namedByConnection } from '../../catalog/headers.ts';
import { type Denied, deny } from '../../core/denied.ts';
import { type CountedStream, countStream } from '../../http/body.ts';
import { type Admitted, acceptEncodingOf } from '../exchange.ts';
import type { GatewayPorts } from '../ports.ts';
import { traceOf, traceparentOf } from '../trace-context.ts';

/** Tried once more when the connection failed and nothing can have been done twice. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
/** What Cloudflare answers in place of an origin that it could not reach, and of one that was too slow. */
const UNREACHABLE = new Set([520, 521, 522, 523, 525, 526, 527, 530]);
const TOO_SLOW = 524;

export async function forward(exchange: Admitted, gateway: GatewayPorts): Promise<Response | Denied> {
  const { route, caller } = exchange;
  const origin = gateway.upstreamOrigin(route.upstream);
  const toSandbox = caller.environment === 'test' || (origin === undefined && gateway.sandboxForLive);
  if (!toSandbox && origin === undefined) return deny('upstream_error', undefined, 'no_upstream_configured');
  const cutOff = new AbortController();
  const stream = requestBody(exchange, cutOff);
  // A signature reads also what is empty; `fetch` takes no body at all with a GET.
  const body = exchange.body?.length === 0 ? null : (exchange.body ?? stream?.body ?? null);
  const startedMs = gateway.now();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    cutOff.abort();
  }, route.timeoutMs);
  const tries = IDEMPOTENT.has(exchange.request.method) && !stream ? 2 : 1;
  try {
    const send = toSandbox
      ? (signal: AbortSignal) => unlessAborted(askSandbox(exchange, gateway, body), signal)
      : await upstreamCall(exchange, gateway, body, origin ?? '');
    const response = await withTries(tries, cutOff.signal, send);
    if (stream?.isTooLarge()) return deny('payload_too_large');
    if (response.status === TOO_SLOW) return deny('upstream_timeout');
    return UNREACHABLE.has(response.status)
      ? deny('upstream_error', undefined, 'upstream_unreachable', `status ${response.status}`)
      : response;
  } catch (error) {
    if (stream?.isTooLarge()) return deny('payload_too_large');
    if (isLate) return deny('upstream_timeout');
    return deny('upstream_error', undefined, 'upstream_failed', String(error));
  } finally {
    clearTimeout(timer);
    exchange.upstreamMs = gateway.now() - startedMs;
    if (stream) exchange.bytesIn = stream.bytes();
  }
}

/** A body that turns out too large is cut off together with its connection: the upstream never sees a whole request. */
function requestBody({ request, body, route }: Admitted, cutOff: AbortController): CountedStream | undefined {
  if (body || !request.body) return undefined;
  return countStream(request.body as ReadableStream<Uint8Array>, route.bodyBytes, {
    tooLarge: () => cutOff.abort(),
  });
}

async function withTries(
  tries: number,
  signal: AbortSignal,
  send: (signal: AbortSignal) => Promise<Response>,
): Promise<Response> {
  for (let left = tries; ; left--) {
    try {
      return await send(signal);
    } catch (error) {
      if (left <= 1 || signal.aborted) throw error;
    }
  }
}

/** Of what cannot be cut off: it goes on by itself, and nobody waits for it. */
const unlessAborted = <T>(work: Promise<T>, signal: AbortSignal): Promise<T> =>
  Promise.race([
    work,
    new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  ]);

async function upstreamCall(
  exchange: Admitted,
  gateway: GatewayPorts,
  body: BodyInit | null,
  origin: string,
): Promise<(signal: AbortSignal) => Promise<Response>> {
  const { request, path, query } = exchange;
  const headers = await upstreamHeaders(exchange, gateway);
  const url = origin + path + query;
  exchange.upstreamUrl = url;
  return (signal) =>
    gateway.fetchUpstream(url, { method: request.method, headers, body, signal, redirect: 'manual' });
}

async function upstreamHeaders(exchange: Admitted, gateway: GatewayPorts): Promise<Headers> {
  const { request, url, heard, caller, route, id, ip } = exchange;
  const headers = new Headers();
  for (const [name, value] of heard) if (route.headers.toUpstream.has(name)) headers.append(name, value);
  for (const name of namedByConnection(request.headers)) headers.delete(name);
  const acceptEncoding = acceptEncodingOf(exchange);
  if (acceptEncoding !== '') headers.set('accept-encoding', acceptEncoding);
  const hostAt = url.indexOf('//') + 2;
  headers.set('x-forwarded-proto', url.slice(0, hostAt - 3));
  headers.set('x-forwarded-host', url.slice(hostAt, url.indexOf('/', hostAt)));
  headers.set('x-forwarded-for', ip);
  headers.set('x-real-ip', ip);
  headers.set('x-request-id', id);
  const trace = traceOf(request.headers.get('traceparent'), id);
  headers.set('traceparent', traceparentOf(trace, id));
  // Free text, unlike the ids: of a request that is signed whole, only where it is signed.
  const state = trace.isContinued ? heard.get('tracestate') : null;
  if (state !== null) headers.set('tracestate', state);
  headers.set('x-passerelle-partner', caller.partnerId);
  headers.set('x-passerelle-identity', await gateway.identityToken(caller, route.api));
  return headers;
}

function askSandbox(exchange: Admitted, gateway: GatewayPorts, body: BodyInit | null): Promise<Response> {
  const { request, heard, path, query, caller, route, url, id: requestId } = exchange;
  exchange.isSimulated = gateway.isSimulation(heard);
  const account = caller.appId ?? caller.partnerId;
  const asked = { method: request.method, headers: heard, path, query, body };
  return gateway.sandbox({
    ...asked,
    url,
    requestId,
    sandbox: route.sandbox,
    example: route.example,
    account,
  });
}
