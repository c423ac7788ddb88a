// One usage event and one log line for each answer. The event is complete when the body is: answers of unknown length
// are counted while they stream. Callers who proved nothing write no events into anybody's usage, nor does who is refused
// more often than anybody needs: these are counted, and the log line says which key they named. Fails open.

import { isoDay } from '../../core/time.ts';
import { countStream, headOf, whenGone } from '../../http/body.ts';
import { clientRequestId } from '../../http/client-request-id.ts';
import { MAX_BODY_BYTES, MAX_ENDPOINT_BYTES } from '../../usage/event-columns.ts';
import { UNMATCHED } from '../../usage/problem.ts';
import { storable, storableText } from '../../usage/storable.ts';
import type { UsageEvent } from '../../usage/usage-event.ts';
import { basisOf } from '../basis.ts';
import { type Exchange, isDegraded } from '../exchange.ts';
import { failureOf } from '../failure.ts';
import type { GatewayPorts } from '../ports.ts';
import { remainingOf } from '../remaining.ts';
import { traceOf } from '../trace-context.ts';

/** What callers who proved nothing are told when they are refused for that, and not for what they asked. */
const REFUSED = new Set([400, 401, 413, 429]);

/** An event waits no longer for the beginning of an error than this. */
const MAX_ERROR_MS = 1000;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export function record(exchange: Exchange, response: Response, gateway: GatewayPorts): Response {
  const latencyMs = exchange.nowMs - exchange.startedMs;
  const length = response.headers.get('content-length');
  const errorBody = response.status < 400 ? undefined : upstreamError(exchange, response);
  if (!response.body || length !== null) {
    noteWith(errorBody, exchange, response, latencyMs, response.body ? Number(length) : 0, gateway);
    return response;
  }
  let noted = false;
  const done = () => {
    if (noted) return;
    noted = true;
    noteWith(errorBody, exchange, response, latencyMs, counted.bytes(), gateway);
  };
  const counted = countStream(response.body, Number.POSITIVE_INFINITY, { done });
  whenGone(exchange.request, done);
  // That its caller is gone may be noticed by nobody, and what is begun then may end with it: so an error that goes on and on
  // is noted as far as it came.
  if (errorBody)
    exchange.keepAlive(errorBody.then(() => (noted ? undefined : pause(MAX_ERROR_MS))).then(done));
  return new Response(counted.body, response);
}

/** The beginning of what the upstream says is wrong, beside the answer, which waits for nothing. */
function upstreamError({ error }: Exchange, response: Response): Promise<string> | undefined {
  const isJson = /\bjson\b/i.test(response.headers.get('content-type') ?? '');
  const copy = error === undefined && isJson ? response.clone().body : null;
  return copy ? headOf(copy, MAX_BODY_BYTES, MAX_ERROR_MS) : undefined;
}

/** Later, where there is an error to read first. */
function noteWith(errorBody: Promise<string> | undefined, ...noted: Parameters<typeof note>): void {
  if (!errorBody) {
    note(...noted);
    return;
  }
  const [exchange] = noted;
  const told = errorBody.then((text) => {
    exchange.errorBody = text;
    note(...noted);
  });
  exchange.keepAlive(told);
}

function note(
  exchange: Exchange,
  response: Response,
  latencyMs: number,
  bytesOut: number,
  gateway: GatewayPorts,
): void {
  const { caller, route, request } = exchange;
  const { status } = response;
  if (exchange.isProven && !exchange.isOverRate)
    gateway.usage.add(storable(toEvent(exchange, response, latencyMs, bytesOut)), exchange.keepAlive);
  else if (exchange.error && REFUSED.has(status))
    gateway.usage.addRefusal(
      exchange.error,
      exchange.keepAlive,
      caller?.environment === 'live' && !exchange.isOverRate ? caller.partnerId : undefined,
    );
  const call = {
    status,
    durationMs: latencyMs,
    from: caller?.keyId ?? exchange.ip,
    error: exchange.error,
  };
  gateway.callLog.write(call, () => ({
    message: `${exchange.method} ${route?.path ?? UNMATCHED} ${status}`,
    request_id: exchange.id,
    client_request_id: clientRequestId(request.headers),
    trace_id: traceOf(request.headers.get('traceparent'), exchange.id).traceId,
    method: exchange.method,
    path: storableText(exchange.path, MAX_ENDPOINT_BYTES),
    route: route?.path,
    status,
    error: exchange.error,
    reason: exchange.reason,
    cause: exchange.cause,
    partner_id: caller?.partnerId,
    key_id: caller?.keyId,
    tier: caller?.tier,
    environment: caller?.environment,
    units: exchange.admission?.units ?? 0,
    remaining_second: exchange.gauges?.second.remaining,
    remaining_day: exchange.gauges?.day.remaining,
    degraded: isDegraded(exchange),
    over: exchange.admission?.over,
    cache_hit: exchange.cacheHit ?? false,
    client_gone: request.signal.aborted || undefined,
    duration_ms: latencyMs,
    upstream_ms: exchange.upstreamMs,
    timings: exchange.timings,
    bytes_in: exchange.bytesIn,
    bytes_out: bytesOut,
    ip: exchange.ip,
    country: exchange.country,
  }));
}

function toEvent(exchange: Exchange, response: Response, latencyMs: number, bytesOut: number): UsageEvent {
  const { caller, admission } = exchange;
  const { status } = response;
  const told = status < 400 ? undefined : failureOf(exchange, response);
  return {
    id: exchange.id,
    occurredMs: admission?.atMs ?? exchange.startedMs,
    day: isoDay(admission?.dayStartMs ?? exchange.startedMs),
    partnerId: caller?.partnerId ?? '',
    keyId: caller?.keyId ?? '',
    appId: caller?.appId ?? null,
    environment: caller?.environment ?? '',
    route: exchange.route?.path ?? UNMATCHED,
    method: exchange.method,
    endpoint: exchange.path,
    status,
    error: exchange.error ?? null,
    latencyMs,
    upstreamMs: exchange.upstreamMs ?? null,
    bytesIn: exchange.bytesIn,
    bytesOut,
    units: admission?.units ?? 0,
    cacheHit: exchange.cacheHit ?? false,
    degraded: isDegraded(exchange),
    country: exchange.country,
    ip: exchange.ip || null,
    timings: exchange.timings,
    remaining: remainingOf(exchange),
    retiredHash: exchange.retiredHash,
    userAgent: exchange.request.headers.get('user-agent'),
    apiVersion: exchange.version?.date ?? null,
    via: exchange.via ?? null,
    basis: basisOf(exchange),
    query: told?.query,
    failure: told?.failure,
    errorBody: told?.errorBody,
  };
}
