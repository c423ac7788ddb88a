// Acceptance 7: the SQL that the documents print works as typed.

import { createHash, randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { call, control, eventually, makeKey, makePartner, query, sendJson, stack } from '../support/api.ts';

it("UPDATE api_key_quotas … takes effect with the next minute's job, and needs no other statement", async () => {
  const partner = await makePartner();
  const key = await makeKey(partner.id);
  expect((await call('/v2/routes/list', { key: key.secret })).headers['x-ratelimit-limit-day']).toBe('-1');
  const rows = await query(
    `UPDATE api_key_quotas SET burst_limit = 1000, sustained_limit = 200, daily_quota = 5000000 WHERE key_id = '${key.id}' RETURNING *`,
  );
  expect(rows).toHaveLength(1);
  await control('cron', { cron: '* * * * *' });
  const { headers } = await call('/v2/routes/list', { key: key.secret });
  expect(headers['x-ratelimit-limit-day']).toBe('5000000');
});

it('UPDATE partner SET tier … brings the limits of the tier', async () => {
  const partner = await makePartner({ tier: 'free', second: 2, day: 1000, month: 30_000 });
  await query(`UPDATE partner SET tier = 'business' WHERE id = '${partner.id}'`);
  const [row] = await query(
    'SELECT rate_limit_per_second AS s, rate_limit_per_day AS d FROM partner WHERE id = $1',
    [partner.id],
  );
  expect(row).toEqual({ s: 50, d: 50_000 });
});

it('the incident queries find the audit trail and the usage of a key', async () => {
  const partner = await makePartner();
  const key = await makeKey(partner.id);
  await call('/v2/routes/list', { key: key.secret });
  const operator = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };
  await sendJson(`/api/admin/keys/${key.id}/revoke`, 'POST', { reason: 'Key compromised' }, operator);
  const audit = await query(
    `SELECT * FROM dev_portal_audit WHERE target->>'key_id' = '${key.id}' ORDER BY created_at DESC`,
  );
  expect(audit[0]).toMatchObject({ action: 'key.revoked', details: { reason: 'Key compromised' } });
  const usage = () =>
    query(
      `SELECT * FROM api_usage_events WHERE key_id = '${key.id}' AND occurred_at > NOW() - INTERVAL '7 days'`,
    );
  expect(await eventually(usage, (rows) => rows.length > 0)).toHaveLength(1);
});

it('dev_portal_audit accepts no UPDATE, DELETE or TRUNCATE, and its chain is whole', async () => {
  for (const statement of [
    "UPDATE dev_portal_audit SET actor = 'x'",
    'DELETE FROM dev_portal_audit',
    'TRUNCATE dev_portal_audit',
  ]) {
    await expect(query(statement)).rejects.toThrow(/accepts no/);
  }
  expect(
    await query(
      'SELECT DISTINCT b.id FROM (SELECT DISTINCT partner_id FROM dev_portal_audit) p, audit_breaks(p.partner_id) b',
    ),
  ).toEqual([]);
});

it('a row of the deployed original, imported with its columns only, is a working key', async () => {
  const partner = await makePartner();
  const random = randomBytes(32).toString('hex');
  const sum = createHash('sha256').update(random).digest('hex').slice(0, 4);
  const key = `pk_live_${random}_${sum}`;
  const hash = createHash('sha256').update(key).digest('hex');
  await query(
    `INSERT INTO api_key (partner_id, key_hash, key_prefix, name, scopes) VALUES ($1, $2, $3, 'Imported', ARRAY['read:routes'])`,
    [partner.id, hash, `pk_live_${random.slice(0, 8)}...`],
  );
  expect((await call('/v2/routes/list', { key })).status).toBe(200);
  const made = await sendJson('/dashboard/api-keys', 'POST', { name: 'Second' }, { key });
  expect(made.status).toBe(201);
});

it('the tables and columns of the documents are there', async () => {
  const columns: Record<string, string> = {
    partner:
      'id name email company status tier rate_limit_per_second rate_limit_per_day rate_limit_per_month allowed_origins webhook_url created_at updated_at last_active_at contact_name contact_phone billing_email billing_address',
    api_key:
      'id partner_id key_hash key_prefix name description scopes is_active created_at expires_at last_used_at allowed_ips',
    quota_usage:
      'id partner_id period_type period_start period_end requests_count successful_requests failed_requests cost_cents updated_at',
    tier_config:
      'tier price_cents rate_limit_per_second rate_limit_per_day rate_limit_per_month features created_at',
    api_key_quotas: 'key_id burst_limit sustained_limit daily_quota',
    dev_apps: 'id name',
    api_usage_events: 'key_id occurred_at',
    api_usage_rollups_day: 'day key_id calls errors',
    dev_portal_audit: 'target created_at',
  };
  for (const [table, names] of Object.entries(columns)) {
    await expect(query(`SELECT ${names.split(' ').join(', ')} FROM ${table} LIMIT 1`)).resolves.toBeDefined();
  }
});

it('a key moved to another partner leaves what it used with the one that it was used for', async () => {
  const [from, to] = [await makePartner({ day: 1000 }), await makePartner({ day: 1000 })];
  const key = await makeKey(from.id);
  const callTimes = async (times: number) => {
    for (let i = 0; i < times; i++)
      expect((await call('/v2/stops/x/departures', { key: key.secret })).status).toBe(200);
  };
  await callTimes(7);
  await query('UPDATE api_key SET partner_id = $1 WHERE id = $2', [to.id, key.id]);
  await control('cron', { cron: '* * * * *' });
  await callTimes(3);
  const readers = new Map([
    [from.id, await makeKey(from.id)],
    [to.id, await makeKey(to.id)],
  ]);
  const countsOf = async (partnerId: string) => {
    const [row] = await query(
      `SELECT (SELECT sum(units) FROM api_usage_events WHERE partner_id = $1)::int AS events,
         (SELECT sum(units) FROM api_usage_rollups_day WHERE partner_id = $1)::int AS rollups,
         (SELECT sum(units) FROM quota_usage WHERE partner_id = $1 AND period_type = 'daily')::int AS quota`,
      [partnerId],
    );
    const { json } = await call('/dashboard/quota', { key: readers.get(partnerId)?.secret });
    return { ...row, limiter: json.daily.requests };
  };
  for (const [{ id }, units] of [
    [from, 7],
    [to, 3],
  ] as const) {
    const expected = { events: units, rollups: units, quota: units, limiter: units };
    const counts = await eventually(
      () => countsOf(id),
      (now) => JSON.stringify(now) === JSON.stringify(expected),
      15_000,
    );
    expect(counts).toEqual(expected);
  }
});
