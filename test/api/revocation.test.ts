// Acceptance 4 and the promise of immediacy: what is revoked, suspended or lowered holds at once, with KV frozen stale.

import { afterEach, describe, expect, it } from 'vitest';
import {
  call,
  control,
  eventually,
  inParallel,
  makeKey,
  makePartner,
  query,
  sendJson,
  setFaults,
  stack,
} from '../support/api.ts';

const ROUTE = '/v2/stops/x/departures';
const EDGES = ['a', 'b', 'c'];
const operator = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };

afterEach(() => setFaults({ kvFrozen: false }));

async function warmAndFreeze(secret: string): Promise<void> {
  for (const edge of EDGES) {
    expect((await call(ROUTE, { key: secret, headers: { 'x-test-edge': edge } })).status).toBe(200);
  }
  await setFaults({ kvFrozen: true });
}

it('a revoked key is refused everywhere from the next request on', async () => {
  const partner = await makePartner();
  const key = await makeKey(partner.id);
  const admin = await makeKey(partner.id);
  await warmAndFreeze(key.secret);
  const revoked = await call(`/dashboard/api-keys/${key.id}`, { method: 'DELETE', key: admin.secret });
  expect(revoked.status).toBe(200);
  // "d" never saw the key: it finds the stale record in the frozen KV.
  const answers = await inParallel(2000, 50, (index) =>
    call(ROUTE, { key: key.secret, headers: { 'x-test-edge': [...EDGES, 'd'][index % 4] ?? 'a' } }),
  );
  expect(answers.filter(({ status }) => status !== 401)).toEqual([]);
  expect(answers[0]?.json.error).toBe('invalid_api_key');
  const again = await call(`/dashboard/api-keys/${key.id}`, { method: 'DELETE', key: admin.secret });
  expect(again.status).toBe(200);
});

it('a revoked key stays refused after its object crashed', async () => {
  const partner = await makePartner();
  const key = await makeKey(partner.id);
  await warmAndFreeze(key.secret);
  await sendJson(`/api/admin/keys/${key.id}/revoke`, 'POST', { reason: 'test' }, operator);
  await sendJson('/__test/crash', 'POST', { binding: 'KEY_LIMITER', name: key.id });
  expect((await call(ROUTE, { key: key.secret, headers: { 'x-test-edge': 'b' } })).status).toBe(401);
});

it('a suspended partner is refused at once, and let in again', async () => {
  const partner = await makePartner({ second: 1000 });
  const key = await makeKey(partner.id);
  await warmAndFreeze(key.secret);
  const suspended = await sendJson(
    `/api/admin/partners/${partner.id}/suspend`,
    'POST',
    { reason: 'unpaid' },
    operator,
  );
  expect(suspended.json.status).toBe('suspended');
  for (const edge of EDGES) {
    expect((await call(ROUTE, { key: key.secret, headers: { 'x-test-edge': edge } })).status).toBe(401);
  }
  await setFaults({ kvFrozen: false });
  await sendJson(`/api/admin/partners/${partner.id}/reinstate`, 'POST', {}, operator);
  expect((await call(ROUTE, { key: key.secret })).status).toBe(200);
});

it('what is allowed again is allowed everywhere within seconds, with KV frozen while it was not', async () => {
  const partner = await makePartner({ second: 1000 });
  const key = await makeKey(partner.id, { scopes: ['read:routes'] });
  const other = await makeKey(partner.id);
  await query("UPDATE partner SET status = 'suspended' WHERE id = $1", [partner.id]);
  const at = async (secret: string, edge: string) =>
    (await call(ROUTE, { key: secret, headers: { 'x-test-edge': edge } })).status;
  for (const edge of EDGES)
    expect([await at(key.secret, edge), await at(other.secret, edge)]).toEqual([401, 401]);
  await setFaults({ kvFrozen: true });
  await query("UPDATE partner SET status = 'active' WHERE id = $1", [partner.id]);
  await query("UPDATE api_key SET scopes = '{read:stops}' WHERE id = $1", [key.id]);
  await new Promise((resolve) => setTimeout(resolve, 5100));
  for (const edge of [...EDGES, 'd'])
    expect([await at(key.secret, edge), await at(other.secret, edge)]).toEqual([200, 200]);
});

describe('what was committed by a process that then died', () => {
  const FILLERS = 1001;

  /** Of a partner of its own: warm at every edge, with KV frozen. */
  async function warm() {
    const partner = await makePartner({ second: 1000 });
    return { partner, key: await makeKey(partner.id) };
  }

  it('is announced by the minute job, for more than a thousand changes at once, whichever came first', async () => {
    const crowd = await makePartner();
    const [revoked, rotated, lowered, suspended, last] = [
      await warm(),
      await warm(),
      await warm(),
      await warm(),
      await warm(),
    ];
    await setFaults({ kvFrozen: false });
    for (const { key } of [revoked, rotated, lowered, suspended, last])
      for (const edge of EDGES) await call(ROUTE, { key: key.secret, headers: { 'x-test-edge': edge } });
    await setFaults({ kvFrozen: true });
    await query(
      `INSERT INTO api_key (id, partner_id, key_id, key_hash, key_prefix, name)
       SELECT id, $1, id::text, id::text, 'pk_test_filler', 'Filler' FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, $2::int)) ids`,
      [crowd.id, FILLERS],
    );
    await query('UPDATE api_key SET is_active = false, revoked_at = now() WHERE id = $1', [revoked.key.id]);
    await query('UPDATE api_key SET key_hash = $2 WHERE id = $1', [
      rotated.key.id,
      `replaced ${rotated.key.id}`,
    ]);
    await query('UPDATE api_key_quotas SET daily_quota = 0 WHERE key_id = $1', [lowered.key.id]);
    await query("UPDATE partner SET status = 'suspended' WHERE id = $1", [suspended.partner.id]);
    await query("UPDATE api_key SET scopes = '{read:routes,keys:write}' WHERE partner_id = $1", [crowd.id]);
    await query('UPDATE api_key SET is_active = false, revoked_at = now() WHERE id = $1', [last.key.id]);
    await control('cron', { cron: '* * * * *' });
    const pending = 'SELECT id FROM api_key WHERE version <> announced_version';
    await eventually(
      () => query(`${pending} AND partner_id = $1`, [crowd.id]),
      (rows) => rows.length === 0,
      120_000,
    );
    // What has heard, and is just being written to (its last use, say), is marked by the next minute's run.
    await eventually(
      async () => {
        await control('cron', { cron: '* * * * *' });
        return query(pending);
      },
      (rows) => rows.length === 0,
    );
    for (const [{ key }, status] of [
      [revoked, 401],
      [rotated, 401],
      [lowered, 429],
      [suspended, 401],
      [last, 401],
    ] as const)
      for (const edge of EDGES)
        expect((await call(ROUTE, { key: key.secret, headers: { 'x-test-edge': edge } })).status).toBe(
          status,
        );
  });

  it('is announced a second later, when its request began to change something', async () => {
    const { partner, key } = await warm();
    const admin = await makeKey(partner.id);
    await warmAndFreeze(key.secret);
    await call('/dashboard/me', { key: admin.secret });
    // The limiter hears nothing of it: as if the request had ended between the commit and the announcement.
    await setFaults({ limiterDown: true });
    const revoked = await call(`/dashboard/api-keys/${key.id}`, { method: 'DELETE', key: admin.secret });
    expect(revoked.status).toBeGreaterThanOrEqual(500);
    await setFaults({ limiterDown: false });
    const status = await eventually(
      async () => (await call(ROUTE, { key: key.secret, headers: { 'x-test-edge': 'b' } })).status,
      (found) => found === 401,
      10_000,
    );
    expect(status).toBe(401);
  });
});

it('a lowered limit holds from the next request on', async () => {
  const partner = await makePartner({ second: 1000 });
  const key = await makeKey(partner.id);
  await warmAndFreeze(key.secret);
  const limits = { rate_limit_per_second: 1000, rate_limit_per_day: 0, rate_limit_per_month: -1 };
  expect((await sendJson(`/api/admin/partners/${partner.id}/limits`, 'PUT', limits, operator)).status).toBe(
    200,
  );
  for (const edge of EDGES) {
    const { status, json } = await call(ROUTE, { key: key.secret, headers: { 'x-test-edge': edge } });
    expect([status, json.error]).toEqual([429, 'daily_quota_exceeded']);
  }
});
