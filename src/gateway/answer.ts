// Turns what the stages found into the answer: rate-limit headers, timing, CORS, and the error table.

import { namedByConnection } from '../catalog/headers.ts';
import type { Denied } from '../core/denied.ts';
import { errorBody, errorResponse, RESOURCE_METADATA } from '../core/errors.ts';
import { allowsOrigin } from '../core/origins.ts';
import { unixSeconds } from '../core/time.ts';
import { type Gauge, isUnlimited, type LimitType } from '../limits/limit.ts';
import type { LimitGauges } from '../limits/protocol.ts';
import { type Admitted, type Exchange, NOWHERE } from './exchange.ts';
import { EXPLANATION, setExplanation } from './explained.ts';
import { locationForCaller, type Places } from './location.ts';
import type { GatewayPorts } from './ports.ts';
import { changeHeaders } from './stages/policies.ts';
import { setVersionHeaders } from './stages/version.ts';

export const EXPOSED_HEADERS = [
  'X-Request-Id',
  'X-Response-Time',
  'X-Cache-Hit',
  'X-Client-Request-Id',
  'Cache-Status',
  'Passerelle-Version',
  EXPLANATION,
  'Deprecation',
  'Sunset',
  'Retry-After',
  'Server-Timing',
  'RateLimit',
  'RateLimit-Policy',
  ...['Limit', 'Remaining', 'Reset'].flatMap((what) =>
    ['Second', 'Day', 'Month'].map((period) => `X-RateLimit-${what}-${period}`),
  ),
  'X-RateLimit-Limit-Budget',
  'X-RateLimit-Remaining-Budget',
].join(', ');

/** For callers whose signature covers the body alone (RFC 8288). Nothing ends, so `Deprecation` would be wrong. */
const BETTER_SIGNATURE =
  '</docs/signing>; rel="help"; title="This signature covers the body alone. The second form covers the whole request, once"';

const PERIODS = (['second', 'day', 'month'] as const).map((name) => {
  const header = `${name[0]?.toUpperCase()}${name.slice(1)}`;
  return {
    name,
    limitHeader: `X-RateLimit-Limit-${header}`,
    remainingHeader: `X-RateLimit-Remaining-${header}`,
    resetHeader: `X-RateLimit-Reset-${header}`,
  };
});

const POLICIES = ['second', 'burst', 'day', 'month', 'budget'] as const;
const DAY_SECONDS = 86_400;
/** A budget is for good. */
const WINDOW_SECONDS = { second: 1, day: DAY_SECONDS, month: 30 * DAY_SECONDS, budget: undefined };

const POLICY_OF: Record<LimitType, keyof LimitGauges> = {
  per_second: 'second',
  burst: 'burst',
  per_day: 'day',
  per_month: 'month',
  budget: 'budget',
};

/** A second that is only the bucket's is named as the bucket. */
const isNamed = (name: keyof LimitGauges, { limit, level }: Gauge, { burst }: LimitGauges): boolean =>
  !isUnlimited(limit) && (name !== 'second' || limit !== burst.limit || level !== 'key');

/**
 * The X-RateLimit headers and the IETF pair (draft-ietf-httpapi-ratelimit-headers-11): each limit under its own name, with
 * its window, which is for the bucket the time in which it fills up from empty. Integers, always. `RateLimit` names the
 * policy that refused the call, and otherwise the one that is used up most.
 */
export function setLimitHeaders(
  headers: Headers,
  gauges: LimitGauges,
  nowMs: number,
  refillSeconds: number | undefined,
  violated?: Exchange['violated'],
): void {
  for (const { name, limitHeader, remainingHeader, resetHeader } of PERIODS) {
    const { limit, remaining, resetMs } = gauges[name];
    headers.set(limitHeader, String(limit));
    headers.set(remainingHeader, String(remaining));
    headers.set(resetHeader, String(unixSeconds(Math.max(resetMs, nowMs))));
  }
  if (gauges.budget) {
    headers.set('X-RateLimit-Limit-Budget', String(gauges.budget.limit));
    headers.set('X-RateLimit-Remaining-Budget', String(gauges.budget.remaining));
  }
  let policy = '';
  let tightest: keyof LimitGauges | undefined;
  let leastShare = Number.POSITIVE_INFINITY;
  for (const name of POLICIES) {
    const gauge = gauges[name];
    if (!gauge || !isNamed(name, gauge, gauges)) continue;
    const { limit, remaining } = gauge;
    const seconds = name === 'burst' ? refillSeconds : WINDOW_SECONDS[name];
    policy += `${policy && ', '}"${name}";q=${limit}${seconds === undefined ? '' : `;w=${seconds}`}`;
    const share = remaining / Math.max(1, limit);
    if (share >= leastShare) continue;
    tightest = name;
    leastShare = share;
  }
  if (tightest === undefined) return;
  headers.set('RateLimit-Policy', policy);
  const shown = violated ? POLICY_OF[violated.type] : tightest;
  const { remaining, resetMs } = gauges[shown] ?? gauges.day;
  const left = `"${shown}";r=${violated ? 0 : Math.max(0, remaining)}`;
  const resetSeconds = violated?.retryAfter ?? Math.max(0, Math.ceil((resetMs - nowMs) / 1000));
  headers.set('RateLimit', shown === 'budget' ? left : `${left};t=${resetSeconds}`);
}

/** Seconds in which an empty bucket is full again; undefined where it never is. */
const refillSecondsOf = ({ caller }: Exchange): number | undefined => {
  const { burst, sustained } = caller?.keyLimits ?? { burst: 0, sustained: 0 };
  if (sustained === 0) return undefined;
  return isUnlimited(sustained) ? 1 : Math.max(1, Math.ceil((burst * 60) / sustained));
};

/** A refusal is for any page to read, or it would see a network error: whose key it was, it does not say. */
function decorate(exchange: Exchange, headers: Headers, nowMs: number, isRefusal: boolean): void {
  headers.set('X-Request-Id', exchange.id);
  headers.set('X-Response-Time', `${nowMs - exchange.startedMs}ms`);
  let timings = '';
  for (const stage in exchange.timings) timings += `${stage};dur=${exchange.timings[stage]}, `;
  headers.set('Server-Timing', `${timings}total;dur=${nowMs - exchange.startedMs}`);
  if (exchange.gauges)
    setLimitHeaders(headers, exchange.gauges, nowMs, refillSecondsOf(exchange), exchange.violated);
  setVersionHeaders(exchange, headers);
  if (exchange.signatureForm === 'body') headers.append('Link', BETTER_SIGNATURE);
  if (exchange.admission?.over) headers.set('X-Quota-Overage', 'true');
  const origin = exchange.request.headers.get('origin');
  const origins = exchange.route?.policies.origins ?? [];
  if (
    origin &&
    (isRefusal || allowsOrigin(exchange.caller?.origins ?? [], origin) || allowsOrigin(origins, origin))
  ) {
    headers.set('Access-Control-Allow-Origin', origin);
    headers.set('Access-Control-Expose-Headers', EXPOSED_HEADERS);
    headers.append('Vary', 'Origin');
  }
}

const placesOf = ({ route, upstreamUrl, upstreamBase }: Admitted): Places => ({
  upstreamUrl,
  base: upstreamBase,
  prefix: upstreamBase === NOWHERE ? '' : route.upstream.prefix,
});

const LOCATIONS = new Set(['location', 'content-location']);

/** Takes out of the upstream's headers what is its hop's, would rule our origin, or leads into its network. */
function passOn(exchange: Admitted, headers: Headers): void {
  const { route } = exchange;
  const named = namedByConnection(headers);
  for (const name of [...headers.keys()]) {
    if (!route.headers.passesToCaller(name) || named.includes(name)) headers.delete(name);
    else if (LOCATIONS.has(name)) {
      const passed = locationForCaller(headers.get(name) ?? '', placesOf(exchange));
      if (passed === undefined) headers.delete(name);
      else headers.set(name, passed);
    }
  }
}

export function answer(exchange: Admitted, upstream: Response): Response {
  // Copied as a whole by the runtime, which costs a fifth of copying each header.
  const response = new Response(upstream.body, upstream);
  const { headers } = response;
  passOn(exchange, headers);
  changeHeaders(headers, exchange.route.policies.answerHeaders);
  headers.set('X-Cache-Hit', exchange.cacheHit ? 'true' : 'false');
  // RFC 9211, 2: behind what the caches of the upstream say.
  if (exchange.cacheStatus !== undefined) headers.append('Cache-Status', exchange.cacheStatus);
  decorate(exchange, headers, exchange.nowMs, false);
  setExplanation(exchange, response);
  return response;
}

export function refuse(
  exchange: Exchange,
  { denied, detail, reason, cause }: Denied,
  { now, portalOrigin }: Pick<GatewayPorts, 'now' | 'portalOrigin'>,
): Response {
  const nowMs = now();
  exchange.nowMs = nowMs;
  exchange.error = denied;
  exchange.reason ??= reason;
  exchange.cause ??= cause;
  const { headers } = exchange.request;
  const origin = portalOrigin(exchange.url);
  const answered = {
    requestId: exchange.id,
    portalOrigin: origin,
    headers,
    resourceMetadata: `${origin}${RESOURCE_METADATA}`,
  };
  exchange.errorBody = errorBody(denied, answered, detail);
  const response = errorResponse(denied, answered, detail, exchange.errorBody);
  decorate(exchange, response.headers, nowMs, true);
  setExplanation(exchange, response);
  return response;
}
