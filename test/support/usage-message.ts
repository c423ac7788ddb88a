// A message of the usage queue with one billed call in it.

import { uuidv7 } from 'uuidv7';
import type { UsageEvent, UsageMessage } from '../../src/usage/usage-event.ts';

export function messageOf(
  partnerId: string,
  atMs: number,
  units: number,
  appId: string | null,
): UsageMessage {
  const event: UsageEvent = {
    id: uuidv7(),
    occurredMs: atMs,
    day: new Date(atMs).toISOString().slice(0, 10),
    partnerId,
    keyId: `key-${appId ?? partnerId}`,
    appId,
    environment: 'live',
    route: '/v2/routes/list',
    method: 'GET',
    endpoint: '/v2/routes/list',
    status: 200,
    error: null,
    latencyMs: 5,
    upstreamMs: 4,
    bytesIn: 0,
    bytesOut: 100,
    units,
    cacheHit: false,
    degraded: false,
    country: null,
    ip: null,
    userAgent: null,
  };
  return { id: uuidv7(), events: [event], refusals: {} };
}
