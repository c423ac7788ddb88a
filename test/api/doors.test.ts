// One guard for every door. The first half walks every route that changes something, taken from the routers, with what a
// stranger, a thief or another site can bring; the second holds each door's rate, and what a key's key may do.

import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  ALL_SCOPES,
  type Answer,
  type CallOptions,
  call,
  control,
  developerToken,
  eventCount,
  eventually,
  inParallel,
  makeKey,
  makePartner,
  makeSigningKey,
  query,
  sendJson,
  stack,
  type TestPartner,
} from '../support/api.ts';
import {
  confirmAddress,
  memberOf,
  operatorSignedIn,
  PASSWORD,
  type Person,
  signedUp,
  visitor,
} from '../support/portal.ts';
import { CHANGING, filled } from '../support/routes.ts';
import { type SigningKey, signed } from '../support/signing.ts';

const ROUTE = '/v2/stops/x/departures';
const NO_ID = '019f0000-0000-7000-8000-000000000000';
const BLOCKED = '198.18.7.7';
const ORIGIN = 'https://doors.example';

let partner: TestPartner;
let owner: Person;
let operator: Person;
let developer = '';
let live = { secret: '', id: '' };
let test = { secret: '', id: '' };

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const admin = bearer(stack.demo.operator.token);
const statements = () => control<number>('statements');
const refusal = ({ status, json }: { status: number; json?: { error?: string } }) => [status, json?.error];

/** What any of these routes could have changed. */
const snapshot = async () =>
  JSON.stringify(
    await query(
      `SELECT (SELECT count(*) FROM dev_portal_audit WHERE partner_id = $1 OR partner_id IS NULL) AS entries,
        (SELECT jsonb_agg(to_jsonb(k) - 'last_used_at' - 'announced_version' ORDER BY id) FROM api_key k WHERE partner_id = $1) AS keys,
        (SELECT to_jsonb(p) - 'last_active_at' - 'updated_at' - 'announced_version' FROM partner p WHERE id = $1) AS partner,
        (SELECT count(*) FROM webhook_event WHERE partner_id = $1) AS events`,
      [partner.id],
    ),
  );

beforeAll(async () => {
  partner = await makePartner({ origins: [ORIGIN] });
  [owner, operator] = [await memberOf(partner.id), await operatorSignedIn()];
  await owner.get('/portal');
  developer = await developerToken(partner);
  live = await makeKey(partner.id);
  test = await makeKey(partner.id, { environment: 'test' });
  const made = await sendJson(
    '/api/admin/blocks',
    'POST',
    { range: BLOCKED, reason: 'doors' },
    { headers: admin },
  );
  expect(made.status, made.text).toBe(201);
});

describe('every route that changes something', () => {
  let before = '';
  beforeAll(async () => {
    before = await snapshot();
  });

  const FORGED: Record<string, Record<string, string>> = {
    'no Origin and no Sec-Fetch-Site': {},
    'a foreign Origin': { origin: 'https://evil.example' },
    'a foreign Origin that calls itself ours': {
      origin: 'https://evil.example',
      'sec-fetch-site': 'same-origin',
    },
    'no Origin, from another site': { 'sec-fetch-site': 'cross-site' },
  };

  /** Its link is what it asks for, from anywhere: this one is not ours, and a session is none. */
  const BY_LINK = 'POST /mails/:token';

  it.for(CHANGING.page)('%s: a session and a form that is not ours', async (route) => {
    const { method, path } = filled(route, NO_ID);
    const person = path.startsWith('/operator') ? operator : owner;
    for (const [what, headers] of Object.entries(FORGED)) {
      const cookie = [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const sent = { cookie, 'content-type': 'application/x-www-form-urlencoded', ...headers };
      const answer = await call(path, { method, body: 'reason=x&confirm=x', headers: sent });
      expect([what, answer.status]).toEqual([what, route === BY_LINK ? 404 : 403]);
    }
  });

  it.for(CHANGING.developer)("%s: a session's cookie from elsewhere", async (route) => {
    const { method, path } = filled(route, NO_ID);
    const cookie = [...owner.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    for (const [what, headers] of Object.entries(FORGED)) {
      const answer = await sendJson(path, method, {}, { headers: { cookie, ...headers } });
      expect([what, ...refusal(answer)]).toEqual([what, 403, 'forbidden']);
    }
  });

  const credentials = (): Record<keyof typeof CHANGING, Record<string, string>> => ({
    page: {},
    developer: bearer(developer),
    operator: admin,
    key: bearer(live.secret),
    tool: bearer(live.secret),
    client: {},
    machine: {},
  });
  const doors = Object.entries(CHANGING) as [keyof typeof CHANGING, string[]][];
  it.for(doors.flatMap(([door, routes]) => routes.map((route) => [route, door] as const)))(
    '%s: a blocked address',
    async ([route, door]) => {
      const { method, path } = filled(route, NO_ID);
      const headers = { 'cf-connecting-ip': BLOCKED, ...credentials()[door] };
      expect(refusal(await sendJson(path, method, {}, { headers }))).toEqual([403, 'ip_not_allowed']);
    },
  );

  describe('with a key', () => {
    type Bad = { key: string; headers?: Record<string, string>; status: number; error: string };
    const bad: Record<string, Bad> = {};
    beforeAll(async () => {
      const app = (await sendJson('/api/dev/apps', 'POST', { name: 'Gone' }, { headers: bearer(developer) }))
        .json.id;
      const others = await makePartner({ status: 'suspended' });
      const keyOf = async (set: Record<string, unknown>, environment: 'live' | 'test' = 'live') =>
        (await makeKey(partner.id, { set, environment })).secret;
      const ended = { status: 401, error: 'invalid_api_key' };
      const clients = (
        await sendJson('/api/dev/apps', 'POST', { name: 'Clients' }, { headers: bearer(developer) })
      ).json.id;
      /** Of a client that was then changed by hand, in the ways of a key. */
      async function tokenOf(set: Record<string, unknown>): Promise<string> {
        const wanted = { key_type: 'oauth_client', environment: 'live', name: 'Client', scopes: ALL_SCOPES };
        const { json } = await sendJson(`/api/dev/apps/${clients}/keys`, 'POST', wanted, {
          headers: bearer(developer),
        });
        const answer = await call('/oauth/token', {
          method: 'POST',
          body: 'grant_type=client_credentials',
          headers: {
            'content-type': 'application/x-www-form-urlencoded',
            authorization: `Basic ${Buffer.from(`${json.key_id}:${json.secret}`).toString('base64')}`,
          },
        });
        for (const [column, value] of Object.entries(set))
          await query(`UPDATE api_key SET ${column} = $1 WHERE key_id = $2`, [value, json.key_id]);
        return answer.json.access_token;
      }
      const bound = await keyOf({ allowed_ips: ['203.0.113.0/24'] });
      bad['from an address that is off its list'] = {
        key: bound,
        headers: { 'cf-connecting-ip': '203.0.114.1' },
        status: 403,
        error: 'ip_not_allowed',
      };
      bad['from nowhere'] = { key: bound, status: 403, error: 'ip_not_allowed' };
      bad['from a page that its partner does not list'] = {
        key: live.secret,
        headers: { origin: 'https://evil.example' },
        status: 403,
        error: 'origin_not_allowed',
      };
      bad['that is revoked'] = { key: await keyOf({ is_active: false }), ...ended };
      bad['that is over'] = { key: await keyOf({ expires_at: '2020-01-01' }), ...ended };
      bad['that was found in public'] = { key: await keyOf({ quarantined_at: '2026-01-01' }), ...ended };
      bad['of an app that is archived'] = { key: await keyOf({ app_id: app }), ...ended };
      bad['of a partner that is suspended'] = { key: (await makeKey(others.id)).secret, ...ended };
      bad['whose parent is revoked'] = {
        key: await keyOf({ parent_id: (await makeKey(partner.id, { set: { is_active: false } })).id }),
        ...ended,
      };
      // The same of access tokens, which were got while all was well.
      const over = { status: 401, error: 'invalid_token' };
      const tokens = await Promise.all(
        Object.entries({
          'a token from an address that is off the list': [
            { allowed_ips: '{203.0.113.0/24}' },
            403,
            'ip_not_allowed',
          ],
          'a token of a client that is revoked': [{ is_active: false }, 401, over.error],
          'a token of a client that is over': [{ expires_at: '2020-01-01' }, 401, over.error],
          'a token of a client that was found in public': [{ quarantined_at: '2026-01-01' }, 401, over.error],
          'a token of an app that is archived': [{ app_id: app }, 401, over.error],
          'a token whose time is over': [{ tokens_from: '2100-01-01' }, 401, over.error],
        } as const).map(async ([what, [set, status, error]]) => {
          bad[what] = { key: await tokenOf(set), status, error };
        }),
      );
      expect(tokens).toHaveLength(6);
      bad['a token from a page that its partner does not list'] = {
        key: await tokenOf({}),
        headers: { origin: 'https://evil.example' },
        status: 403,
        error: 'origin_not_allowed',
      };
      await control('cron', { cron: '* * * * *' });
      await call(`/api/dev/apps/${app}`, { method: 'DELETE', headers: bearer(developer) });
      before = await snapshot();
    });

    it.for([...CHANGING.key, ...CHANGING.tool])('%s', async (route) => {
      const { method, path } = filled(route, live.id);
      for (const [what, { key, headers, status, error }] of Object.entries(bad)) {
        const body = { name: 'x', amount: 100, currency: 'EUR' };
        const answer = await sendJson(path, method, body, { key, headers });
        expect([what, ...refusal(answer)]).toEqual([what, status, error]);
      }
    });

    it('of the test environment for what is live', async () => {
      const key = test.secret;
      const wanted = { name: 'x', environment: 'live' };
      expect(refusal(await sendJson('/dashboard/api-keys', 'POST', wanted, { key }))).toEqual([
        403,
        'forbidden',
      ]);
      const gone = await call(`/dashboard/api-keys/${live.id}`, { method: 'DELETE', key });
      expect(refusal(gone)).toEqual([404, 'not_found']);
      const { api_keys: seen, total } = (await call('/dashboard/api-keys', { key })).json;
      expect(seen.map(({ id }: { id: string }) => id)).toEqual([test.id]);
      expect(total).toBe(1);
    });
  });

  it('after all of that, nothing has changed', async () => {
    expect(await snapshot()).toBe(before);
  });
});

describe('a signed request whose nonce was used', () => {
  let key: SigningKey;
  beforeAll(async () => {
    key = await makeSigningKey((await makePartner()).id, 'test');
  });
  it.for(CHANGING.key)('%s', async (route) => {
    const { method, path } = filled(route, NO_ID);
    const body = method === 'DELETE' ? '' : JSON.stringify({ name: 'x', amount: 100, currency: 'EUR' });
    const request = signed(key, path, { method, body });
    expect((await call(path, request)).json.error).not.toBe('invalid_signature');
    for (let again = 0; again < 2; again++)
      expect(refusal(await call(path, request))).toEqual([401, 'invalid_signature']);
  });
});

it('a blocked address reads nothing either, but whether we are alive', async () => {
  const headers = { 'cf-connecting-ip': BLOCKED, ...bearer(live.secret) };
  for (const path of [
    ROUTE,
    '/v2/none',
    '/dashboard/me',
    '/api/dev/apps',
    '/api/admin/partners',
    '/',
    '/sign-in',
  ])
    expect([path, (await call(path, { headers })).status]).toEqual([path, 403]);
  for (const path of ['/healthz', '/livez']) expect((await call(path, { headers })).status).toBe(200);
});

describe('a key that a key made', () => {
  const mint = (key: string, wish: object = {}, options: CallOptions = {}) =>
    sendJson('/dashboard/api-keys', 'POST', { name: 'Child', ...wish }, { key, ...options });
  const from = { headers: { 'cf-connecting-ip': '198.51.100.7' } };
  const works = async (key: string) => (await call(ROUTE, { key, ...from })).status;
  const scopes = ['read:stops', 'keys:write'];

  it('is made once for one Idempotency-Key, however often and however many at once', async () => {
    const parent = await makeKey(partner.id);
    const headers = { 'idempotency-key': randomBytes(8).toString('hex') };
    const made = await Promise.all(Array.from({ length: 12 }, () => mint(parent.secret, {}, { headers })));
    const again = await mint(parent.secret, {}, { headers });
    expect(again.status).toBe(201);
    const ids = [...made, again].filter(({ status }) => status === 201).map(({ json }) => json.id);
    expect(new Set(ids).size).toBe(1);
    expect(made.filter(({ status }) => status !== 201).every(({ status }) => status === 409)).toBe(true);
  });

  it('ends with a secret that is ended at once, and is not made with one that was replaced', async () => {
    const parent = await makeKey(partner.id);
    const roll = (days: number) =>
      sendJson(
        `/api/dev/keys/${parent.id}/rotate`,
        'POST',
        { grace_days: days },
        { headers: bearer(developer) },
      );
    const child = (await mint(parent.secret, { scopes })).json;
    expect((await roll(7)).status).toBe(200);
    expect(await works(child.api_key)).toBe(200);
    expect(await works(parent.secret)).toBe(200);
    expect(refusal(await mint(parent.secret))).toEqual([403, 'forbidden']);
    // What the current secret makes lives on, when the one before it is ended at once by another rotation.
    const current = (await roll(7)).json.secret;
    expect([await works(child.api_key), await works(parent.secret)]).toEqual([401, 401]);
    const second = (await mint(current, { scopes })).json;
    expect((await roll(7)).status).toBe(200);
    expect(await works(second.api_key)).toBe(200);
    expect((await roll(0)).status).toBe(200);
    expect([await works(second.api_key), await works(current)]).toEqual([401, 401]);
  });

  it('has its addresses, its app and its end at most', async () => {
    const app = (await sendJson('/api/dev/apps', 'POST', { name: 'A' }, { headers: bearer(developer) })).json
      .id;
    const end = new Date(Date.now() + 600_000).toISOString();
    const set = { allowed_ips: ['198.51.100.7/32'], expires_at: end };
    const parent = await makeKey(partner.id, { appId: app, set });
    const child = (await mint(parent.secret, { scopes, expires_at: '2099-01-01T00:00:00Z' }, from)).json;
    expect(child.expires_at).toBe(end);
    const grandchild = (await mint(child.api_key, { scopes }, from)).json;
    const rows = await query(
      'SELECT app_id, allowed_ips::text[] AS ips, expires_at FROM api_key WHERE id = ANY ($1)',
      [[child.id, grandchild.id]],
    );
    const row = { app_id: app, ips: ['198.51.100.7/32'], expires_at: new Date(end) };
    expect(rows).toEqual([row, row]);
    expect([
      await works(grandchild.api_key),
      (await call(ROUTE, { key: grandchild.api_key })).status,
    ]).toEqual([200, 403]);
    // Nor by any other way in: what is wider is made as wide as the parent, what is narrower stays.
    await query(`UPDATE api_key SET allowed_ips = '{0.0.0.0/0}', expires_at = NULL WHERE id = $1`, [
      child.id,
    ]);
    expect(
      await query('SELECT allowed_ips::text[] AS ips, expires_at FROM api_key WHERE id = $1', [child.id]),
    ).toEqual([{ ips: row.ips, expires_at: row.expires_at }]);
    // What narrows the parent narrows what it made.
    const sooner = new Date(Date.now() + 60_000).toISOString();
    await sendJson(
      `/api/dev/keys/${parent.id}`,
      'PATCH',
      { expires_at: sooner },
      { headers: bearer(developer) },
    );
    const [ends] = await query('SELECT expires_at FROM api_key WHERE id = $1', [grandchild.id]);
    expect(ends?.expires_at).toEqual(new Date(sooner));
  });

  it.for(['revoked by itself', 'revoked by an owner', 'found in public'] as const)(
    'falls with it, when that is %s, with what it made itself: at once, told and recorded',
    async (how) => {
      const mine = await makePartner();
      const parent = await makeKey(mine.id);
      const child = (await mint(parent.secret, { scopes })).json;
      const grandchild = (await mint(child.api_key, { scopes })).json;
      const all = [parent.secret, child.api_key, grandchild.api_key];
      // In memory and in KV.
      expect(await Promise.all(all.map(works))).toEqual([200, 200, 200]);
      const dev = { headers: bearer(await developerToken(mine)) };
      if (how === 'revoked by itself')
        await call(`/dashboard/api-keys/${parent.id}`, { method: 'DELETE', key: parent.secret });
      else if (how === 'revoked by an owner')
        await sendJson(`/api/dev/keys/${parent.id}/revoke`, 'POST', { reason: 'stolen' }, dev);
      else {
        await query('UPDATE api_key SET quarantined_at = now() WHERE id = $1', [parent.id]);
        await control('cron', { cron: '* * * * *' });
      }
      expect(await Promise.all(all.map(works))).toEqual([401, 401, 401]);
      const fell = how === 'found in public' ? 'key.quarantined' : 'key.revoked';
      const told = async (table: string, what: string, id: string) =>
        (
          await query(`SELECT ${what} AS id FROM ${table} WHERE partner_id = $1 AND ${id} = $2`, [
            mine.id,
            fell,
          ])
        ).map((row) => row.id);
      for (const ids of [
        await told('webhook_event', `data->>'key_id'`, 'type'),
        await told('dev_portal_audit', `target->>'key_id'`, 'action'),
      ])
        expect(ids).toEqual(expect.arrayContaining([child.id, grandchild.id]));
      // A key that was found in public is rolled; what it made in the hands of a thief does not come back with it.
      if (how !== 'found in public') return;
      const rolled = await sendJson(`/api/dev/keys/${parent.id}/rotate`, 'POST', { grace_days: 0 }, dev);
      expect(rolled.status, rolled.text).toBeLessThan(300);
      expect(await works(child.api_key)).toBe(401);
    },
  );

  describe('has its limits at most', () => {
    /** Of the key alone: its partner has none. */
    const dayOf = async (key: string) =>
      Number((await call(ROUTE, { key, ...from })).headers['x-ratelimit-limit-day']);
    const line = async () => {
      const mine = await makePartner();
      const parent = await makeKey(mine.id);
      const child = (await mint(parent.secret, { scopes })).json;
      const grandchild = (await mint(child.api_key, { scopes })).json;
      const limits = (id: string, wanted: object) =>
        sendJson(`/api/admin/keys/${id}/limits`, 'PUT', wanted, { headers: admin });
      return {
        parent,
        child,
        grandchild,
        limits,
        dev: { headers: bearer(await developerToken(mine)) },
        days: () => Promise.all([parent.secret, child.api_key, grandchild.api_key].map(dayOf)),
      };
    };

    it('whoever sets them, at once, and as long as they are set', async () => {
      const { parent, child, grandchild, limits, dev, days } = await line();
      expect(await days()).toEqual([-1, -1, -1]);
      await limits(parent.id, { daily_quota: 1000 });
      expect(await days()).toEqual([1000, 1000, 1000]);
      await sendJson(`/api/dev/keys/${parent.id}`, 'PATCH', { limits: { daily_quota: 900 } }, dev);
      expect(await days()).toEqual([900, 900, 900]);
      // Typed into psql, its children hear of it, too.
      await query(`UPDATE api_key_quotas SET daily_quota = 800 WHERE key_id = $1`, [child.id]);
      await control('cron', { cron: '* * * * *' });
      expect(await days()).toEqual([900, 800, 800]);
      await limits(grandchild.id, { daily_quota: 5000 });
      expect(await days()).toEqual([900, 800, 800]);
      await limits(child.id, { daily_quota: null });
      await limits(parent.id, { daily_quota: null });
      expect(await days()).toEqual([-1, -1, 5000]);
    });

    it('and is not made by one whose quota it would have once more', async () => {
      const { parent, child, limits } = await line();
      await limits(parent.id, { daily_quota: 2 });
      for (const { secret } of [parent, { secret: child.api_key }])
        expect(refusal(await mint(secret, { scopes }))).toEqual([403, 'forbidden']);
      await limits(parent.id, { daily_quota: null, monthly_quota: 7 });
      expect(refusal(await mint(parent.secret, { scopes }))).toEqual([403, 'forbidden']);
      await limits(parent.id, { monthly_quota: null });
      expect((await mint(parent.secret, { scopes })).status).toBe(201);
    });

    it('and chooses none above them', async () => {
      const { parent, child, limits, dev } = await line();
      await limits(parent.id, { burst_limit: 10 });
      const choose = (burst_limit: number) =>
        sendJson(`/api/dev/keys/${child.id}`, 'PATCH', { limits: { burst_limit } }, dev);
      const refused = await choose(11);
      expect([refused.status, refused.json.details]).toEqual([
        400,
        [
          {
            field: 'limits.burst_limit',
            message: 'The plan, or the key that made it, allows at most 10',
          },
        ],
      ]);
      expect((await choose(10)).status).toBe(200);
    });

    it('and passes no quota that it does not', async () => {
      const { parent, child, limits } = await line();
      await limits(parent.id, { daily_quota: 2 });
      await limits(child.id, { overage_action: 'warn' });
      expect([await works(child.api_key), await works(child.api_key), await works(child.api_key)]).toEqual([
        200, 200, 429,
      ]);
      await limits(parent.id, { overage_action: 'warn' });
      expect(await works(child.api_key)).toBe(200);
    });
  });

  it('loses the scopes that it loses, at once, with what it made itself, and gets none back: recorded', async () => {
    const mine = await makePartner();
    const parent = await makeKey(mine.id);
    const child = (await mint(parent.secret, { scopes })).json;
    const grandchild = (await mint(child.api_key, { scopes })).json;
    const all = [child, grandchild];
    const work = () => Promise.all(all.map(({ api_key }) => works(api_key)));
    expect(await work()).toEqual([200, 200]);
    const dev = { headers: bearer(await developerToken(mine)) };
    const patch = (id: string, wanted: string[]) =>
      sendJson(`/api/dev/keys/${id}`, 'PATCH', { scopes: wanted }, dev);
    await patch(parent.id, ['read:routes', 'keys:write']);
    expect(await work()).toEqual([403, 403]);
    // Nor by any other way in.
    expect((await patch(child.id, scopes)).json.scopes).toEqual(['keys:write']);
    await query(`UPDATE api_key SET scopes = '{read:stops}' WHERE id = $1`, [grandchild.id]);
    expect(await query('SELECT scopes FROM api_key WHERE id = $1', [grandchild.id])).toEqual([
      { scopes: [] },
    ]);
    const entries = await query(
      `SELECT target->>'key_id' AS id, details FROM dev_portal_audit
       WHERE partner_id = $1 AND action = 'key.changed' AND details ? 'reason' ORDER BY id LIMIT 2`,
      [mine.id],
    );
    expect(entries).toEqual(
      all
        .map(({ id }) => ({ id, details: { reason: 'with the key that made it', scopes: ['keys:write'] } }))
        .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    );
    // Typed into psql, the minute job tells.
    const other = await makeKey(mine.id);
    const made = (await mint(other.secret, { scopes })).json;
    expect(await works(made.api_key)).toBe(200);
    await query(`UPDATE api_key SET scopes = '{keys:write}' WHERE id = $1`, [other.id]);
    await control('cron', { cron: '* * * * *' });
    expect(await works(made.api_key)).toBe(403);
  });

  it('is not made by one that signs whole requests only: by its own rule, its partner’s, or any other way in', async () => {
    const mine = await makePartner();
    const signing = await makeSigningKey(mine.id);
    const path = '/dashboard/api-keys';
    const ask = async () => {
      const body = JSON.stringify({ name: 'Child' });
      return refusal(await call(path, signed(signing, path, { method: 'POST', body })));
    };
    expect(await ask()).toEqual([201, undefined]);
    for (const table of ['api_key', 'partner']) {
      const rule = (value: string) =>
        query(
          `UPDATE ${table} SET signature_rule = '${value}' WHERE ${table === 'partner' ? 'id' : 'partner_id'} = $1`,
          [mine.id],
        );
      await rule('bound');
      expect(await ask()).toEqual([403, 'forbidden']);
      const { id } = await makeKey(mine.id);
      const adopt = query(
        `UPDATE api_key SET parent_id = (SELECT id FROM api_key WHERE key_id = $1) WHERE id = $2`,
        [signing.id, id],
      );
      await expect(adopt).rejects.toThrow('makes no bearer keys');
      await rule('any');
    }
    expect(await ask()).toEqual([201, undefined]);
  });

  it('does not outlive one that is being revoked at the same moment', async () => {
    for (let round = 0; round < 3; round++) {
      const parent = await makeKey(partner.id);
      const [made] = await Promise.all([
        mint(parent.secret, { scopes }),
        call(`/dashboard/api-keys/${parent.id}`, { method: 'DELETE', key: parent.secret }),
      ]);
      const alive = await query('SELECT id FROM api_key WHERE parent_id = $1 AND is_active', [parent.id]);
      expect(alive).toEqual([]);
      if (made.status === 201) expect(await works(made.json.api_key)).toBe(401);
    }
  });
});

describe('/dashboard', () => {
  it('lists keys to who may read them, in pages', async () => {
    const mine = await makePartner();
    const keys = [await makeKey(mine.id), await makeKey(mine.id, { scopes: ['keys:read'] })];
    const deaf = await makeKey(mine.id, { scopes: ['read:routes'] });
    const refused = await call('/dashboard/api-keys', { key: deaf.secret });
    expect(refused.json).toMatchObject({ error: 'insufficient_permissions', required_scope: 'keys:read' });
    for (const { secret } of keys) {
      const seen: string[] = [];
      let cursor: string | null = '';
      for (let pages = 0; cursor !== null && pages < 5; pages++) {
        const { json } = await call(`/dashboard/api-keys?limit=2${cursor && `&cursor=${cursor}`}`, {
          key: secret,
        });
        expect([json.api_keys.length <= 2, json.total]).toEqual([true, 3]);
        seen.push(...json.api_keys.map(({ id }: { id: string }) => id));
        cursor = json.next_cursor;
      }
      expect(seen).toEqual([deaf.id, keys[1]?.id, keys[0]?.id]);
    }
    expect((await call('/dashboard/api-keys?cursor=x', { key: keys[0]?.secret })).status).toBe(400);
  });

  it('has a rate by key, before it asks Postgres', async () => {
    const { secret: key } = await makeKey((await makePartner()).id);
    const before = await statements();
    const answers = await inParallel(150, 10, () => call('/dashboard/me', { key }));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.json).toMatchObject({ error: 'rate_limit_exceeded', limit_type: 'caller' });
    expect(Number(refused[0]?.headers['retry-after'])).toBeGreaterThan(0);
    expect((await statements()) - before).toBeLessThan(2 * (150 - refused.length) + 60);
  });
});

describe('the gateway', () => {
  it('has a rate for what costs nothing: 404, 405 and OPTIONS of a known key are not stored without end', async () => {
    const mine = await makePartner();
    const key = await makeKey(mine.id, { scopes: ['read:stops'] });
    const tries = [
      { path: '/v2/none', method: 'GET' },
      { path: ROUTE, method: 'DELETE' },
      { path: ROUTE, method: 'OPTIONS' },
      { path: '/v2/routes/list', method: 'GET' },
    ];
    const answers = await inParallel(250, 20, (i) => {
      const { path, method } = tries[i % tries.length] ?? { path: '/', method: 'GET' };
      return call(path, { method, key: key.secret });
    });
    const kept = answers.filter(({ status }) => status !== 429).length;
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404, 405, 403, 429]));
    expect(answers.find(({ status }) => status === 429)?.json).toMatchObject({ limit_type: 'caller' });
    // It is a rate, and no quota: good calls go on.
    expect((await call(ROUTE, { key: key.secret })).status).toBe(200);
    expect(
      await eventually(
        () => eventCount(mine.id),
        (count) => count >= kept + 1,
      ),
    ).toBe(kept + 1);
  });

  it("a stranger's preflights cost no statement, whatever origin they name, and have a rate", async () => {
    const preflight = (origin: string, ip: string) =>
      call(ROUTE, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'GET', 'cf-connecting-ip': ip },
      });
    expect((await preflight(ORIGIN, '203.0.113.201')).status).toBe(204);
    const before = await statements();
    // From everywhere in one /64.
    const answers = await inParallel(800, 20, (n) =>
      preflight(`https://${randomBytes(6).toString('hex')}.example`, `2001:db8:77:1::${n + 1}`),
    );
    expect((await statements()) - before).toBeLessThan(100);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403, 429]));
    expect((await preflight(ORIGIN, '2001:db8:77:2::1')).status).toBe(204);
  });

  it('answers preflights of an origin that was listed from the portal a moment ago', async () => {
    const origin = `https://${randomBytes(6).toString('hex')}.example`;
    const wanted = { name: 'Browser', allowed_origins: [origin] };
    const app = await sendJson('/api/dev/apps', 'POST', wanted, { headers: bearer(developer) });
    const headers = { origin, 'access-control-request-method': 'GET' };
    expect((await call(ROUTE, { method: 'OPTIONS', headers })).status).toBe(204);
    await call(`/api/dev/apps/${app.json.id}`, { method: 'DELETE', headers: bearer(developer) });
    expect((await call(ROUTE, { method: 'OPTIONS', headers })).status).toBe(403);
  });
});

describe('strangers', () => {
  it('ask /health and look tokens up without a statement each', async () => {
    const before = await statements();
    const health = await inParallel(100, 10, () => call('/health'));
    expect(new Set(health.map(({ status }) => status))).toEqual(new Set([200]));
    const who = visitor();
    const found: number[] = [];
    for (const path of ['/invite', '/reset', '/invite', '/verify?token='])
      for (let i = 0; i < 15; i++)
        found.push((await who.get(`${path}/${randomBytes(16).toString('hex')}`)).status);
    expect(found.filter((status) => status === 429).length).toBeGreaterThanOrEqual(60 - 2 * 20);
    expect((await statements()) - before).toBeLessThan(120);
  });

  it('try tokens at every page that takes one, and by forms, on one count', async () => {
    const who = visitor();
    const isOver = async (path: string) => {
      for (let tries = 0; tries <= 2 * 20; tries++)
        if ((await who.post(path, { token: 'x', password: 'x' })).status === 429) return true;
      return false;
    };
    const places = ['/reset/x', '/verify/confirm', '/invite/x'];
    places.push('/sign-in/identity', '/sign-in/identity/confirm', '/sign-in/identity/link');
    for (const path of places) expect([path, await isOver(path)]).toEqual([path, true]);
  });

  it('ask an address of our own surfaces no more than its rate', async () => {
    const answers = await inParallel(1000, 20, (n) =>
      call('/api/dev/apps', { headers: { 'cf-connecting-ip': `2001:db8:88:1::${n + 1}` } }),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401, 429]));
    expect(answers.find(({ status }) => status === 429)?.json).toMatchObject({
      error: 'rate_limit_exceeded',
      limit_type: 'address',
    });
  });

  it('neither keep a person out, nor send more than three mails an hour each, and six together', async () => {
    const person = await signedUp();
    const mails = (part = '') =>
      query<{ body: string }>('SELECT body FROM outbox_mail WHERE recipient = $1 AND strpos(body, $2) > 0', [
        person.email,
        part,
      ]);
    const welcomed = await eventually(mails, (rows) => rows.length === 2);
    const strangers = Array.from({ length: 3 }, () => visitor());
    const { email } = person;
    for (const stranger of [...strangers, ...strangers])
      await stranger.post('/sign-up', { name: 'Buy now', email, password: PASSWORD });
    // With the mail of its own sign-up, four. The last two are kept for links that let the owner in.
    await eventually(
      () => mails('which already has an account'),
      (rows) => rows.length === 3,
    );
    for (let i = 0; i < 21; i++) await strangers[i % 3]?.post('/reset', { email });
    for (let i = 0; i < 4; i++) await strangers[1]?.post('/sign-in', { email, password: `wrong horse ${i}` });
    await eventually(
      () => mails('/reset/'),
      (rows) => rows.length === 2,
    );
    const back = visitor(email);
    const signIn = await back.post('/sign-in', { email, password: PASSWORD });
    expect([signIn.status, signIn.headers.location]).toEqual([303, '/portal']);
    await back.get('/portal');
    // A browser that is known asks for its own.
    await back.post('/reset', { email });
    await eventually(
      () => mails('/reset/'),
      (rows) => rows.length === 3,
    );
    expect((await mails()).length - welcomed.length).toBe(3 + 2 + 1);
    expect(JSON.stringify(await mails())).not.toContain('Buy now');
  });

  it('fill no mailbox before its owner signs up: every link there lets the owner in', async () => {
    const owner = visitor();
    const { email } = owner;
    const strangers = Array.from({ length: 3 }, () => visitor());
    for (const stranger of [...strangers, ...strangers, ...strangers])
      await stranger.post('/sign-up', { name: 'S', email, password: PASSWORD });
    const links = () =>
      query(`SELECT 1 FROM outbox_mail WHERE recipient = $1 AND strpos(body, '/verify?') > 0`, [email]);
    await eventually(links, (rows) => rows.length === 6);
    await owner.post('/sign-up', { name: 'O', email, password: PASSWORD });
    const confirmed = await confirmAddress(owner, { name: 'O', password: 'chosen by the owner' });
    expect([confirmed.status, confirmed.headers.location]).toEqual([303, '/portal']);
    const signIn = await visitor().post('/sign-in', { email, password: 'chosen by the owner' });
    expect(signIn.status).toBe(303);
    expect((await links()).length).toBe(6);
  });

  it('behind the same address leave a known browser its own tries', async () => {
    const person = await signedUp();
    await person.get('/portal');
    const device = [...person.cookies].find(([name]) => name.endsWith('device'));
    expect(device).toBeDefined();
    const from = (host: number) => ({ 'cf-connecting-ip': `2001:db8:99:1::${host}` });
    const stranger = visitor();
    // Codes are tried on the same count as passwords, and cost no hash.
    const statuses: number[] = [];
    for (let i = 1; i <= 45; i++)
      statuses.push((await stranger.post('/two-factor', { code: '123456' }, from(i))).status);
    expect(statuses.at(-1)).toBe(429);
    const right = { email: person.email, password: PASSWORD };
    const known = visitor();
    known.cookies.set(device?.[0] ?? '', device?.[1] ?? '');
    expect((await known.post('/sign-in', right, from(99))).status).toBe(303);
  });
});

describe('what is rare and dear has an exact allowance', () => {
  it('invitations: fifty a day of a partner, three an hour of a partner to an address, also at once', async () => {
    const invite = (email: string, token = developer) =>
      sendJson('/api/dev/members/invitations', 'POST', { email, role: 'viewer' }, { headers: bearer(token) });
    const email = `i-${randomBytes(6).toString('hex')}@example.com`;
    const answers = await Promise.all(Array.from({ length: 8 }, () => invite(email)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 429, 429, 429, 429, 429]);
    // Other partners invite as well, up to what one address gets from all of them; what is refused says so.
    const others = await Promise.all(
      [makePartner(), makePartner()].map(async (p) => developerToken(await p)),
    );
    for (let i = 0; i < 3; i++) expect((await invite(email, others[0])).status).toBe(201);
    const refused = await invite(email, others[1]);
    expect(refusal(refused)).toEqual([429, 'rate_limit_exceeded']);
    expect(refused.json.message).toContain('Too many mails were sent to this address');
    const page = await owner.post('/portal/members/invite', { email, role: 'viewer' });
    expect([page.status, page.text]).toEqual([429, expect.stringContaining('Nobody was invited')]);
    await query(
      `UPDATE allowance SET taken_at = array_fill(now(), ARRAY[50]) WHERE what = 'invitation' AND subject = $1`,
      [partner.id],
    );
    expect(refusal(await invite(`new-${email}`))).toEqual([429, 'rate_limit_exceeded']);
  });

  it('invitations, which no stranger uses up by signing up, with the address or with others', async () => {
    const { email } = visitor();
    for (let i = 0; i < 8; i++)
      await visitor().post('/sign-up', { name: 'Stranger', email, password: PASSWORD });
    // Who signs up has a partner and may invite, but leaves some to partners that an operator has approved.
    const statuses = [];
    for (const stranger of [await signedUp(), await signedUp()])
      for (let i = 0; i < 2; i++)
        statuses.push((await stranger.post('/portal/members/invite', { email, role: 'viewer' })).status);
    expect(statuses).toEqual([303, 303, 303, 429]);
    const answer = await sendJson(
      '/api/dev/members/invitations',
      'POST',
      { email, role: 'viewer' },
      { headers: bearer(await developerToken(await makePartner())) },
    );
    expect(answer.status).toBe(201);
  });

  it('what a partner has sent again to its webhooks, whatever endpoints it makes', async () => {
    const mine = await makePartner();
    const headers = bearer(await developerToken(mine));
    const post = (path: string, body: object = {}) => sendJson(`/api/dev${path}`, 'POST', body, { headers });
    const make = async (): Promise<string> =>
      (await post('/webhooks', { url: 'https://doors.example.com/hook' })).json.id;
    const first = await make();
    const tests = await inParallel(12, 12, () => post(`/webhooks/${first}/test`));
    const statuses = tests.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 202), 429, 429]);
    const sent = tests.find(({ status }) => status === 202)?.json.delivery_id;
    const second = await make();
    const replay = () => post(`/deliveries/${sent}/replay`);
    const recover = () => post(`/webhooks/${second}/recover`, { since: new Date().toISOString() });
    expect([(await replay()).status, (await recover()).status]).toEqual([202, 202]);
    await query(
      `UPDATE allowance SET taken_at = array_fill(now() - interval '5 seconds', ARRAY[60])
       WHERE what IN ('webhook_replay', 'webhook_recovery') AND subject = $1`,
      [mine.id],
    );
    const refused = [await replay(), await recover()];
    await call(`/api/dev/webhooks/${first}`, { method: 'DELETE', headers });
    refused.push(await post(`/webhooks/${await make()}/test`));
    const MOST_SECONDS = [55, 595, 60];
    for (const [i, { status, json, headers: told }] of refused.entries()) {
      expect([status, json.error, json.limit_type]).toEqual([429, 'rate_limit_exceeded', 'caller']);
      expect(told['retry-after']).toBe(String(json.retry_after));
      expect(json.retry_after).toBeGreaterThan(0);
      expect(json.retry_after).toBeLessThanOrEqual(MOST_SECONDS[i] ?? 0);
    }
    // Another partner's are its own.
    const other = bearer(await developerToken(await makePartner()));
    const made = await sendJson(
      '/api/dev/webhooks',
      'POST',
      { url: 'https://doors.example.com/hook' },
      { headers: other },
    );
    expect(
      (await sendJson(`/api/dev/webhooks/${made.json.id}/test`, 'POST', {}, { headers: other })).status,
    ).toBe(202);
  });

  it('apps: a hundred of a partner, also at once', async () => {
    const mine = await makePartner();
    await query(
      `INSERT INTO dev_apps (id, partner_id, name) SELECT gen_random_uuid(), $1, 'A' FROM generate_series(1, 98)`,
      [mine.id],
    );
    const headers = bearer(await developerToken(mine));
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => sendJson('/api/dev/apps', 'POST', { name: 'B' }, { headers })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 409, 409, 409, 409]);
  });

  it('the audit trail: twenty looks at once', async () => {
    const headers = bearer(await developerToken(await makePartner()));
    const answers = await inParallel(30, 10, () => call('/api/dev/audit', { headers }));
    expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(0);
  });
});

describe('reports of leaks', () => {
  it('ask GitHub once a minute, whatever key they name, and are read only behind headers that look right', async () => {
    let asked = 0;
    const server = createServer((_request, response) => {
      asked++;
      response.end(JSON.stringify({ public_keys: [] }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const githubKeysUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`;
    await sendJson('/__test', 'POST', { githubKeysUrl });
    const report = (identifier: string, signature: string, body: string) =>
      call('/leaks/github', {
        method: 'POST',
        body,
        headers: {
          'github-public-key-identifier': identifier,
          'github-public-key-signature': signature,
          'x-test-edge': 'leaks',
        },
      });
    // Who answers before all was sent may close the line while its client still writes: then nothing is heard.
    const large = async (identifier: string, signature: string, tries = 5): Promise<Answer> =>
      report(identifier, signature, 'x'.repeat(2_000_000)).catch((error) => {
        if (tries <= 1 || error?.code !== 'EPIPE') throw error;
        return large(identifier, signature, tries - 1);
      });
    try {
      const signature = Buffer.alloc(71, 1).toString('base64');
      const answers = await inParallel(40, 10, () =>
        report(randomBytes(20).toString('hex'), signature, '[]'),
      );
      expect(asked).toBe(1);
      // Who comes while it is being asked is told to come again.
      expect(answers.every(({ status }) => status === 401 || status === 503)).toBe(true);
      expect((await report('another', signature, '[]')).status).toBe(401);
      for (const [identifier, wrong] of [
        ['', signature],
        ['x y', signature],
        ['one', 'no base64!'],
      ] as const)
        expect((await large(identifier, wrong)).status).toBe(401);
      expect((await large('one', signature)).status).toBe(413);
      expect(asked).toBe(1);
    } finally {
      server.close();
    }
  });
});

it('the sandbox keeps no bodies and no endless Idempotency-Key, and still knows a request again', async () => {
  const pay = (idempotency: string, amount: number) =>
    sendJson(
      '/v1/payment_intents',
      'POST',
      { amount, currency: 'EUR' },
      {
        key: test.secret,
        headers: { 'idempotency-key': idempotency },
      },
    );
  const key = randomBytes(8).toString('hex');
  const [first, again, other] = [await pay(key, 100), await pay(key, 100), await pay(key, 200)];
  expect([again.json.id, again.headers['idempotent-replayed']]).toEqual([first.json.id, 'true']);
  expect(refusal(other)).toEqual([422, 'idempotency_mismatch']);
  expect(refusal(await pay('k'.repeat(256), 100))).toEqual([400, 'invalid_request']);
});
