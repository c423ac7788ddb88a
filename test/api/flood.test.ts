// What a flood costs: refusals are remembered at the edge, and what cannot be a key reaches nothing.

import { expect, it } from 'vitest';
import {
  type Answer,
  call,
  control,
  developerToken,
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

const EDGES = Array.from({ length: 16 }, (_, i) => `hot-${i}`);
const atEdge = (secret: string, i: number) =>
  call(ROUTE, { key: secret, headers: { 'x-test-edge': EDGES[i % EDGES.length] ?? '' } });
const operator = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };

/** Of each edge enough calls for a lease of its own, and then so many that are spent from it. */
async function warm(secret: string): Promise<void> {
  const objectCalls = async (): Promise<number> => (await call('/__test')).json.objectCalls;
  const calls = 20 * EDGES.length;
  for (let rounds = 0; ; rounds++) {
    const before = await objectCalls();
    for (const { status } of await inParallel(calls, 32, (i) => atEdge(secret, i))) expect(status).toBe(200);
    // Both objects are called for what is not lent; the leases themselves cost two calls for each edge.
    if ((await objectCalls()) - before < calls / 2) return;
    expect(rounds).toBeLessThan(20);
  }
}

interface Subject {
  partnerId: string;
  keyId: string;
  token: string;
}
const CHANGES: [string, number, (subject: Subject) => Promise<Answer>][] = [
  [
    'a revocation',
    401,
    ({ keyId }) => sendJson(`/api/admin/keys/${keyId}/revoke`, 'POST', { reason: 'test' }, operator),
  ],
  [
    'a suspension',
    401,
    ({ partnerId }) =>
      sendJson(`/api/admin/partners/${partnerId}/suspend`, 'POST', { reason: 'test' }, operator),
  ],
  [
    'a lowered limit',
    429,
    ({ partnerId }) =>
      sendJson(
        `/api/admin/partners/${partnerId}/limits`,
        'PUT',
        { rate_limit_per_second: 10_000, rate_limit_per_day: 1, rate_limit_per_month: -1 },
        operator,
      ),
  ],
  [
    'a changed scope',
    403,
    ({ keyId, token }) =>
      sendJson(
        `/api/dev/keys/${keyId}`,
        'PATCH',
        { scopes: ['read:payments'] },
        { headers: { authorization: `Bearer ${token}` } },
      ),
  ],
  [
    'a changed list of addresses',
    403,
    ({ keyId, token }) =>
      sendJson(
        `/api/dev/keys/${keyId}`,
        'PATCH',
        { allowed_ips: ['192.0.2.7'] },
        { headers: { authorization: `Bearer ${token}` } },
      ),
  ],
];

it.for(CHANGES)(
  '%s holds for every call that starts a second or more after its answer, with KV frozen and 16 edges that hold leases',
  { timeout: 120_000 },
  async ([, refused, change]) => {
    const partner = await makePartner({ second: 10_000, day: 1_000_000 });
    const key = await makeKey(partner.id);
    const token = await developerToken(partner);
    await warm(key.secret);
    await setFaults({ kvFrozen: true });
    try {
      // Calls go on before, during and after the change, so that leases are held when it comes.
      let changedMs = Number.POSITIVE_INFINITY;
      let late = 0;
      const accepted: number[] = [];
      const calls = Array.from({ length: 32 }, async (_, i) => {
        while (late < CALLS_A_REQUEST) {
          const isLate = performance.now() >= changedMs + 1000;
          if (isLate) late++;
          const { status } = await atEdge(key.secret, i);
          // Refusals that cost nothing have a rate of their own.
          if (isLate && status !== refused && status !== 429) accepted.push(status);
        }
      });
      const answer = await change({ partnerId: partner.id, keyId: key.id, token });
      changedMs = performance.now();
      expect(answer.status).toBe(200);
      await Promise.all(calls);
      expect(accepted).toEqual([]);
    } finally {
      await setFaults({ kvFrozen: false });
    }
  },
);
