// Why was I refused: each code of the gateway really happens, and its request keeps what explains it.

import { beforeAll, describe, expect, it } from 'vitest';
import { ERRORS, type ErrorCode } from '../../src/core/errors.ts';
import { createFormat, type Language } from '../../src/web/format.ts';
import { messagesOf } from '../../src/web/messages/messages.ts';
import {
  type Answer,
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
import { memberOf, operatorSignedIn, type Person, visitor } from '../support/portal.ts';

let partner: TestPartner;
let token = '';
let person: Person;
const keys: Record<string, { secret: string; id: string }> = {};

beforeAll(async () => {
  partner = await makePartner({ origins: ['https://app.example.com'] });
  token = await developerToken(partner);
  person = await memberOf(partner.id);
  person.cookies.set('environment', 'live');
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
  // The fault is everybody's, and so before the others.
  await refuse('limiter_unavailable');
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

async function make(code: string): Promise<Answer> {
  const each = CASES[code];
  if (!each) throw new Error(`no case of ${code}`);
  await each.before?.();
  const answer = await call(each.path ?? '/v2/routes/list', { key: keys[each.key]?.secret, ...each.options });
  await each.after?.();
  expect([answer.status, answer.json?.error]).toEqual([each.status, code]);
  return answer;
}

const made = new Map<string, Promise<Answer>>();
/** The refusal, which happens once. */
function refuse(code: string): Promise<Answer> {
  const answer = made.get(code) ?? make(code);
  made.set(code, answer);
  return answer;
}

// Each waits for its event: all at once.
describe.concurrent('a refused request keeps why', () => {
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

/** What a page shows as text. */
const shown = (html: string): string =>
  html
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ');
const LANGUAGES: Language[] = ['en', 'fr'];
const pageIn = async (path: string, language: Language): Promise<string> => {
  const { status, text } = await person.get(path, { 'accept-language': language });
  expect(status).toBe(200);
  return shown(text);
};

describe.concurrent('the page of a refused request explains it, in both languages', () => {
  it.for(Object.entries(CASES))('%s', async ([code, { failure = {} }]) => {
    const answer = await refuse(code);
    const id = String(answer.headers['x-request-id']);
    const row = await requestOf(id);
    for (const language of LANGUAGES) {
      const m = messagesOf(language);
      const { why } = m.requests;
      const text = await pageIn(`/portal/requests/${id}`, language);
      const { what, fix } = m.errorGuide[code as ErrorCode];
      expect(text).toContain(shown(what));
      expect(text).toContain(shown(fix));
      expect(text).toContain(answer.status < 500 ? why.refused : why.failed);
      expect(text).toContain(`"request_id": "${id}"`);
      if ('limit_type' in failure) {
        expect(text).toContain(why.owners.key);
        expect(text).toContain(why.raise.key);
        expect(text).toContain(createFormat(language, Date.now()).moment(row.failure.retry_at));
        expect(text).toContain(`Retry-After: ${answer.headers['retry-after']}`);
        expect(text).toContain(why.retries);
      }
      if ('required_scope' in failure) expect(text).toContain(`${why.scope} read:stops`);
      if ('origin' in failure) expect(text).toContain('https://evil.example');
      if (code === 'ip_not_allowed') expect(text).toContain(`${why.address} ${answer.json.ip}`);
    }
  });

  it.for([
    ['the plan', { second: 0 }, 'partner'],
    ['the day of the plan', { day: 0 }, 'partner'],
  ] as const)('and names who is limited: %s', async ([, wishes, level]) => {
    const limited = await makePartner(wishes);
    const member = await memberOf(limited.id);
    const answer = await call('/v2/routes/list', { key: (await makeKey(limited.id)).secret });
    expect(answer.status).toBe(429);
    const { text } = await eventually(
      () => member.get(`/portal/requests/${answer.headers['x-request-id']}`),
      ({ status }) => status === 200,
    );
    const { why } = messagesOf('en').requests;
    expect(shown(text)).toContain(why.owners[level]);
    expect(shown(text)).toContain(why.raise.plan);
  });

  it.for(Object.keys(ERRORS))(
    'and a program that proved nothing is led to the page of its code: %s',
    async (code) => {
      for (const language of LANGUAGES)
        expect(await pageIn(`/docs/errors/${code}`, language)).toContain(
          shown(messagesOf(language).errorGuide[code as ErrorCode].what),
        );
    },
  );

  it.for([
    ['no key', {}, 'missing_api_key'],
    ['not Bearer', { authorization: 'Basic abc' }, 'invalid_auth_format'],
    ['no such key', { authorization: `Bearer pk_live_${'0'.repeat(48)}` }, 'invalid_api_key'],
  ] as const)('by doc_url: %s', async ([, headers, code]) => {
    const { json } = await call('/v2/routes/list', { headers });
    expect(json.doc_url).toBe(`${stack.url}/docs/errors/${code}`);
  });
});

describe('errors of the upstream', () => {
  it('are counted by status and route, and lead to their requests', async () => {
    const other = await makePartner();
    const member = await memberOf(other.id);
    member.cookies.set('environment', 'live');
    const { secret, id } = await makeKey(other.id);
    for (const search of ['?upstream=fail', '?upstream=fail', '?upstream=refuse', '?upstream=reset', ''])
      await call(`/v2/stops/x/departures${search}`, { key: secret });
    await eventually(
      () => query('SELECT 1 FROM api_usage_events WHERE partner_id = $1', [other.id]),
      (rows) => rows.length === 5,
    );
    const [rollup] = await query<{ codes: object }>(
      'SELECT error_codes AS codes FROM api_usage_rollups_day WHERE partner_id = $1',
      [other.id],
    );
    expect(rollup?.codes).toEqual({ upstream_500: 2, upstream_422: 1, upstream_error: 1 });
    const overview = await member.get('/portal');
    expect(shown(overview.text)).toContain('upstream 500 /v2/stops/{id}/departures 2');
    const usage = await member.get('/portal/usage');
    expect(shown(usage.text)).toContain('upstream 500 · /v2/stops/{id}/departures 2');
    const operator = await operatorSignedIn();
    const page = await operator.get(`/operator/keys/${id}`, { 'accept-language': 'fr' });
    expect(shown(page.text)).toContain('API en amont 500 (2)');
    expect(page.text).not.toContain('upstream_500');
    expect(page.text).toContain('href="/docs/errors/upstream_error"');
    const [, href = ''] = /href="([^"]*error=upstream_500[^"]*)"/.exec(usage.text) ?? [];
    const { text } = await member.get(href.replaceAll('&amp;', '&'));
    expect(text.match(/data-id=/g)).toHaveLength(2);
  });
});

describe.concurrent('what the upstream says is wrong', () => {
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

describe('the log is narrowed', () => {
  const countOf = async (search: string): Promise<number> => {
    const { status, text } = await person.get(`/portal/requests?${search}`);
    expect(status).toBe(200);
    return text.match(/data-id=/g)?.length ?? 0;
  };
  const listOf = async (search: string) =>
    (await asked(`/api/dev/requests?environment=live&limit=100&${search}`)).json;

  it.for([
    ['status=403', ({ status_code }) => status_code === 403],
    ['status=4xx', ({ status_code }) => status_code >= 400 && status_code < 500],
    ['method=DELETE', ({ method }) => method === 'DELETE'],
    ['path=/nothing', ({ endpoint }) => endpoint.includes('/nothing')],
    ['error=not_found', ({ error }) => error === 'not_found'],
    ['error=upstream_422', ({ error, status_code }) => error === null && status_code === 422],
    [
      'method=GET&status=5xx&path=departures',
      (row) => row.status_code >= 500 && row.method === 'GET' && row.endpoint.includes('departures'),
    ],
  ] as [
    string,
    (row: { status_code: number; method: string; endpoint: string; error: string | null }) => boolean,
  ][])('by %s, on the page and in the API', async ([search, isMeant]) => {
    const { data } = await listOf(search);
    expect(data.length).toBeGreaterThan(0);
    expect(data.filter(isMeant)).toEqual(data);
    const { data: all } = await listOf('');
    expect(data.length).toBe(all.filter(isMeant).length);
    expect(await countOf(search)).toBe(data.length);
  });

  it.for(['status=abc', 'status=999', 'method=BREW', 'error=nonsense', 'outcome=great', 'country=sn'])(
    'not by %s, which is named',
    async (search) => {
      const answer = await asked(`/api/dev/requests?${search}`);
      expect([answer.status, answer.json.error]).toEqual([400, 'validation_error']);
      expect(answer.json.details[0].field).toBe(search.split('=')[0]);
      expect(await countOf(search)).toBe(0);
      for (const language of LANGUAGES)
        expect(await pageIn(`/portal/requests?${search}`, language)).toContain(
          `${messagesOf(language).requests.invalidFilter} ${search}`.replace(/\s/g, ' '),
        );
    },
  );

  it('says when to the millisecond, under the day', async () => {
    const { data } = await listOf('');
    const text = await pageIn('/portal/requests', 'en');
    const format = createFormat('en', Date.now());
    expect(text).toContain(format.clock(data[0].occurred_at));
    expect(text).toContain(format.date(data[0].occurred_at));
  });
});

describe('where nothing is', () => {
  const HTML = { headers: { accept: 'text/html,application/xhtml+xml' } };
  it.each(['/pricing', '/statuss', '/v', '/healthz/x', '/docs/x', '/Portal'])(
    'a browser gets a page in its language at %s, and a program JSON',
    async (path) => {
      const page = await call(path, { headers: { ...HTML.headers, 'accept-language': 'fr' } });
      expect([page.status, page.headers['content-type']]).toEqual([404, 'text/html; charset=UTF-8']);
      expect(page.text).toContain('<h1>Page introuvable</h1>');
      expect(page.text).toContain(String(page.headers['x-request-id']));
      if (!path.startsWith('/docs')) expect((await call(path)).json.error).toBe('not_found');
    },
  );
  it.each([
    '/v1/nothing',
    '/v2/nothing',
    '/v9/nothing',
    '/api/nothing',
    '/api/dev/nothing',
    '/dashboard/nothing',
  ])('the APIs answer with JSON, whoever asks: %s', async (path) => {
    const { status, json, headers } = await call(path, HTML);
    expect([headers['content-type'], status < 500, typeof json.error]).toEqual([
      'application/json',
      true,
      'string',
    ]);
  });
  it('a key that asks gets JSON everywhere', async () => {
    const { secret } = keys.open ?? { secret: '' };
    expect((await call('/pricing', { ...HTML, key: secret })).json.error).toBe('not_found');
  });
  it('what only takes a form says so, and what it takes', async () => {
    const { status, headers, text } = await call('/sign-out', HTML);
    expect([status, headers.allow]).toEqual([405, 'POST']);
    expect(text).toContain('<h1>This page cannot be opened like this</h1>');
    expect((await person.get('/portal/members/invite')).status).toBe(405);
  });
  it('whoever is signed in keeps the sidebar, in the portal and in the console', async () => {
    for (const path of ['/portal/nothing', '/portal/apps/nothing', '/portal/members/invite'])
      expect((await person.get(path)).text, path).toMatch(/<nav class="side".*href="\/portal\/apps"/s);
    const operator = await operatorSignedIn();
    for (const path of ['/operator/nothing', '/operator/partners/nothing'])
      expect((await operator.get(path)).text, path).toMatch(
        /<nav class="side".*href="\/operator\/partners"/s,
      );
    expect((await visitor().get('/pricing', HTML.headers)).text).not.toContain('<nav class="side"');
  });
});
