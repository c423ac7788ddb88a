// What programs may expect by standard, on every surface: problem details, challenges, traces, pages, caches, ids of their own.

import { isInnerList, parseList, Token } from 'structured-headers';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Answer,
  call,
  control,
  developerToken,
  makeKey,
  makePartner,
  makeSigningKey,
  stack,
} from '../support/api.ts';
import { newAddress } from '../support/browser.ts';
import { signed } from '../support/signing.ts';
import type { Arrived } from '../support/upstream.ts';

const PROBLEM = 'application/problem+json';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const { developer, operator } = stack.demo;
const arrivedAt = async (part: string): Promise<Arrived['headers']> =>
  (await control<Arrived[]>('upstream-requests', part))[0]?.headers ?? {};

let key = '';
beforeAll(async () => {
  key = (await makeKey((await makePartner()).id)).secret;
});

describe('an error of', () => {
  it.for([
    ['/v2/nothing', {}, 404],
    ['/v2/routes/list', {}, 401],
    ['/dashboard/me', {}, 401],
    ['/api/dev/apps', {}, 401],
    ['/api/dev/apps/nothing', bearer(developer.token), 404],
    ['/api/admin/partners', bearer(developer.token), 403],
    ['/openapi/operator.json', {}, 401],
    ['/metrics', {}, 401],
  ] as const)(
    '%s is a problem for whoever accepts one, and as ever for others',
    async ([path, sent, status]) => {
      const plain = await call(path, { headers: sent });
      const problem = await call(path, { headers: { ...sent, accept: PROBLEM } });
      for (const { headers } of [plain, problem]) expect(headers.vary?.split(/, */)).toContain('Accept');
      expect([plain.status, plain.headers['content-type']]).toEqual([status, 'application/json']);
      expect(Object.keys(plain.json)).toEqual(
        expect.arrayContaining(['error', 'message', 'request_id', 'doc_url']),
      );
      expect(plain.json.type).toBeUndefined();
      expect([problem.status, problem.headers['content-type']]).toEqual([status, PROBLEM]);
      expect(problem.json).toEqual({
        ...plain.json,
        request_id: problem.headers['x-request-id'],
        type: plain.json.doc_url,
        title: expect.any(String),
        status,
        detail: plain.json.message,
        instance: `urn:uuid:${problem.headers['x-request-id']}`,
      });
    },
  );
});

describe('a challenge', () => {
  const challengeOf = async (path: string, headers: Record<string, string> = {}) =>
    (await call(path, { headers })).headers['www-authenticate'];
  const REALM = 'Bearer realm="passerelle"';
  /** Where keys and clients call, it is said who issues tokens (RFC 9728); other doors take other tokens. */
  const metadata = (path: string) =>
    /^\/(?:v2|dashboard)\//.test(path)
      ? `, resource_metadata="${stack.url}/.well-known/oauth-protected-resource"`
      : '';

  it('has no error where nothing was sent', async () => {
    for (const path of [
      '/v2/routes/list',
      '/dashboard/me',
      '/api/dev/apps',
      '/api/admin/partners',
      '/metrics',
    ])
      expect([path, await challengeOf(path)]).toEqual([path, REALM + metadata(path)]);
  });

  it('says that what was sent is not valid', async () => {
    for (const path of [
      '/v2/routes/list',
      '/dashboard/me',
      '/api/dev/apps',
      '/api/admin/partners',
      '/metrics',
    ])
      expect([path, await challengeOf(path, bearer('nonsense'))]).toEqual([
        path,
        `${REALM}, error="invalid_token"${metadata(path)}`,
      ]);
  });

  it('names the scope that lacks', async () => {
    const narrow = await makeKey((await makePartner()).id, { scopes: ['read:routes'] });
    expect(await challengeOf('/v2/stops/search?q=a', bearer(narrow.secret))).toBe(
      `${REALM}, error="insufficient_scope", scope="read:stops"${metadata('/v2/')}`,
    );
    expect(await challengeOf('/dashboard/api-keys', bearer(narrow.secret))).toBe(
      `${REALM}, error="insufficient_scope", scope="keys:read"${metadata('/v2/')}`,
    );
  });
});

describe('a trace', () => {
  const TRACE = '0af7651916cd43dd8448eb211c80319c';
  const parent = (flags: string) => `00-${TRACE}-b7ad6b7169203331-${flags}`;
  const path = (mark: string) => `/v2/stops/x/departures?mark=${mark}`;

  it('is continued, in a span of the call, with its state', async () => {
    const { headers } = await call(path('t1'), {
      key,
      headers: { traceparent: parent('00'), tracestate: 'vendor=a:b,other=1' },
    });
    const span = String(headers['x-request-id']).replaceAll('-', '').slice(16);
    expect(await arrivedAt('mark=t1')).toMatchObject({
      traceparent: `00-${TRACE}-${span}-00`,
      tracestate: 'vendor=a:b,other=1',
    });
  });

  it('is begun where there is none, or none that is valid: the request id is its id', async () => {
    for (const [mark, sent] of [
      ['t2', {}],
      ['t3', { traceparent: parent('01').toUpperCase(), tracestate: 'vendor=1' }],
      ['t4', { tracestate: 'vendor=1' }],
    ] as const) {
      const { headers } = await call(path(mark), { key, headers: sent });
      const id = String(headers['x-request-id']).replaceAll('-', '');
      const arrived = await arrivedAt(`mark=${mark}`);
      expect(arrived.traceparent).toBe(`00-${id}-${id.slice(16)}-01`);
      expect(arrived.tracestate).toBeUndefined();
    }
  });

  it('is continued also where the whole request is signed: its state only where that is', async () => {
    const signing = await makeSigningKey((await makePartner()).id);
    for (const [mark, more, also, state] of [
      ['t5', {}, { tracestate: 'vendor=1' }, undefined],
      ['t6', { tracestate: 'vendor=1' }, {}, 'vendor=1'],
    ] as const) {
      const request = signed(signing, path(mark), { more });
      const headers = { ...request.headers, ...also, traceparent: parent('01') };
      expect((await call(path(mark), { ...request, headers })).status).toBe(200);
      const arrived = await arrivedAt(`mark=${mark}`);
      expect(arrived.traceparent?.slice(0, 35)).toBe(`00-${TRACE}`);
      expect(arrived.tracestate).toBe(state);
    }
  });
});

it('the headers of limits are lists of structured fields', async () => {
  const partner = await makePartner({ second: 10, day: 1 });
  const { secret } = await makeKey(partner.id);
  for (const status of [200, 429]) {
    const answer = await call('/v2/stops/x/departures', { key: secret });
    expect(answer.status).toBe(status);
    for (const [name, members] of [
      ['ratelimit', 1],
      ['ratelimit-policy', 3],
    ] as const)
      expect(parseList(String(answer.headers[name])), name).toHaveLength(members);
  }
});

describe('Cache-Status', () => {
  const statusOf = ({ headers }: Answer) =>
    parseList(String(headers['cache-status'])).map((item) => {
      if (isInnerList(item)) throw new Error('a list in a list');
      const [name, parameters] = item;
      const values = [...parameters].map(([of, value]) => [
        of,
        value instanceof Token ? value.toString() : value,
      ]);
      return [String(name), Object.fromEntries(values)];
    });
  const path = '/v2/routes/list?mark=cache-status';

  it('says what the cache did, beside X-Cache-Hit', async () => {
    const ask = (headers = {}, method = 'GET') => call(path, { key, headers, method });
    expect(statusOf(await ask())).toEqual([['passerelle', { fwd: 'miss', stored: true }]]);
    const hit = await ask();
    expect(hit.headers['x-cache-hit']).toBe('true');
    expect(statusOf(hit)).toEqual([['passerelle', { hit: true, ttl: expect.any(Number) }]]);
    const [, ttl] = /ttl=(\d+)/.exec(String(hit.headers['cache-status'])) ?? [];
    expect(Number(ttl) + Number(hit.headers.age)).toBe(300);
    expect(statusOf(await ask({ 'cache-control': 'no-cache' }))).toEqual([
      ['passerelle', { fwd: 'request', stored: true }],
    ]);
    expect(statusOf(await ask({}, 'HEAD'))).toEqual([['passerelle', { fwd: 'method' }]]);
    expect(statusOf(await ask({ range: 'bytes=0-1' }))).toEqual([['passerelle', { fwd: 'bypass' }]]);
  });

  it('stands behind what the caches of the upstream say', async () => {
    const wish = encodeURIComponent(
      JSON.stringify({ 'cache-status': 'origin; hit', 'cache-control': 'no-store' }),
    );
    const answer = await call(`${path}2&upstream=headers&headers=${wish}`, { key });
    expect(statusOf(answer)).toEqual([
      ['origin', { hit: true }],
      ['passerelle', { fwd: 'miss' }],
    ]);
  });

  it('is not there where nothing is ever kept', async () => {
    expect((await call('/v2/stops/x/departures', { key })).headers['cache-status']).toBeUndefined();
  });
});

describe('X-Client-Request-Id', () => {
  const echoed = async (path: string, id: string, more: Record<string, string> = {}, method = 'GET') =>
    (await call(path, { method, headers: { 'x-client-request-id': id, ...more } })).headers[
      'x-client-request-id'
    ];

  it('comes back from every surface, also with a refusal', async () => {
    for (const [path, headers] of [
      ['/v2/stops/x/departures?mark=client-id', bearer(key)],
      ['/v2/routes/list', {}],
      ['/v2/nothing', {}],
      ['/dashboard/me', bearer(key)],
      ['/api/dev/apps', bearer(developer.token)],
      ['/api/admin/plans', bearer(operator.token)],
      ['/docs', {}],
      ['/healthz', {}],
      ['/robots.txt', {}],
    ] as const)
      expect([path, await echoed(path, 'order 42/retry-1', headers)]).toEqual([path, 'order 42/retry-1']);
    expect((await arrivedAt('mark=client-id'))['x-client-request-id']).toBeUndefined();
  });

  it('is ignored where it is none', async () => {
    for (const id of ['x'.repeat(129), 'caf\xe9', ''])
      expect(await echoed('/v2/stops/x/departures', id, bearer(key))).toBeUndefined();
  });
});

describe('a page of a list', () => {
  interface Shown {
    paths: Record<string, { get?: { parameters?: { name?: string; in?: string }[] } }>;
  }
  /** Lists with a cursor, but for those that lie below an id. */
  const listsOf = async (document: string, headers: Record<string, string>) => {
    const { paths } = (await call(document, { headers })).json as Shown;
    return Object.keys(paths).filter(
      (path) => !path.includes('{') && paths[path]?.get?.parameters?.some(({ name }) => name === 'cursor'),
    );
  };

  it('names the one that follows in Link, as next_cursor does', async () => {
    let followed = 0;
    const partner = await makePartner();
    for (let n = 0; n < 3; n++) await makeKey(partner.id);
    const own = bearer((await makeKey(partner.id)).secret);
    for (const [document, credential] of [
      ['/openapi.json', own],
      ['/openapi/developer.json', bearer(developer.token)],
      ['/openapi/operator.json', bearer(operator.token)],
    ] as const)
      for (const path of await listsOf(document, credential)) {
        const headers = { ...credential, 'cf-connecting-ip': newAddress() };
        const first = await call(`${path}?limit=1`, { headers });
        expect([path, first.status]).toEqual([path, 200]);
        const { next_cursor: cursor } = first.json;
        if (cursor === null) {
          expect([path, first.headers.link]).toEqual([path, undefined]);
          continue;
        }
        const [, target = '', rel] = /^<([^>]+)>; rel="(\w+)"$/.exec(first.headers.link as string) ?? [];
        expect([path, target, rel]).toEqual([
          path,
          `${path}?limit=1&cursor=${encodeURIComponent(cursor)}`,
          'next',
        ]);
        const second = await call(target, { headers });
        expect([path, second.status, second.text === first.text]).toEqual([path, 200, false]);
        followed++;
      }
    expect(followed).toBeGreaterThan(3);
  });

  it('keeps what else was asked', async () => {
    const token = await developerToken();
    for (const name of ['A', 'B'])
      await call('/api/dev/apps', {
        method: 'POST',
        headers: { ...bearer(token), 'content-type': 'application/json' },
        body: JSON.stringify({ name }),
      });
    const { headers, json } = await call('/api/dev/apps?limit=1&what=a%26b%20c', { headers: bearer(token) });
    expect(headers.link).toBe(`</api/dev/apps?limit=1&what=a%26b+c&cursor=${json.next_cursor}>; rel="next"`);
  });
});
