// Moving from the original: a database that its migrations made, keys of its format, imported into the stack's.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBillingStore } from '../../src/billing/billing-store.ts';
import { isoDay, monthStart } from '../../src/core/time.ts';
import { importOriginal } from '../../src/dev/import.ts';
import { openDatabase } from '../../src/platform/database.ts';
import { createUsageReports, queries } from '../../src/usage/usage-reports.ts';
import { call, control, eventually, makePartner, query, sendJson, stack } from '../support/api.ts';
import { generateKey, generatePortalKey, type OriginalDatabase, openOriginal } from '../support/original.ts';
import { memberOf, operatorSignedIn } from '../support/portal.ts';

const NOW_MS = Date.now();
const TODAY = isoDay(NOW_MS);
const FIRST = isoDay(monthStart(NOW_MS));
const MONTH_LIMIT = 30_000;
const TODAYS_CALLS = 100;
/** What the month counted that is in no day. */
const OTHER_CALLS = 29_897;

let original: OriginalDatabase;
const made = {
  live: generateKey(),
  test: generateKey('test'),
  portal: generatePortalKey(),
  revoked: generateKey(),
  expired: generateKey(),
  free: generateKey(),
  spent: generateKey(),
  suspended: generateKey(),
  wrong: generateKey(),
  ofRefused: generateKey(),
};
const ids: Record<string, string> = {};
let dry = '';
let first = '';
let second = '';
const before: Record<string, unknown> = {};
const afterFirst: Record<string, unknown> = {};
const afterSecond: Record<string, unknown> = {};

const run = (isDryRun = false): Promise<string> =>
  importOriginal({ from: original.url, to: stack.databaseUrl, isDryRun, nowMs: Date.now() });

const TABLES = [
  'tier_config',
  'partner',
  'partner_terms',
  'api_key',
  'api_key_quotas',
  'imported_usage',
  'api_usage_events',
  'api_usage_rollups_day',
  'quota_usage',
  'dev_portal_audit',
];

/** Every row that an import wrote, or could have written: other tests' rows may still be on their way. */
async function snapshot(into: Record<string, unknown>): Promise<void> {
  const names = [...Object.values(ids), 'campus'].map((name) => `%${name}%`);
  for (const table of TABLES) {
    const statement = `SELECT t::text AS row FROM ${table} t WHERE t::text LIKE ANY ($1) ORDER BY 1`;
    into[table] = (await query(statement, [names])).map(({ row }) => row);
  }
}

async function fill(): Promise<void> {
  const partner = (name: string, columns: Record<string, unknown> = {}) =>
    original.insert('partner', { name, email: `${name}-${NOW_MS}@moved.example`, ...columns });
  const key = (partnerId: string | undefined, { hash, prefix }: (typeof made)['live'], columns = {}) =>
    original.insert('api_key', {
      partner_id: partnerId,
      key_hash: hash,
      key_prefix: prefix,
      name: 'Key',
      ...columns,
    });
  const used = (partnerId: string | undefined, period: string, start: string, calls: number, failed = 0) =>
    original.insert('quota_usage', {
      partner_id: partnerId,
      period_type: period,
      period_start: start,
      period_end: start,
      requests_count: calls,
      successful_requests: calls - failed,
      failed_requests: failed,
    });
  await original.query(`INSERT INTO tier_config (tier, price_cents, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month, features)
    VALUES ('campus', 900, 5, 0, 60000, '{"support": "email", "webhooks": true, "max_api_keys": 7}')`);
  const limits = {
    rate_limit_per_second: 50,
    rate_limit_per_day: 1_000_000,
    rate_limit_per_month: MONTH_LIMIT,
  };
  ids.used = await partner('used', { ...limits, created_at: '2026-01-02 03:04:05.678901' });
  ids.free = await partner('unlimited', {
    tier: 'campus',
    rate_limit_per_second: 0,
    rate_limit_per_day: 0,
    rate_limit_per_month: -1,
  });
  ids.spent = await partner('spent', { ...limits, allowed_origins: ['https://spent.example'] });
  ids.suspended = await partner('suspended', { status: 'suspended' });
  ids.unknown = await partner('unknown', { tier: 'gold' });
  ids.namesake = await original.insert('partner', {
    name: 'namesake',
    email: (await makePartner()).email,
  });
  ids.live = await key(ids.used, made.live, { scopes: ['read:routes', 'write:data'] });
  await key(ids.used, made.test);
  await key(ids.used, made.portal);
  await key(ids.used, made.revoked, { is_active: false });
  await key(ids.used, made.expired, { expires_at: '2026-01-01' });
  await key(ids.used, made.wrong, { key_prefix: 'sk_live_x' });
  await key(ids.free, made.free);
  ids.spentKey = await key(ids.spent, made.spent);
  await key(ids.suspended, made.suspended);
  await key(ids.unknown, made.ofRefused);
  await used(ids.used, 'daily', TODAY, TODAYS_CALLS, 7);
  await used(ids.used, 'monthly', FIRST, TODAYS_CALLS + OTHER_CALLS, 20);
  await used(ids.used, 'monthly', isoDay(monthStart(NOW_MS, -1)), 123_456);
  await used(ids.spent, 'monthly', FIRST, MONTH_LIMIT);
}

beforeAll(async () => {
  original = await openOriginal(stack.databaseUrl, 'original');
  await fill();
  await snapshot(before);
  dry = await run(true);
  const afterDry: Record<string, unknown> = {};
  await snapshot(afterDry);
  expect(afterDry).toEqual(before);
  first = await run();
  await snapshot(afterFirst);
  second = await run();
  await snapshot(afterSecond);
  await control('cron', { cron: '* * * * *' });
});
afterAll(() => original.close());

const call200 = async (secret: string, path = '/v2/routes/list') => {
  const answer = await call(path, { key: secret });
  expect([answer.status, answer.json?.error]).toEqual([200, undefined]);
  return answer;
};

describe('the report', () => {
  it('a dry run says what the import then says, and changes nothing', () => {
    expect(dry.split('\n').slice(1)).toEqual(first.split('\n').slice(1));
    expect(dry).toContain('nothing was changed');
  });

  it('says what was moved, what was refused and why', () => {
    expect(first).toMatch(/partners +4 moved/);
    expect(first).toMatch(/keys +8 moved/);
    expect(first).toMatch(/calls of \d{4}-\d\d +59,997 moved/);
    expect(first).toContain(`partner ${ids.unknown} (unknown-${NOW_MS}@moved.example): its tier "gold"`);
    expect(first).toMatch(new RegExp(`partner ${ids.namesake} .*: its address is that of another partner`));
    expect(first).toMatch(/key .* \(sk_live_x\), .*: its prefix does not begin with pk_live_ or pk_test_/);
    expect(first).toMatch(/scopes that nothing here asks for: write:data/);
    expect(first).toMatch(/a limit of 0 was none: -1\/s, -1\/day, -1\/month/);
  });

  it('of a second import says that all is here, and it changed nothing', () => {
    expect(second).toMatch(/partners +0 moved +4 here already/);
    expect(second).toMatch(/keys +0 moved +8 here already/);
    expect(second).toMatch(/calls of \d{4}-\d\d +0 moved +59,997 here already/);
    expect(afterSecond).toEqual(afterFirst);
    expect(afterFirst).not.toEqual(before);
  });
});

describe('what was moved', () => {
  it('keys answer as they did there, and limits stand where the use of the month was', async () => {
    const { headers } = await call200(made.live.key);
    expect(headers['x-ratelimit-limit-month']).toBe(String(MONTH_LIMIT));
    expect(headers['x-ratelimit-remaining-month']).toBe('2');
    // On the first of a month, the month's calls are the day's.
    const today = TODAY === FIRST ? TODAYS_CALLS + OTHER_CALLS : TODAYS_CALLS;
    expect(headers['x-ratelimit-remaining-day']).toBe(String(1_000_000 - today - 1));
    await call200(made.portal.key);
    await call200(made.live.key);
    const refused = await call('/v2/routes/list', { key: made.live.key });
    expect(refused.json).toMatchObject({
      error: 'monthly_quota_exceeded',
      limit: MONTH_LIMIT,
      used: MONTH_LIMIT,
    });
    await call200(made.test.key);
  });

  it('who had used up its month is refused from the first call on', async () => {
    const { status, json } = await call('/v2/routes/list', { key: made.spent.key });
    expect([status, json.error]).toEqual([429, 'monthly_quota_exceeded']);
  });

  it('a revoked, an expired and a suspended partner’s key are refused', async () => {
    for (const { key } of [made.revoked, made.expired, made.suspended, made.wrong, made.ofRefused])
      expect((await call('/v2/routes/list', { key })).json.error).toBe('invalid_api_key');
  });

  it('the original checked no scopes: a key asks all of its API, and makes keys', async () => {
    await call200(made.free.key, '/v2/stops/search?q=a');
    expect((await call('/v1/payments/x', { key: made.free.key })).json.error).toBe(
      'insufficient_permissions',
    );
    const { status } = await sendJson('/dashboard/api-keys', 'POST', { name: 'New' }, { key: made.free.key });
    expect(status).toBe(201);
  });

  it('a limit of 0 is none, for the key as for its partner', async () => {
    const { headers } = await call200(made.free.key);
    expect(headers['x-ratelimit-limit-second']).toBe('-1');
    expect(headers['x-ratelimit-limit-day']).toBe('-1');
    expect(headers['ratelimit-policy']).toBeUndefined();
  });

  it('without a list of origins any page may call; with one, its pages', async () => {
    const origin = 'https://anybody.example';
    const answer = await call('/v2/routes/list', { key: made.free.key, headers: { origin } });
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([200, origin]);
    const preflight = await call('/v2/routes/list', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'GET' },
    });
    expect([preflight.status, preflight.headers['access-control-allow-origin']]).toEqual([204, origin]);
    const refused = await call('/v2/routes/list', { key: made.spent.key, headers: { origin } });
    expect(refused.json.error).toBe('origin_not_allowed');
  });

  it('times are UTC, tiers are there, and limits that are not the tier’s are the partner’s own', async () => {
    const [partner] = await query(
      `SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') AS at, custom_limits FROM partner WHERE id = $1`,
      [ids.used],
    );
    expect(partner).toEqual({ at: '2026-01-02 03:04:05.678901', custom_limits: true });
    const [tier] = await query(
      `SELECT price_cents, rate_limit_per_day, max_keys, self_serve, features FROM tier_config WHERE tier = 'campus'`,
    );
    expect(tier).toEqual({
      price_cents: 900,
      rate_limit_per_day: -1,
      max_keys: 7,
      self_serve: false,
      features: { support: 'email', webhooks: true },
    });
  });
});

describe('one count', () => {
  const used = async () => {
    const { json } = await call('/dashboard/quota', { key: made.live.key });
    return json.monthly.requests as number;
  };

  it('what is shown, compared and billed is what was imported and what was called since', async () => {
    const counted = () =>
      query(
        `SELECT units::int FROM quota_usage WHERE partner_id = $1 AND environment = 'live' AND period_type = 'monthly'`,
        [ids.used],
      );
    expect(await eventually(counted, ([row]) => row?.units === MONTH_LIMIT)).toEqual([
      { units: MONTH_LIMIT },
    ]);
    expect(await used()).toBe(MONTH_LIMIT);
    const billing = createBillingStore(openDatabase(stack.databaseUrl, stack.endpoint));
    const facts = await billing.facts(ids.used ?? '', [FIRST]);
    expect(facts?.months).toMatchObject([
      {
        units: MONTH_LIMIT,
        apps: [{ appId: null, units: MONTH_LIMIT }],
        // Its terms began with the import, and the use before them.
        marks: [{ units: TODAYS_CALLS + OTHER_CALLS }],
      },
    ]);
    await control('cron', { cron: '10 2 * * *' });
    const compared = await query(
      `SELECT agrees, limiter_units = event_units AS is_counted, month_units::int FROM reconciliation
        WHERE partner_id = $1 AND environment = 'live' AND day = $2`,
      [ids.used, TODAY],
    );
    expect(compared).toEqual([{ agrees: true, is_counted: true, month_units: MONTH_LIMIT }]);
  });

  it('charts show all that totals count, by the day and by the hour, and what ended how as far as it is known', async () => {
    const { ask } = createUsageReports(openDatabase(stack.databaseUrl, stack.endpoint));
    const owned = { partnerId: ids.used ?? '', environment: 'live' };
    const month = { ...owned, from: FIRST, to: TODAY };
    const fromMs = Date.parse(TODAY);
    const hours = { ...owned, fromMs, toMs: fromMs + 86_400_000 };
    const [total, byDay, ofAll, partners, today, ofHours, byHour, rows] = await ask(
      queries.total(month),
      queries.outcomesByDay(month),
      queries.outcomesOfAll(FIRST, TODAY),
      queries.topPartners(FIRST, TODAY, 10_000),
      queries.total({ ...month, from: TODAY }),
      queries.totalOfMoments(hours),
      queries.outcomesByHour(hours),
      queries.events({ ...hours, outcome: 'imported' }, 10),
    );
    const callsOf = (lines: readonly { calls: number }[]) => lines.reduce((sum, { calls }) => sum + calls, 0);
    const importedOf = (lines: typeof byDay) =>
      callsOf(lines.filter(({ outcome }) => outcome === 'imported'));
    const ofToday = TODAY === FIRST ? TODAYS_CALLS + OTHER_CALLS : TODAYS_CALLS;
    expect([importedOf(byDay), importedOf(byHour)]).toEqual([TODAYS_CALLS + OTHER_CALLS, ofToday]);
    expect(callsOf(byDay)).toBe(total?.calls);
    expect(callsOf(ofAll)).toBe(callsOf(partners));
    expect(callsOf(byHour)).toBe(ofHours?.calls);
    const { calls, successful, failed, units } = today ?? {};
    expect(ofHours).toMatchObject({ calls, successful, failed, units });
    expect(rows.map(({ key_id }) => key_id)).toEqual(['imported']);
  });

  it('pages name it: the chart and its table, statuses, keys and routes', async () => {
    const person = await memberOf(ids.used ?? '');
    const of = `environment=live&from=${FIRST}&to=${TODAY}`;
    const { text } = await person.get(`/portal/usage?${of}`);
    const [, legend = ''] = /<ul class="legend">(.*?)<\/ul>/s.exec(text) ?? [];
    expect(legend).toContain('outcome=imported');
    expect(legend).toContain('29,997');
    expect(text).toMatch(/<rect class="imported"/);
    expect(text).toMatch(/<th scope="col" class="num">Imported<\/th>/);
    expect(text).toMatch(/<a href="[^"]*outcome=imported[^"]*">Imported<\/a>/);
    expect(text).toMatch(/<a href="[^"]*key=imported[^"]*">Imported<\/a>/);
    expect(text).toContain('counted where the account was before');
    const overview = await person.get('/portal?environment=live');
    expect(overview.text).not.toContain('/portal/keys/imported');
    const operator = await operatorSignedIn();
    expect((await operator.get(`/operator/partners/${ids.used}`)).text).toMatch(/<rect class="imported"/);
    expect((await operator.get('/operator/usage')).text).toMatch(/<rect class="imported"/);
    expect((await person.get('/portal/requests?environment=live&outcome=imported')).text).toContain(
      'Imported',
    );
  });

  it('told again, it counts once', async () => {
    await query('UPDATE imported_usage SET told_units = 0 WHERE partner_id = $1', [ids.used]);
    await control('cron', { cron: '* * * * *' });
    expect(await used()).toBe(MONTH_LIMIT);
  });

  it('what was called there since the import is counted by the next one, and a key that was revoked there is here', async () => {
    await original.query(
      `UPDATE quota_usage SET requests_count = requests_count + 5 WHERE partner_id = $1 AND period_start <= $2::date
        AND (period_type = 'daily' OR period_start = $3::date)`,
      [ids.used, TODAY, FIRST],
    );
    await original.query('UPDATE api_key SET is_active = false WHERE id = $1', [ids.spentKey]);
    const report = await run();
    expect(report).toMatch(/calls of \d{4}-\d\d +5 moved +59,997 here already/);
    expect(report).toMatch(/1 revoked there since/);
    await control('cron', { cron: '* * * * *' });
    expect(await used()).toBe(MONTH_LIMIT + 5);
    expect((await call('/v2/routes/list', { key: made.spent.key })).json.error).toBe('invalid_api_key');
  });

  it('a database of our own is no source', async () => {
    await expect(
      importOriginal({
        from: stack.databaseUrl,
        to: stack.databaseUrl,
        isDryRun: true,
        nowMs: Date.now(),
      }),
    ).rejects.toThrow(/own/);
  });
});
