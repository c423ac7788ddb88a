// Dated versions of an API: who is pinned to an older date goes on as before, is told what ends, and is refused after it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  call,
  control,
  developerToken,
  eventually,
  makeKey,
  makePartner,
  makeSigningKey,
  query,
  sendJson,
  stack,
  type TestPartner,
} from '../support/api.ts';
import { signed } from '../support/signing.ts';

const operator = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };
const FIRST = '2026-01-15';
const SECOND = '2026-06-01';
const THIRD = '2026-11-01';
const DAY_MS = 86_400_000;
const inDays = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString();

const answerWith = (properties: object, required: string[]) => ({
  200: {
    description: 'ok',
    content: { 'application/json': { schema: { type: 'object', properties, required } } },
  },
});
const text = { type: 'string' };
const flag = { type: 'boolean' };

interface Version {
  date: string;
  changes?: object[];
  deprecated_at?: string;
  sunset_at?: string;
  brownouts?: object[];
}
/** The document of the newest of these versions. The upstream answers `{upstream, url}`. */
const dated = (versions: Version[], properties: object, required: string[]) => ({
  openapi: '3.1.0',
  info: { title: 'Dated', version: versions.at(-1)?.date },
  'x-passerelle': { versions },
  paths: {
    '/trips': {
      get: { responses: answerWith(properties, required) },
      post: {
        requestBody: { content: { 'application/json': { schema: { type: 'object' } } } },
        responses: answerWith(properties, required),
      },
    },
  },
});
const first: Version = { date: FIRST };
/** The answer's `url` was `path` before, and the request's `from` was `origin`. */
const second: Version = {
  date: SECOND,
  changes: [
    {
      summary: 'origin is from; path is address',
      routes: ['GET /trips', 'POST /trips'],
      request: [{ op: 'rename', pointer: '/origin', to: 'from' }],
      query: [{ op: 'set', name: 'style', value: 'new' }],
      answer: [{ op: 'rename', pointer: '/address', to: 'path' }],
    },
  ],
};
/** `address` is `url` since. */
const third: Version = {
  date: THIRD,
  changes: [
    {
      summary: 'address is url; upstream is new',
      request: [{ op: 'rename', pointer: '/from', to: 'start' }],
      answer: [
        { op: 'rename', pointer: '/url', to: 'address' },
        { op: 'remove', pointer: '/upstream' },
      ],
    },
  ],
};
const OLDEST = dated([first], { path: text }, ['path']);
const OLDER = dated([first, second], { address: text }, ['address']);
const NEWEST = dated([first, second, third], { url: text, upstream: flag }, ['url', 'upstream']);

const publish = (document: object) =>
  sendJson(
    '/api/admin/apis/dated',
    'PUT',
    { document, upstreams: [{ url: `${stack.upstream}/dated-up` }] },
    operator,
  );

let partner: TestPartner;
let key: { id: string; secret: string };
const trips = (version?: string, method = 'GET', body?: object) =>
  call('/dated/trips', {
    key: key.secret,
    method,
    body: body && JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...(version && { 'passerelle-version': version }) },
  });
const pin = (what: string, id: string, date: string | null) =>
  query(`UPDATE ${what} SET api_version = $2 WHERE id = $1`, [id, date]);

beforeAll(async () => {
  for (const document of [OLDEST, OLDER, NEWEST]) expect((await publish(document)).status).toBe(200);
  partner = await makePartner();
  key = await makeKey(partner.id, { scopes: ['read:dated', 'write:dated'] });
});
afterAll(() => sendJson('/api/admin/apis/dated', 'DELETE', { reason: 'over' }, operator));

describe('a version', () => {
  it('is the newest for whoever came after it, and another for a call that names it', async () => {
    const now = await trips();
    expect([now.json, now.headers['passerelle-version']]).toEqual([
      { upstream: true, url: '/dated-up/trips' },
      THIRD,
    ]);
    const older = await trips(SECOND);
    expect([older.json, older.headers['passerelle-version']]).toEqual([
      { address: '/dated-up/trips' },
      SECOND,
    ]);
    const oldest = await trips(FIRST);
    expect(oldest.text).toBe('{"path":"/dated-up/trips?style=new"}');
    const wrong = await trips('2026-02-30');
    expect([wrong.status, wrong.json.error, wrong.json.versions]).toEqual([
      400,
      'invalid_request',
      [FIRST, SECOND, THIRD],
    ]);
  });

  it('that a signed request names is signed with it', async () => {
    const signing = await makeSigningKey(partner.id, 'live', ['read:dated']);
    const target = '/dated/trips';
    const named = { 'passerelle-version': SECOND };
    const whole = await call(target, signed(signing, target, { more: named }));
    expect([whole.status, whole.headers['passerelle-version']]).toEqual([200, SECOND]);
    const { headers, ...bare } = signed(signing, target);
    const added = await call(target, { ...bare, headers: { ...headers, ...named } });
    expect([added.status, added.json.error]).toEqual([401, 'invalid_signature']);
  });

  it('leads requests up, one step after the other', async () => {
    await trips(FIRST, 'POST', { origin: 'a', n: 1 });
    await trips(SECOND, 'POST', { from: 'b' });
    await trips(THIRD, 'POST', { start: 'c' });
    const arrived = await control<{ method: string; body: string }[]>('upstream-requests', '/dated-up/trips');
    expect(
      arrived
        .filter(({ method }) => method === 'POST')
        .slice(-3)
        .map(({ body }) => body),
    ).toEqual(['{"start":"a","n":1}', '{"start":"b"}', '{"start":"c"}']);
  });

  it('is pinned by partner, app and key, the nearest first, and told with each call', async () => {
    const version = async () => (await trips()).headers['passerelle-version'];
    const sees = (date: string) => eventually(version, (seen) => seen === date, 20_000);
    const changed = await sendJson(
      `/api/admin/partners/${partner.id}`,
      'PATCH',
      { api_version: '2026-03-01' },
      operator,
    );
    expect([changed.status, changed.json.api_version]).toEqual([200, '2026-03-01']);
    expect(await version()).toBe(FIRST);
    const token = { headers: { authorization: `Bearer ${await developerToken(partner)}` } };
    const keyId = (await query('SELECT key_id FROM api_key WHERE id = $1', [key.id]))[0]?.key_id;
    const pinned = await sendJson(`/api/dev/keys/${keyId}`, 'PATCH', { api_version: SECOND }, token);
    expect([pinned.status, pinned.json.api_version]).toEqual([200, SECOND]);
    expect(await version()).toBe(SECOND);
    await pin('api_key', key.id, null);
    await control('cron', { cron: '* * * * *' });
    await sees(FIRST);
    await pin('partner', partner.id, null);
    await control('cron', { cron: '* * * * *' });
    await sees(THIRD);
    const events = await eventually(
      () =>
        query(
          'SELECT DISTINCT api_version FROM api_usage_events WHERE partner_id = $1 AND api_version IS NOT NULL ORDER BY 1',
          [partner.id],
        ),
      (rows) => rows.length >= 3,
    );
    expect(events.map(({ api_version: date }) => date)).toEqual([FIRST, SECOND, THIRD]);
  });

  it('has a document of its own', async () => {
    const schemaOf = async (path: string) =>
      (await call(path)).json.paths['/dated/trips'].get.responses['200'].content['application/json'].schema
        .required;
    expect(await schemaOf('/openapi/dated.json')).toEqual(['url', 'upstream']);
    expect(await schemaOf(`/openapi/dated.json?version=${SECOND}`)).toEqual(['address']);
    expect(await schemaOf(`/openapi/dated.json?version=${FIRST}`)).toEqual(['path']);
    expect((await call('/openapi/dated.json?version=2020-01-01')).status).toBe(404);
  });

  it('may not break under its own date, and what breaks is said', async () => {
    const broken = await publish(dated([first, second, third], { url: { type: 'integer' } }, ['url']));
    expect(broken.status).toBe(400);
    expect(broken.json.details.map(({ message }: { message: string }) => message)).toEqual(
      expect.arrayContaining([
        'GET /dated/trips: the answer 200/upstream is removed',
        'GET /dated/trips: the answer 200/url was string, and is integer',
      ]),
    );
    const odd = await publish(
      dated([first, { ...second, changes: [{ summary: 'x', routes: ['GET /nowhere'] }] }], {}, []),
    );
    expect(odd.json.details[0]).toEqual({
      field: '/x-passerelle/versions/1/changes/0/routes',
      message: 'names `GET /dated/nowhere`, which is no route of this document',
    });
    expect((await publish(dated([second, first], {}, []))).json.details[0].message).toMatch(/by date/);
    expect((await trips()).headers['passerelle-version']).toBe(THIRD);
  });

  it('that ends says so before, is off for a while, and is refused after, at no cost', async () => {
    const properties = { url: text, upstream: flag };
    const required = ['url', 'upstream'];
    const ending = (more: Partial<Version>) =>
      publish(dated([{ ...first, ...more }, second, third], properties, required));
    const [deprecated, sunset] = [inDays(-1), inDays(30)];
    expect((await ending({ deprecated_at: deprecated, sunset_at: sunset })).status).toBe(200);
    const warned = await trips(FIRST);
    expect(warned.status).toBe(200);
    expect(warned.headers.deprecation).toBe(`@${Math.floor(Date.parse(deprecated) / 1000)}`);
    expect(Date.parse(String(warned.headers.sunset))).toBe(Math.floor(Date.parse(sunset) / 1000) * 1000);
    expect(warned.headers.link).toContain('rel="successor-version"');
    expect((await trips(SECOND)).headers.deprecation).toBeUndefined();

    await ending({
      deprecated_at: deprecated,
      sunset_at: sunset,
      brownouts: [{ from: inDays(-0.1), to: inDays(0.1) }],
    });
    const off = await trips(FIRST);
    expect([off.status, off.json.error, off.json.brownout]).toEqual([410, 'version_sunset', true]);

    await ending({ deprecated_at: inDays(-9), sunset_at: inDays(-1) });
    const over = await trips(FIRST);
    expect([over.status, over.json.brownout, over.json.versions]).toEqual([410, false, [SECOND, THIRD]]);
    const refused = await eventually(
      () =>
        query('SELECT units FROM api_usage_events WHERE partner_id = $1 AND status_code = 410', [partner.id]),
      (rows) => rows.length >= 2,
    );
    expect(refused.map(({ units }) => units)).toEqual([0, 0]);
  });
});
