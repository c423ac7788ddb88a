// What the database is handed for each event: the event, and its place in the mergeable sketches. Pure.

import { registerOf } from './distinct.ts';
import { bucketOf } from './latency-buckets.ts';
import type { UsageEvent } from './usage-event.ts';

/** Upper bounds of the Prometheus latency histogram, ms. */
export const HISTOGRAM_MS = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000] as const;

const leOf = (latencyMs: number): string => {
  const bound = HISTOGRAM_MS.find((ms) => latencyMs <= ms);
  return bound === undefined ? '+Inf' : String(bound / 1000);
};

export function foldRow(event: UsageEvent, messageId: string) {
  const { register, rank } = registerOf(event.ip ?? '');
  return {
    message_id: messageId,
    id: event.id,
    occurred_at: new Date(event.occurredMs).toISOString(),
    day: event.day,
    partner_id: event.partnerId,
    key_id: event.keyId,
    app_id: event.appId,
    environment: event.environment,
    route: event.route,
    method: event.method,
    endpoint: event.endpoint,
    status_code: event.status,
    error: event.error,
    latency_ms: event.latencyMs,
    upstream_ms: event.upstreamMs,
    bytes_in: event.bytesIn,
    bytes_out: event.bytesOut,
    units: event.units,
    cache_hit: event.cacheHit,
    degraded: event.degraded,
    country: event.country,
    ip: event.ip,
    user_agent: event.userAgent,
    timings: event.timings,
    remaining: event.remaining,
    retired_hash: event.retiredHash,
    bucket: bucketOf(event.latencyMs),
    register,
    rank,
    le: leOf(event.latencyMs),
  };
}

export type FoldRow = ReturnType<typeof foldRow>;
