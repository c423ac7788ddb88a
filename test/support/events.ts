// Usage events and messages as the gateway would send them.

import { randomUUID } from 'node:crypto';
import type { UsageEvent } from '../../src/usage/usage-event.ts';

export const usageEventOf = (partnerId: string, over: Partial<UsageEvent> = {}): UsageEvent => ({
  id: randomUUID(),
  occurredMs: Date.now(),
  day: new Date().toISOString().slice(0, 10),
  partnerId,
  keyId: `gone-${partnerId}`,
  appId: null,
  environment: 'live',
  route: '/v2/routes/list',
  method: 'GET',
  endpoint: '/v2/routes/list',
  status: 200,
  error: null,
  latencyMs: 12,
  upstreamMs: 10,
  bytesIn: 0,
  bytesOut: 100,
  units: 1,
  cacheHit: false,
  degraded: false,
  country: 'SN',
  ip: '2001:db8::1',
  userAgent: null,
  ...over,
});

export const usageMessageOf = (events: unknown[], refusals: Record<string, number> = {}) => ({
  id: randomUUID(),
  events,
  refusals,
});
