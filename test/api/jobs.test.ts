// Cron: closing of periods, reconciliation, upkeep. Running a job twice changes nothing.

import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { call, control, eventCount, eventually, makeKey, makePartner, query, stack } from '../support/api.ts';

const DAY_MS = 86_400_000;
const isoDay = (ms: number) => new Date(ms).toISOString().slice(0, 10);

async function closedPeriods(partnerId: string) {
  return query(
    `SELECT period_type, period_start::text AS start, cost_cents::int AS cents, closed_at FROM quota_usage
     WHERE partner_id = $1 AND closed_at IS NOT NULL ORDER BY period_type, period_start`,
    [partnerId],
  );
}

it('days and months are closed with their cost, once, however often the job runs', async () => {
  const firstOfMonth = Date.UTC(2026, 9, 1, 0, 5);
  const partner = await makePartner({
    tier: 'business',
    second: 50,
    day: 100,
    month: 1000,
    overage: 'charge',
  });
  await query('UPDATE partner SET created_at = $1 WHERE id = $2', ['2026-08-01', partner.id]);
  await query(
    `INSERT INTO quota_usage (partner_id, period_type, period_start, period_end, requests_count, units) VALUES
     ($1, 'monthly', '2026-09-01', '2026-09-30', 3500, 3500), ($1, 'daily', '2026-09-30', '2026-09-30', 301, 301)`,
    [partner.id],
  );
  await Promise.all([1, 2, 3].map(() => control('cron', { cron: '5 0 * * *', at: firstOfMonth })));
  const closed = await closedPeriods(partner.id);
  expect(closed.map(({ period_type, start, cents }) => [period_type, start, cents])).toEqual([
    ['daily', '2026-09-28', 0],
    ['daily', '2026-09-29', 0],
    // 201 units over the day's 100, at 15 cents a thousand, to the started cent.
    ['daily', '2026-09-30', 4],
    // 199.00 and 2,500 units over the month's 1,000.
    ['monthly', '2026-09-01', 19_900 + 38],
  ]);
  await control('cron', { cron: '5 0 * * *', at: firstOfMonth + DAY_MS });
  const later = await closedPeriods(partner.id);
  expect(later.filter(({ start }) => start <= '2026-09-30')).toEqual(closed);
  await query(
    `UPDATE quota_usage SET units = units + 1000 WHERE partner_id = $1 AND period_type = 'monthly'`,
    [partner.id],
  );
  await control('cron', { cron: '5 0 * * *', at: firstOfMonth + DAY_MS });
  expect((await closedPeriods(partner.id)).at(-1)?.cents).toBe(19_900 + 53);
});

it('a partner without overage pays the price of the tier, and test calls cost nothing', async () => {
  const partner = await makePartner({ tier: 'starter', month: 10 });
  await query('UPDATE partner SET created_at = $1 WHERE id = $2', ['2026-08-01', partner.id]);
  await query(
    `INSERT INTO quota_usage (partner_id, environment, period_type, period_start, period_end, units)
     VALUES ($1, 'test', 'monthly', '2026-09-01', '2026-09-30', 5000)`,
    [partner.id],
  );
  await control('cron', { cron: '5 0 * * *', at: Date.UTC(2026, 9, 1, 0, 5) });
  const rows = await query(
    `SELECT environment, cost_cents::int AS cents FROM quota_usage WHERE partner_id = $1 AND period_type = 'monthly' ORDER BY 1`,
    [partner.id],
  );
  expect(rows).toEqual([
    { environment: 'live', cents: 4900 },
    { environment: 'test', cents: 0 },
  ]);
});

it('reconciliation agrees for what was counted, and says when something is missing', async () => {
  const good = await makePartner({ day: 1000 });
  const key = await makeKey(good.id);
  for (let i = 0; i < 7; i++) await call('/v2/stops/x/departures', { key: key.secret });
  await eventually(
    () => eventCount(good.id),
    (count) => count === 7,
  );
  const bad = await makePartner();
  await query(
    `INSERT INTO quota_usage (partner_id, period_type, period_start, period_end, units) VALUES ($1, 'daily', $2, $2, 5)`,
    [bad.id, isoDay(Date.now())],
  );
  await control('cron', { cron: '10 2 * * *' });
  const rows = await query(
    `SELECT limiter_units::int AS l, event_units::int AS e, rollup_units::int AS r, quota_units::int AS q, agrees
     FROM reconciliation WHERE partner_id = ANY ($1) AND day = $2 ORDER BY agrees DESC`,
    [[good.id, bad.id], isoDay(Date.now())],
  );
  expect(rows).toEqual([
    { l: 7, e: 7, r: 7, q: 7, agrees: true },
    { l: 0, e: 0, r: 0, q: 5, agrees: false },
  ]);
  const operator = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };
  expect((await call('/api/admin/reconciliations', operator)).json.data.length).toBeGreaterThan(0);
  const { text } = await call('/metrics', {
    headers: { authorization: `Bearer ${stack.demo.metrics.token}` },
  });
  expect(Number(/^reconciliation_differences (\d+)$/m.exec(text)?.[1])).toBeGreaterThanOrEqual(1);
});

it('partitions are made ahead and dropped by age, and what came too early is moved, not lost', async () => {
  const ahead = new Date();
  ahead.setUTCMonth(ahead.getUTCMonth() + 3, 15);
  const name = `api_usage_events_${ahead.toISOString().slice(0, 7).replace('-', '_')}`;
  await query(`DROP TABLE IF EXISTS ${name}`);
  const id = randomUUID();
  await query(
    `INSERT INTO api_usage_events (id, occurred_at, day, message_id, route, method, endpoint, status_code, latency_ms, bytes_in, bytes_out, units, cache_hit, degraded)
     VALUES ($1, $2, $3, $1, 'x', 'GET', 'x', 200, 1, 0, 0, 0, false, false)`,
    [id, ahead, ahead],
  );
  await query(
    `CREATE TABLE IF NOT EXISTS api_usage_events_2020_01 PARTITION OF api_usage_events FOR VALUES FROM ('2020-01-01') TO ('2020-02-01')`,
  );
  await control('cron', { cron: '17 * * * *' });
  await control('cron', { cron: '17 * * * *' });
  expect(
    (await query(`SELECT tableoid::regclass::text AS t FROM api_usage_events WHERE id = $1`, [id]))[0]?.t,
  ).toBe(name);
  expect(await query(`SELECT to_regclass('api_usage_events_2020_01') AS t`)).toEqual([{ t: null }]);
});
