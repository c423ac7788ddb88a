// Turns what the stages found into the answer: rate-limit headers, timing, CORS, and the error table.

import type { Denied } from '../core/denied.ts';
import { errorResponse } from '../core/errors.ts';
import { unixSeconds } from '../core/time.ts';
import { isUnlimited } from '../limits/limit.ts';
import type { LimitGauges } from '../limits/protocol.ts';
import type { Exchange } from './exchange.ts';

const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
export const stripHopByHop = (headers: Headers): void => {
  for (const name of headers.get('connection')?.split(',') ?? []) {
    if (/^\s*[\w-]+\s*$/.test(name)) headers.delete(name.trim());
  }
  for (const name of HOP_BY_HOP) headers.delete(name);
};

export const EXPOSED_HEADERS = [
  'X-Request-Id',
  'X-Response-Time',
  'X-Cache-Hit',
  'Retry-After',
  'Server-Timing',
  'RateLimit',
  'RateLimit-Policy',
  ...['Limit', 'Remaining', 'Reset'].flatMap((what) =>
    ['Second', 'Day', 'Month'].map((period) => `X-RateLimit-${what}-${period}`),
  ),
].join(', ');

const PERIODS = [
  ['second', 'Second', 1],
  ['day', 'Day', 86_400],
  ['month', 'Month', 2_592_000],
] as const;

/** The X-RateLimit headers and the IETF pair (draft-ietf-httpapi-ratelimit-headers-10). Integers, always. */
export function setLimitHeaders(headers: Headers, gauges: LimitGauges, nowMs: number): void {
  const policies: string[] = [];
  let tightest: { name: string; remaining: number; share: number; resetSeconds: number } | undefined;
  for (const [name, header, windowSeconds] of PERIODS) {
    const { limit, remaining, resetMs } = gauges[name];
    headers.set(`X-RateLimit-Limit-${header}`, String(limit));
    headers.set(`X-RateLimit-Remaining-${header}`, String(remaining));
    headers.set(`X-RateLimit-Reset-${header}`, String(unixSeconds(Math.max(resetMs, nowMs))));
    if (isUnlimited(limit)) continue;
    policies.push(`"${name}";q=${limit};w=${windowSeconds}`);
    const share = limit === 0 ? 0 : remaining / limit;
    const resetSeconds = Math.max(0, Math.ceil((resetMs - nowMs) / 1000));
    if (!tightest || share < tightest.share) tightest = { name, remaining, share, resetSeconds };
  }
  if (policies.length > 0) headers.set('RateLimit-Policy', policies.join(', '));
  if (tightest)
    headers.set('RateLimit', `"${tightest.name}";r=${tightest.remaining};t=${tightest.resetSeconds}`);
}

function decorate(exchange: Exchange, headers: Headers, nowMs: number): void {
  headers.set('X-Request-Id', exchange.id);
  headers.set('X-Response-Time', `${nowMs - exchange.startedMs}ms`);
  const timings = exchange.timings.map(([stage, ms]) => `${stage};dur=${ms}`);
  headers.set('Server-Timing', [...timings, `total;dur=${nowMs - exchange.startedMs}`].join(', '));
  if (exchange.gauges) setLimitHeaders(headers, exchange.gauges, nowMs);
  if (exchange.admission?.over) headers.set('X-Quota-Overage', 'true');
  const origin = exchange.request.headers.get('origin');
  if (origin && exchange.caller?.origins.includes(origin)) {
    headers.set('Access-Control-Allow-Origin', origin);
    headers.set('Access-Control-Expose-Headers', EXPOSED_HEADERS);
    headers.append('Vary', 'Origin');
  }
}

export function answer(exchange: Exchange, upstream: Response, nowMs: number): Response {
  const headers = new Headers(upstream.headers);
  stripHopByHop(headers);
  headers.set('X-Cache-Hit', String(exchange.cacheHit ?? false));
  decorate(exchange, headers, nowMs);
  const { status, statusText } = upstream;
  return new Response(upstream.body, { status, headers, ...(statusText && { statusText }) });
}

export function refuse(exchange: Exchange, { denied, detail, reason }: Denied, nowMs: number): Response {
  exchange.error = denied;
  exchange.reason ??= reason;
  const response = errorResponse(denied, exchange.id, detail);
  decorate(exchange, response.headers, nowMs);
  return response;
}
