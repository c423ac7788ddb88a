// Live keys to the upstream, test keys to the sandbox. Path and query byte for byte, bodies streamed both ways; of the
// headers only those that the document allows, the partner's signed identity added.
// Time bound: the route's, for all tries together, until the answer's headers. Fails closed: 502 or 504, not billed.

import { namedByConnection } from '../../catalog/headers.ts';
import type { UpstreamTarget } from '../../catalog/routes.ts';
import { type Denied, deny } from '../../core/denied.ts';
import { type CountedStream, countStream } from '../../http/body.ts';
import { type Admitted, acceptEncodingOf, wholeBody } from '../exchange.ts';
import type { GatewayPorts } from '../ports.ts';
import { traceOf, traceparentOf } from '../trace-context.ts';
import type { Credential } from '../upstreams.ts';
import { changeHeaders, mocked, OF_THE_REQUEST_BODY, upstreamQuery } from './policies.ts';

/** Tried once more when the connection failed and nothing can have been done twice. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
const BODILESS = new Set(['GET', 'HEAD']);
/** What Cloudflare answers in place of an origin that it could not reach, and of one that was too slow. */
const UNREACHABLE = new Set([520, 521, 522, 523, 525, 526, 527, 530]);
const TOO_SLOW = 524;

export async function forward(exchange: Admitted, gateway: GatewayPorts): Promise<Response | Denied> {
  const { route, caller } = exchange;
  const mock = mocked(exchange);
  if (mock) return mock;
  const isBodiless = BODILESS.has(exchange.request.method);
  if (isBodiless && (exchange.body ?? exchange.request.body) && (await wholeBody(exchange, 0)).length > 0)
    return deny('invalid_request', { message: 'GET and HEAD have no body' });
  const leave = gateway.atOnce.enter(route, caller.partnerId);
  if (!leave) {
    const fields = { limit: route.policies.atOnce };
    return deny('too_many_at_once', { fields, headers: { 'retry-after': '1' } }, 'concurrency');
  }
  try {
    return await ask(exchange, gateway, isBodiless);
  } finally {
    leave();
  }
}

async function ask(
  exchange: Admitted,
  gateway: GatewayPorts,
  isBodiless: boolean,
): Promise<Response | Denied> {
  const { route, caller } = exchange;
  const restSeconds = caller.environment === 'test' ? 0 : gateway.breakers.restSeconds(route);
  if (restSeconds > 0)
    return deny('upstream_error', { headers: { 'retry-after': String(restSeconds) } }, 'circuit_open');
  const targets = caller.environment === 'test' ? [] : gateway.upstreams.targetsFor(route.upstream);
  const toSandbox = targets.length === 0 && (caller.environment === 'test' || gateway.sandboxForLive);
  if (!toSandbox && targets.length === 0) return deny('upstream_error', undefined, 'no_upstream_configured');
  const cutOff = new AbortController();
  const stream = isBodiless ? undefined : requestBody(exchange, cutOff);
  // A signature reads also what is empty; `fetch` takes no body at all with a GET.
  const held = exchange.upstreamBody ?? exchange.body;
  const body = held?.length === 0 ? null : (held ?? stream?.body ?? null);
  const startedMs = gateway.now();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    cutOff.abort();
  }, route.timeoutMs);
  const tries = IDEMPOTENT.has(exchange.request.method) && !stream ? route.policies.tries : 1;
  try {
    const send = toSandbox
      ? () => unlessAborted(askSandbox(exchange, gateway, body), cutOff.signal)
      : await upstreamCall(exchange, gateway, targets, body, cutOff.signal);
    const response = await withTries(tries, route.policies.retryOn, cutOff.signal, send);
    if (!toSandbox) gateway.breakers.note(route, response.status < 500);
    if (stream?.isTooLarge()) return deny('payload_too_large');
    if (response.status === TOO_SLOW) return deny('upstream_timeout');
    return UNREACHABLE.has(response.status)
      ? deny('upstream_error', undefined, 'upstream_unreachable', `status ${response.status}`)
      : response;
  } catch (error) {
    if (stream?.isTooLarge()) return deny('payload_too_large');
    // A caller who breaks off, or sends too slowly, says nothing of the upstream.
    const isTheirs = exchange.request.signal.aborted || (isLate && stream?.isWhole() === false);
    if (!toSandbox && !isTheirs) gateway.breakers.note(route, false);
    if (isLate) return deny('upstream_timeout');
    return deny('upstream_error', undefined, 'upstream_failed', withoutUrls(String(error)));
  } finally {
    clearTimeout(timer);
    exchange.upstreamMs = gateway.now() - startedMs;
    if (stream) exchange.bytesIn = stream.bytes();
  }
}

/** What the runtime says of a failure names the whole URL, with what may be secret in it. */
const withoutUrls = (text: string): string => text.replace(/\b[a-z][a-z0-9+.-]*:\/\/\S+/gi, '<url>');

/** A body that turns out too large is cut off together with its connection: the upstream never sees a whole request. */
function requestBody({ request, body, route }: Admitted, cutOff: AbortController): CountedStream | undefined {
  if (body || !request.body) return undefined;
  return countStream(request.body as ReadableStream<Uint8Array>, route.bodyBytes, {
    tooLarge: () => cutOff.abort(),
  });
}

/** `send`: its how manieth try it is, from 0. One that finds nobody is tried again like one that breaks off. */
async function withTries(
  tries: number,
  retryOn: readonly number[],
  signal: AbortSignal,
  send: (attempt: number) => Promise<Response>,
): Promise<Response> {
  for (let attempt = 0; ; attempt++) {
    const isLast = attempt + 1 >= tries || signal.aborted;
    try {
      const response = await send(attempt);
      const { status } = response;
      if (isLast || !(UNREACHABLE.has(status) || retryOn.includes(status))) return response;
      await response.body?.cancel();
    } catch (error) {
      if (isLast || signal.aborted) throw error;
    }
  }
}

/** Of what cannot be cut off: it goes on by itself, and nobody waits for it. */
const unlessAborted = <T>(work: Promise<T>, signal: AbortSignal): Promise<T> =>
  Promise.race([
    work,
    new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  ]);

/** Each try goes to the next target, and to the first again where there are no more. */
async function upstreamCall(
  exchange: Admitted,
  gateway: GatewayPorts,
  targets: readonly UpstreamTarget[],
  body: BodyInit | null,
  signal: AbortSignal,
): Promise<(attempt: number) => Promise<Response>> {
  const { request, path, route } = exchange;
  const { upstreams } = gateway;
  const rest = path.slice(route.upstream.prefix.length) + upstreamQuery(exchange);
  const common = await upstreamHeaders(exchange, gateway);
  return async (attempt) => {
    const target = targets[attempt % targets.length] as UpstreamTarget;
    const credential = await upstreams.credentialOf(target);
    const headers = credential ? withHeader(common, credential) : common;
    const url = target.url + rest;
    exchange.upstreamUrl = url;
    exchange.upstreamBase = target.url;
    try {
      const init = { method: request.method, headers, body, signal, redirect: 'manual' } as const;
      const response = await gateway.fetchUpstream(url, init);
      if (UNREACHABLE.has(response.status)) upstreams.noteFailure(target);
      else upstreams.noteSuccess(target);
      return response;
    } catch (error) {
      // What we cut off ourselves says nothing of it, nor what the caller breaks off.
      if (!signal.aborted && !request.signal.aborted) upstreams.noteFailure(target);
      throw error;
    }
  };
}

function withHeader(headers: Headers, [name, value]: Credential): Headers {
  const more = new Headers(headers);
  more.set(name, value);
  return more;
}

async function upstreamHeaders(exchange: Admitted, gateway: GatewayPorts): Promise<Headers> {
  const { request, url, heard, caller, route, id, ip } = exchange;
  const headers = new Headers();
  for (const [name, value] of heard) if (route.headers.toUpstream.has(name)) headers.append(name, value);
  for (const name of namedByConnection(request.headers)) headers.delete(name);
  // What is read whole is asked for whole.
  if (route.policies.answerJson.length > 0) headers.delete('range');
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
  if (route.policies.requestJson.length > 0) for (const name of OF_THE_REQUEST_BODY) headers.delete(name);
  changeHeaders(headers, route.policies.requestHeaders);
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
