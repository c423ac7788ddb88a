// Live keys to the upstream, test keys to the sandbox. Path and query byte for byte, bodies streamed both ways; of the
// headers only those that the document allows, the partner's signed identity added.
// Time bound: the route's, for all tries together, until the answer's headers. Fails closed: 502 or 504, not billed.

import { namedByConnection } from '../../catalog/headers.ts';
import type { UpstreamTarget } from '../../catalog/routes.ts';
import { type Denied, deny, ENDED_EARLY } from '../../core/denied.ts';
import { after, isComing, type Soon } from '../../core/soon.ts';
import { type CountedStream, countStream } from '../../http/body.ts';
import { type Admitted, acceptEncodingOf, wholeBody } from '../exchange.ts';
import type { GatewayPorts } from '../ports.ts';
import { traceOf, traceparentOf } from '../trace-context.ts';
import { mocked, OF_THE_REQUEST_BODY, upstreamQuery } from './policies.ts';

/** Tried once more when the connection failed and nothing can have been done twice. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
const BODILESS = new Set(['GET', 'HEAD']);
/** What Cloudflare answers in place of an origin that it could not reach, and of one that was too slow. */
const UNREACHABLE = new Set([520, 521, 522, 523, 525, 526, 527, 530]);
const TOO_SLOW = 524;

export function forward(exchange: Admitted, gateway: GatewayPorts): Soon<Response | Denied> {
  const { method, body, request } = exchange;
  const mock = mocked(exchange);
  if (mock) return mock;
  if (!BODILESS.has(method)) return takingTurns(exchange, gateway, false);
  const shown: Soon<{ length: number }> = (body ?? request.body) ? wholeBody(exchange, 0) : '';
  return after(shown, ({ length }) =>
    length > 0
      ? deny('invalid_request', { message: 'GET and HEAD have no body' })
      : takingTurns(exchange, gateway, true),
  );
}

/** Not more of them at once than a policy allows. */
function takingTurns(
  exchange: Admitted,
  gateway: GatewayPorts,
  isBodiless: boolean,
): Soon<Response | Denied> {
  const { route, caller } = exchange;
  const { atOnce: limit } = route.policies;
  if (limit === undefined) return ask(exchange, gateway, isBodiless);
  const leave = gateway.atOnce.enter(route, caller.partnerId);
  return leave
    ? ask(exchange, gateway, isBodiless).finally(leave)
    : deny('too_many_at_once', { fields: { limit }, headers: { 'retry-after': '1' } }, 'concurrency');
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
  const late = () => {
    isLate = true;
    cutOff.abort();
  };
  const isGone = () => exchange.request.signal.aborted;
  const inTime = gateway.deadlines.watch(route.timeoutMs, exchange.keepAlive, late, isGone);
  const tries = IDEMPOTENT.has(exchange.method) && !stream ? route.policies.tries : 1;
  try {
    const making = toSandbox
      ? () => unlessAborted(askSandbox(exchange, gateway, body), cutOff.signal)
      : upstreamCall(exchange, gateway, targets, body, cutOff.signal);
    const send = isComing(making) ? await making : making;
    const response = await withTries(tries, route.policies.retryOn, cutOff.signal, send);
    if (!toSandbox) gateway.breakers.note(route, response.status < 500);
    const refused = stream && brokenOff(stream);
    if (refused) return refused;
    if (response.status === TOO_SLOW) return deny('upstream_timeout');
    return UNREACHABLE.has(response.status)
      ? deny('upstream_error', undefined, 'upstream_unreachable', `status ${response.status}`)
      : response;
  } catch (error) {
    const refused = stream && brokenOff(stream);
    if (refused) return refused;
    // A caller who breaks off, or sends too slowly, says nothing of the upstream.
    const isTheirs = exchange.request.signal.aborted || (isLate && stream?.isWhole() === false);
    if (!toSandbox && !isTheirs) gateway.breakers.note(route, false);
    if (isLate) return deny('upstream_timeout');
    return deny('upstream_error', undefined, 'upstream_failed', withoutUrls(String(error)));
  } finally {
    inTime();
    exchange.upstreamMs = gateway.now() - startedMs;
    if (stream) exchange.bytesIn = stream.bytes();
  }
}

/** Whatever became of the call, the upstream had no whole request. */
function brokenOff(stream: CountedStream): Denied | undefined {
  if (stream.isTooLarge()) return deny('payload_too_large');
  return stream.isCutShort() ? deny('invalid_request', { message: ENDED_EARLY }) : undefined;
}

/** What the runtime says of a failure names the whole URL, with what may be secret in it. */
const withoutUrls = (text: string): string => text.replace(/\b[a-z][a-z0-9+.-]*:\/\/\S+/gi, '<url>');

/** A body that turns out too large, or ends early, is cut off together with its connection: the upstream never sees a whole request. */
function requestBody({ request, body, route }: Admitted, cutOff: AbortController): CountedStream | undefined {
  if (body || !request.body) return undefined;
  return countStream(request.body as ReadableStream<Uint8Array>, route.bodyBytes, {
    brokenOff: () => cutOff.abort(),
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
function upstreamCall(
  exchange: Admitted,
  gateway: GatewayPorts,
  targets: readonly UpstreamTarget[],
  body: BodyInit | null,
  signal: AbortSignal,
): Soon<(attempt: number) => Promise<Response>> {
  const { request, method, path, route } = exchange;
  const { upstreams } = gateway;
  const rest = path.slice(route.upstream.prefix.length) + upstreamQuery(exchange);
  const call = (target: UpstreamTarget, headers: NamedHeaders): Promise<Response> => {
    const url = target.url + rest;
    exchange.upstreamUrl = url;
    exchange.upstreamBase = target.url;
    return gateway.fetchUpstream(url, { method, headers, body, signal, redirect: 'manual' }).then(
      (response) => {
        if (UNREACHABLE.has(response.status)) upstreams.noteFailure(target);
        else upstreams.noteSuccess(target);
        return response;
      },
      (error) => {
        // What we cut off ourselves says nothing of it, nor what the caller breaks off.
        if (!signal.aborted && !request.signal.aborted) upstreams.noteFailure(target);
        throw error;
      },
    );
  };
  return after(upstreamHeaders(exchange, gateway), (common) => async (attempt) => {
    const target = targets[attempt % targets.length] as UpstreamTarget;
    const opening = upstreams.credentialOf(target);
    const credential = isComing(opening) ? await opening : opening;
    return call(target, credential ? { ...common, [credential[0].toLowerCase()]: credential[1] } : common);
  });
}

/** By lower-case names. The runtime makes one list of it; from a `Headers` of ours it would make another. */
type NamedHeaders = Record<string, string>;

function upstreamHeaders(exchange: Admitted, gateway: GatewayPorts): Soon<NamedHeaders> {
  const { request, url, heard, caller, route, id, ip } = exchange;
  const { policies } = route;
  const headers: NamedHeaders = {};
  for (const [name, value] of heard) if (route.headers.toUpstream.has(name)) headers[name] = value;
  for (const name of namedByConnection(request.headers)) delete headers[name];
  // What is read whole is asked for whole.
  if (policies.answerJson.length > 0) delete headers.range;
  const acceptEncoding = acceptEncodingOf(exchange);
  if (acceptEncoding !== '') headers['accept-encoding'] = acceptEncoding;
  const hostAt = url.indexOf('//') + 2;
  headers['x-forwarded-proto'] = url.slice(0, hostAt - 3);
  headers['x-forwarded-host'] = url.slice(hostAt, url.indexOf('/', hostAt));
  headers['x-forwarded-for'] = ip;
  headers['x-real-ip'] = ip;
  headers['x-request-id'] = id;
  const trace = traceOf(request.headers.get('traceparent'), id);
  headers.traceparent = traceparentOf(trace, id);
  // Free text, unlike the ids: of a request that is signed whole, only where it is signed.
  const state = trace.isContinued ? heard.get('tracestate') : null;
  if (state !== null) headers.tracestate = state;
  if (policies.requestJson.length > 0) for (const name of OF_THE_REQUEST_BODY) delete headers[name];
  for (const name of policies.requestHeaders.remove) delete headers[name.toLowerCase()];
  for (const [name, value] of policies.requestHeaders.set) headers[name.toLowerCase()] = value;
  headers['x-passerelle-partner'] = caller.partnerId;
  return after(gateway.identityToken(caller, route.api), (identity) => {
    headers['x-passerelle-identity'] = identity;
    return headers;
  });
}

function askSandbox(exchange: Admitted, gateway: GatewayPorts, body: BodyInit | null): Promise<Response> {
  const { method, heard, path, query, caller, route, url, id: requestId } = exchange;
  exchange.isSimulated = gateway.isSimulation(heard);
  const account = caller.appId ?? caller.partnerId;
  const asked = { method, headers: heard, path, query, body };
  return gateway.sandbox({
    ...asked,
    url,
    requestId,
    sandbox: route.sandbox,
    example: route.example,
    account,
  });
}
