// A token in its client's usage: it cost nothing, and says which of the client's secrets was used.

import { isoDay } from '../core/time.ts';
import { storable } from '../usage/storable.ts';
import type { UsageEvent } from '../usage/usage-event.ts';
import type { Asked } from './access-token-service.ts';

const PATH = '/oauth/token';

export function tokenEvent(
  { client: { record, retiredHash }, request, requestId, ip }: Asked,
  startedMs: number,
  nowMs: number,
): UsageEvent {
  const { headers, cf } = request;
  return storable({
    id: requestId,
    occurredMs: startedMs,
    day: isoDay(startedMs),
    partnerId: record.partnerId,
    keyId: record.keyId,
    appId: record.appId,
    environment: record.environment,
    route: PATH,
    method: 'POST',
    endpoint: PATH,
    status: 200,
    error: null,
    latencyMs: nowMs - startedMs,
    upstreamMs: null,
    bytesIn: Number(headers.get('content-length') ?? 0),
    bytesOut: 0,
    units: 0,
    cacheHit: false,
    degraded: false,
    country: typeof cf?.country === 'string' ? cf.country : null,
    ip,
    timings: {},
    retiredHash,
    userAgent: headers.get('user-agent'),
  });
}
