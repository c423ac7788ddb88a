// Acceptance 6: every row of the contract, as a table.

import { createHash, createHmac, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { newBearerKey } from '../../src/keys/key-format.ts';
import {
  type Answer,
  type CallOptions,
  call,
  makeKey,
  makePartner,
  query,
  sendJson,
  stack,
} from '../support/api.ts';

const { keys } = stack.demo;
const sign = (secret: string, text: string) => createHmac('sha256', secret).update(text).digest('hex');
const unknownKey = newBearerKey('live', (length) => randomBytes(length));
const made: Record<string, string> = {};

beforeAll(async () => {
  const open = await makePartner({ origins: ['https://app.example.com'] });
  made.open = (await makeKey(open.id)).secret;
  made.revoked = (await makeKey(open.id, { set: { is_active: false } })).secret;
  made.expired = (await makeKey(open.id, { set: { expires_at: '2020-01-01T00:00:00Z' } })).secret;
  made.restricted = (
    await makeKey(open.id, { set: { allowed_ips: ['203.0.113.0/24', '2001:db8::/32'] } })
  ).secret;
  made.loopback = (await makeKey(open.id, { set: { allowed_ips: ['127.0.0.0/8', '::1/128'] } })).secret;
  made.narrow = (await makeKey(open.id, { scopes: ['read:routes'] })).secret;
  made.suspended = (await makeKey((await makePartner({ status: 'suspended' })).id)).secret;
  made.pending = (await makeKey((await makePartner({ status: 'pending' })).id)).secret;
  made.second = (await makeKey((await makePartner({ second: 0 })).id)).secret;
  made.day = (await makeKey((await makePartner({ day: 0 })).id)).secret;
  made.month = (await makeKey((await makePartner({ month: 0 })).id)).secret;
});

type Row = [
  what: string,
  path: string,
  options: () => CallOptions,
  status: number,
  body: object,
  check?: (answer: Answer) => void,
];

const has = (name: string) => (answer: Answer) => expect(answer.headers[name]).toBeDefined();
const challenged = has('www-authenticate');
const limited = (answer: Answer) => {
  for (const what of ['limit', 'remaining', 'reset']) {
    for (const period of ['second', 'day', 'month']) {
      expect(answer.headers[`x-ratelimit-${what}-${period}`]).toMatch(/^-?\d+$/);
    }
  }
};
const auth = (authorization: string) => () => ({ headers: { authorization } });
const withKey =
  (name: string, more: CallOptions = {}) =>
  () => ({ key: made[name], ...more });

const ROWS: Row[] = [
  [
    'no credential',
    '/v2/routes/list',
    () => ({}),
    401,
    { error: 'missing_api_key', docs: '/docs' },
    challenged,
  ],
  [
    'not Bearer',
    '/v2/routes/list',
    auth('Basic abc'),
    401,
    { error: 'invalid_auth_format', example: expect.any(String) },
    challenged,
  ],
  ['no token', '/v2/routes/list', auth('Bearer'), 401, { error: 'invalid_auth_format' }],
  ['not pk_', '/v2/routes/list', auth('Bearer sk_live_x'), 401, { error: 'invalid_api_key_format' }],
  [
    'wrong checksum',
    '/v2/routes/list',
    auth(`Bearer ${unknownKey.slice(0, -1)}_`),
    401,
    { error: 'invalid_api_key_format' },
  ],
  [
    'checksum of the original, wrong',
    '/v2/routes/list',
    auth(`Bearer pk_live_${'ab'.repeat(32)}_0000`),
    401,
    { error: 'invalid_api_key_format' },
  ],
  [
    'X-API-Key without a signature',
    '/v2/routes/list',
    () => ({ headers: { 'x-api-key': 'ak_test_abc' } }),
    401,
    { error: 'invalid_api_key_format' },
  ],
  [
    'X-API-Key that is not hex',
    '/v2/routes/list',
    () => ({ headers: { 'x-api-key': 'ak_test_abc:HMAC_SIGNATURE' } }),
    401,
    { error: 'invalid_api_key_format' },
  ],
  ['unknown key', '/v2/routes/list', auth(`Bearer ${unknownKey}`), 401, { error: 'invalid_api_key' }],
  ['revoked key', '/v2/routes/list', withKey('revoked'), 401, { error: 'invalid_api_key' }],
  ['expired key', '/v2/routes/list', withKey('expired'), 401, { error: 'invalid_api_key' }],
  ['suspended partner', '/v2/routes/list', withKey('suspended'), 401, { error: 'invalid_api_key' }],
  ['pending partner, live key', '/v2/routes/list', withKey('pending'), 401, { error: 'invalid_api_key' }],
  [
    'wrong signature',
    '/v1/payments',
    () => ({ method: 'POST', body: '{}', headers: { 'x-api-key': `${keys.signing.id}:${'0'.repeat(64)}` } }),
    401,
    { error: 'invalid_signature' },
  ],
  [
    'address not allowed',
    '/v2/routes/list',
    withKey('restricted'),
    403,
    { error: 'ip_not_allowed', ip: expect.stringMatching(/127\.0\.0\.1|::1/) },
    limited,
  ],
  ['address allowed', '/v2/routes/list', withKey('loopback'), 200, {}, limited],
  [
    'origin not allowed',
    '/v2/routes/list',
    withKey('open', { headers: { origin: 'https://evil.example' } }),
    403,
    { error: 'origin_not_allowed' },
    limited,
  ],
  [
    'origin allowed',
    '/v2/routes/list',
    withKey('open', { headers: { origin: 'https://app.example.com' } }),
    200,
    {},
    (answer) => {
      expect(answer.headers['access-control-allow-origin']).toBe('https://app.example.com');
      expect(answer.headers['access-control-expose-headers']).toContain('X-RateLimit-Remaining-Day');
    },
  ],
  [
    'scope missing',
    '/v2/stops/search?q=a',
    withKey('narrow'),
    403,
    { error: 'insufficient_permissions', required_scope: 'read:stops' },
    limited,
  ],
  [
    'not in the catalogue',
    '/v2/nothing',
    withKey('open'),
    404,
    { error: 'not_found', path: '/v2/nothing' },
    limited,
  ],
  ['not in the catalogue, no key', '/v9/x', () => ({}), 404, { error: 'not_found', path: '/v9/x' }],
  ['dot segments', '/v2/stops/%2e%2e/departures', withKey('open'), 404, { error: 'not_found' }],
  [
    'method not allowed',
    '/v2/routes/list',
    withKey('open', { method: 'DELETE' }),
    405,
    { error: 'method_not_allowed' },
    (answer) => expect(answer.headers.allow).toBe('GET, HEAD, OPTIONS'),
  ],
  [
    'body too large, declared',
    '/v1/payments',
    withKey('open', { method: 'POST', body: 'x'.repeat(262_145) }),
    413,
    { error: 'payload_too_large' },
  ],
  [
    'rate',
    '/v2/routes/list',
    withKey('second'),
    429,
    { error: 'rate_limit_exceeded', limit_type: 'per_second', limit: 0, retry_after: expect.any(Number) },
    has('retry-after'),
  ],
  [
    'day',
    '/v2/routes/list',
    withKey('day'),
    429,
    {
      error: 'daily_quota_exceeded',
      limit_type: 'per_day',
      limit: 0,
      used: 0,
      retry_after: expect.any(Number),
      reset_at: expect.stringMatching(/T00:00:00Z$/),
    },
    limited,
  ],
  [
    'month',
    '/v2/routes/list',
    withKey('month'),
    429,
    {
      error: 'monthly_quota_exceeded',
      limit_type: 'per_month',
      limit: 0,
      used: 0,
      reset_at: expect.stringMatching(/-01T00:00:00Z$/),
    },
    limited,
  ],
  [
    'upstream resets',
    '/v2/stops/x/departures?upstream=reset',
    withKey('open'),
    502,
    { error: 'upstream_error' },
  ],
  [
    'upstream sends invalid headers',
    '/v2/stops/x/departures?upstream=garbage',
    withKey('open'),
    502,
    { error: 'upstream_error' },
  ],
  ['upstream answers 500', '/v2/stops/x/departures?upstream=fail', withKey('open'), 500, { error: 'boom' }],
  [
    'success',
    '/v2/routes/list',
    withKey('open'),
    200,
    {},
    (answer) => {
      limited(answer);
      expect(answer.headers['x-response-time']).toMatch(/^\d+ms$/);
      expect(answer.headers['x-cache-hit']).toMatch(/^(true|false)$/);
    },
  ],
  ['HEAD', '/v2/stops/x/departures', withKey('open', { method: 'HEAD' }), 200, {}],
  [
    '100 kB of anything else in Authorization',
    '/v2/routes/list',
    auth('x'.repeat(100_000)),
    401,
    { error: 'invalid_auth_format' },
  ],
  [
    '100 kB of garbage in Authorization',
    '/v2/routes/list',
    auth(`Bearer ${'x'.repeat(100_000)}`),
    401,
    { error: 'invalid_api_key_format' },
  ],
];

describe('answers of the gateway', () => {
  it.for(ROWS)('%s', async ([, path, options, status, body, check]) => {
    const answer = await call(path, options());
    expect(answer.status, answer.text).toBe(status);
    if (answer.json) expect(answer.json).toMatchObject(body);
    if (status >= 400 && status !== 500) {
      expect(answer.json).toMatchObject({
        message: expect.any(String),
        request_id: answer.headers['x-request-id'],
        doc_url: `${stack.url}/docs/errors/${answer.json.error}`,
      });
      const { headers, ...rest } = options();
      const problem = await call(path, {
        ...rest,
        headers: { ...headers, accept: 'application/json, application/problem+json;q=0.9' },
      });
      expect(problem.headers['content-type']).toBe('application/problem+json');
      expect(problem.json).toMatchObject({
        type: `${stack.url}/docs/errors/${problem.json.error}`,
        title: expect.any(String),
        status: problem.status,
        detail: problem.json.message,
        instance: `urn:uuid:${problem.headers['x-request-id']}`,
      });
    }
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.headers['server-timing']).toMatch(/total;dur=\d/);
    check?.(answer);
  });

  it('all kinds of unusable key get the same words', async () => {
    const answers = await Promise.all(
      ['revoked', 'expired', 'suspended'].map((name) => call('/v2/routes/list', { key: made[name] })),
    );
    const words = answers.map(({ json }) => `${json.error} ${json.message}`);
    expect(
      new Set([
        ...words,
        `invalid_api_key ${(await call('/v2/routes/list', { key: unknownKey })).json.message}`,
      ]).size,
    ).toBe(1);
  });

  it('an upstream that hangs is 504 within the time bound of its route', async () => {
    const { status, json } = await call('/v2/stops/x/departures?upstream=hang', { key: made.open });
    expect([status, json.error]).toEqual([504, 'upstream_timeout']);
  });

  it('and for each of many at once, when the first of them, whose request ran their clock, has gone', async () => {
    const hanging = '/v2/stops/x/departures?upstream=hang';
    const gone = new AbortController();
    const headers = { authorization: `Bearer ${made.open}` };
    const first = fetch(stack.url + hanging, { headers, signal: gone.signal }).catch(() => 'gone');
    await sleep(100);
    gone.abort();
    expect(await first).toBe('gone');
    const answers = await Promise.all(Array.from({ length: 12 }, () => call(hanging, { key: made.open })));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 504));
  });

  it('control characters in a header are refused before they reach anything', async () => {
    const { hostname, port } = new URL(stack.url);
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => {
        socket.write(
          `GET /v2/routes/list HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer pk_\x00\x01live\r\nConnection: close\r\n\r\n`,
        );
      });
      let received = '';
      socket.on('data', (chunk) => {
        received += chunk;
      });
      socket.on('close', () => resolve(received));
      socket.on('error', reject);
    });
    expect(text).toMatch(/^HTTP\/1\.1 4\d\d/);
  });

  it('a body that ends early harms nobody', async () => {
    const { hostname, port } = new URL(stack.url);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        socket.write(
          `POST /v1/payments HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${made.open}\r\nContent-Length: 1000\r\n\r\n{"amount":`,
        );
        setTimeout(() => socket.destroy(), 100);
      });
      socket.on('close', () => resolve());
    });
    expect((await call('/v2/routes/list', { key: made.open })).status).toBe(200);
  });

  it('preflights are answered for listed origins and for no other', async () => {
    const preflight = (origin: string) =>
      call('/v2/routes/list', {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'GET',
          'access-control-request-headers': 'authorization',
        },
      });
    const allowed = await preflight('https://app.example.com');
    expect(allowed.status).toBe(204);
    expect(allowed.headers['access-control-allow-origin']).toBe('https://app.example.com');
    expect(allowed.headers['access-control-allow-headers']).toContain('authorization');
    expect((await preflight('https://evil.example')).status).toBe(403);
  });

  it('a refusal is for any page to read, whatever is known of its key', async () => {
    const origin = 'https://app.example.com';
    const refusals = [
      [{}, 401, 'missing_api_key'],
      [{ authorization: 'Basic x' }, 401, 'invalid_auth_format'],
      [{ authorization: 'Bearer pk_live_wrong' }, 401, 'invalid_api_key_format'],
      [{ authorization: `Bearer ${unknownKey}` }, 401, 'invalid_api_key'],
      [{ authorization: `Bearer ${made.open}`, origin: 'https://evil.example' }, 403, 'origin_not_allowed'],
    ] as const;
    for (const [headers, status, error] of refusals) {
      const sent = { origin, ...headers };
      const answer = await call('/v2/routes/list', { headers: sent });
      expect([answer.status, answer.json.error]).toEqual([status, error]);
      expect(answer.headers['access-control-allow-origin']).toBe(sent.origin);
      expect(answer.headers['access-control-expose-headers']).toContain('X-Request-Id');
      expect(answer.headers.vary).toContain('Origin');
    }
    expect((await call('/v2/nothing', { headers: { origin } })).headers['access-control-allow-origin']).toBe(
      origin,
    );
  });

  it('the portal’s own pages may call, whatever pages its partner lists', async () => {
    const headers = { authorization: `Bearer ${made.open}`, origin: stack.url };
    expect((await call('/v2/routes/list', { headers })).status).toBe(200);
    const other = { ...headers, origin: stack.url.replace('127.0.0.1', 'localhost') };
    expect((await call('/v2/routes/list', { headers: other })).json.error).toBe('origin_not_allowed');
  });

  it('the IETF headers name the policies and the tightest of them', async () => {
    const { headers } = await call('/v2/routes/list', { key: keys.free });
    expect(headers['ratelimit-policy']).toBe(
      '"second";q=2;w=1, "burst";q=600;w=360, "day";q=1000;w=86400, "month";q=30000;w=2592000',
    );
    expect(headers.ratelimit).toMatch(/^"second";r=[01];t=[01]$/);
  });

  it('a refused call names the policy that refused it, and only then something is 0', async () => {
    const partner = await makePartner({ second: -1, day: 5 });
    const { secret: key, id } = await makeKey(partner.id);
    await query(
      `UPDATE api_key_quotas SET burst_limit = 3, sustained_limit = 1 WHERE key_id = (SELECT key_id FROM api_key WHERE id = $1)`,
      [id],
    );
    for (const left of [2, 1, 0]) {
      const { status, headers } = await call('/v2/routes/list', { key });
      expect([status, headers['x-ratelimit-remaining-second'], headers['x-ratelimit-limit-second']]).toEqual([
        200,
        String(left),
        '3',
      ]);
      expect(headers['ratelimit-policy']).toBe('"burst";q=3;w=180, "day";q=5;w=86400');
    }
    const { status, headers, json } = await call('/v2/routes/list', { key });
    expect([status, json.limit_type, headers['x-ratelimit-remaining-second']]).toEqual([429, 'burst', '0']);
    expect(headers.ratelimit).toMatch(/^"burst";r=0;t=\d+$/);
    const shown = (await call('/dashboard/quota', { key })).json;
    expect(shown.rate_limits.second).toEqual({ limit: 3, used: 3, remaining: 0, level: 'key' });
    expect(shown.daily).toMatchObject({ requests: 3, limit: 5, remaining: 2, level: 'partner' });
  });

  it('the limit that counts is the same in every place, and says whose it is', async () => {
    const partner = await makePartner({ second: -1, day: -1, month: -1 });
    const { secret: key, id } = await makeKey(partner.id);
    await query(
      `UPDATE api_key_quotas SET daily_quota = 70 WHERE key_id = (SELECT key_id FROM api_key WHERE id = $1)`,
      [id],
    );
    const { headers } = await call('/v2/routes/list', { key });
    expect(headers['x-ratelimit-limit-day']).toBe('70');
    const { json } = await call('/dashboard/quota', { key });
    expect(json.rate_limits.day).toEqual({ limit: 70, used: 1, remaining: 69, level: 'key' });
  });
});

describe('signed requests', () => {
  const send = (id: string, signature: string, body: string, headers: Record<string, string> = {}) =>
    call('/v1/payments', {
      method: 'POST',
      body,
      headers: { 'x-api-key': `${id}:${signature}`, 'content-type': 'application/json', ...headers },
    });
  const body = '{"amount":1000,"currency":"XOF"}';

  it('of the source document are verified over the exact bytes of the body', async () => {
    const { id, secret } = keys.signing;
    expect((await send(id, sign(secret, body), body)).status).toBe(201);
    expect((await send(id, sign(secret, body), `${body} `)).json.error).toBe('invalid_signature');
  });
});

describe('/dashboard', () => {
  let key = '';
  beforeAll(async () => {
    key = (await makeKey((await makePartner({ second: 5, day: 50, month: 500 })).id)).secret;
  });

  it('me', async () => {
    const { status, json } = await call('/dashboard/me', { key });
    expect(status).toBe(200);
    expect(Object.keys(json)).not.toContain('company');
    expect(json).toMatchObject({
      name: 'Test',
      status: 'active',
      tier: 'enterprise',
      rate_limit_per_second: 5,
      rate_limit_per_day: 50,
      rate_limit_per_month: 500,
      created_at: expect.any(String),
      last_active_at: null,
    });
  });

  it('api-keys: made, listed newest first, revoked, revoked again', async () => {
    const created = await sendJson(
      '/dashboard/api-keys',
      'POST',
      { name: 'New', scopes: ['read:stops'], expires_at: '2099-01-01T00:00:00+01:00' },
      { key },
    );
    expect(created.status, created.text).toBe(201);
    expect(created.json).toMatchObject({
      api_key: expect.stringMatching(/^pk_live_/),
      key_prefix: expect.stringMatching(/^pk_live_.{8}\.\.\.$/),
      name: 'New',
      scopes: ['read:stops'],
      warning: expect.any(String),
    });
    expect((await call('/v2/stops/search?q=a', { key: created.json.api_key })).status).toBe(200);
    const { json: listed } = await call('/dashboard/api-keys', { key });
    expect(listed.total).toBe(2);
    expect(listed.api_keys[0]).toMatchObject({
      id: created.json.id,
      name: 'New',
      is_active: true,
      description: null,
    });
    for (let i = 0; i < 2; i++) {
      const revoked = await call(`/dashboard/api-keys/${created.json.id}`, { method: 'DELETE', key });
      expect(revoked.json).toMatchObject({ id: created.json.id, message: expect.any(String) });
    }
    expect((await call('/v2/stops/search?q=a', { key: created.json.api_key })).status).toBe(401);
    expect((await call('/dashboard/api-keys', { key })).json.api_keys[0].is_active).toBe(false);
  });

  it.for([
    ['no name', {}, 400, 'validation_error'],
    ['not an object', [], 400, 'validation_error'],
    ['a scope that does not exist', { name: 'x', scopes: ['all'] }, 403, 'insufficient_permissions'],
    ['an expiry without a zone', { name: 'x', expires_at: '2099-01-01T00:00:00' }, 400, 'validation_error'],
    ['an expiry in the past', { name: 'x', expires_at: '2001-01-01T00:00:00Z' }, 400, 'validation_error'],
  ] as const)('a new key with %s is refused, and nothing is echoed', async ([, body, status, error]) => {
    const answer = await sendJson('/dashboard/api-keys', 'POST', body, { key });
    expect([answer.status, answer.json.error]).toEqual([status, error]);
    expect(answer.text).not.toContain('2001-01-01');
    expect(answer.text).not.toContain('"all"');
  });

  it('a new key from broken JSON is refused', async () => {
    const { status, json } = await call('/dashboard/api-keys', {
      method: 'POST',
      key,
      body: '{"name":',
      headers: { 'content-type': 'application/json' },
    });
    expect([status, json.error]).toEqual([400, 'invalid_request']);
  });

  it('a key cannot give what it has not, nor make keys without keys:write', async () => {
    const partner = await makePartner();
    const weak = await makeKey(partner.id, { scopes: ['read:routes', 'keys:write'] });
    const escalated = await sendJson(
      '/dashboard/api-keys',
      'POST',
      { name: 'x', scopes: ['read:stops'] },
      { key: weak.secret },
    );
    expect([escalated.status, escalated.json.error]).toEqual([403, 'insufficient_permissions']);
    const mute = await makeKey(partner.id, { scopes: ['read:routes'] });
    const refused = await sendJson('/dashboard/api-keys', 'POST', { name: 'x' }, { key: mute.secret });
    expect(refused.json).toMatchObject({ error: 'insufficient_permissions', required_scope: 'keys:write' });
  });

  it('the number of active keys is capped by the tier, also for keys made at once', async () => {
    const partner = await makePartner({ tier: 'free' });
    const first = await makeKey(partner.id);
    const answers = await Promise.all(
      [1, 2, 3].map((n) => sendJson('/dashboard/api-keys', 'POST', { name: `K${n}` }, { key: first.secret })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 400, 400]);
    expect(answers.find(({ status }) => status === 400)?.json).toMatchObject({
      error: 'limit_exceeded',
      limit: 2,
    });
  });

  it('usage: 1 to 90 days', async () => {
    const { json } = await call('/dashboard/usage?days=7', { key });
    expect(json.period).toMatchObject({ days: 7, to: new Date().toISOString().slice(0, 10) });
    for (const days of ['0', '91', 'x', '1.5']) {
      expect((await call(`/dashboard/usage?days=${days}`, { key })).json.error).toBe('validation_error');
    }
  });

  it('quota', async () => {
    await call('/v2/stops/x/departures', { key });
    const { json } = await call('/dashboard/quota', { key });
    expect(json.tier).toBe('enterprise');
    expect(json.daily).toMatchObject({ limit: 50, remaining: 50 - json.daily.requests, failed: 0 });
    expect(json.rate_limits.day).toEqual({
      limit: 50,
      used: json.daily.requests,
      remaining: json.daily.remaining,
      level: 'partner',
    });
    expect(json.rate_limits.month.limit).toBe(500);
    expect(json.rate_limits.second.limit).toBe(5);
  });

  it('refuses without a key, in the words of the gateway', async () => {
    expect((await call('/dashboard/me')).json.error).toBe('missing_api_key');
    expect((await call('/dashboard/me', { key: unknownKey })).json.error).toBe('invalid_api_key');
  });
});

describe('for machines', () => {
  it('/health, /healthz', async () => {
    const { status, json } = await call('/health');
    expect([status, json.status, json.checks.database.status]).toEqual([200, 'healthy', 'up']);
    expect((await call('/healthz')).json.status).toBe('alive');
  });

  it('/.well-known/security.txt names the support of the brand, and ends within a year', async () => {
    const { status, headers, text } = await call('/.well-known/security.txt');
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; charset=UTF-8']);
    expect(text).toMatch(/^Contact: (mailto:|https:\/\/)\S+$/m);
    expect(text).toContain(`\nCanonical: ${stack.url}/.well-known/security.txt\n`);
    const [, expires = ''] = /^Expires: (\S+)$/m.exec(text) ?? [];
    const days = (Date.parse(expires) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(30);
    expect(days).toBeLessThan(365);
  });

  it('/livez and /healthz, /readyz and /health are the same', async () => {
    for (const [name, other] of [
      ['/livez', '/healthz'],
      ['/readyz', '/health'],
    ] as const) {
      const [one, two] = [await call(name), await call(other)];
      expect(one.status).toBe(200);
      expect(one.headers['cache-control']).toBe('no-store');
      expect({ ...one.json, checks: undefined }).toEqual({ ...two.json, checks: undefined });
      expect(Object.keys(one.json)).toEqual(Object.keys(two.json));
    }
  });

  it('/metrics wants its token, and is Prometheus text with bounded series', async () => {
    expect((await call('/metrics')).status).toBe(401);
    expect((await call('/metrics', { headers: { authorization: 'Bearer wrong' } })).status).toBe(401);
    const { status, text } = await call('/metrics', {
      headers: { authorization: `Bearer ${stack.demo.metrics.token}` },
    });
    expect(status).toBe(200);
    for (const name of [
      'http_request_duration_seconds',
      'api_requests_total',
      'api_request_duration_seconds',
      'rate_limit_exceeded_total',
      'api_key_auth_attempts_total',
      'api_key_usage_total',
      'active_api_keys',
      'active_partners_total',
      'quota_usage_percentage',
    ]) {
      expect(text).toContain(`# TYPE ${name} `);
    }
    expect(text.split('\n').length).toBeLessThan(2000);
    for (const line of text.trim().split('\n'))
      expect(line).toMatch(/^(# (HELP|TYPE) .+|[a-z_]+(\{([a-z_]+="[^"]*",?)+\})? [\d.e+-]+)$/);
  });

  it('/openapi.json describes every endpoint of a program and hides the configuration', async () => {
    const { json, text } = await call('/openapi.json');
    expect(json.openapi).toBe('3.1.0');
    for (const path of [
      '/v2/route-search',
      '/v1/payments',
      '/dashboard/me',
      '/dashboard/quota',
      '/dashboard/api-keys/{id}',
    ]) {
      expect(Object.keys(json.paths)).toContain(path);
    }
    expect(text).not.toContain('x-passerelle');
  });

  it.each(['/docs', '/docs/api'])('%s is a page that works without scripts', async (path) => {
    const { status, text, headers } = await call(path);
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=UTF-8']);
    expect(text).toContain('/v2/route-search');
    expect(text).not.toContain('/api/admin');
  });
});

it('keys of the original are known by 4 hex of the SHA-256 of their random part', async () => {
  const random = randomBytes(32).toString('hex');
  const good = `pk_live_${random}_${createHash('sha256').update(random).digest('hex').slice(0, 4)}`;
  expect((await call('/v2/routes/list', { key: good })).json.error).toBe('invalid_api_key');
});
