// Developers and operators: what they can do, and that nobody reaches what is another's.

import { createHmac } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { ISSUER } from '../../src/dev/issuer.ts';
import type { CallOptions } from '../support/api.ts';
import {
  call,
  control,
  developerToken,
  eventually,
  inParallel,
  makeKey,
  makePartner,
  query,
  sendJson,
  stack,
  type TestPartner,
} from '../support/api.ts';
import { signedUp } from '../support/portal.ts';

const bearer = (token: string): CallOptions => ({ headers: { authorization: `Bearer ${token}` } });
let mine: TestPartner;
let me: CallOptions;
let app = '';
const theirs = { app: '', key: '', bearer: '', partner: '' };
const operator = bearer(stack.demo.operator.token);

beforeAll(async () => {
  mine = await makePartner();
  me = bearer(await developerToken(mine));
  app = (await sendJson('/api/dev/apps', 'POST', { name: 'Mine' }, me)).json.id;
  const partner = await makePartner();
  const dev = bearer(await developerToken(partner));
  theirs.partner = partner.id;
  theirs.app = (await sendJson('/api/dev/apps', 'POST', { name: 'Theirs' }, dev)).json.id;
  const wanted = { key_type: 'api_key', environment: 'test', name: 'Theirs' };
  theirs.key = (await sendJson(`/api/dev/apps/${theirs.app}/keys`, 'POST', wanted, dev)).json.key_id;
  theirs.bearer = (await makeKey(partner.id)).id;
});

describe('tokens', () => {
  const tokens: [string, () => Promise<string>][] = [
    ['none', async () => ''],
    [
      'alg none',
      async () =>
        new UnsecuredJWT({})
          .setSubject('x')
          .setIssuer('https://id.passerelle.localhost')
          .setAudience('passerelle')
          .setExpirationTime('1h')
          .encode(),
    ],
    ['another key', async () => forged({})],
    [
      'HS256 with the public key as secret',
      async () =>
        new SignJWT({ roles: ['operator'] })
          .setProtectedHeader({ alg: 'HS256', kid: 'local' })
          .setSubject('x')
          .setIssuer('https://id.passerelle.localhost')
          .setAudience('passerelle')
          .setExpirationTime('1h')
          .sign(
            new TextEncoder().encode(
              JSON.stringify(await exportJWK((await generateKeyPair('ES256')).publicKey)),
            ),
          ),
    ],
    ['expired', () => control('token', { sub: 'x', email: 'x@example.com', lifetime: '-1h' })],
    [
      'for another audience',
      () =>
        control('token', { sub: 'x', email: 'x@example.com', roles: ['operator'], audience: 'someone-else' }),
    ],
    [
      'of another issuer',
      () =>
        control('token', {
          sub: 'x',
          email: 'x@example.com',
          roles: ['operator'],
          issuer: 'https://evil.example',
        }),
    ],
  ];
  async function forged(claims: object): Promise<string> {
    const { privateKey } = await generateKeyPair('ES256');
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'local' })
      .setSubject('x')
      .setIssuer('https://id.passerelle.localhost')
      .setAudience('passerelle')
      .setExpirationTime('1h')
      .sign(privateKey);
  }
  it.for(tokens)("%s: refused by the developers' and the operators' API", async ([, token]) => {
    for (const path of ['/api/dev/apps', '/api/admin/partners']) {
      const { status, json } = await call(path, bearer(await token()));
      expect([status, json.error]).toEqual([401, 'invalid_token']);
    }
  });

  const wrong: [string, Record<string, unknown>][] = [
    ['an ID token', { typ: 'id_token+jwt' }],
    ['a token of no type', { typ: 'JWT' }],
    ['with an empty sub', { sub: '' }],
    ['with a sub of spaces', { sub: '  ' }],
    ['issued an hour ago, whatever its exp', { iat: Math.floor(Date.now() / 1000) - 3700 }],
    ['issued in the future', { iat: Math.floor(Date.now() / 1000) + 600 }],
  ];
  it.for(wrong)('%s: refused by both', async ([, claims]) => {
    const wish = { sub: 'demo-operator', email: 'o@example.com', roles: ['operator'], lifetime: '10y' };
    const token = await control<string>('token', { ...wish, wrong: claims });
    for (const path of ['/api/dev/apps', '/api/admin/partners'])
      expect((await call(path, bearer(token))).json.error).toBe('invalid_token');
  });

  const unnamed: [string, Record<string, unknown>][] = [
    ['whom nobody named', { sub: 'somebody-else' }],
    ['without a verified address', { email_verified: false }],
    ['without a word on the address', { email_verified: null }],
    ['whose address is said to be verified in text', { email_verified: 'true' }],
    ['who signed in with one factor', { amr: ['pwd'] }],
    ['without the role', { roles: ['viewer'] }],
  ];
  it.for(unnamed)("an operator %s does not open the operators' API", async ([, claims]) => {
    const wish = { sub: 'demo-operator', email: 'o@example.com', roles: ['operator'] };
    const answer = await call(
      '/api/admin/partners',
      bearer(await control('token', { ...wish, wrong: claims })),
    );
    expect([answer.status, answer.json.error]).toEqual([403, 'forbidden']);
  });

  it('an operator is made by naming issuer and subject, and unmade by the next request', async () => {
    const sub = `named-${mine.id}`;
    const token = await control<string>('token', { sub, email: 'named@example.com', roles: ['operator'] });
    const status = async () => (await call('/api/admin/partners', bearer(token))).status;
    expect(await status()).toBe(403);
    await query('INSERT INTO operator_identity (issuer, subject) VALUES ($1, $2)', [ISSUER, sub]);
    expect(await status()).toBe(200);
    await query('UPDATE operator_identity SET issuer = $1 WHERE subject = $2', ['https://evil.example', sub]);
    expect(await status()).toBe(403);
  });

  it('whose sub is the id of an account are not that account', async () => {
    const person = await signedUp();
    const [account] = await query<{ id: string }>('SELECT id FROM dev_accounts WHERE email = $1', [
      person.email,
    ]);
    const email = `${account?.id}@example.com`.toLowerCase();
    const token = await control<string>('token', { sub: account?.id, email });
    const { json } = await call('/api/dev/members', bearer(token));
    expect(json.data).toMatchObject([{ subject: `${ISSUER}|${account?.id}`, email }]);
  });

  it.each([undefined, false, 'false', 'true', 1])(
    'with email_verified %s register nobody, and keep nobody from their address',
    async (isVerified) => {
      const owner = await signedUp();
      await query('DELETE FROM partner_member WHERE email = $1', [owner.email]);
      await query('DELETE FROM partner WHERE email = $1', [owner.email]);
      const wrong = { email_verified: isVerified ?? null };
      const token = await control<string>('token', { sub: `squat-${mine.id}`, email: owner.email, wrong });
      expect((await call('/api/dev/apps', bearer(token))).status).toBe(403);
      expect((await owner.post('/welcome')).headers.location).toBe('/portal');
    },
  );

  it("of a developer do not open the operators' API", async () => {
    const { status, json } = await call('/api/admin/partners', me);
    expect([status, json.error]).toEqual([403, 'forbidden']);
  });
});

describe("another partner's ids are not found, never forbidden, never data", () => {
  const routes: [method: string, path: () => string][] = [
    ['GET', () => `/api/dev/apps/${theirs.app}`],
    ['PATCH', () => `/api/dev/apps/${theirs.app}`],
    ['DELETE', () => `/api/dev/apps/${theirs.app}`],
    ['GET', () => `/api/dev/apps/${theirs.app}/keys`],
    ['POST', () => `/api/dev/apps/${theirs.app}/keys`],
    ['GET', () => `/api/dev/apps/${theirs.app}/usage`],
    ['GET', () => `/api/dev/apps/${theirs.app}/events`],
    ['POST', () => `/api/dev/apps/${theirs.app}/sandbox/reset`],
    ['GET', () => `/api/dev/keys/${theirs.key}`],
    ['PATCH', () => `/api/dev/keys/${theirs.key}`],
    ['POST', () => `/api/dev/keys/${theirs.key}/rotate`],
    ['POST', () => `/api/dev/keys/${theirs.key}/revoke`],
    ['GET', () => `/api/dev/keys/${theirs.bearer}`],
    ['GET', () => '/api/dev/apps/not-a-uuid'],
    ['GET', () => "/api/dev/keys/x'%20OR%20'1'='1"],
  ];
  it.for(routes)('%s %s', async ([method, path]) => {
    const body = { key_type: 'bearer', environment: 'test', name: 'x', reason: 'x' };
    const { status, json, text } =
      method === 'GET' ? await call(path(), me) : await sendJson(path(), method, body, me);
    expect([status, json.error]).toEqual([404, 'not_found']);
    expect(text).not.toContain('Theirs');
  });

  it('by the dashboard API neither', async () => {
    const key = (await makeKey(mine.id)).secret;
    expect((await call(`/dashboard/api-keys/${theirs.bearer}`, { method: 'DELETE', key })).status).toBe(404);
    expect((await query('SELECT is_active FROM api_key WHERE id = $1', [theirs.bearer]))[0]?.is_active).toBe(
      true,
    );
    expect((await call('/dashboard/api-keys/nonsense', { method: 'DELETE', key })).status).toBe(404);
  });

  it('an account with a known e-mail is not taken over by a new developer', async () => {
    const [row] = await query('SELECT email FROM partner WHERE id = $1', [theirs.partner]);
    const token = await control<string>('token', { sub: 'impostor', email: row?.email });
    expect((await call('/api/dev/apps', bearer(token))).status).toBe(403);
  });
});

describe('a developer', () => {
  it('who is new gets a sandbox-only partner, whose test keys work and whose live keys do not exist', async () => {
    const dev = bearer(await developerToken());
    const { json: made } = await sendJson('/api/dev/apps', 'POST', { name: 'First' }, dev);
    const wanted = (environment: string) => ({ key_type: 'bearer', environment, name: 'K' });
    const test = await sendJson(`/api/dev/apps/${made.id}/keys`, 'POST', wanted('test'), dev);
    expect(test.status).toBe(201);
    expect((await call('/v2/routes/list', { key: test.json.secret })).status).toBe(200);
    const live = await sendJson(`/api/dev/apps/${made.id}/keys`, 'POST', wanted('live'), dev);
    expect([live.status, live.json.error]).toEqual([403, 'live_access_required']);
    const [partner] = await query('SELECT partner_id AS id FROM dev_apps WHERE id = $1', [made.id]);
    const approved = await sendJson(`/api/admin/partners/${partner?.id}/approve`, 'POST', {}, operator);
    expect(approved.json.status).toBe('active');
    expect((await sendJson(`/api/dev/apps/${made.id}/keys`, 'POST', wanted('live'), dev)).status).toBe(201);
  });

  it('makes, lists, changes and archives apps; keys of an archived app stop at once', async () => {
    const { json: made } = await sendJson(
      '/api/dev/apps',
      'POST',
      { name: 'A', website: 'https://a.example' },
      me,
    );
    const changed = await sendJson(
      `/api/dev/apps/${made.id}`,
      'PATCH',
      { name: 'B', allowed_ips: ['10.0.0.0/8'] },
      me,
    );
    expect(changed.json).toMatchObject({
      name: 'B',
      website: 'https://a.example',
      allowed_ips: ['10.0.0.0/8'],
    });
    const { json: key } = await sendJson(
      `/api/dev/apps/${made.id}/keys`,
      'POST',
      { key_type: 'bearer', environment: 'live', name: 'K' },
      me,
    );
    expect((await call('/v2/routes/list', { key: key.secret })).json.error).toBe('ip_not_allowed');
    await sendJson(`/api/dev/apps/${made.id}`, 'PATCH', { allowed_ips: [] }, me);
    expect((await call('/v2/routes/list', { key: key.secret })).status).toBe(200);
    const { json: listed } = await call('/api/dev/apps?limit=1', me);
    expect(listed.data).toHaveLength(1);
    expect((await call(`/api/dev/apps?cursor=${listed.next_cursor}`, me)).json.data.length).toBeGreaterThan(
      0,
    );
    expect((await call(`/api/dev/apps/${made.id}`, { ...me, method: 'DELETE' })).status).toBe(200);
    expect((await call('/v2/routes/list', { key: key.secret })).status).toBe(401);
    expect((await call(`/api/dev/apps/${made.id}`, me)).status).toBe(404);
  });

  it('rotates a key: both secrets work in the grace period, and with none only the new one', async () => {
    const { json: key } = await sendJson(
      `/api/dev/apps/${app}/keys`,
      'POST',
      { key_type: 'bearer', environment: 'live', name: 'R' },
      me,
    );
    const works = async (secret: string) => (await call('/v2/routes/list', { key: secret })).status === 200;
    expect(await works(key.secret)).toBe(true);
    const { json: rotated } = await sendJson(`/api/dev/keys/${key.key_id}/rotate`, 'POST', {}, me);
    expect(rotated.key_id).toBe(key.key_id);
    expect(rotated.retiring).toHaveLength(1);
    expect([await works(key.secret), await works(rotated.secret)]).toEqual([true, true]);
    const { json: again } = await sendJson(
      `/api/dev/keys/${key.key_id}/rotate`,
      'POST',
      { grace_days: 0 },
      me,
    );
    expect([await works(key.secret), await works(rotated.secret), await works(again.secret)]).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('makes a signing key as the portal document does, without scopes, and pays with it', async () => {
    const wanted = { key_type: 'api_key', environment: 'test', name: 'My Test Key' };
    const { json: key } = await sendJson(`/api/dev/apps/${app}/keys`, 'POST', wanted, me);
    const body = '{"amount":1000,"currency":"XOF"}';
    const signature = createHmac('sha256', key.secret).update(body).digest('hex');
    const headers = { 'x-api-key': `${key.key_id}:${signature}`, 'content-type': 'application/json' };
    expect((await call('/v1/payments', { method: 'POST', body, headers })).status).toBe(201);
  });

  it('changes scopes and limits of a key, in force at once', async () => {
    const { json: key } = await sendJson(
      `/api/dev/apps/${app}/keys`,
      'POST',
      { key_type: 'bearer', environment: 'live', name: 'S' },
      me,
    );
    expect((await call('/v2/stops/search?q=a', { key: key.secret })).status).toBe(403);
    await sendJson(
      `/api/dev/keys/${key.key_id}`,
      'PATCH',
      { scopes: ['read:stops'], limits: { daily_quota: 1 } },
      me,
    );
    expect((await call('/v2/stops/search?q=a', { key: key.secret })).status).toBe(200);
    expect((await call('/v2/stops/search?q=a', { key: key.secret })).json.error).toBe('daily_quota_exceeded');
    await sendJson(`/api/dev/keys/${key.key_id}`, 'PATCH', { limits: { daily_quota: null } }, me);
    expect((await call('/v2/stops/search?q=a', { key: key.secret })).status).toBe(200);
  });

  it('sees the usage of an app by day, route, key and status, and its requests', async () => {
    const { json: own } = await sendJson('/api/dev/apps', 'POST', { name: 'Usage' }, me);
    const key = (await makeKey(mine.id, { appId: own.id })).secret;
    await inParallel(6, 3, (i) => call(i % 2 ? '/v2/routes/list' : '/v2/stops/x/departures', { key }));
    const usage = async (by: string) =>
      (await call(`/api/dev/apps/${own.id}/usage?days=30&by=${by}`, me)).json;
    await eventually(
      () => usage('day'),
      (days) => days[0]?.calls >= 6,
    );
    expect(await usage('day')).toEqual([
      expect.objectContaining({
        day: new Date().toISOString().slice(0, 10),
        calls: 6,
        errors: 0,
        avg_latency_ms: expect.any(Number),
        p99_latency_ms: expect.any(Number),
        unique_ips: 1,
      }),
    ]);
    expect((await usage('route')).map(({ calls }: { calls: number }) => calls)).toEqual([3, 3]);
    expect(await usage('key')).toHaveLength(1);
    expect(await usage('status')).toEqual([{ status: 200, calls: 6 }]);
    const { json: events } = await call(`/api/dev/apps/${own.id}/events?limit=4`, me);
    expect(events.data).toHaveLength(4);
    const { json: rest } = await call(
      `/api/dev/apps/${own.id}/events?limit=4&cursor=${events.next_cursor}`,
      me,
    );
    expect([rest.data.length, rest.next_cursor]).toEqual([2, null]);
  });

  it('repeats a POST with the same Idempotency-Key without doing it twice', async () => {
    const headers = { ...me.headers, 'idempotency-key': 'same' };
    const wanted = { key_type: 'bearer', environment: 'test', name: 'Once' };
    const answers = [];
    for (let i = 0; i < 2; i++)
      answers.push(await sendJson(`/api/dev/apps/${app}/keys`, 'POST', wanted, { headers }));
    expect(answers[1]?.json).toEqual(answers[0]?.json);
    expect(answers[1]?.headers['idempotent-replayed']).toBe('true');
    const other = await sendJson(
      `/api/dev/apps/${app}/keys`,
      'POST',
      { ...wanted, name: 'Other' },
      { headers },
    );
    expect([other.status, other.json.error]).toEqual([422, 'idempotency_mismatch']);
    const kept = JSON.stringify(await query('SELECT * FROM idempotency_key'));
    expect(kept).not.toContain(answers[0]?.json.secret);
  });

  it('leaves an audit trail that is whole', async () => {
    const { json } = await call('/api/dev/audit?limit=100', me);
    const actions = json.data.map(({ action }: { action: string }) => action);
    for (const action of [
      'app.created',
      'app.changed',
      'app.archived',
      'key.created',
      'key.rotated',
      'key.changed',
      'key.limits_changed',
    ]) {
      expect(actions).toContain(action);
    }
    expect(json.breaks).toEqual([]);
  });

  it.for([
    ['an app without a name', '/api/dev/apps', {}, 'name'],
    [
      'an address that is none',
      '/api/dev/apps',
      { name: 'x', allowed_ips: ['10.0.0.0/99'] },
      'allowed_ips.0',
    ],
    [
      'an origin with a path',
      '/api/dev/apps',
      { name: 'x', allowed_origins: ['https://a.example/x'] },
      'allowed_origins.0',
    ],
  ] as const)('gets field errors for %s', async ([, path, body, field]) => {
    const { status, json } = await sendJson(path, 'POST', body, me);
    expect([status, json.error]).toEqual([400, 'validation_error']);
    expect(json.details[0].field).toBe(field);
  });

  it('oversized input is refused', async () => {
    expect((await sendJson('/api/dev/apps', 'POST', { name: 'x'.repeat(70_000) }, me)).status).toBe(413);
  });
});

it('no secret is in the database or in the log', async () => {
  const { json: key } = await sendJson(
    `/api/dev/apps/${app}/keys`,
    'POST',
    { key_type: 'api_key', environment: 'live', name: 'Secret' },
    me,
  );
  const { json: other } = await sendJson(
    `/api/dev/apps/${app}/keys`,
    'POST',
    { key_type: 'bearer', environment: 'live', name: 'Secret' },
    me,
  );
  await call('/v2/routes/list', { key: other.secret });
  for (const secret of [key.secret, other.secret]) {
    for (const table of ['api_key', 'dev_portal_audit', 'api_usage_events', 'idempotency_key']) {
      expect(await query(`SELECT 1 FROM ${table} t WHERE strpos(t::text, $1) > 0`, [secret])).toEqual([]);
    }
    expect(await control('lines', secret)).toEqual([]);
  }
});

describe('operators', () => {
  it('make, find, move and limit partners; every change is audited', async () => {
    const email = `${crypto.randomUUID()}@example.com`;
    const { status, json: partner } = await sendJson(
      '/api/admin/partners',
      'POST',
      { name: 'New Partner', email, tier: 'starter' },
      operator,
    );
    expect(status).toBe(201);
    expect(partner).toMatchObject({ tier: 'starter', rate_limit_per_second: 10, rate_limit_per_day: 10_000 });
    expect((await sendJson('/api/admin/partners', 'POST', { name: 'Again', email }, operator)).status).toBe(
      409,
    );
    expect((await call(`/api/admin/partners?search=${email.slice(0, 20)}`, operator)).json.data).toHaveLength(
      1,
    );
    const moved = await sendJson(
      `/api/admin/partners/${partner.id}/tier`,
      'PUT',
      { tier: 'business' },
      operator,
    );
    expect(moved.json).toMatchObject({ tier: 'business', rate_limit_per_second: 50 });
    const limits = {
      rate_limit_per_second: 7,
      rate_limit_per_day: -1,
      rate_limit_per_month: -1,
      overage_action: 'charge',
    };
    const limited = await sendJson(`/api/admin/partners/${partner.id}/limits`, 'PUT', limits, operator);
    expect(limited.json).toMatchObject({ ...limits, custom_limits: true });
    const kept = await sendJson(`/api/admin/partners/${partner.id}/tier`, 'PUT', { tier: 'free' }, operator);
    expect(kept.json).toMatchObject({ tier: 'free', rate_limit_per_second: 7 });
    const back = await call(`/api/admin/partners/${partner.id}/limits`, { ...operator, method: 'DELETE' });
    expect(back.json).toMatchObject({ rate_limit_per_second: 2, custom_limits: false });
    expect(
      (await sendJson(`/api/admin/partners/${partner.id}/tier`, 'PUT', { tier: 'platinum' }, operator)).json
        .error,
    ).toBe('validation_error');
    expect((await sendJson(`/api/admin/partners/${partner.id}/suspend`, 'POST', {}, operator)).status).toBe(
      400,
    );
    const { json: audit } = await call(`/api/admin/audit?partner_id=${partner.id}`, operator);
    expect(audit.data.map(({ action }: { action: string }) => action)).toEqual([
      'partner.limits_changed',
      'plan.changed',
      'partner.limits_changed',
      'plan.changed',
      'member.invited',
      'partner.created',
    ]);
    expect((await call(`/api/admin/partners/${crypto.randomUUID()}`, operator)).status).toBe(404);
  });
});
