// Cron: closing of periods, reconciliation, upkeep. Running a job twice changes nothing.

import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import {
  call,
  control,
  developerToken,
  eventCount,
  eventually,
  makeKey,
  makePartner,
  query,
  since,
  stack,
} from '../support/api.ts';

const isoDay = (ms: number) => new Date(ms).toISOString().slice(0, 10);

const operator = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };
const invoicesOf = (partnerId: string) =>
  query(
    `SELECT i.period_start::text AS month, i.currency, i.subtotal_minor::int AS net, i.tax_minor::int AS tax,
       (SELECT jsonb_agg(jsonb_build_array(l.kind, l.quantity, l.amount_minor) ORDER BY l.position) FROM invoice_line l WHERE l.invoice_id = i.id) AS lines
     FROM invoice i WHERE i.partner_id = $1 ORDER BY i.period_start`,
    [partnerId],
  );
const told = async (partnerId: string, type: string) =>
  (
    await query<{ data: Record<string, unknown> }>(
      'SELECT data FROM webhook_event WHERE partner_id = $1 AND type = $2 ORDER BY sequence',
      [partnerId, type],
    )
  ).map(({ data }) => data);

it('a month is closed once, however often the job runs, and what comes late is asked for with the next', async () => {
  const partner = await makePartner({
    tier: 'business',
    second: 50,
    day: 100,
    month: 1000,
    overage: 'charge',
  });
  await query('UPDATE partner SET tax_bps = 1800 WHERE id = $1', [partner.id]);
  await since(partner.id, '2026-09-01');
  const use = (units: number, month: string) =>
    query(
      `INSERT INTO quota_usage AS q (partner_id, period_type, period_start, period_end, requests_count, units)
       VALUES ($1, 'monthly', $3, $3, $2, $2) ON CONFLICT (partner_id, environment, period_type, period_start)
       DO UPDATE SET units = q.units + $2`,
      [partner.id, units, month],
    );
  await use(3500, '2026-09-01');
  const run = (at: number) => control('cron', { cron: '5 0 * * *', at });
  await Promise.all([1, 2, 3].map(() => run(Date.UTC(2026, 9, 1, 0, 5))));
  // 199.00, and 2,500 units over the month's 1,000 at 15 cents a thousand: 37.5 cents, of which the half is not billed.
  const september = {
    month: '2026-09-01',
    currency: 'EUR',
    net: 19_937,
    tax: 3589,
    lines: [
      ['plan', 3500, 19_900],
      ['overage', 2500, 37],
    ],
  };
  expect(await invoicesOf(partner.id)).toEqual([september]);
  expect(
    await query(
      `SELECT cost_cents::int AS cents FROM quota_usage WHERE partner_id = $1 AND period_type = 'monthly'`,
      [partner.id],
    ),
  ).toEqual([{ cents: 19_937 }]);
  await use(1000, '2026-09-01');
  await control('cron', { cron: '17 * * * *', at: Date.UTC(2026, 10, 1, 1, 17) });
  await run(Date.UTC(2026, 10, 2, 0, 5));
  const [first, second] = await invoicesOf(partner.id);
  expect(first).toEqual(september);
  expect(second).toMatchObject({
    month: '2026-10-01',
    net: 19_915,
    lines: [
      ['plan', 0, 19_900],
      ['adjustment', 0, 15],
    ],
  });
  expect(await told(partner.id, 'invoice.finalised')).toMatchObject([
    { total_minor: 19_937 + 3589, currency: 'EUR', status: 'open' },
    { subtotal_minor: 19_915 },
  ]);
});

it('a partner without overage pays the price of its plan in its currency; test calls and waiting partners pay nothing', async () => {
  const partner = await makePartner({ tier: 'starter', month: 10 });
  const waiting = await makePartner({ tier: 'starter', status: 'sandbox_only' });
  await query(`UPDATE partner SET currency = 'XOF' WHERE id = $1`, [partner.id]);
  for (const { id } of [partner, waiting]) await since(id, '2026-09-01');
  await query(
    `INSERT INTO quota_usage (partner_id, environment, period_type, period_start, period_end, units)
     VALUES ($1, 'test', 'monthly', '2026-09-01', '2026-09-30', 5000)`,
    [partner.id],
  );
  await control('cron', { cron: '5 0 * * *', at: Date.UTC(2026, 9, 1, 0, 5) });
  expect(await invoicesOf(partner.id)).toMatchObject([
    { currency: 'XOF', net: 32_000, tax: 0, lines: [['plan', 0, 32_000]] },
  ]);
  expect(await invoicesOf(waiting.id)).toEqual([]);
});

it('a day is told of once, and anew when late calls change it', async () => {
  const partner = await makePartner();
  const use = (units: number) =>
    query(
      `INSERT INTO quota_usage AS q (partner_id, period_type, period_start, period_end, requests_count, successful_requests, units)
       VALUES ($1, 'daily', '2026-09-30', '2026-09-30', $2, $2, $2) ON CONFLICT (partner_id, environment, period_type, period_start)
       DO UPDATE SET units = q.units + $2, requests_count = q.requests_count + $2, successful_requests = q.successful_requests + $2`,
      [partner.id, units],
    );
  const run = (day: number) => control('cron', { cron: '5 0 * * *', at: Date.UTC(2026, 9, day, 0, 5) });
  await use(7);
  await Promise.all([run(1), run(1)]);
  await run(2);
  await use(2);
  await run(3);
  await use(9);
  await run(5);
  expect(await told(partner.id, 'usage.daily')).toEqual(
    [7, 9].map((units) => ({ day: '2026-09-30', calls: units, successful: units, failed: 0, units })),
  );
});

it('invoices are immutable: no change of amounts, no deletion, no line more, no skipped number', async () => {
  const partner = await makePartner({ tier: 'starter' });
  await since(partner.id, '2026-09-01');
  await control('cron', { cron: '5 0 * * *', at: Date.UTC(2026, 9, 1, 0, 5) });
  const [{ id }] = (await query('SELECT id FROM invoice WHERE partner_id = $1', [partner.id])) as [
    { id: string },
  ];
  for (const statement of [
    'UPDATE invoice SET total_minor = 1 WHERE id = $1',
    'UPDATE invoice SET number = number || 1::text WHERE id = $1',
    'DELETE FROM invoice WHERE id = $1',
    'UPDATE invoice_line SET amount_minor = 1 WHERE invoice_id = $1',
    'DELETE FROM invoice_line WHERE invoice_id = $1',
  ])
    await expect(query(statement, [id]), statement).rejects.toThrow(/accepts no/);
  const more = `INSERT INTO invoice_line (invoice_id, position, kind, from_at, to_at, quantity, amount_minor) VALUES ($1, 99, 'plan', now(), now(), 0, 5)`;
  await expect(query(more, [id])).rejects.toThrow(/does not add up/);
  await query(`UPDATE invoice SET status = 'paid', settled_at = now() WHERE id = $1`, [id]);
  await expect(query(`UPDATE invoice SET status = 'open' WHERE id = $1`, [id])).rejects.toThrow(/accepts no/);
});

const compared = (partnerIds: string[], day: string) =>
  query(
    `SELECT limiter_units::int AS l, event_units::int AS e, rollup_units::int AS r, quota_units::int AS q,
       month_units::int AS m, invoice_units::int AS i, corrected_units::int AS c, agrees
     FROM reconciliation WHERE partner_id = ANY ($1) AND day = $2 ORDER BY agrees DESC, limiter_units DESC`,
    [partnerIds, day],
  );
const reconcile = (at = Date.now()) => control('cron', { cron: '10 2 * * *', at });
const callSeven = async (partnerId: string) => {
  const key = await makeKey(partnerId);
  for (let i = 0; i < 7; i++) await call('/v2/stops/x/departures', { key: key.secret });
  await eventually(
    () => eventCount(partnerId),
    (count) => count === 7,
  );
};

it('the comparison agrees for what was counted, and tolerates nothing: more, less, or none at all', async () => {
  const [good, bad, lost, less] = [
    await makePartner({ day: 1000 }),
    await makePartner(),
    await makePartner({ day: 1000 }),
    await makePartner({ day: 1000 }),
  ];
  for (const { id } of [good, lost, less]) await callSeven(id);
  await makeKey(bad.id);
  const today = isoDay(Date.now());
  await query(
    `INSERT INTO quota_usage (partner_id, period_type, period_start, period_end, units) VALUES ($1, 'daily', $2, $2, 5)`,
    [bad.id, today],
  );
  // All events of one are lost, and its rows with them; of another, one unit is.
  for (const table of ['api_usage_events', 'api_usage_rollups_day', 'quota_usage'])
    await query(`DELETE FROM ${table} WHERE partner_id = $1`, [lost.id]);
  await query(`UPDATE quota_usage SET units = units - 1 WHERE partner_id = $1`, [less.id]);
  await reconcile();
  expect(await compared([good.id, bad.id, lost.id, less.id], today)).toEqual([
    { l: 7, e: 7, r: 7, q: 7, m: 7, i: 7, c: 0, agrees: true },
    { l: 7, e: 0, r: 0, q: 0, m: 0, i: 0, c: 0, agrees: false },
    { l: 7, e: 7, r: 7, q: 6, m: 6, i: 6, c: 0, agrees: false },
    { l: 0, e: 0, r: 0, q: 5, m: 5, i: 0, c: 0, agrees: false },
  ]);
  expect((await call('/api/admin/reconciliations', operator)).json.data.length).toBeGreaterThan(0);
  const { text } = await call('/metrics', {
    headers: { authorization: `Bearer ${stack.demo.metrics.token}` },
  });
  expect(Number(/^reconciliation_differences (\d+)$/m.exec(text)?.[1])).toBeGreaterThanOrEqual(3);
  const token = await developerToken(good);
  const { json } = await call('/api/dev/checks', { headers: { authorization: `Bearer ${token}` } });
  expect(json.data).toMatchObject([{ day: today, limiter_units: 7, invoice_units: 7, agrees: true }]);
  // The same night the audit chains are checked, and their heads kept in KV.
  const { json: audit } = await call('/api/dev/audit', { headers: { authorization: `Bearer ${token}` } });
  expect(audit).toMatchObject({ breaks: [], broken_since: null, checked_at: expect.stringContaining(today) });
  const { json: all } = await call('/api/admin/audit', operator);
  expect(all.check).toMatchObject({ broken: [], chains: expect.any(Number) });
  expect((await control<string[]>('lines', 'audit heads')).length).toBeGreaterThan(0);
});

it('a day that was active until midnight is compared after it, and corrected to what was billed a day later', async () => {
  const partner = await makePartner({ day: 1000 });
  await callSeven(partner.id);
  const today = isoDay(Date.now());
  for (const table of ['api_usage_rollups_day', 'quota_usage'])
    await query(`UPDATE ${table} SET units = units - 2 WHERE partner_id = $1`, [partner.id]);
  await query(
    `UPDATE api_usage_events SET units = 0 WHERE id IN (SELECT id FROM api_usage_events WHERE partner_id = $1 LIMIT 2)`,
    [partner.id],
  );
  const DAY_MS = 86_400_000;
  await reconcile(Date.now() + DAY_MS);
  const differs = { l: 7, e: 5, r: 5, q: 5, m: 5, i: 5, c: 0, agrees: false };
  expect(await compared([partner.id], today)).toEqual([differs]);
  await reconcile(Date.now() + 2 * DAY_MS);
  expect(await compared([partner.id], today)).toEqual([{ ...differs, c: -2 }]);
  await reconcile(Date.now() + 2 * DAY_MS);
  expect(await compared([partner.id], today)).toEqual([{ ...differs, l: 5, c: -2, agrees: true }]);
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
