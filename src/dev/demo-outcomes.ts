// What comes of the demo's calls: most are served, and every kind of failure that a page explains is among them. Pure.

import type { ErrorCode } from '../core/errors.ts';
import type { Environment } from '../keys/key-format.ts';
import type { Failure } from '../usage/event-columns.ts';

export interface Outcome {
  share: number;
  method?: string;
  route: string;
  endpoint?: string;
  query?: string;
  status: number;
  /** A code of ours; the upstream's own errors have none. */
  error?: ErrorCode;
  /** What the upstream said. */
  said?: string;
  failure?: Failure;
  /** ms, at least. */
  takes?: number;
}

const STOP = '/v2/stops/{id}/departures';
export const SEARCHED: Outcome = { share: 43, route: '/v2/stops/search', status: 200 };
export const SERVED: readonly Outcome[] = [
  SEARCHED,
  { share: 27, route: '/v2/route-search', status: 200 },
  { share: 19, route: STOP, endpoint: '/v2/stops/D:HANN/departures', status: 200 },
  { share: 6, route: '/v2/routes/list', status: 200 },
];
export const DOWN: Outcome = {
  share: 0.2,
  route: '/v2/route-search',
  query: '?from=14.6731,-17.4335&to=14.7762,-17.3944',
  status: 503,
  said: '{"error":"maintenance"}',
};
export const REFUSED: Outcome = {
  share: 0,
  route: '/v2/stops/search',
  query: '?q=pikine',
  status: 429,
  error: 'rate_limit_exceeded',
};
/** What goes wrong in an ordinary week: the upstream's errors, and ours with their reasons. */
export const FAILED: Record<Environment, readonly Outcome[]> = {
  live: [
    {
      share: 1.4,
      route: STOP,
      endpoint: '/v2/stops/D:GARE/departures',
      status: 404,
      said: '{"error":"stop not found"}',
    },
    {
      share: 0.7,
      route: '/v2/stops/search',
      query: '?q=',
      status: 400,
      said: `{"error":"'q' must not be empty"}`,
    },
    {
      share: 0.5,
      method: 'POST',
      route: '/v1/payments/{id}/refunds',
      endpoint: '/v1/payments/pay_4711/refunds',
      status: 403,
      error: 'insufficient_permissions',
      failure: { required_scope: 'write:payments' },
    },
    { share: 0.2, route: '/v2/route-search', status: 504, error: 'upstream_timeout', takes: 10_000 },
    DOWN,
  ],
  test: [
    {
      share: 6,
      route: '/v2/routes/list',
      status: 503,
      said: '{"error":"simulated"}',
      failure: { simulated: true },
    },
    {
      share: 5,
      method: 'POST',
      route: '/v1/payments',
      status: 402,
      said: '{"error":"card_declined"}',
    },
  ],
};
