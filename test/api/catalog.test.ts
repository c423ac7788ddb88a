// The live catalogue: what operators publish is offered at once, at every edge, and what they retire is not.

import { afterEach, describe, expect, it } from 'vitest';
import {
  call,
  control,
  inParallel,
  makeKey,
  makePartner,
  query,
  sendJson,
  setFaults,
  stack,
} from '../support/api.ts';

const operator = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };
const EDGES = Array.from({ length: 16 }, (_, i) => `offer-${i}`);

interface Arrived {
  url: string;
  headers: Record<string, string>;
}
/** At the upstream, with this in its URL. */
const arrived = (containing: string) => control<Arrived[]>('upstream-requests', containing);

/** `GET /{api}/shelves/{shelf}` and whatever else is given. */
const shop = (paths: object = {}) => ({
  openapi: '3.0.3',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/shelves/{shelf}': {
      parameters: [{ name: 'shelf', in: 'path', required: true, schema: { type: 'string' } }],
      get: {
        responses: {
          200: {
            description: 'A shelf',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Shelf' } } },
          },
        },
      },
    },
    ...paths,
  },
  components: {
    schemas: { Shelf: { type: 'object', properties: { theme: { type: 'string', example: 'Poetry' } } } },
  },
});
const UPSTREAMS = [{ url: `${stack.upstream}/inner/v9` }];

const publish = (id: string, document: unknown, more: object = { upstreams: UPSTREAMS }) =>
  sendJson(`/api/admin/apis/${id}`, 'PUT', { document, ...more }, operator);
const retire = (id: string) => sendJson(`/api/admin/apis/${id}`, 'DELETE', { reason: 'over' }, operator);

const made: string[] = [];
const named = (id: string): string => {
  made.push(id);
  return id;
};
afterEach(async () => {
  await setFaults({ kvFrozen: false });
  for (const id of made.splice(0)) await retire(id);
});

async function keyFor(id: string, wishes: { environment?: 'test' | 'live'; scopes?: string[] } = {}) {
  const partner = await makePartner();
  return makeKey(partner.id, { scopes: [`read:${id}`, `write:${id}`], ...wishes });
}

describe('publishing', () => {
  it('offers an API: live keys reach its upstream, test keys its example, and everybody reads of it', async () => {
    const id = named('shop');
    const checkedAs = await sendJson('/api/admin/apis/check', 'POST', { document: shop(), id }, operator);
    expect(checkedAs.json).toMatchObject({
      id,
      prefix: '/shop',
      routes: [{ method: 'GET', path: '/shop/shelves/{shelf}', scope: 'read:shop', cost: 1 }],
      changes: { added: ['GET /shop/shelves/{shelf}'], removed: [], changed: [] },
    });
    expect((await call('/api/admin/apis/shop', operator)).status).toBe(404);

    const done = await publish(id, shop());
    expect([done.status, done.json.in_force]).toEqual([200, true]);
    const live = await keyFor(id);
    const answer = await call('/shop/shelves/a%20b?x=1', { key: live.secret });
    expect(answer.status).toBe(200);
    expect((await arrived('/inner/v9/')).at(-1)?.url).toBe('/inner/v9/shelves/a%20b?x=1');
    expect(answer.headers['x-ratelimit-limit-day']).toBeDefined();

    const test = await keyFor(id, { environment: 'test' });
    const shown = await call('/shop/shelves/1', { key: test.secret });
    expect([shown.status, shown.json]).toEqual([200, { theme: 'Poetry' }]);

    const foreign = await makeKey((await makePartner()).id);
    const refused = await call('/shop/shelves/1', { key: foreign.secret });
    expect([refused.status, refused.json.required_scope]).toEqual([403, 'read:shop']);

    expect((await call('/openapi/shop.json')).json.paths).toHaveProperty('/shop/shelves/{shelf}');
    expect((await call('/docs/api')).text).toContain('/shop/shelves/{shelf}');
    const [row] = await query(
      `SELECT details FROM dev_portal_audit WHERE action = 'api.published' AND target->>'api' = $1
      ORDER BY id DESC LIMIT 1`,
      [id],
    );
    expect(row?.details).toMatchObject({ added: 1, removed: 0 });
  });

  it('its own document is published again without a change', async () => {
    const id = named('again');
    expect((await publish(id, shop())).json).toMatchObject({ in_force: true });
    const { text } = await call(`/api/admin/apis/${id}/document`, operator);
    const again = await publish(id, text, {});
    expect([again.status, again.json.changes]).toEqual([200, { added: [], removed: [], changed: [] }]);
    const { json } = await call(`/api/admin/apis/${id}`, operator);
    expect(json.upstreams).toEqual([{ ...UPSTREAMS[0], weight: 1, has_credential: false }]);
  });

  it('refuses what cannot be offered, by pointers, and changes nothing', async () => {
    const before = (await call('/api/admin/apis', operator)).json;
    const wrong = async (document: unknown, id = 'wrong') => {
      const { status, json } = await publish(id, document);
      return [
        status,
        json.details?.map(({ field, message }: Record<string, string>) => `${field} ${message}`),
      ];
    };
    const get = { responses: { 200: { description: 'x' } } };
    expect(await wrong('')).toEqual([400, expect.anything()]);
    expect(await wrong('a: [')).toEqual([
      400,
      [expect.stringMatching(/^\/ is neither JSON nor YAML, at line 1/)],
    ]);
    expect(await wrong({ hello: 1 })).toEqual([400, [expect.stringMatching(/no OpenAPI document/)]]);
    expect(
      await wrong(shop({ '/x': { get: { ...get, parameters: [{ $ref: 'http://127.0.0.1/x.json' }] } } })),
    ).toEqual([
      400,
      [expect.stringMatching(/^\/paths\/~1x\/get\/parameters\/0\/\$ref is outside of this document/)],
    ]);
    const circle = {
      ...shop({ '/x': { get: { ...get, parameters: [{ $ref: '#/components/parameters/A' }] } } }),
    };
    const parameters = { A: { $ref: '#/components/parameters/B' }, B: { $ref: '#/components/parameters/A' } };
    expect(await wrong({ ...circle, components: { ...circle.components, parameters } })).toEqual([
      400,
      expect.arrayContaining([expect.stringMatching(/refers to itself/)]),
    ]);
    expect(await wrong(shop({ '/shelves/{other}': { get } }))).toEqual([
      400,
      [expect.stringMatching(/matches the same paths as `GET/)],
    ]);
    expect(await wrong(shop({ '/x/{a}{b}': { get } }))).toEqual([
      400,
      [expect.stringMatching(/^\/paths\/~1x~1\{a\}\{b\} /)],
    ]);
    expect(
      await wrong({ ...shop(), 'x-passerelle': { prefix: '' }, paths: { '/portal/x': { get } } }),
    ).toEqual([400, [expect.stringMatching(/is a path of our own/)]]);
    expect(
      await wrong({ ...shop(), 'x-passerelle': { prefix: '' }, paths: { '/v2/routes/list': { get } } }),
    ).toEqual([400, [expect.stringMatching(/begins like `GET/)]]);
    for (const url of [
      'ftp://x',
      'https:example.com',
      'https://a.example.com/a b',
      'https:\\\\a.example.com',
      'https://u@a.example.com',
    ]) {
      const { status, json } = await publish('wrong', shop(), { upstreams: [{ url }] });
      expect([url, status, json.details?.[0].field]).toEqual([url, 400, 'upstreams.0.url']);
    }
    expect((await call('/api/admin/apis', operator)).json).toEqual(before);
  });

  it('may have an id that all objects have', async () => {
    expect((await publish('constructor', shop())).status).toBe(200);
    try {
      const { secret: key } = await keyFor('constructor');
      expect((await call('/constructor/shelves/1', { key })).status).toBe(200);
      expect((await call('/docs/scopes')).status).toBe(200);
    } finally {
      expect(
        (await sendJson('/api/admin/apis/constructor', 'DELETE', { reason: 'over' }, operator)).status,
      ).toBe(200);
    }
  });

  it('of ten at once each either wins or is told, and all that won are offered', async () => {
    const ids = Array.from({ length: 10 }, (_, i) => named(`race-${i}`));
    const answers = await Promise.all(ids.map((id) => publish(id, shop())));
    const won = ids.filter((_, i) => answers[i]?.status === 200);
    expect(won.length).toBeGreaterThan(0);
    expect(answers.every(({ status }) => status === 200 || status === 409)).toBe(true);
    const { json } = await call('/api/admin/apis', operator);
    const offered = json.data
      .filter(({ state }: { state: string }) => state === 'live')
      .map(({ id }: { id: string }) => id);
    for (const [i, id] of ids.entries()) expect(offered.includes(id)).toBe(answers[i]?.status === 200);
  });
});

describe('a change', () => {
  it('is in force everywhere with its answer, with KV frozen, also at edges that hold leases', async () => {
    const id = named('fresh');
    expect((await publish(id, shop())).json).toMatchObject({ in_force: true });
    const key = await keyFor(id);
    const from = (edge: string | undefined, path = '/fresh/shelves/1') =>
      call(path, { key: key.secret, headers: { 'x-test-edge': edge ?? '' } });
    for (const edge of EDGES) for (let i = 0; i < 4; i++) expect((await from(edge)).status).toBe(200);
    await setFaults({ kvFrozen: true });

    // Another scope, and a route that was not there.
    const guarded = shop({ '/till': { get: { responses: { 200: { description: 'x' } } } } });
    const paths = guarded.paths as unknown as Record<string, { get: Record<string, unknown> }>;
    if (paths['/shelves/{shelf}']) paths['/shelves/{shelf}'].get['x-passerelle'] = { scope: 'read:secret' };
    const done = await publish(id, guarded, {});
    expect([done.status, done.json.in_force]).toEqual([200, true]);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const refused = await inParallel(2000, 50, (index) => from(EDGES[index % 16]));
    // Whoever is refused that often is told so, too.
    expect(refused.filter(({ status }) => status !== 403 && status !== 429)).toEqual([]);
    const found = await inParallel(160, 40, (index) => from(EDGES[index % 16], '/fresh/till'));
    expect(found.filter(({ status }) => status !== 200)).toEqual([]);

    // And back.
    await publish(id, shop(), {});
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const again = await inParallel(2000, 50, (index) => from(EDGES[index % 16]));
    expect(again.filter(({ status }) => status !== 200)).toEqual([]);
    const gone = await inParallel(160, 40, (index) => from(EDGES[index % 16], '/fresh/till'));
    expect(gone.filter(({ status }) => status !== 404 && status !== 429)).toEqual([]);
  });

  it('of upstreams is, too; their credential goes there, and is shown nowhere', async () => {
    const id = named('moved');
    expect((await publish(id, shop())).json).toMatchObject({ in_force: true });
    const key = await keyFor(id);
    await call('/moved/shelves/1', { key: key.secret });
    const upstreams = [{ url: `${stack.upstream}/other`, credential: 'X-Api-Key: s3cret-of-the-owner' }];
    const set = await sendJson(`/api/admin/apis/${id}/upstreams`, 'PUT', { upstreams }, operator);
    expect([set.status, set.json.in_force]).toEqual([200, true]);
    expect(
      (await call('/moved/shelves/1', { key: key.secret, headers: { 'x-api-key': 'mine' } })).status,
    ).toBe(200);
    expect((await arrived('/other/')).at(-1)).toMatchObject({
      url: '/other/shelves/1',
      headers: { 'x-api-key': 's3cret-of-the-owner' },
    });
    const { text } = await call(`/api/admin/apis/${id}`, operator);
    expect(text).toContain('"has_credential":true');
    const [row] = await query('SELECT credential_envelope FROM api_upstream WHERE api = $1', [id]);
    expect(text + JSON.stringify(row)).not.toContain('s3cret');
    // Left out, it stays; null takes it away.
    await sendJson(
      `/api/admin/apis/${id}/upstreams`,
      'PUT',
      { upstreams: [{ url: `${stack.upstream}/other` }] },
      operator,
    );
    await call('/moved/shelves/1', { key: key.secret });
    expect((await arrived('/other/')).at(-1)?.headers['x-api-key']).toBe('s3cret-of-the-owner');
    await sendJson(
      `/api/admin/apis/${id}/upstreams`,
      'PUT',
      { upstreams: [{ url: `${stack.upstream}/other`, credential: null }] },
      operator,
    );
    await call('/moved/shelves/1', { key: key.secret });
    expect((await arrived('/other/')).at(-1)?.headers['x-api-key']).toBeUndefined();
  });

  it('by hand in psql is in force once the minute job has told it', async () => {
    const id = named('by-hand');
    expect((await publish(id, shop())).json).toMatchObject({ in_force: true });
    const key = await keyFor(id);
    expect((await call('/by-hand/shelves/1', { key: key.secret })).status).toBe(200);
    await query(`UPDATE api_upstream SET url = $2 WHERE api = $1`, [id, `${stack.upstream}/psql`]);
    await control('cron', { cron: '* * * * *' });
    await call('/by-hand/shelves/1', { key: key.secret });
    expect((await arrived('/psql/')).at(-1)?.url).toBe('/psql/shelves/1');
    await expect(query('UPDATE api_document SET document = document WHERE api = $1', [id])).rejects.toThrow(
      /never changed/,
    );
  });
});

describe('retiring', () => {
  it('ends an API, and one that came with the Worker comes back when it is published', async () => {
    const { text } = await call('/api/admin/apis/payments/document', operator);
    const key = await makeKey((await makePartner()).id);
    const list = () => call('/v1/payments', { key: key.secret });
    expect((await list()).status).toBe(200);
    try {
      expect((await retire('payments')).status).toBe(200);
      expect((await list()).status).toBe(404);
      expect((await call('/openapi/payments.json')).status).toBe(404);
      expect((await retire('payments')).status).toBe(404);
    } finally {
      expect((await publish('payments', text, {})).status).toBe(200);
    }
    expect((await list()).status).toBe(200);
    await query(`DELETE FROM api_upstream WHERE api = 'payments'`);
  });
});

describe('while Postgres is stopped', () => {
  it('the last catalogue serves, at edges that never saw it, too', async () => {
    const id = named('lasting');
    expect((await publish(id, shop())).json).toMatchObject({ in_force: true });
    const key = await keyFor(id);
    const from = (edge: string) =>
      call('/lasting/shelves/1', { key: key.secret, headers: { 'x-test-edge': edge } });
    expect((await from('known')).status).toBe(200);
    await control('stop-postgres');
    try {
      const answers = await inParallel(40, 8, (index) => from(`lasting-${index % 8}`));
      expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    } finally {
      await control('start-postgres');
    }
  });
});
