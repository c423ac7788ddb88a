// Callers who proved nothing: told apart in logs and counts, never in anybody's usage.

import { expect, it } from 'vitest';
import {
  call,
  control,
  eventCount,
  eventually,
  inParallel,
  makeKey,
  makePartner,
  makeSigningKey,
  query,
  stack,
} from '../support/api.ts';
import { signed } from '../support/signing.ts';

const ROUTE = '/v2/stops/x/departures';

const attempts = async (code: string): Promise<number> => {
  const { text } = await call('/metrics', {
    headers: { authorization: `Bearer ${stack.demo.metrics.token}` },
  });
  return Number(new RegExp(`api_key_auth_attempts_total\\{status="${code}"\\} (\\d+)`).exec(text)?.[1] ?? 0);
};
const failures = async (partnerId: string): Promise<number> =>
  Number(
    (await query('SELECT sum(auth_failures) AS n FROM usage_minute WHERE partner_id = $1', [partnerId]))[0]
      ?.n,
  );

it('a revoked key, a wrong signature and a repeated one write no event, and are counted by code, by minute and by partner', async () => {
  const partner = await makePartner();
  const revoked = await makeKey(partner.id, { set: { is_active: false } });
  const expired = await makeKey(partner.id, { environment: 'test', set: { expires_at: '2020-01-01' } });
  const signing = await makeSigningKey(partner.id);
  const good = await makeKey(partner.id);
  const wrong = { 'x-api-key': `${signing.id}:${'0'.repeat(64)}` };
  // What tests before this one were refused is folded by then: they share the stack, and its metrics.
  let before = -1;
  await eventually(async () => {
    const after = await attempts('invalid_api_key');
    const isStill = after === before;
    before = after;
    if (!isStill) await new Promise((resolve) => setTimeout(resolve, 3000));
    return isStill;
  }, Boolean);
  const [keysBefore, signaturesBefore] = [
    await attempts('invalid_api_key'),
    await attempts('invalid_signature'),
  ];
  for (let i = 0; i < 3; i++) {
    expect((await call(ROUTE, { key: revoked.secret })).status).toBe(401);
    expect((await call(ROUTE, { key: expired.secret })).status).toBe(401);
    expect((await call(ROUTE, { headers: wrong })).status).toBe(401);
    // Outside the catalogue the key is not even asked for.
    expect((await call('/v2/none', { key: revoked.secret })).status).toBe(404);
  }
  const answer = await call(ROUTE, { key: good.secret });
  expect(answer.status).toBe(200);
  const request = signed(signing, ROUTE);
  const [once, again] = [await call(ROUTE, request), await call(ROUTE, request)];
  expect([once.status, again.status]).toEqual([200, 401]);
  // Seven with live keys of this partner; those with its test key count for nobody.
  expect(
    await eventually(
      () => failures(partner.id),
      (n) => n >= 7,
    ),
  ).toBe(7);
  await eventually(
    () => eventCount(partner.id),
    (n) => n > 1,
  );
  expect(
    await query('SELECT id FROM api_usage_events WHERE partner_id = $1 ORDER BY occurred_at', [partner.id]),
  ).toEqual([answer, once].map(({ headers }) => ({ id: headers['x-request-id'] })));
  expect((await attempts('invalid_api_key')) - keysBefore).toBe(6);
  expect((await attempts('invalid_signature')) - signaturesBefore).toBe(4);
  const lines = await control<string[]>('lines', partner.id);
  // Of each key one at least, and of the same refusal one a second, with how many came before it.
  const refused = lines
    .filter((line) => line.includes('"status":401') && line.includes('"reason":'))
    .map((line): { key_id: string; and_before?: number } => JSON.parse(line));
  expect(new Set(refused.map((line) => line.key_id)).size).toBe(3);
  const told = refused.reduce((sum, { and_before: before = 0 }) => sum + 1 + before, 0);
  expect(told).toBeGreaterThanOrEqual(3);
  expect(told).toBeLessThanOrEqual(10);
});

it('keys that cannot be used count against their address, and are held off with those that nobody has', async () => {
  const partner = await makePartner();
  const revoked = await makeKey(partner.id, { set: { is_active: false } });
  const good = await makeKey(partner.id);
  const headers = { 'x-test-edge': 'guarded', 'cf-connecting-ip': '198.51.100.201' };
  expect((await call(ROUTE, { key: good.secret, headers })).status).toBe(200);
  const statuses = await inParallel(
    500,
    20,
    async () => (await call(ROUTE, { key: revoked.secret, headers })).status,
  );
  expect(new Set(statuses)).toEqual(new Set([401, 429]));
  expect((await call(ROUTE, { key: good.secret, headers })).status).toBe(200);
  const refused = statuses.filter((status) => status === 401).length;
  expect(
    await eventually(
      () => failures(partner.id),
      (n) => n >= refused,
    ),
  ).toBe(refused);
});
