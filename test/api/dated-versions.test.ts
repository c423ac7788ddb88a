// Dated versions of an API: who is pinned to an older date goes on as before, is told what ends, and is refused after it.

import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../src/dev/files.ts';
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
import { memberOf, operatorSignedIn } from '../support/portal.ts';
import { signed } from '../support/signing.ts';

const operator = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };
const FIRST = '2026-01-15';
const SECOND = '2026-06-01';
const THIRD = '2026-11-01';
const DAY_MS = 86_400_000;
/** Days: longer than publishing takes on a busy machine. */
const SOON = 5 / 86_400;
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
    expect(off.headers['retry-after']).toBe(String(off.json.retry_after));
    expect(off.json.message).toContain('off for a while');

    const past = { ...first, deprecated_at: inDays(-9), sunset_at: inDays(-1) };
    const refused = await publish({ ...NEWEST, 'x-passerelle': { versions: [past, second, third] } });
    expect([refused.status, refused.json.details[0].message]).toEqual([
      400,
      `end ${FIRST} in the past: give it a sunset_at to come`,
    ]);
    await ending({ deprecated_at: inDays(-9), sunset_at: inDays(SOON) });
    const over = await eventually(
      () => trips(FIRST),
      ({ status }) => status === 410,
      20_000,
    );
    expect([over.status, over.json.brownout, over.json.versions]).toEqual([410, false, [SECOND, THIRD]]);
    const free = await eventually(
      () =>
        query('SELECT units FROM api_usage_events WHERE partner_id = $1 AND status_code = 410', [partner.id]),
      (rows) => rows.length >= 2,
    );
    expect(free.every(({ units }) => units === 0)).toBe(true);
  });
});

describe('a version that ends', () => {
  const ending = async (days: number) =>
    expect(
      (
        await publish({
          ...NEWEST,
          'x-passerelle': { versions: [{ ...first, sunset_at: inDays(days) }, second, third] },
        })
      ).status,
    ).toBe(200);
  const hourly = () => control('cron', { cron: '17 * * * *' });
  const events = (id: string) =>
    query(`SELECT data FROM webhook_event WHERE partner_id = $1 AND type = 'version.sunset_scheduled'`, [id]);
  const mails = (to: string) =>
    query<{ body: string }>(
      `SELECT body FROM outbox_mail WHERE recipient = $1 AND body LIKE '%dated ${FIRST}%'`,
      [to],
    );
  let caller: TestPartner;
  let stranger: TestPartner;
  beforeAll(async () => {
    caller = await makePartner();
    stranger = await makePartner();
    const old = await makeKey(caller.id, { scopes: ['read:dated'] });
    const other = await makeKey(stranger.id, { scopes: ['read:dated'] });
    await ending(100);
    const from = (secret: string, version: string) =>
      call('/dated/trips', { key: secret, headers: { 'passerelle-version': version } });
    for (let i = 0; i < 3; i++) expect((await from(old.secret, FIRST)).status).toBe(200);
    expect((await from(other.secret, THIRD)).status).toBe(200);
    await eventually(
      () => query('SELECT sum(calls)::int AS calls FROM api_version_use WHERE partner_id = $1', [caller.id]),
      ([row]) => row?.calls === 3,
    );
  });

  it('is told once, when its end is known, to who calls it', async () => {
    await hourly();
    await hourly();
    expect(await events(caller.id)).toMatchObject([
      { data: { api: 'dated', version: FIRST, newest: THIRD, deprecated_at: null } },
    ]);
    expect(await mails(caller.email)).toEqual([]);
    expect(await events(stranger.id)).toEqual([]);
  });

  it('is mailed when it is near, once for each of 90, 30 and 7 days, to nobody else', async () => {
    for (const [days, so] of [
      [80, 1],
      [29, 2],
      [5, 3],
    ] as const) {
      await ending(days);
      await Promise.all([hourly(), hourly()]);
      expect((await mails(caller.email)).length).toBe(so);
    }
    expect((await mails(caller.email))[0]?.body).toMatch(/\/portal\/versions/);
    expect(await mails(stranger.email)).toEqual([]);
    // A day that moved is news.
    expect((await events(caller.id)).length).toBe(4);
    await ending(SOON);
    await new Promise((resolve) => setTimeout(resolve, SOON * DAY_MS));
    await hourly();
    expect((await mails(caller.email)).length).toBe(3);
  });

  it('is shown with who calls it: to operators all, to a partner its own', async () => {
    await ending(20);
    const used = ({ used_by: by }: { used_by: { partner_id: string; calls: number }[] }) =>
      by.filter(({ partner_id: id }) => [caller.id, stranger.id].includes(id)).map(({ calls }) => calls);
    const all = await call('/api/admin/apis/dated/versions', operator);
    expect(all.json.data.map(({ version }: { version: string }) => version)).toEqual([THIRD, SECOND, FIRST]);
    expect(all.json.data.map(used)).toEqual([[1], [], [3]]);
    expect((await call('/api/admin/apis/nothing/versions', operator)).status).toBe(404);
    const token = async (who: TestPartner) => ({
      headers: { authorization: `Bearer ${await developerToken(who)}` },
    });
    const own = await call('/api/dev/versions', await token(caller));
    expect(own.json.data.map(used)).toEqual([[], [], [3]]);
    const other = await call('/api/dev/versions', await token(stranger));
    expect(other.json.data.map(used)).toEqual([[1], [], []]);

    // However many call one version: all are counted, those that call most are listed, and no other version is lost.
    await query(
      `INSERT INTO api_version_use (route, api_version, partner_id, key_id, day, calls)
       SELECT '/dated/trips', $1, $2, 'pk_many_' || i, current_date, 1000 + i FROM generate_series(1, 230) i`,
      [FIRST, stranger.id],
    );
    const many = (await call('/api/admin/apis/dated/versions', operator)).json.data;
    await query(`DELETE FROM api_version_use WHERE key_id LIKE 'pk_many_%'`);
    const before = all.json.data.map(({ calls }: { calls: number }) => calls);
    expect(many.map(({ calls }: { calls: number }) => calls)).toEqual([
      before[0],
      before[1],
      before[2] + 230 * 1000 + (230 * 231) / 2,
    ]);
    expect([many[2].used_by.length, many[2].used_by[0].calls]).toEqual([100, 1230]);
    expect(used(many[0])).toEqual([1]);

    const person = await memberOf(caller.id);
    for (const path of ['/portal', '/portal/versions'])
      expect((await person.get(path)).text).toContain(`You still call version dated ${FIRST}`);
    const theirs = await memberOf(stranger.id);
    expect((await theirs.get('/portal')).text).not.toContain('You still call version');
    const console = await (await operatorSignedIn()).get('/operator/apis/dated');
    expect(console.text).toContain(`/operator/partners/${caller.id}`);
    // Who calls the newest has nothing to do.
    expect(console.text).not.toContain(`/operator/partners/${stranger.id}`);
  });

  it('is what a key or an app is pinned to by its page, and no more', async () => {
    const person = await memberOf(caller.id, 'developer');
    const pinned = await makeKey(caller.id, { scopes: ['read:dated'] });
    const [{ key_id: id } = {}] = await query('SELECT key_id FROM api_key WHERE id = $1', [pinned.id]);
    const page = `/portal/keys/${id}`;
    expect((await person.get(page)).text).toContain('name="api_version"');
    const fields = { name: 'Pinned', scopes: 'read:dated', allowed_ips: '', expires: '', daily_quota: '' };
    const pin = async (date?: string) => {
      const given = date === undefined ? fields : { ...fields, api_version: date };
      expect((await person.post(page, given)).status).toBe(303);
      return (await query('SELECT api_version::text AS date FROM api_key WHERE id = $1', [pinned.id]))[0]
        ?.date;
    };
    expect(await pin(SECOND)).toBe(SECOND);
    const answer = await call('/dated/trips', { key: pinned.secret });
    expect(answer.headers['passerelle-version']).toBe(SECOND);
    // A form without the field leaves it.
    expect(await pin()).toBe(SECOND);
    expect(await pin('')).toBeNull();
    const refused = await person.post(page, { ...fields, api_version: '2026-02-30' });
    expect(refused.status).toBe(400);
  });
});

describe('the answers of each date', () => {
  /** An independent reader of the document of a date, which answers 500 where an answer is not what it says. */
  async function prism(date: string): Promise<{ url: string; stop(): void }> {
    const document = JSON.stringify((await call(`/openapi/dated.json?version=${date}`)).json);
    const folder = mkdtempSync(join(tmpdir(), 'prism-'));
    writeFileSync(join(folder, 'openapi.json'), document);
    const port = await freePort();
    const child = spawn(
      'node_modules/.bin/prism',
      ['proxy', join(folder, 'openapi.json'), stack.url, '--errors', '-h', '127.0.0.1', '-p', String(port)],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, SCARF_ANALYTICS: 'false' } },
    );
    const url = `http://127.0.0.1:${port}`;
    await eventually(
      () =>
        fetch(url).then(
          () => true,
          () => false,
        ),
      (isThere) => isThere,
      30_000,
    );
    return { url, stop: () => child.kill() };
  }

  it('are what its document says, for a reader that we did not write', async () => {
    // Each was published while it was the newest.
    expect((await publish(NEWEST)).status).toBe(200);
    for (const date of [FIRST, SECOND, THIRD]) {
      const { url, stop } = await prism(date);
      try {
        const ask = async (version: string | undefined, init: RequestInit = {}) => {
          const headers = {
            authorization: `Bearer ${key.secret}`,
            'content-type': 'application/json',
            ...(version && { 'passerelle-version': version }),
          };
          const answer = await fetch(`${url}/dated/trips`, { ...init, headers });
          return answer.ok ? answer.status : `${answer.status} ${await answer.text()}`;
        };
        expect([date, await ask(date), await ask(date, { method: 'POST', body: '{}' })]).toEqual([
          date,
          200,
          200,
        ]);
        // A call that names none gets the newest: of another date, and the reader notices.
        const newest = date === THIRD ? 200 : expect.stringMatching(/^500 .*VIOLATIONS/);
        expect([date, await ask(undefined)]).toEqual([date, newest]);
      } finally {
        stop();
      }
    }
  }, 120_000);
});
