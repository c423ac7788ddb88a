// Acceptance 4 and the promise of immediacy: what is revoked, suspended or lowered holds at once, with KV frozen stale.

import { afterEach, expect, it } from 'vitest';
import { call, inParallel, makeKey, makePartner, sendJson, setFaults, stack } from '../support/api.ts';

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
