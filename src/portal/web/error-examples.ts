// What each error really answers, for its page: rendered by the one renderer, with the fields and headers that the gateway
// and the APIs send with it. test/api/guides.test.ts holds these against real answers.

import { type ErrorCode, type ErrorDetail, errorResponse } from '../../core/errors.ts';

const REQUEST_ID = '019ad0c2-6b1e-7d54-8f3a-2c9b41e7a605';

/** Beside `error`, `message` and `request_id`. */
const DETAILS: Partial<Record<ErrorCode, ErrorDetail>> = {
  missing_api_key: { fields: { docs: '/docs' } },
  invalid_auth_format: { fields: { example: 'Authorization: Bearer pk_live_...' } },
  ip_not_allowed: { fields: { ip: '203.0.113.7' } },
  insufficient_permissions: { fields: { required_scope: 'keys:write' } },
  not_found: { fields: { path: '/nothing' } },
  method_not_allowed: { headers: { allow: 'GET, HEAD, OPTIONS' } },
  version_sunset: {
    fields: { version: '2026-01-15', versions: ['2026-06-01', '2026-11-01'], brownout: false },
  },
  precondition_failed: {
    fields: { changed_by: 'ana@example.com', changed_at: '2026-11-30T09:30:00.000Z' },
  },
  validation_error: { fields: { details: [{ field: 'name', message: 'must not be empty' }] } },
  limit_exceeded: { fields: { limit: 2 } },
  rate_limit_exceeded: { fields: { limit_type: 'per_second', limit: 10, retry_after: 1 } },
  too_many_at_once: { fields: { limit: 20 }, headers: { 'retry-after': '1' } },
  daily_quota_exceeded: {
    fields: {
      limit_type: 'per_day',
      limit: 10_000,
      used: 10_000,
      retry_after: 28_800,
      reset_at: '2026-12-01T00:00:00Z',
    },
  },
  monthly_quota_exceeded: {
    fields: {
      limit_type: 'per_month',
      limit: 300_000,
      used: 300_000,
      retry_after: 86_400,
      reset_at: '2026-12-01T00:00:00Z',
    },
  },
  budget_exceeded: { fields: { limit_type: 'budget', budget_of: 'key', limit: 500, used: 500 } },
};

/** The guide that says more about a code; `handling-errors` where none is named. */
const GUIDES: Partial<Record<ErrorCode, string>> = {
  missing_api_key: 'first-call',
  invalid_auth_format: 'first-call',
  invalid_api_key_format: 'first-call',
  invalid_api_key: 'environments',
  invalid_signature: 'signing',
  ip_not_allowed: 'scopes',
  origin_not_allowed: 'scopes',
  insufficient_permissions: 'scopes',
  live_access_required: 'going-live',
  limit_exceeded: 'plans',
  rate_limit_exceeded: 'limits',
  daily_quota_exceeded: 'limits',
  monthly_quota_exceeded: 'limits',
  budget_exceeded: 'budget-keys',
  conflict: 'idempotency',
  idempotency_mismatch: 'idempotency',
  internal_error: 'retries',
  upstream_error: 'retries',
  upstream_timeout: 'retries',
  limiter_unavailable: 'retries',
  service_unavailable: 'retries',
};

export const guideOfError = (code: ErrorCode): string => GUIDES[code] ?? 'handling-errors';

const SHOWN_HEADERS = ['allow', 'retry-after', 'www-authenticate', 'content-type'];

export interface ErrorExample {
  status: number;
  headers: [name: string, value: string][];
  body: Record<string, unknown>;
}

/** `portalOrigin`: where the portal explains it. */
export async function errorExample(code: ErrorCode, portalOrigin: string): Promise<ErrorExample> {
  const response = errorResponse(code, { requestId: REQUEST_ID, portalOrigin }, DETAILS[code]);
  const headers = SHOWN_HEADERS.flatMap((name): [string, string][] => {
    const value = response.headers.get(name);
    return value === null ? [] : [[name, value]];
  });
  return { status: response.status, headers, body: await response.json() };
}
