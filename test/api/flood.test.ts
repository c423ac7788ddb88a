// What a flood costs: refusals are remembered at the edge, and what cannot be a key reaches nothing.

import { expect, it } from 'vitest';
import {
  type Answer,
  call,
  control,
  inParallel,
  makeKey,
  makePartner,
  sendJson,
  setFaults,
  stack,
} from '../support/api.ts';

const ROUTE = '/v2/stops/x/departures';
/** So that clocks, which stand still while a Worker computes, go on between. */
const CALLS_A_REQUEST = 2000;

async function floodOf(calls: number, authorization: string) {
  const read = async () => ({
    ...(await call('/__test')).json,
    statements: await control<number>('statements'),
  });
  const before = await read();
  const statuses: Record<string, number> = {};
  for (let sent = 0; sent < calls; sent += CALLS_A_REQUEST) {
    const order = { calls: CALLS_A_REQUEST, path: ROUTE, authorization };
    const { json }: Answer = await sendJson('/__test/flood', 'POST', order);
    for (const [status, count] of Object.entries(json as Record<string, number>))
      statuses[status] = (statuses[status] ?? 0) + count;
  }
  const after = await read();
  const cost = (name: string) => after[name] - before[name];
  return {
    statuses,
    objectCalls: cost('floodCalls'),
    kvReads: cost('kvReads'),
    statements: cost('statements'),
  };
}

it('100,000 calls of an exhausted key make at most 100 object calls', { timeout: 180_000 }, async () => {
  const partner = await makePartner({ second: -1, day: 3 });
  const key = await makeKey(partner.id);
  for (let i = 0; i < 3; i++) expect((await call(ROUTE, { key: key.secret })).status).toBe(200);
  expect((await call(ROUTE, { key: key.secret })).status).toBe(429);
  const startedMs = Date.now();
  const { statuses, objectCalls } = await floodOf(100_000, `Bearer ${key.secret}`);
  expect(statuses).toEqual({ 429: 100_000 });
  expect(objectCalls).toBeGreaterThan(0);
  // The first fifty at once, and then one a second, which a machine that is busy takes more of.
  expect(objectCalls).toBeLessThanOrEqual(Math.max(100, 50 + (3 * (Date.now() - startedMs)) / 1000));
});

it('100,000 malformed keys reach nothing: no object, no KV, no database', { timeout: 180_000 }, async () => {
  const cost = await floodOf(100_000, `Bearer pk_live_${'0'.repeat(32)}{n}_000000`);
  // Jobs may run at the same moment: some statements are theirs; and the lists of blocks and origins are read by the clock.
  expect(cost).toMatchObject({ statuses: { 401: 100_000 }, objectCalls: 0 });
  expect(cost.kvReads).toBeLessThan(10);
  expect(cost.statements).toBeLessThan(100);
});

it('of 10,000 calls that start a second or more after a revocation, none is accepted, with KV frozen', async () => {
  const partner = await makePartner();
  const key = await makeKey(partner.id);
  for (const edge of ['a', 'b', 'c'])
    expect((await call(ROUTE, { key: key.secret, headers: { 'x-test-edge': edge } })).status).toBe(200);
  await setFaults({ kvFrozen: true });
  try {
    const operator = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };
    await sendJson(`/api/admin/keys/${key.id}/revoke`, 'POST', { reason: 'test' }, operator);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const answers = await inParallel(10_000, 50, (i) =>
      call(ROUTE, { key: key.secret, headers: { 'x-test-edge': ['a', 'b', 'c', 'd'][i % 4] ?? 'a' } }),
    );
    expect(answers.filter(({ status }) => status === 200)).toEqual([]);
  } finally {
    await setFaults({ kvFrozen: false });
  }
}, 120_000);
