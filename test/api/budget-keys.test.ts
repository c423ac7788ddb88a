// Keys with budgets: a hard cap over their whole life, exact whatever happens; within the limits and on the bill of the key that
// made them, and at an end with it.

import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type Answer,
  call,
  control,
  developerToken,
  eventually,
  inParallel,
  makeKey,
  makePartner,
  query,
  sendJson,
  setFaults,
  type TestPartner,
} from '../support/api.ts';
import { memberOf } from '../support/portal.ts';

const ROUTE = '/v2/stops/0:X/departures';
const FAILS = `${ROUTE}?upstream=fail`;
const CLIENTS = 64;
const CRASHES = 5;
const BUDGET = 100;

interface Made {
  id: string;
  secret: string;
}

let partner: TestPartner;
let me: { headers: Record<string, string> };
beforeAll(async () => {
  partner = await makePartner();
  me = { headers: { authorization: `Bearer ${await developerToken(partner)}` } };
});
afterEach(() => setFaults({}));

const ask = (maker: string, wanted: object, as = me): Promise<Answer> =>
  sendJson(`/api/dev/keys/${maker}/budget-keys`, 'POST', { name: 'agent', ...wanted }, as);

async function made(maker: string, wanted: object = { budget: { units: BUDGET } }, as = me): Promise<Made> {
  const { status, json } = await ask(maker, wanted, as);
  expect(status, JSON.stringify(json)).toBe(201);
  return { id: json.key_id, secret: json.secret };
}

const budgetOf = async (id: string, as = me) => (await call(`/api/dev/keys/${id}`, as)).json.budget;
const crash = (name: string) => sendJson('/__test/crash', 'POST', { binding: 'KEY_LIMITER', name });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a budget is exact', () => {
  it('of 100 units, 64 clients at once and five crashes: exactly 100', async () => {
    const owner = await makePartner();
    const as = { headers: { authorization: `Bearer ${await developerToken(owner)}` } };
    const root = await makeKey(owner.id);
    const child = await made(root.id, { budget: { units: BUDGET } }, as);
    let admitted = 0;
    const once = async () => {
      const answer = await call(ROUTE, { key: child.secret });
      expect([200, 402, 503]).toContain(answer.status);
      if (answer.status === 200) admitted++;
      return answer;
    };
    const crashing = (async () => {
      for (let i = 0; i < CRASHES; i++) {
        await pause(15);
        await crash(root.id);
      }
    })();
    await inParallel(CLIENTS * 5, CLIENTS, once);
    await crashing;
    // What was counted and not answered came back: it is there to be used.
    await eventually(
      async () => (await once()).status === 402 && (await budgetOf(child.id, as)).used === admitted,
      (isOver) => isOver,
      30_000,
    );
    await inParallel(CLIENTS, CLIENTS, once);
    expect(admitted).toBe(BUDGET);
    expect(await budgetOf(child.id, as)).toEqual({
      in: 'units',
      limit: BUDGET,
      currency: null,
      used: BUDGET,
      remaining: 0,
    });
    // The parent's use, the partner's, and the bill.
    const { json } = await call('/dashboard/quota', { key: root.secret });
    expect(json.monthly.requests).toBe(BUDGET);
    const stored = await eventually(
      () =>
        query<{ events: number; rollups: number; month: number }>(
          `SELECT (SELECT coalesce(sum(units), 0)::int FROM api_usage_events WHERE partner_id = $1) AS events,
            (SELECT coalesce(sum(units), 0)::int FROM api_usage_rollups_day WHERE partner_id = $1) AS rollups,
            (SELECT coalesce(sum(units), 0)::int FROM quota_usage WHERE partner_id = $1 AND period_type = 'monthly') AS month`,
          [owner.id],
        ),
      ([row]) => row?.month === BUDGET && row.rollups === BUDGET,
    );
    expect(stored).toEqual([{ events: BUDGET, rollups: BUDGET, month: BUDGET }]);
  }, 90_000);

  it('its refusal says which limit, how much of it, and that waiting does not help', async () => {
    const root = await makeKey(partner.id);
    const child = await made(root.id, { budget: { units: 2 } });
    const first = await call(ROUTE, { key: child.secret });
    expect(first.headers['x-ratelimit-limit-budget']).toBe('2');
    expect(first.headers['x-ratelimit-remaining-budget']).toBe('1');
    expect(first.headers['ratelimit-policy']).toContain('"budget";q=2');
    await call(ROUTE, { key: child.secret });
    const refused = await call(ROUTE, { key: child.secret });
    expect(refused.status).toBe(402);
    expect(refused.json).toMatchObject({
      error: 'budget_exceeded',
      limit_type: 'budget',
      budget_of: 'key',
      limit: 2,
      used: 2,
      doc_url: expect.stringContaining('/docs/errors/budget_exceeded'),
    });
    expect(refused.headers['retry-after']).toBeUndefined();
    expect(refused.headers.ratelimit).toBe('"budget";r=0');
    // The key that made it goes on.
    expect((await call(ROUTE, { key: root.secret })).status).toBe(200);
    expect((await call(ROUTE, { key: root.secret })).headers['x-ratelimit-limit-budget']).toBeUndefined();
  });

  it('and whose: a grandchild that its parent left nothing is told so', async () => {
    const root = await makeKey(partner.id);
    const parent = await made(root.id, { budget: { units: 1 } });
    const child = await made(parent.id, { budget: { units: 1 } });
    expect((await call(ROUTE, { key: parent.secret })).status).toBe(200);
    const refused = await call(ROUTE, { key: child.secret });
    expect(refused).toMatchObject({ status: 402, json: { budget_of: 'parent', limit: 1, used: 1 } });
  });

  it('while the limiter does not answer, nothing is admitted', async () => {
    const root = await makeKey(partner.id);
    await query('UPDATE api_key_quotas SET daily_quota = -1, monthly_quota = -1 WHERE key_id = $1', [
      root.id,
    ]);
    await query(`UPDATE partner SET overage_action = 'charge' WHERE id = $1`, [partner.id]);
    const child = await made(root.id);
    expect((await call(ROUTE, { key: child.secret })).status).toBe(200);
    expect((await call(ROUTE, { key: root.secret })).status).toBe(200);
    await setFaults({ limiterDown: true });
    expect((await call(ROUTE, { key: child.secret })).json.error).toBe('limiter_unavailable');
    expect((await call(ROUTE, { key: root.secret })).status).toBe(200);
    expect(await budgetOf(child.id)).toMatchObject({ used: null, remaining: null });
    await setFaults({ limiterDown: false });
    expect(await budgetOf(child.id)).toMatchObject({ used: 1, remaining: BUDGET - 1 });
  });

  it('what the upstream failed comes back', async () => {
    const root = await makeKey(partner.id);
    const child = await made(root.id, { budget: { units: 3 } });
    for (let i = 0; i < 6; i++)
      expect((await call(FAILS, { key: child.secret })).status, `call ${i}`).toBeGreaterThanOrEqual(500);
    await eventually(
      () => budgetOf(child.id),
      ({ used }) => used === 0,
    );
    for (let i = 0; i < 3; i++) expect((await call(ROUTE, { key: child.secret })).status).toBe(200);
    expect((await call(ROUTE, { key: child.secret })).status).toBe(402);
  });

  it('a tree three deep: each spends from all above it, in the limits of the first', async () => {
    const root = await makeKey(partner.id);
    const a = await made(root.id, { budget: { units: 10 } });
    const b = await made(a.id, { budget: { units: 8 } });
    const c = await made(b.id, { budget: { units: 8 } });
    const use = async (key: Made, times: number) => {
      for (let i = 0; i < times; i++) expect((await call(ROUTE, { key: key.secret })).status).toBe(200);
    };
    await use(c, 3);
    await use(b, 2);
    await use(a, 3);
    const used = async () =>
      Promise.all([a, b, c].map(async ({ id }) => (await budgetOf(id)).used as number));
    expect(await used()).toEqual([8, 5, 3]);
    // The first has two left, whatever the others have.
    const last = await call(ROUTE, { key: c.secret });
    expect(last.headers['x-ratelimit-remaining-budget']).toBe('1');
    await use(c, 1);
    for (const { secret } of [a, b, c]) expect((await call(ROUTE, { key: secret })).status).toBe(402);
    expect(await used()).toEqual([10, 7, 5]);
    // Revoked in the middle: what is below stops, what is above does not.
    await sendJson(`/api/dev/keys/${a.id}`, 'PATCH', { budget: { units: 20 } }, me);
    await use(c, 1);
    await sendJson(`/api/dev/keys/${b.id}/revoke`, 'POST', { reason: 'over' }, me);
    expect((await call(ROUTE, { key: b.secret })).status).toBe(401);
    expect((await call(ROUTE, { key: c.secret })).status).toBe(401);
    await use(a, 1);
    await use(root as Made, 1);
  });

  it('in money: each unit at the price of its moment', async () => {
    const owner = await makePartner({ tier: 'enterprise' });
    const as = { headers: { authorization: `Bearer ${await developerToken(owner)}` } };
    const [plan] = await query<{ tier: string; currency: string; price: string }>(
      `SELECT p.tier, p.currency, plan_price(t, p.currency, 'overage_per_1000') AS price FROM partner p
        JOIN tier_config t ON t.tier = p.tier WHERE p.id = $1`,
      [owner.id],
    );
    const milli = Number(plan?.price);
    expect(milli).toBeGreaterThan(0);
    const root = await makeKey(owner.id);
    const minor = Math.ceil((milli * 3) / 1000);
    const child = await made(root.id, { budget: { minor } }, as);
    const fits = Math.floor((minor * 1000) / milli);
    expect(fits).toBeGreaterThanOrEqual(3);
    let admitted = 0;
    for (let i = 0; i < Math.min(fits, 40); i++)
      if ((await call(ROUTE, { key: child.secret })).status === 200) admitted++;
    expect(admitted).toBe(Math.min(fits, 40));
    const budget = await budgetOf(child.id, as);
    expect(budget).toMatchObject({ in: 'money', limit: minor, currency: plan?.currency });
    expect(budget.used).toBe(Math.ceil((admitted * milli) / 1000));
    if (fits <= 40) expect((await call(ROUTE, { key: child.secret })).status).toBe(402);
  });
});

describe('with its maker', () => {
  it('revoked or suspended: every key of the tree stops at its next call, with KV frozen', async () => {
    for (const [how, end, status] of [
      ['revoked', (id: string) => sendJson(`/api/dev/keys/${id}/revoke`, 'POST', { reason: 'x' }, me), 401],
      [
        'scopes',
        (id: string) => sendJson(`/api/dev/keys/${id}`, 'PATCH', { scopes: ['read:routes'] }, me),
        403,
      ],
      [
        'addresses',
        (id: string) => sendJson(`/api/dev/keys/${id}`, 'PATCH', { allowed_ips: ['192.0.2.1'] }, me),
        403,
      ],
    ] as const) {
      const root = await makeKey(partner.id);
      const a = await made(root.id);
      const b = await made(a.id);
      const c = await made(b.id);
      const keys = [a, b, c];
      for (const { secret } of keys)
        for (const edge of ['a', 'b', 'c'])
          expect((await call(ROUTE, { key: secret, headers: { 'x-test-edge': edge } })).status).toBe(200);
      await setFaults({ kvFrozen: true });
      expect((await end(root.id)).status, how).toBe(200);
      for (const { secret } of keys)
        for (const edge of ['a', 'b', 'c'])
          expect((await call(ROUTE, { key: secret, headers: { 'x-test-edge': edge } })).status, how).toBe(
            status,
          );
      await setFaults({});
    }
  });

  it('its limits are the tree’s', async () => {
    const root = await makeKey(partner.id);
    await query('UPDATE api_key_quotas SET daily_quota = 5 WHERE key_id = $1', [root.id]);
    const child = await made(root.id);
    for (let i = 0; i < 3; i++) expect((await call(ROUTE, { key: child.secret })).status).toBe(200);
    for (let i = 0; i < 2; i++) expect((await call(ROUTE, { key: root.secret })).status).toBe(200);
    for (const { secret } of [root, child]) {
      const refused = await call(ROUTE, { key: secret });
      expect(refused.status).toBe(429);
      expect(refused.json).toMatchObject({ error: 'daily_quota_exceeded', limit: 5, used: 5 });
    }
    const limits = await sendJson(`/api/dev/keys/${child.id}`, 'PATCH', { limits: { daily_quota: 1 } }, me);
    expect(limits.status).toBe(409);
  });

  it('never ends after it', async () => {
    const end = new Date(Date.now() + 3600_000).toISOString();
    const root = await makeKey(partner.id, { set: { expires_at: end } });
    const { json } = await ask(root.id, {
      budget: { units: 1 },
      expires_at: new Date(Date.now() + 7200_000).toISOString(),
    });
    expect(Date.parse(json.expires_at)).toBe(Date.parse(end));
  });

  it('keys with budgets hold no place in the plan', async () => {
    const owner = await makePartner({ tier: 'business', overage: 'charge' });
    const as = { headers: { authorization: `Bearer ${await developerToken(owner)}` } };
    const root = await makeKey(owner.id);
    for (let i = 0; i < 12; i++) await made(root.id, undefined, as);
    const { json } = await call(`/api/dev/keys/${root.id}/budget-keys`, as);
    expect(json.data).toHaveLength(12);
    expect(json.data[0]).toMatchObject({
      name: 'agent',
      parent_id: root.id,
      budget: { used: 0, remaining: BUDGET },
    });
  });
});

describe('who makes them', () => {
  it('a key, within its scopes, and what it makes makes none but with a budget', async () => {
    const root = await makeKey(partner.id, { scopes: ['read:stops', 'keys:write'] });
    const make = (key: string, body: object) =>
      sendJson(
        '/dashboard/api-keys',
        'POST',
        { name: 'job', ...body },
        { headers: { authorization: `Bearer ${key}` } },
      );
    const { status, json } = await make(root.secret, {
      budget: { units: 5 },
      scopes: ['read:stops', 'keys:write'],
    });
    expect(status, JSON.stringify(json)).toBe(201);
    expect(json.budget).toEqual({ in: 'units', limit: 5, currency: null, used: 0, remaining: 5 });
    expect((await make(json.api_key, {})).status).toBe(403);
    expect((await make(json.api_key, { budget: { units: 6 }, scopes: ['read:stops'] })).status).toBe(400);
    expect((await make(json.api_key, { budget: { units: 5 }, scopes: ['read:routes'] })).status).toBe(403);
    const grandchild = await make(json.api_key, { budget: { units: 5 } });
    expect(grandchild.json.scopes).toEqual(['read:stops']);
    expect((await make(grandchild.json.api_key, { budget: { units: 1 } })).status).toBe(403);
    const quota = await call('/dashboard/quota', { key: grandchild.json.api_key });
    expect(quota.json.rate_limits.budget).toEqual({ limit: 5, used: 0, remaining: 5, level: 'key' });
  });

  it('a client, by its token; and an agent, by tools', async () => {
    const app = (await sendJson('/api/dev/apps', 'POST', { name: 'Agents' }, me)).json.id;
    const scopes = ['read:stops', 'keys:write'];
    const client = (
      await sendJson(
        `/api/dev/apps/${app}/keys`,
        'POST',
        { key_type: 'oauth_client', environment: 'live', name: 'Agent', scopes },
        me,
      )
    ).json;
    const basic = Buffer.from(`${client.key_id}:${client.secret}`).toString('base64');
    const token = await call('/oauth/token', {
      method: 'POST',
      body: 'grant_type=client_credentials',
      headers: { authorization: `Basic ${basic}`, 'content-type': 'application/x-www-form-urlencoded' },
    });
    const as = { headers: { authorization: `Bearer ${token.json.access_token}` } };
    const plain = await sendJson('/dashboard/api-keys', 'POST', { name: 'x', scopes: ['read:stops'] }, as);
    expect(plain.status).toBe(403);
    const tool = async (name: string, given: object, secret = token.json.access_token) => {
      const answer = await call('/mcp', {
        method: 'POST',
        headers: {
          authorization: `Bearer ${secret}`,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
        },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name, arguments: given },
        }),
      });
      const { result } = answer.json ?? JSON.parse(/^data: (.*)$/m.exec(answer.text)?.[1] ?? '{}');
      const [{ text }] = result.content;
      return { isError: result.isError === true, text, json: result.isError ? undefined : JSON.parse(text) };
    };
    const mine = await tool('create_budget_key', { name: 'sub-agent', budget: { units: 2 } });
    expect(mine.json).toMatchObject({ scopes: ['read:stops'], budget: { limit: 2, remaining: 2 } });
    expect((await tool('create_budget_key', { name: 'x', budget: { units: 0 } })).isError).toBe(true);
    expect(
      (await tool('create_budget_key', { name: 'x', budget: { units: 1 }, scopes: ['read:routes'] })).text,
    ).toContain('scopes');
    const stop = await tool('searchStops', { q: 'hann' }, mine.json.api_key);
    expect(stop.isError).toBe(false);
    expect((await tool('list_budget_keys', {})).json.keys).toMatchObject([
      { id: mine.json.id, name: 'sub-agent', state: 'active', budget: { used: 1, remaining: 1 } },
    ]);
    expect((await tool('list_budget_keys', {}, mine.json.api_key)).text).toContain('keys:write');
    const usage = await tool('get_usage', {}, mine.json.api_key);
    expect(usage.json.limits.budget).toMatchObject({ limit: 2, remaining: 1 });
    await tool('searchStops', { q: 'hann' }, mine.json.api_key);
    const refused = await tool('searchStops', { q: 'hann' }, mine.json.api_key);
    expect(refused.isError).toBe(true);
    const foreign = await made((await makeKey(partner.id)).id);
    expect((await tool('revoke_budget_key', { id: foreign.id })).isError).toBe(true);
    expect((await tool('revoke_budget_key', { id: mine.json.id })).json.state).toBe('revoked');
    expect((await call(ROUTE, { key: mine.json.api_key })).status).toBe(401);
    // The client ends, and with it what it made.
    const other = await tool('create_budget_key', { name: 'other', budget: { units: 2 } });
    expect((await call(ROUTE, { key: other.json.api_key })).status).toBe(200);
    await sendJson(`/api/dev/keys/${client.key_id}/revoke`, 'POST', { reason: 'x' }, me);
    expect((await call(ROUTE, { key: other.json.api_key })).status).toBe(401);
  });

  it('at most five deep, and 200 of a key', async () => {
    let maker = (await makeKey(partner.id)).id;
    for (let i = 0; i < 5; i++) maker = (await made(maker)).id;
    expect((await ask(maker, { budget: { units: 1 } })).status).toBe(409);
    const root = await makeKey(partner.id);
    await query(
      `INSERT INTO api_key (partner_id, parent_id, environment, key_hash, key_prefix, name, budget_units)
        SELECT $1, $2, 'live', md5(random()::text || n), 'pk_live_xxxx', 'many', 1 FROM generate_series(1, 200) n`,
      [partner.id, root.id],
    );
    const refused = await ask(root.id, { budget: { units: 1 } });
    expect(refused.status).toBe(409);
    expect(refused.json.message).toContain('200');
  });

  it.for([
    ['none', undefined],
    ['nothing', { units: 0 }],
    ['less', { units: -1 }],
    ['half', { units: 1.5 }],
    ['text', { units: '5' }],
    ['both', { units: 1, minor: 1 }],
    ['neither', {}],
    ['too much', { units: 1e13 }],
    ['no money', { minor: 0 }],
    ['less money', { minor: -5 }],
    ['another member', { units: 1, tokens: 2 }],
  ] as const)('a budget of %s is refused', async ([, budget]) => {
    const root = await makeKey(partner.id);
    const { status, json } = await ask(root.id, { budget });
    expect(status).toBe(400);
    expect(json.error).toBe('validation_error');
  });

  it('refuses what is beyond its maker, other partners, ended makers and changes of kind', async () => {
    const root = await makeKey(partner.id, { scopes: ['read:stops'] });
    const child = await made(root.id);
    expect((await ask(child.id, { budget: { units: BUDGET + 1 } })).json.details[0].field).toBe('budget');
    expect(
      (await ask(root.id, { budget: { units: 1 }, scopes: ['read:routes'] })).json.details[0].field,
    ).toBe('scopes');
    const change = (id: string, body: object) => sendJson(`/api/dev/keys/${id}`, 'PATCH', body, me);
    expect((await change(child.id, { budget: { minor: 5 } })).status).toBe(400);
    expect((await change(root.id, { budget: { units: 5 } })).status).toBe(400);
    const stranger = await makePartner();
    const theirs = { headers: { authorization: `Bearer ${await developerToken(stranger)}` } };
    expect((await ask(root.id, { budget: { units: 1 } }, theirs)).status).toBe(404);
    expect((await call(`/api/dev/keys/${root.id}/budget-keys`, theirs)).status).toBe(404);
    await sendJson(`/api/dev/keys/${root.id}/revoke`, 'POST', { reason: 'x' }, me);
    expect((await ask(root.id, { budget: { units: 1 } })).status).toBe(409);
  });

  it('sees and ends what it made, and nothing of others', async () => {
    const root = await makeKey(partner.id, { scopes: ['read:stops', 'keys:write'] });
    const sibling = await made(root.id);
    const child = await made(root.id, { budget: { units: 9 }, scopes: ['read:stops', 'keys:write'] });
    const grandchild = await made(child.id, { budget: { units: 2 } });
    const end = (id: string) => call(`/dashboard/api-keys/${id}`, { method: 'DELETE', key: child.secret });
    for (const { id } of [root, sibling, await makeKey(partner.id)]) expect((await end(id)).status).toBe(404);
    const { json } = await call('/dashboard/api-keys', { key: child.secret });
    expect([json.total, json.api_keys.map(({ id }: { id: string }) => id)]).toEqual([1, [grandchild.id]]);
    expect((await end(grandchild.id)).status).toBe(200);
    expect((await end(child.id)).status).toBe(200);
    expect((await call(ROUTE, { key: sibling.secret })).status).toBe(200);
  });

  it('a client whose tokens are bound makes none, as they would prove less', async () => {
    const app = (await sendJson('/api/dev/apps', 'POST', { name: 'Bound' }, me)).json.id;
    for (const client of [
      { token_endpoint_auth_method: 'client_secret', dpop_bound_access_tokens: true },
      {
        token_endpoint_auth_method: 'self_signed_tls_client_auth',
        tls_client_certificate_sha256: 'ab'.repeat(32),
      },
    ]) {
      const wanted = { key_type: 'oauth_client', environment: 'live', name: 'Bound', client };
      const { key_id: id } = (await sendJson(`/api/dev/apps/${app}/keys`, 'POST', wanted, me)).json;
      expect((await ask(id, { budget: { units: 1 } })).status).toBe(403);
    }
  });

  it('what is wrong with a budget is said before anything else is changed', async () => {
    const root = await makeKey(partner.id);
    const wanted = { name: 'New', budget: { units: 1 }, limits: { daily_quota: 1 } };
    expect((await sendJson(`/api/dev/keys/${root.id}`, 'PATCH', wanted, me)).status).toBe(400);
    expect((await call(`/api/dev/keys/${root.id}`, me)).json).toMatchObject({
      name: 'Test',
      limits: { daily_quota: null },
    });
  });

  it('money that cannot be counted any more is not spent, and it says why', async () => {
    const owner = await makePartner();
    const as = { headers: { authorization: `Bearer ${await developerToken(owner)}` } };
    const root = await makeKey(owner.id);
    const child = await made(root.id, { budget: { minor: 500 } }, as);
    expect((await call(ROUTE, { key: child.secret })).status).toBe(200);
    await query(`UPDATE partner SET tier = 'free' WHERE id = $1`, [owner.id]);
    await control('cron', { cron: '* * * * *' });
    const refused = await call(ROUTE, { key: child.secret });
    expect([refused.status, refused.json.message]).toEqual([402, expect.stringContaining('no price')]);
    expect(await budgetOf(child.id, as)).toMatchObject({ limit: 500, remaining: 0 });
    const page = await (await memberOf(owner.id)).get(`/portal/keys/${child.id}`);
    expect(page.text).toContain('has no price in');
    const change = await sendJson(`/api/dev/keys/${child.id}`, 'PATCH', { budget: { minor: 900 } }, as);
    expect(change.status).toBe(400);
    expect((await ask(root.id, { budget: { minor: 5 } }, as)).json.details[0].field).toBe('budget');
  });

  it('when one above it ends first, that one is named', async () => {
    const root = await makeKey(partner.id);
    const above = await made(root.id, { budget: { units: 2 } });
    const child = await made(above.id, { budget: { units: 2 } });
    for (let i = 0; i < 2; i++) await call(ROUTE, { key: above.secret });
    const { headers, status } = await call(ROUTE, { key: child.secret });
    expect(status).toBe(402);
    const { json } = await eventually(
      () => call(`/api/dev/requests/${headers['x-request-id']}/explain`, me),
      (answer) => answer.status === 200,
    );
    expect(json.summary).toContain('Refused by the budget of a key that it was made with, 2');
    expect(await budgetOf(child.id)).toMatchObject({ limit: 2, used: 0, remaining: 2 });
  });

  it('a lowered budget holds from the next call on; what was used stays used', async () => {
    const root = await makeKey(partner.id);
    const child = await made(root.id);
    for (let i = 0; i < 4; i++) await call(ROUTE, { key: child.secret });
    await sendJson(`/api/dev/keys/${child.id}`, 'PATCH', { budget: { units: 3 } }, me);
    expect((await call(ROUTE, { key: child.secret })).status).toBe(402);
    expect(await budgetOf(child.id)).toMatchObject({ limit: 3, used: 4, remaining: 0 });
    await sendJson(`/api/dev/keys/${child.id}`, 'PATCH', { budget: { units: 5 } }, me);
    expect((await call(ROUTE, { key: child.secret })).status).toBe(200);
    expect((await call(ROUTE, { key: child.secret })).status).toBe(402);
  });
});

it('the database holds it, too', async () => {
  const root = await makeKey(partner.id);
  const child = await made(root.id);
  for (const statement of [
    `UPDATE api_key SET counter_id = NULL, budget_units = NULL WHERE id = $1`,
    `UPDATE api_key SET budget_units = 0 WHERE id = $1`,
    `UPDATE api_key SET budget_minor = 5, budget_currency = 'EUR' WHERE id = $1`,
    `INSERT INTO api_key (partner_id, parent_id, environment, key_hash, key_prefix, name)
      SELECT partner_id, id, 'live', md5(random()::text), 'pk_live_xxxx', 'free' FROM api_key WHERE id = $1`,
    `INSERT INTO api_key (partner_id, parent_id, environment, key_hash, key_prefix, name, budget_units)
      SELECT partner_id, id, 'live', md5(random()::text), 'pk_live_xxxx', 'more', budget_units + 1 FROM api_key WHERE id = $1`,
    `INSERT INTO api_key (partner_id, environment, key_hash, key_prefix, name, budget_units)
      SELECT partner_id, 'live', md5(random()::text), 'pk_live_xxxx', 'orphan', 1 FROM api_key WHERE id = $1`,
  ])
    await expect(query(statement, [child.id]), statement).rejects.toThrow();
});
