// The operators' console and API: what each action does, and what it leaves in the audit.

import { beforeAll, describe, expect, it } from 'vitest';
import { call, control, eventually, makeKey, makePartner, query, sendJson, stack } from '../support/api.ts';
import { mailedPath, memberOf, operatorSignedIn, type Person } from '../support/portal.ts';

let operator: Person;
const api = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };
beforeAll(async () => {
  operator = await operatorSignedIn();
});

const lastAudit = async (partnerId: string | null, action: string) =>
  (
    await query(
      'SELECT actor, details FROM dev_portal_audit WHERE partner_id IS NOT DISTINCT FROM $1 AND action = $2 ORDER BY id DESC LIMIT 1',
      [partnerId, action],
    )
  )[0];

describe('partners', () => {
  it('are approved, suspended and reinstated, each with a reason', async () => {
    const partner = await makePartner({ status: 'sandbox_only' });
    const key = (await makeKey(partner.id, { environment: 'live' })).secret;
    const path = `/operator/partners/${partner.id}`;
    expect((await call('/v2/routes/list', { key })).status).toBe(401);
    expect((await operator.post(`${path}/approve`, { reason: '' })).status).toBe(400);
    expect((await operator.post(`${path}/approve`, { reason: 'papers seen' })).headers.location).toContain(
      'done=approved',
    );
    expect(await mailedPath(partner.email, 'is approved')).toBe('/portal');
    expect((await call('/v2/routes/list', { key })).status).toBe(200);
    await operator.post(`${path}/suspend`, { reason: 'unpaid' });
    expect((await call('/v2/routes/list', { key })).status).toBe(401);
    const reinstated = await operator.post(`${path}/reinstate`, { reason: 'paid' });
    expect((await operator.get(reinstated.headers.location ?? '')).text).toContain(
      'Reinstated with live access',
    );
    expect(await mailedPath(partner.email, 'with live access as before')).toBe('/portal');
    expect((await call('/v2/routes/list', { key })).status).toBe(200);
    expect(await lastAudit(partner.id, 'partner.suspended')).toMatchObject({
      actor: expect.stringMatching(/^operator:/),
      details: { reason: 'unpaid' },
    });
  });

  it('that were never approved are what they were once they are reinstated, and are not approved while suspended', async () => {
    const { id, email } = await makePartner({ status: 'sandbox_only' });
    const change = (action: string) =>
      sendJson(`/api/admin/partners/${id}/${action}`, 'POST', { reason: 'x' }, api);
    await change('suspend');
    await change('suspend');
    expect((await change('approve')).status).toBe(409);
    const again = await operator.post(`/operator/partners/${id}/approve`, { reason: 'x' });
    expect(again.status).toBe(409);
    expect((await change('reinstate')).json).toMatchObject({ status: 'sandbox_only', suspended_at: null });
    expect((await change('reinstate')).json.status).toBe('sandbox_only');
    expect(await mailedPath(email, 'It has no live access, as before')).toBe('/portal');
    expect((await change('approve')).json.status).toBe('active');
    await query(`UPDATE partner SET status = 'sandbox_only' WHERE id = $1`, [id]);
    await change('suspend');
    const reinstated = await operator.post(`/operator/partners/${id}/reinstate`, { reason: 'x' });
    expect((await operator.get(reinstated.headers.location ?? '')).text).toContain(
      'Reinstated without live access',
    );
  });

  it('get another tier and limits of their own, in force at once', async () => {
    const partner = await makePartner({ tier: 'free', day: 1000 });
    const key = (await makeKey(partner.id)).secret;
    const path = `/operator/partners/${partner.id}`;
    const wanted = { second: '-1', day: '7', month: '-1', overage: 'block', reason: 'trial' };
    expect((await operator.post(`${path}/limits`, { ...wanted, day: '7.5' })).status).toBe(400);
    await operator.post(`${path}/limits`, wanted);
    const limited = await call('/v2/routes/list', { key });
    expect([limited.headers['x-ratelimit-limit-day'], limited.headers['x-ratelimit-remaining-day']]).toEqual([
      '7',
      '6',
    ]);
    await operator.post(`${path}/limits`, { ...wanted, back_to_tier: '1' });
    await operator.post(`${path}/plan`, { tier: 'business', currency: 'EUR', tax: '18', reason: 'upgrade' });
    expect((await call('/v2/routes/list', { key })).headers['x-ratelimit-limit-day']).toBe('50000');
    expect(await lastAudit(partner.id, 'plan.changed')).toMatchObject({
      details: { tier: 'business', taxBps: 1800, reason: 'upgrade' },
    });
    expect((await operator.get(path)).text).toContain('upgrade');
  });

  it('may be held to signatures of the whole request, and so may a key by whoever makes it', async () => {
    const partner = await makePartner();
    const person = await memberOf(partner.id, 'developer');
    const path = `/operator/partners/${partner.id}`;
    expect((await operator.post(`${path}/signatures`, { rule: 'bound', reason: '' })).status).toBe(400);
    expect((await operator.post(`${path}/signatures`, { rule: 'none', reason: 'x' })).status).toBe(400);
    const done = await operator.post(`${path}/signatures`, { rule: 'bound', reason: 'takes payments' });
    expect(done.headers.location).toContain('done=signatures_changed');
    expect((await operator.get(path)).text).toContain('the whole request only');
    expect(await lastAudit(partner.id, 'partner.signatures_changed')).toMatchObject({
      details: { rule: 'bound', reason: 'takes payments' },
    });

    await person.post('/portal/apps', { name: 'Till' });
    const [app] = await query('SELECT id FROM dev_apps WHERE partner_id = $1', [partner.id]);
    const page = (await person.get(`/portal/apps/${app?.id}`)).text;
    expect(page).toContain('anyone who sees it can neither change nor repeat it');
    const wanted = { kind: 'signing', environment: 'test', name: 'Till', scopes: 'read:payments' };
    const form = { ...wanted, form: crypto.randomUUID() };
    const made = await person.post(`/portal/apps/${app?.id}/keys`, form);
    // The line to paste signs as the guide does.
    expect(made.text).toContain('X-Signature-Version: 2');
    const rule = async () =>
      (await query('SELECT key_id, signature_rule FROM api_key WHERE partner_id = $1', [partner.id]))[0];
    const key = await rule();
    expect(key?.signature_rule).toBe('bound');
    const change = { name: 'Till', scopes: 'read:payments', signature_rule: 'any' };
    await person.post(`/portal/keys/${key?.key_id}`, change);
    expect((await rule())?.signature_rule).toBe('any');
  });

  it('are found by name, address and status', async () => {
    const partner = await makePartner({ status: 'sandbox_only' });
    expect((await operator.get(`/operator/partners?search=${partner.email}`)).text).toContain(
      `/operator/partners/${partner.id}`,
    );
    expect(
      (await operator.get(`/operator/partners?search=${partner.email}&status=active`)).text,
    ).not.toContain(`/operator/partners/${partner.id}`);
    expect((await operator.get('/operator/partners?search=%27%3B%20DROP%20TABLE%20partner')).status).toBe(
      200,
    );
  });
});

it('an incident: the key is found, seen whole, revoked, and its owner is told', async () => {
  const partner = await makePartner();
  const owner = await memberOf(partner.id);
  const { secret, id } = await makeKey(partner.id);
  const request = await call('/v2/routes/list', { key: secret, headers: { 'user-agent': 'Scanner/1.0' } });
  await eventually(
    () => query('SELECT 1 FROM api_usage_events WHERE id = $1', [request.headers['x-request-id']]),
    (rows) => rows.length > 0,
  );
  expect((await operator.get(`/operator/keys?search=${id}`)).text).toContain(`/operator/keys/${id}`);
  const page = (await operator.get(`/operator/keys/${id}`)).text;
  expect([page.includes('Scanner/1.0'), page.includes(secret)]).toEqual([true, false]);
  const done = await operator.post(`/operator/keys/${id}/revoke`, { reason: 'leaked on a forum' });
  expect(done.headers.location).toContain('done=revoked');
  expect((await call('/v2/routes/list', { key: secret })).status).toBe(401);
  expect(await mailedPath(owner.email, 'revoked your key')).toBe('/portal/audit');
  expect((await operator.get(`/operator/keys/${id}`)).text).toContain('leaked on a forum');
  expect((await owner.get('/portal/audit')).text).toContain('leaked on a forum');
});

describe('blocks', () => {
  it('refuse an address whatever its key, until they are lifted', async () => {
    const key = (await makeKey((await makePartner()).id)).secret;
    const from = (ip: string) => call('/v2/routes/list', { key, headers: { 'cf-connecting-ip': ip } });
    expect((await from('198.51.100.7')).status).toBe(200);
    expect(
      (await operator.post('/operator/blocks', { range: 'nonsense', hours: '24', reason: 'x' })).status,
    ).toBe(400);
    const made = await operator.post('/operator/blocks', {
      range: '198.51.100.0/24',
      hours: '24',
      reason: 'scanning',
    });
    expect(made.headers.location).toContain('done=blocked');
    const refused = await from('198.51.100.7');
    expect([refused.status, refused.json.error]).toEqual([403, 'ip_not_allowed']);
    expect((await from('198.51.101.7')).status).toBe(200);
    const [block] = (await call('/api/admin/blocks', api)).json.data;
    expect(block).toMatchObject({ range: '198.51.100.0/24', reason: 'scanning' });
    expect(
      (await operator.post(`/operator/blocks/${block.id}/lift`, { reason: 'over' })).headers.location,
    ).toContain('done=unblocked');
    expect((await from('198.51.100.7')).status).toBe(200);
    expect(await lastAudit(null, 'address.unblocked')).toMatchObject({ details: { reason: 'over' } });
  });

  it('shut out no continent, nor whoever makes them', async () => {
    const operator = await operatorSignedIn();
    const block = (range: string) =>
      operator.post(
        '/operator/blocks',
        { range, hours: '1', reason: 'x' },
        { 'cf-connecting-ip': '192.0.2.9' },
      );
    for (const range of [
      '0.0.0.0/0',
      '128.0.0.0/1',
      '192.0.0.0/15',
      '::/0',
      '2001:d00::/31',
      '192.0.2.0/24',
    ]) {
      const { status, text } = await block(range);
      expect([range, status]).toEqual([range, 400]);
      expect(text).toContain(`value="${range}"`);
    }
    const wide = { range: '128.0.0.0/1', reason: 'x' };
    expect((await sendJson('/api/admin/blocks', 'POST', wide, api)).json).toMatchObject({
      error: 'validation_error',
      details: [{ field: 'range' }],
    });
    expect((await block('198.18.0.0/16')).status).toBe(303);
    const [made] = (await call('/api/admin/blocks', api)).json.data;
    await operator.post(`/operator/blocks/${made.id}/lift`, { reason: 'over' });
  });

  it('end by themselves, and by the API', async () => {
    const key = (await makeKey((await makePartner()).id)).secret;
    const from = (ip: string) => call('/v2/routes/list', { key, headers: { 'cf-connecting-ip': ip } });
    const soon = new Date(Date.now() + 1500).toISOString();
    const wanted = { range: '2001:db8:1::/48', reason: 'for a moment', expires_at: soon };
    const { status, json } = await sendJson('/api/admin/blocks', 'POST', wanted, api);
    expect(status).toBe(201);
    expect((await from('2001:db8:1::5')).status).toBe(403);
    expect(
      (
        await eventually(
          () => from('2001:db8:1::5'),
          (answer) => answer.status === 200,
          5000,
        )
      ).status,
    ).toBe(200);
    await control('cron', { cron: '17 * * * *' });
    expect((await sendJson(`/api/admin/blocks/${json.id}`, 'DELETE', {}, api)).status).toBe(200);
    expect((await sendJson(`/api/admin/blocks/${json.id}`, 'DELETE', {}, api)).status).toBe(404);
  });
});

it('a dead letter is replayed once, with a reason', async () => {
  const [letter] = await query(
    `INSERT INTO dead_letter (id, queue, body) VALUES (gen_random_uuid(), 'passerelle-usage', '{"id": "00000000-0000-7000-8000-00000000d00d", "events": [], "refusals": {}}') RETURNING id`,
  );
  expect((await operator.get('/operator/dead-letters')).text).toContain(letter?.id);
  expect((await operator.post(`/operator/dead-letters/${letter?.id}/replay`)).status).toBe(400);
  expect(
    (await operator.post(`/operator/dead-letters/${letter?.id}/replay`, { reason: 'bug fixed' })).status,
  ).toBe(303);
  expect(
    (await operator.post(`/operator/dead-letters/${letter?.id}/replay`, { reason: 'again' })).status,
  ).toBe(409);
  expect(await lastAudit(null, 'dead_letter.replayed')).toMatchObject({ details: { reason: 'bug fixed' } });
});

it("a test key's day is spent at a click, and begun anew; a live key's is not", async () => {
  const partner = await makePartner();
  const person = await memberOf(partner.id, 'developer');
  const test = await makeKey(partner.id, { environment: 'test' });
  const live = await makeKey(partner.id, { environment: 'live' });
  await query('UPDATE api_key_quotas SET daily_quota = 500 WHERE key_id = $1', [test.id]);
  await control('cron', { cron: '* * * * *' });
  expect((await call('/v2/routes/list', { key: test.secret })).status).toBe(200);
  expect((await person.post(`/portal/keys/${test.id}/day`, { to: 'spent' })).headers.location).toContain(
    'done=day_spent',
  );
  const spent = await call('/v2/routes/list', { key: test.secret });
  expect([spent.status, spent.json.error, spent.headers['x-ratelimit-remaining-day']]).toEqual([
    429,
    'daily_quota_exceeded',
    '0',
  ]);
  await person.post(`/portal/keys/${test.id}/day`, { to: 'new_day' });
  // An edge asks again about a refusal after a second.
  const again = () => call('/v2/routes/list', { key: test.secret });
  expect((await eventually(again, ({ status }) => status === 200, 3000)).status).toBe(200);
  expect((await person.post(`/portal/keys/${live.id}/day`, { to: 'spent' })).status).toBe(403);
});

it('a rolled key shows when its old secret was used last, and being used makes no record stale', async () => {
  const partner = await makePartner();
  const person = await memberOf(partner.id);
  const { secret, id } = await makeKey(partner.id, { environment: 'test' });
  const rolled = await person.post(`/portal/keys/${id}/rotate`, { grace_days: '7' });
  const fresh = /data-secret[\s\S]*?<code>(pk_test_\w+)/.exec(rolled.text)?.[1] ?? '';
  const [before] = await query('SELECT version FROM api_key WHERE id = $1', [id]);
  expect((await call('/v2/routes/list', { key: fresh })).status).toBe(200);
  expect((await person.get(`/portal/keys/${id}`)).text).toMatch(
    /note warn[\s\S]*?Last used: <span class="soft">never/,
  );
  expect((await call('/v2/routes/list', { key: secret })).status).toBe(200);
  const [used] = await eventually(
    () => query('SELECT last_used_at FROM api_key_retired_secret WHERE api_key_id = $1', [id]),
    (rows) => rows[0]?.last_used_at !== null,
  );
  expect(used?.last_used_at).toBeInstanceOf(Date);
  expect((await person.get(`/portal/keys/${id}`)).text).toMatch(/note warn[\s\S]*?Last used: <time/);
  expect((await query('SELECT version FROM api_key WHERE id = $1', [id]))[0]).toEqual(before);
});

it("a request's page shows its time by stage and what was left of the limits", async () => {
  const partner = await makePartner({ day: 100 });
  const person = await memberOf(partner.id);
  const { secret } = await makeKey(partner.id, { environment: 'test' });
  const { headers } = await call('/v2/routes/list', { key: secret });
  const page = await eventually(
    () => person.get(`/portal/requests/${headers['x-request-id']}`),
    ({ status }) => status === 200,
  );
  expect(page.text).toContain('1,999 this second, 99 today, ∞ this month');
  for (const stage of ['Key', 'Limit', 'Cache', 'Upstream'])
    expect(page.text).toContain(`<span>${stage}</span>`);
});
