// Policies: what operators ask of a route is in force at once, and what it refuses costs nothing.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type Answer,
  call,
  control,
  eventually,
  makeKey,
  makePartner,
  query,
  sendJson,
  setFaults,
  stack,
  type TestPartner,
} from '../support/api.ts';
import { openSocket, sendRaw, wait } from '../support/raw.ts';

const operator = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };
const ROUTE = 'GET /ruled/things/{id}';
const item = {
  type: 'object',
  required: ['name'],
  properties: { name: { type: 'string', minLength: 2 }, size: { $ref: '#/components/schemas/Size' } },
};
const ruled = {
  openapi: '3.1.0',
  info: { title: 'Ruled', version: '1' },
  paths: {
    '/things/{id}': {
      get: {
        parameters: [
          { name: 'id', in: 'path', required: true, schema: { type: 'integer' } },
          { name: 'page', in: 'query', schema: { type: 'integer', minimum: 1 } },
        ],
        responses: { 200: { description: 'ok' } },
      },
    },
    '/files/{name}.{ext}': {
      get: {
        parameters: [
          { name: 'name', in: 'path', required: true, schema: { type: 'string' } },
          { name: 'ext', in: 'path', required: true, schema: { type: 'string' } },
          { name: 'any', in: 'query', schema: { anyOf: [{ type: 'integer' }, { type: 'null' }] } },
          { name: 'size', in: 'query', schema: { $ref: '#/components/schemas/Size' } },
          { name: 'f', in: 'query', required: true, style: 'deepObject', schema: { type: 'object' } },
          { name: 'slow', in: 'query', schema: { type: 'string', pattern: '^(a+)+$', format: 'url' } },
        ],
        responses: { 200: { description: 'ok' } },
      },
    },
    '/things': {
      post: {
        requestBody: { required: true, content: { 'application/json': { schema: item } } },
        responses: { 201: { description: 'made' } },
      },
    },
  },
  components: { schemas: { Size: { type: 'integer', maximum: 5 } } },
};

let partner: TestPartner;
let key = '';
const installed: string[] = [];

interface Arrived {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}
const last = async (containing: string) => (await control<Arrived[]>('upstream-requests', containing)).at(-1);

async function install(policy: string, settings: object, place: object = {}): Promise<Answer> {
  const answer = await sendJson(
    '/api/admin/policies',
    'POST',
    { api: 'ruled', policy, settings, ...place },
    operator,
  );
  if (answer.status === 201) installed.push(answer.json.id);
  return answer;
}
const get = (path = '/ruled/things/7', headers: Record<string, string> = {}) => call(path, { key, headers });
const post = (body: unknown, headers: Record<string, string> = {}) =>
  sendJson('/ruled/things', 'POST', body, { key, headers });

beforeAll(async () => {
  const upstreams = [{ url: `${stack.upstream}/ruled-up` }];
  expect(
    (await sendJson('/api/admin/apis/ruled', 'PUT', { document: ruled, upstreams }, operator)).status,
  ).toBe(200);
  partner = await makePartner();
  key = (await makeKey(partner.id, { scopes: ['read:ruled', 'write:ruled'] })).secret;
});
beforeEach(async () => {
  for (const id of installed.splice(0))
    await sendJson(`/api/admin/policies/${id}`, 'DELETE', { reason: 'next' }, operator);
});
afterAll(async () => {
  for (const id of installed.splice(0))
    await sendJson(`/api/admin/policies/${id}`, 'DELETE', { reason: 'over' }, operator);
  await sendJson('/api/admin/apis/ruled', 'DELETE', { reason: 'over' }, operator);
});

describe('a policy', () => {
  it('of addresses and countries refuses at no cost', async () => {
    expect((await get()).status).toBe(200);
    expect((await install('addresses', { refuse: ['127.0.0.0/8'] })).status).toBe(201);
    const refused = await get();
    expect([refused.status, refused.json.error]).toEqual([403, 'ip_not_allowed']);
    const events = await eventually(
      () =>
        query(
          'SELECT units, status_code FROM api_usage_events WHERE partner_id = $1 ORDER BY occurred_at DESC',
          [partner.id],
        ),
      (rows) => rows.some(({ status_code: status }) => status === 403),
    );
    expect(events.find(({ status_code: status }) => status === 403)?.units).toBe(0);
  });

  it('that validates holds path, query and body against the document', async () => {
    await install('validate_request', {});
    expect((await get('/ruled/things/7?page=2')).status).toBe(200);
    const wrong = await get('/ruled/things/seven?page=0');
    expect([wrong.status, wrong.json.error]).toEqual([400, 'validation_error']);
    expect(wrong.json.details.map(({ field }: { field: string }) => field).sort()).toEqual([
      'path.id',
      'query.page',
    ]);
    expect((await post({ name: 'ab', size: 5 })).status).toBe(200);
    expect((await last('/ruled-up/things'))?.body).toBe('{"name":"ab","size":5}');
    const bad = await post({ name: 'a', size: 9 });
    expect(bad.status).toBe(400);
    expect(bad.json.details.map(({ field }: { field: string }) => field)).toEqual(
      expect.arrayContaining(['body/name', 'body/size']),
    );
    expect(
      (
        await call('/ruled/things', {
          method: 'POST',
          key,
          body: '{',
          headers: { 'content-type': 'application/json' },
        })
      ).json.details,
    ).toEqual([{ field: 'body', message: 'is no JSON in UTF-8' }]);
    expect((await call('/ruled/things', { method: 'POST', key })).json.details).toEqual([
      { field: 'body', message: 'is required' },
    ]);
    expect((await post({ name: 'ab' }, { 'content-type': 'text/csv' })).json.details[0].field).toBe(
      'content-type',
    );
  });

  it('that validates cannot be led around, and refuses nothing that fits', async () => {
    await install('validate_request', {});
    const file = (query: string) => get(`/ruled/files/a.png?f[x]=1&${query}`);
    for (const query of ['', 'any=5', 'any=', 'size=5', `slow=${'a'.repeat(40)}!`])
      expect([query, (await file(query)).status]).toEqual([query, 200]);
    for (const query of ['any=x', 'size=6', 'size=5&size=9'])
      expect([query, (await file(query)).status]).toEqual([query, 400]);
    const send = (body: string | Buffer, type = 'application/json') =>
      call('/ruled/things', { method: 'POST', key, body, headers: { 'content-type': type } });
    expect((await send('{"name":"ok"}', 'application/json; charset=utf-8')).status).toBe(200);
    for (const [body, type] of [
      ['{"name":"x","name":"ok"}'],
      ['{"name":"x","n\\u0061me":"ok"}'],
      ['{"name":1}', 'constructor'],
      ['{"name":1}', '__proto__'],
      [Buffer.from([0x7b, 0x22, 0x6e, 0x61, 0x6d, 0x65, 0x22, 0x3a, 0x22, 0x61, 0xff, 0x61, 0x22, 0x7d])],
      [`{"name":"ok","deep":${'['.repeat(3000)}${']'.repeat(3000)}}`],
    ] as const)
      expect([String(body).slice(0, 40), (await send(body, type)).status]).toEqual([
        String(body).slice(0, 40),
        400,
      ]);
  });

  it('that validates answers logs those that do not fit, and passes them on', async () => {
    await install('validate_answer', { percent: 100 });
    const fits = await get();
    // The document knows 201 alone.
    const answer = await post({ name: 'ab' });
    expect([fits.status, answer.status]).toEqual([200, 200]);
    const [line] = await eventually(
      () => control<string[]>('lines', String(answer.headers['x-request-id'])),
      (lines) => lines.some((each) => each.includes('does not fit')),
    ).then((lines) => lines.filter((each) => each.includes('does not fit')));
    expect(JSON.parse(line ?? '{}')).toMatchObject({
      api: 'ruled',
      route: 'POST /ruled/things',
      status: 200,
      details: [{ field: 'status', message: '200 is not in the document' }],
    });
    const silent = await control<string[]>('lines', String(fits.headers['x-request-id']));
    expect(silent.filter((each) => each.includes('does not fit'))).toEqual([]);
  });

  it('changes headers, query and JSON on both ways', async () => {
    await install('headers', {
      request_set: [{ name: 'X-Tenant', value: 'acme' }],
      request_remove: ['user-agent'],
      answer_set: [{ name: 'X-Served-By', value: 'us' }],
    });
    await install('query', { set: [{ name: 'limit', value: '5' }], remove: ['debug'] });
    await install('json', {
      request: [
        { op: 'set', pointer: '/source', value: { via: 'gateway' } },
        { op: 'rename', pointer: '/name', to: 'title' },
        { op: 'remove', pointer: '/size' },
      ],
      answer: [{ op: 'rename', pointer: '/url', to: 'seen' }],
    });
    const answer = await get('/ruled/things/7?debug=1&limit=9&q=a%20b');
    expect(answer.headers['x-served-by']).toBe('us');
    const arrived = await last('/ruled-up/things/7');
    expect(arrived?.url).toBe('/ruled-up/things/7?q=a%20b&limit=5');
    expect([arrived?.headers['x-tenant'], arrived?.headers['user-agent']]).toEqual(['acme', undefined]);
    expect(answer.json).toEqual({ upstream: true, seen: '/ruled-up/things/7?q=a%20b&limit=5' });
    await post({ name: 'x', size: 3 });
    expect(JSON.parse((await last('/ruled-up/things'))?.body ?? '')).toEqual({
      title: 'x',
      source: { via: 'gateway' },
    });
  });

  it('of JSON keeps numbers as they were written', async () => {
    await install('json', { request: [{ op: 'set', pointer: '/by', value: 'us' }] });
    const body = '{"id":12345678901234567890,"f":1.10,"e":1e400,"l":[1.0]}';
    await call('/ruled/things', {
      method: 'POST',
      key,
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect((await last('/ruled-up/things'))?.body).toBe(`${body.slice(0, -1)},"by":"us"}`);
  });

  it('of JSON refuses what says that it is JSON and is none, before it counts; what else there is passes', async () => {
    await install('json', { request: [{ op: 'set', pointer: '/by', value: 'us' }] });
    const send = (body: string | Buffer, type: string) =>
      call('/ruled/things', { method: 'POST', key: theirs, body, headers: { 'content-type': type } });
    const others = await makePartner();
    const theirs = (await makeKey(others.id, { scopes: ['write:ruled'] })).secret;
    for (const body of ['{', '[1,]', Buffer.from([0x22, 0xff, 0x22]), '['.repeat(5000)])
      expect((await send(body, 'application/problem+json; charset=utf-8')).json.error).toBe(
        'invalid_request',
      );
    const plain = await send('{', 'text/plain');
    expect([plain.status, (await last('/ruled-up/things'))?.body]).toEqual([200, '{']);
    const events = await eventually(
      () =>
        query(
          'SELECT status_code, units FROM api_usage_events WHERE partner_id = $1 ORDER BY status_code, units',
          [others.id],
        ),
      (rows) => rows.length >= 5,
    );
    expect(events.map(({ status_code: status, units }) => [status, units])).toEqual([
      [200, 1],
      ...Array.from({ length: 4 }, () => [400, 0]),
    ]);
  });

  it('of JSON leaves an answer as it is that is no JSON', async () => {
    const path = '/ruled/things/7?upstream=delay&ms=1';
    const untouched = await get(path);
    await install('json', { answer: [{ op: 'remove', pointer: '/url' }] });
    const answer = await get(path);
    expect([answer.status, answer.text]).toEqual([200, untouched.text]);
  });

  it('that comes later has the last word on a header, however it is written', async () => {
    await install('headers', { request_set: [{ name: 'X-Tenant', value: 'a' }] });
    await install('headers', { request_set: [{ name: 'x-tenant', value: 'b' }] });
    await get();
    expect((await last('/ruled-up/things/7'))?.headers['x-tenant']).toBe('b');
    await install('headers', { request_remove: ['X-TENANT'] });
    await get();
    expect((await last('/ruled-up/things/7'))?.headers['x-tenant']).toBeUndefined();
  });

  it('of a route holds although its template has another name since', async () => {
    await install('redact', { pointers: ['/url'] }, { route: ROUTE });
    const renamed = JSON.parse(
      JSON.stringify(ruled)
        .replaceAll('/things/{id}', '/things/{thing}')
        .replaceAll('"name":"id"', '"name":"thing"'),
    );
    expect((await sendJson('/api/admin/apis/ruled', 'PUT', { document: renamed }, operator)).status).toBe(
      200,
    );
    expect((await get()).json.url).toBe('[redacted]');
    await sendJson('/api/admin/apis/ruled', 'PUT', { document: ruled }, operator);
  });

  it('that redacts lets nothing leave that it cannot take out', async () => {
    await install('redact', { pointers: ['/url', '/nothing/*/here'] });
    const answer = await get();
    expect(answer.json).toEqual({ upstream: true, url: '[redacted]' });
    expect(answer.headers.etag).toBeUndefined();
    // No JSON.
    const refused = await get('/ruled/things/7?upstream=delay&ms=1');
    expect([refused.status, refused.json.error]).toEqual([502, 'upstream_error']);
  });

  it('that mocks answers in the place of the upstream', async () => {
    await install('mock', { status: 203, body: '{"mocked":true}' }, { route: ROUTE });
    expect([(await get()).status, (await get()).json]).toEqual([203, { mocked: true }]);
    expect((await post({ name: 'ab' })).status).toBe(200);
  });

  it('of a cache keeps answers apart that other policies asked for', async () => {
    await install('cache', { seconds: 60 });
    const once = `/ruled/things/1?n=${Date.now()}`;
    expect((await get(once)).headers['x-cache-hit']).toBe('false');
    await eventually(
      () => get(once),
      ({ headers }) => headers['x-cache-hit'] === 'true',
    );
    await install('query', { set: [{ name: 'a', value: '1' }] });
    expect((await get(once)).headers['x-cache-hit']).toBe('false');
    await eventually(
      () => get(once),
      ({ headers }) => headers['x-cache-hit'] === 'true',
    );
    const elsewhere = { upstreams: [{ url: `${stack.upstream}/ruled-up` }] };
    await sendJson('/api/admin/apis/ruled/upstreams', 'PUT', elsewhere, operator);
    expect((await get(once)).headers['x-cache-hit']).toBe('false');
  });

  it('of patience, size, tries and circuits', async () => {
    await install('timeout', { ms: 300 });
    expect((await get('/ruled/things/7?upstream=hang')).status).toBe(504);
    await install('request_size', { bytes: 10 });
    expect((await post({ name: 'far too long' })).status).toBe(413);
    const failing = `/ruled/things/7?n=${Date.now()}&upstream=fail`;
    await install('retry', { tries: 3, statuses: [500] });
    expect((await get(failing)).status).toBe(500);
    expect(await control('upstream-requests', failing.split('?')[1])).toHaveLength(3);
    await install('breaker', { failures: 2, rest_seconds: 60 });
    for (let i = 0; i < 2; i++) expect((await get(failing)).status).toBe(500);
    const open = await get();
    expect([open.status, open.headers['retry-after']]).toEqual([502, '60']);
  });

  it('of calls at once refuses one more while so many wait, at no cost, and for each partner by itself', async () => {
    await install('concurrency', { calls: 2 });
    const mine = await makePartner();
    const own = (await makeKey(mine.id, { scopes: ['read:ruled'] })).secret;
    const ask = (secret: string, query = '') => call(`/ruled/things/7${query}`, { key: secret });
    const slow = '?upstream=delay&ms=5000';
    const waiting = [ask(own, slow), ask(own, slow)];
    await eventually(
      () => control<Arrived[]>('upstream-requests', '/ruled-up/things/7?upstream=delay&ms=5000'),
      (arrived) => arrived.length >= 2,
    );
    const more = await ask(own);
    expect([more.status, more.json.error, more.json.limit, more.headers['retry-after']]).toEqual([
      429,
      'too_many_at_once',
      2,
      '1',
    ]);
    expect((await ask(key)).status).toBe(200);
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await ask(own)).status).toBe(200);
    const [counted] = await eventually(
      () =>
        query(
          'SELECT count(*)::int AS calls, sum(units)::int AS units FROM api_usage_events WHERE partner_id = $1',
          [mine.id],
        ),
      ([row]) => row?.calls === 4,
    );
    expect(counted?.units).toBe(3);
    const [metric] = await query(
      `SELECT value FROM metric_counter WHERE name = 'rate_limit_exceeded_total' AND labels = 'limit_type="at_once"'`,
    );
    expect(Number(metric?.value)).toBeGreaterThan(0);
  });

  it('of circuits is opened by no test key, and by no request that is wrong by itself', async () => {
    await install('breaker', { failures: 1, rest_seconds: 60 });
    const test = await makeKey(partner.id, { environment: 'test', scopes: ['read:ruled'] });
    const failed = await call('/ruled/things/7', {
      key: test.secret,
      headers: { 'x-sandbox-simulate': 'status=500' },
    });
    expect(failed.status).toBe(500);
    expect((await call('/ruled/things/7', { key, body: 'x' })).status).toBe(400);
    expect((await get()).status).toBe(200);
  });

  it('of circuits is opened by no caller who sends too slowly, or breaks off', async () => {
    await install('breaker', { failures: 1, rest_seconds: 60 });
    await install('timeout', { ms: 300 });
    const { host } = new URL(stack.url);
    const begun = `POST /ruled/things HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${key}\r\ncontent-length: 100\r\n\r\n{`;
    for (const mostMs of [50, 1500]) {
      const socket = await openSocket();
      socket.write(begun);
      await wait(mostMs);
      socket.destroy();
    }
    expect((await post({ name: 'ab' })).status).toBe(200);
  });

  it('of none is broken by a GET whose body is empty, of unknown length', async () => {
    const { host } = new URL(stack.url);
    const head = `GET /ruled/things/7 HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${key}\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n`;
    expect(await sendRaw(Buffer.from(`${head}0\r\n\r\n`))).toBe(200);
    expect(await sendRaw(Buffer.from(`${head}1\r\nx\r\n0\r\n\r\n`))).toBe(400);
  });

  it('of origins lets pages of theirs read answers, and ask before', async () => {
    const origin = 'https://pages.example.com';
    const ask = () =>
      call('/ruled/things/7', {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'GET' },
      });
    expect((await ask()).status).toBe(403);
    await install('cors', { origins: [origin] });
    expect((await ask()).headers['access-control-allow-origin']).toBe(origin);
    expect((await get('/ruled/things/7', { origin })).headers['access-control-allow-origin']).toBe(origin);
  });

  it('is for one partner, or for one route, and is in force at every edge with its answer', async () => {
    const other = await makeKey((await makePartner()).id, { scopes: ['read:ruled'] });
    const edges = Array.from({ length: 8 }, (_, i) => `rule-${i}`);
    const ask = (secret: string, edge: string) =>
      call('/ruled/things/7', { key: secret, headers: { 'x-test-edge': edge } });
    for (const edge of edges)
      for (const secret of [key, other.secret]) expect((await ask(secret, edge)).status).toBe(200);
    await setFaults({ kvFrozen: true });
    try {
      await install('mock', { status: 299, body: '{}' }, { partner_id: partner.id });
      await new Promise((resolve) => setTimeout(resolve, 1000));
      for (const edge of edges) {
        expect((await ask(key, edge)).status).toBe(299);
        expect((await ask(other.secret, edge)).status).toBe(200);
      }
    } finally {
      await setFaults({ kvFrozen: false });
    }
  });

  it('with settings that its schema refuses is said, and not installed', async () => {
    const before = (await call('/api/admin/policies', operator)).json;
    const wrong = async (policy: string, settings: object, place: object = {}) => {
      const { status, json } = await install(policy, settings, place);
      return [status, json.details?.[0]?.field];
    };
    expect(await wrong('cache', { seconds: -1 })).toEqual([400, 'settings.seconds']);
    expect(await wrong('headers', { request_set: [{ name: 'X-Forwarded-For', value: '1' }] })).toEqual([
      400,
      'settings.request_set.0.name',
    ]);
    expect(await wrong('json', { request: [{ op: 'remove', pointer: 'no' }] })).toEqual([
      400,
      'settings.request.0.pointer',
    ]);
    expect(await wrong('mock', { body: 'x' }, { route: 'GET /nowhere' })).toEqual([400, 'route']);
    expect(await wrong('mock', { body: 'x' }, { api: 'nobodys' })).toEqual([400, 'api']);
    expect(await wrong('nonsense', {})).toEqual([400, 'policy']);
    expect((await call('/api/admin/policies', operator)).json).toEqual(before);
  });
});
