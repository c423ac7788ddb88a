// Acceptance 3: every call is counted once, whatever happens to its message.

import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import {
  call,
  control,
  eventCount,
  eventually,
  inParallel,
  makeKey,
  makePartner,
  query,
  setFaults,
} from '../support/api.ts';
import { usageEventOf, usageMessageOf } from '../support/events.ts';

afterEach(() => setFaults({ queueTwice: false, dies: { step: 'none', times: 0 } }));

const ROUTES = [
  '/v2/routes/list',
  '/v2/stops/search?q=hann',
  '/v2/stops/0:X/departures',
  '/v2/route-search?from=1,2&to=3,4',
];

async function sendAndCheck(total: number): Promise<void> {
  const partner = await makePartner({ second: -1, day: 1_000_000 });
  const key = await makeKey(partner.id);
  await query(
    'UPDATE api_key_quotas SET burst_limit = -1 WHERE key_id = (SELECT key_id FROM api_key WHERE id = $1)',
    [key.id],
  );
  const sent: Record<string, number> = {};
  const answers = await inParallel(total, 32, async (index) => {
    const path = ROUTES[index % ROUTES.length] ?? '';
    return { path, ...(await call(path, { key: key.secret })) };
  });
  for (const { path, status } of answers) {
    expect(status).toBe(200);
    const route = (path.split('?')[0] ?? '').replace('0:X', '{id}');
    sent[route] = (sent[route] ?? 0) + 1;
  }
  expect(
    await eventually(
      () => eventCount(partner.id),
      (count) => count >= total,
      60_000,
    ),
  ).toBe(total);
  const rollups = await query(
    'SELECT route, sum(calls)::int AS calls FROM api_usage_rollups_day WHERE partner_id = $1 GROUP BY route',
    [partner.id],
  );
  expect(Object.fromEntries(rollups.map(({ route, calls }) => [route, calls]))).toEqual(sent);
  const quotas = await query(
    'SELECT period_type, requests_count::int AS n, units::int FROM quota_usage WHERE partner_id = $1 ORDER BY 1',
    [partner.id],
  );
  expect(quotas).toEqual([
    { period_type: 'daily', n: total, units: total },
    { period_type: 'monthly', n: total, units: total },
  ]);
  const { json: usage } = await call('/dashboard/usage', { key: key.secret });
  expect(usage.stats).toHaveLength(1);
  expect(usage.stats[0]).toMatchObject({ total_requests: total, successful: total, failed: 0 });
  const { json: quota } = await call('/dashboard/quota', { key: key.secret });
  expect(quota.daily).toMatchObject({ requests: total, remaining: 1_000_000 - total });
  expect(quota.rate_limits.day).toMatchObject({
    limit: 1_000_000,
    used: total,
    remaining: 1_000_000 - total,
  });
}

describe('after the queue drains, events, rollups, quota_usage and /dashboard/usage agree', () => {
  it('for 5,000 requests at concurrency 32', () => sendAndCheck(5000), 120_000);

  it('when every message is delivered twice', async () => {
    await setFaults({ queueTwice: true });
    await sendAndCheck(600);
  });

  it('when the consumer dies before the fold', async () => {
    await setFaults({ dies: { step: 'before', times: 2 } });
    await sendAndCheck(300);
  });

  it('when the consumer dies after the fold and before the acknowledgement', async () => {
    await setFaults({ dies: { step: 'after', times: 2 } });
    await sendAndCheck(300);
  });
});

describe('events that are not as usual', () => {
  it('one whose key was deleted is kept', async () => {
    const partner = await makePartner();
    await control('queue', usageMessageOf([usageEventOf(partner.id)]));
    expect(
      await eventually(
        () => eventCount(partner.id),
        (count) => count > 0,
      ),
    ).toBe(1);
  });

  it('one whose partner was deleted is kept', async () => {
    const nobody = randomUUID();
    await control('queue', usageMessageOf([usageEventOf(nobody)]));
    expect(
      await eventually(
        () => eventCount(nobody),
        (count) => count > 0,
      ),
    ).toBe(1);
  });

  it.for([
    ['the last moment of a day', '2026-11-20T23:59:59.999Z', '2026-11-20', '2026-11-01'],
    ['the first moment of a month', '2026-11-01T00:00:00.000Z', '2026-11-01', '2026-11-01'],
    ['a leap day', '2028-02-29T12:00:00.000Z', '2028-02-29', '2028-02-01'],
  ] as const)('%s is counted in its own day and month', async ([, at, day, month]) => {
    const partner = await makePartner();
    await control('queue', usageMessageOf([usageEventOf(partner.id, { occurredMs: Date.parse(at), day })]));
    await eventually(
      () => eventCount(partner.id),
      (count) => count > 0,
    );
    const rows = await query(
      `SELECT period_type, period_start::text AS start, period_end::text AS end FROM quota_usage WHERE partner_id = $1 ORDER BY 1`,
      [partner.id],
    );
    const last = new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5, 7)), 0))
      .toISOString()
      .slice(0, 10);
    expect(rows).toEqual([
      { period_type: 'daily', start: day, end: day },
      { period_type: 'monthly', start: month, end: last },
    ]);
  });
});

describe('a refused call', () => {
  it('has an event, and costs nothing', async () => {
    const partner = await makePartner({ day: 10 });
    const key = await makeKey(partner.id, { scopes: ['read:routes'] });
    const { status } = await call('/v2/stops/search?q=x', { key: key.secret });
    expect(status).toBe(403);
    await eventually(
      () => eventCount(partner.id),
      (count) => count > 0,
    );
    const [row] = await query(
      'SELECT status_code, error, units FROM api_usage_events WHERE partner_id = $1',
      [partner.id],
    );
    expect(row).toEqual({ status_code: 403, error: 'insufficient_permissions', units: 0 });
    expect(await query('SELECT 1 FROM quota_usage WHERE partner_id = $1', [partner.id])).toEqual([]);
  });

  it('of a failed upstream is not billed, and the limiter gives its unit back', async () => {
    const partner = await makePartner({ day: 10 });
    const key = await makeKey(partner.id);
    expect((await call('/v2/stops/x/departures?upstream=fail', { key: key.secret })).status).toBe(500);
    expect((await call('/v2/stops/x/departures?upstream=reset', { key: key.secret })).status).toBe(502);
    const { json } = await eventually(
      () => call('/dashboard/quota', { key: key.secret }),
      (answer) => answer.json.rate_limits.day.used === 0,
    );
    expect(json.rate_limits.day).toEqual({ limit: 10, used: 0, remaining: 10, level: 'partner' });
  });
});

describe('last_used_at', () => {
  it('is kept without a write for each request', async () => {
    const partner = await makePartner();
    const key = await makeKey(partner.id);
    await call('/v2/routes/list', { key: key.secret });
    const lastUsed = async () =>
      (await query('SELECT last_used_at FROM api_key WHERE id = $1', [key.id]))[0]?.last_used_at;
    expect(await eventually(lastUsed, (at) => at !== null)).not.toBeNull();
    expect((await query('SELECT version::int FROM api_key WHERE id = $1', [key.id]))[0]?.version).toBe(1);
  });
});

it('calls that were admitted while the limiter was away count at it once they are folded, each once', async () => {
  const { id } = await makePartner({ day: 1000 });
  const { secret } = await makeKey(id);
  const message = usageMessageOf([1, 2].map((units) => usageEventOf(id, { degraded: true, units })));
  await control('queue', message);
  await control('queue', message);
  const daily = async () => (await call('/dashboard/quota', { key: secret })).json.daily;
  await eventually(daily, ({ requests }) => requests > 0);
  expect(await daily()).toMatchObject({ requests: 3, limit: 1000 });
});
