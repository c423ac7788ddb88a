// Acceptance 5: known keys are served while Postgres is down, and the usage of that time appears afterwards.

import { afterAll, expect, it } from 'vitest';
import {
  ALL_SCOPES,
  call,
  control,
  eventCount,
  eventually,
  inParallel,
  makeKey,
  makePartner,
  stack,
} from '../support/api.ts';

const LISTED = 'https://outage.example';

let isDown = false;
afterAll(async () => {
  if (isDown) await control('start-postgres');
});

it('serves known keys without one failed request while Postgres is stopped', async () => {
  const partner = await makePartner({ origins: [LISTED] });
  const key = await makeKey(partner.id);
  const cold = await makeKey(partner.id, { scopes: ALL_SCOPES });
  expect((await call('/v2/stops/x/departures', { key: key.secret })).status).toBe(200);
  let sent = 1;
  const load = async (calls: number) => {
    const answers = await inParallel(calls, 20, () => call('/v2/stops/x/departures', { key: key.secret }));
    sent += calls;
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  };
  await load(100);
  const running = load(600);
  await control('stop-postgres');
  isDown = true;
  await running;
  await load(600);

  // A key that nobody has seen cannot be looked up: that is never called a bad key.
  const unknown = await call('/v2/stops/x/departures', { key: cold.secret });
  expect([unknown.status, unknown.json.error]).toEqual([503, 'service_unavailable']);
  expect(unknown.headers['retry-after']).toBeDefined();
  const preflight = await call('/v2/routes/list', {
    method: 'OPTIONS',
    headers: { origin: LISTED, 'access-control-request-method': 'GET' },
  });
  expect(preflight.status).toBe(204);
  // What was found is kept for five seconds.
  const health = await eventually(
    () => call('/health'),
    ({ status }) => status === 503,
    10_000,
  );
  expect([health.status, health.json.status]).toEqual([503, 'unhealthy']);
  expect((await call('/healthz')).status).toBe(200);
  expect((await call('/dashboard/me', { key: stack.demo.keys.live })).status).toBe(503);

  await control('start-postgres');
  isDown = false;
  expect(
    await eventually(
      () => eventCount(partner.id),
      (count) => count >= sent,
      60_000,
    ),
  ).toBe(sent);
  const healthy = await eventually(
    async () => (await call('/health')).status,
    (status) => status === 200,
    10_000,
  );
  expect(healthy).toBe(200);
}, 120_000);
