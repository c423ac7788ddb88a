// Why was I refused: each code of the gateway really happens, and its request keeps what explains it.

import { beforeAll, describe, expect, it } from 'vitest';
import {
  type CallOptions,
  call,
  developerToken,
  eventually,
  makeKey,
  makePartner,
  query,
  setFaults,
  stack,
  type TestPartner,
} from '../support/api.ts';

let partner: TestPartner;
let token = '';
const keys: Record<string, { secret: string; id: string }> = {};

beforeAll(async () => {
  partner = await makePartner({ origins: ['https://app.example.com'] });
  token = await developerToken(partner);
  keys.open = await makeKey(partner.id);
  keys.test = await makeKey(partner.id, { environment: 'test' });
  keys.elsewhere = await makeKey(partner.id, { set: { allowed_ips: ['203.0.113.0/24'] } });
  keys.narrow = await makeKey(partner.id, { scopes: ['read:routes'] });
  for (const [name, limit] of [
    ['burst', 'burst_limit'],
    ['day', 'daily_quota'],
    ['month', 'monthly_quota'],
  ] as const) {
    keys[name] = await makeKey(partner.id);
    await query(
      `UPDATE api_key_quotas SET ${limit} = 0 WHERE key_id = (SELECT key_id FROM api_key WHERE id = $1)`,
      [keys[name].id],
    );
  }
});

interface Case {
  path?: string;
  key: string;
  options?: CallOptions;
  status: number;
  /** What is kept of the failure. */
  failure?: object;
  query?: string | null;
  before?(): Promise<unknown>;
  after?(): Promise<unknown>;
}

const CASES: Record<string, Case> = {
  insufficient_permissions: {
    path: '/v2/stops/search?q=hann&token=abc',
    key: 'narrow',
    status: 403,
    failure: { required_scope: 'read:stops' },
    query: '?q=hann&token=***',
  },
  ip_not_allowed: { key: 'elsewhere', status: 403 },
  origin_not_allowed: {
    key: 'open',
    options: { headers: { origin: 'https://evil.example' } },
    status: 403,
    failure: { origin: 'https://evil.example' },
  },
  not_found: { path: '/v2/nothing?page=2', key: 'open', status: 404, query: '?page=2' },
  method_not_allowed: { key: 'open', options: { method: 'DELETE' }, status: 405 },
  payload_too_large: {
    path: '/v1/payments',
    key: 'open',
    options: { method: 'POST', body: 'x'.repeat(262_145) },
    status: 413,
  },
  rate_limit_exceeded: {
    key: 'burst',
    status: 429,
    failure: { limit_type: 'burst', level: 'key', limit: 0, used: 0, cost: 1 },
  },
  daily_quota_exceeded: {
    key: 'day',
    status: 429,
    failure: { limit_type: 'per_day', level: 'key', retry_at: expect.stringMatching(/T00:00:00\.000Z$/) },
  },
  monthly_quota_exceeded: {
    key: 'month',
    status: 429,
    failure: {
      limit_type: 'per_month',
      level: 'key',
      retry_at: expect.stringMatching(/-01T00:00:00\.000Z$/),
    },
  },
  upstream_error: { path: '/v2/stops/x/departures?upstream=reset', key: 'open', status: 502 },
  upstream_timeout: { path: '/v2/stops/x/departures?upstream=hang', key: 'open', status: 504 },
  limiter_unavailable: {
    key: 'day',
    status: 503,
    before: () => setFaults({ limiterDown: true }),
    after: () => setFaults({ limiterDown: false }),
  },
};

const asked = (path: string) => call(path, { headers: { authorization: `Bearer ${token}` } });
/** The request as the developers' API shows it, once it has been folded. */
const requestOf = async (id: string) =>
  (
    await eventually(
      () => asked(`/api/dev/requests/${id}`),
      ({ status }) => status === 200,
    )
  ).json;

async function refuse(code: string): Promise<Awaited<ReturnType<typeof call>>> {
  const each = CASES[code];
  if (!each) throw new Error(`no case of ${code}`);
  await each.before?.();
  const answer = await call(each.path ?? '/v2/routes/list', { key: keys[each.key]?.secret, ...each.options });
  await each.after?.();
  expect([answer.status, answer.json?.error]).toEqual([each.status, code]);
  return answer;
}

describe('a refused request keeps why', () => {
  it.for(Object.entries(CASES))('%s', async ([code, { failure = {}, query: kept = expect.anything() }]) => {
    const answer = await refuse(code);
    const row = await requestOf(String(answer.headers['x-request-id']));
    expect(row.error).toBe(code);
    expect(row.failure).toMatchObject(failure);
    expect(row.query ?? 'none').toEqual(kept);
    expect(JSON.parse(row.error_body)).toEqual(answer.json);
    for (const [name, value] of Object.entries(row.failure.headers ?? {}))
      expect(answer.headers[name]).toBe(value);
    if (answer.status === 429)
      expect(row.failure.headers).toMatchObject({
        'retry-after': expect.any(String),
        'x-ratelimit-remaining-day': expect.any(String),
      });
    expect(row.failure).not.toHaveProperty('simulated');
  });

  it('another partner finds nothing', async () => {
    const answer = await refuse('not_found');
    const id = String(answer.headers['x-request-id']);
    await requestOf(id);
    const stranger = await developerToken(await makePartner());
    const { status } = await call(`/api/dev/requests/${id}`, {
      headers: { authorization: `Bearer ${stranger}` },
    });
    expect(status).toBe(404);
  });
});

describe('what the upstream says is wrong', () => {
  it.for([
    ['of unknown length', '?upstream=fail', {}, 500, /^\{"error":"boom"\}$/],
    ['cut, with its length', '?upstream=refuse', {}, 422, /^\{"error":"no_such_stop","hint":"é+\ufffd?$/],
    ['packed', '?upstream=refuse', { 'accept-encoding': 'gzip' }, 422, /^\{"error":"no_such_stop"/],
  ] as const)('%s', async ([what, search, headers, status, body]) => {
    const answer = await call(`/v2/stops/x/departures${search}`, { key: keys.open?.secret, headers });
    expect(answer.status).toBe(status);
    if (what === 'cut, with its length') expect(answer.headers['content-length']).toBe(String(answer.bytes));
    const row = await requestOf(String(answer.headers['x-request-id']));
    expect(row).toMatchObject({ status_code: status, error: null, query: search });
    expect(row.error_body).toMatch(body);
    expect(Buffer.byteLength(row.error_body)).toBeLessThanOrEqual(2048);
  });

  it('is kept as far as it came where it never ends, and the call is counted', async () => {
    const controller = new AbortController();
    const response = await fetch(`${stack.url}/v2/stops/x/departures?upstream=stall`, {
      headers: { authorization: `Bearer ${keys.open?.secret}` },
      signal: controller.signal,
    });
    expect(response.status).toBe(503);
    controller.abort();
    const row = await requestOf(response.headers.get('x-request-id') ?? '');
    expect(row).toMatchObject({ status_code: 503, error_body: '{"error":"overloaded"' });
  });

  it.for([
    ['status=503', 503, null],
    ['error=card_declined', 402, null],
    ['drop', 502, 'upstream_error'],
  ] as const)('to order is marked: %s', async ([order, status, error]) => {
    const answer = await call('/v2/stops/search?q=hann', {
      key: keys.test?.secret,
      headers: { 'x-sandbox-simulate': order },
    });
    const row = await requestOf(String(answer.headers['x-request-id']));
    expect(row).toMatchObject({ status_code: status, error, failure: { simulated: true } });
  });

  it('of an order that the sandbox does not know is not', async () => {
    const answer = await call('/v2/stops/search?q=hann', {
      key: keys.test?.secret,
      headers: { 'x-sandbox-simulate': 'nonsense' },
    });
    const row = await requestOf(String(answer.headers['x-request-id']));
    expect(row.status_code).toBe(400);
    expect(row.failure).not.toHaveProperty('simulated');
  });

  it('is nowhere of a call that went well', async () => {
    const answer = await call('/v2/routes/list?token=abc', { key: keys.open?.secret });
    const row = await requestOf(String(answer.headers['x-request-id']));
    expect(row).toMatchObject({ status_code: 200, query: null, failure: null, error_body: null });
  });
});
