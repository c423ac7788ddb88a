// One exact count: what the headers say, what the portal shows, and what the database holds, are the same, in a thousand
// random states.

import fc from 'fast-check';
import { uuidv7 } from 'uuidv7';
import { expect, it } from 'vitest';
import { openDatabase } from '../../src/platform/database.ts';
import { foldingOf } from '../../src/usage/folding.ts';
import type { UsageEvent } from '../../src/usage/usage-event.ts';
import { createUsageReports, queries } from '../../src/usage/usage-reports.ts';
import { createUsageStore } from '../../src/usage/usage-store.ts';
import { call, control, eventually, makeKey, makePartner, query, sendJson, stack } from '../support/api.ts';
import { memberOf } from '../support/portal.ts';
import { seeded } from '../support/seeded.ts';

const meterOf = (html: string, label: string) => {
  const tag = new RegExp(`data-meter="${label}"[^>]*`).exec(html)?.[0] ?? '';
  const value = (name: string) => Number(new RegExp(`data-${name}="(-?\\d+)"`).exec(tag)?.[1]);
  return { used: value('used'), limit: value('limit'), remaining: value('remaining') };
};

it('a thousand random calls: each header equals the meter that the portal shows next', async () => {
  const random = seeded(20_261_122);
  const partner = await makePartner({ day: 5000, month: 50_000 });
  const keys = [
    await makeKey(partner.id, { environment: 'test' }),
    await makeKey(partner.id, { environment: 'test' }),
    await makeKey(partner.id, { environment: 'test', scopes: ['read:routes'] }),
  ];
  const person = await memberOf(partner.id);
  const operator = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };
  const paths: [string, Record<string, string>?][] = [
    ['/v2/stops/search?q=hann'],
    ['/v2/routes/list'],
    ['/v2/stops/nearby?lat=x&lon=y'],
    ['/v2/routes/list', { 'x-sandbox-simulate': 'status=503' }],
    ['/v2/nothing'],
  ];
  const shown = async () => {
    const { text } = await person.get('/portal');
    return { day: meterOf(text, 'Today'), month: meterOf(text, 'This month') };
  };
  let counted = 0;
  let day = 5000;
  for (let state = 0; state < 1000; state++) {
    if (random() < 0.02) {
      // An operator moves the limit, sometimes below what is used.
      day = Math.max(1, Math.floor(counted * (0.9 + random())) + Math.floor(random() * 50));
      const limits = { rate_limit_per_second: -1, rate_limit_per_day: day, rate_limit_per_month: 50_000 };
      await sendJson(`/api/admin/partners/${partner.id}/limits`, 'PUT', limits, operator);
    }
    const [path, headers] = paths[Math.floor(random() * paths.length)] ?? ['/v2/routes/list'];
    const key = keys[Math.floor(random() * keys.length)]?.secret;
    const answer = await call(path, { key, headers });
    const isCounted = answer.status < 500 && ![403, 404, 429].includes(answer.status);
    if (isCounted) counted++;
    const remaining = Math.max(0, day - counted);
    const meters = await eventually(shown, (now) => now.day.used === counted, 5000);
    expect([state, path, answer.status, meters.day]).toEqual([
      state,
      path,
      answer.status,
      { used: counted, limit: day, remaining },
    ]);
    expect(meters.month.used).toBe(counted);
    // A call that fails on our side is given back, after its answer.
    const given = answer.status >= 500 ? 1 : 0;
    const header = answer.headers['x-ratelimit-remaining-day'];
    if (header !== undefined && answer.status !== 403)
      expect(Number(header) + given).toBe(remaining + (remaining === 0 && given ? 1 : 0));
  }

  // And once the events are folded, everything that the portal shows is what the database holds.
  const [raw] = await eventually(
    () =>
      query<{ calls: string; units: string; failed: string }>(
        `SELECT count(*) AS calls, coalesce(sum(units), 0) AS units, count(*) FILTER (WHERE status_code >= 400) AS failed
         FROM api_usage_events WHERE partner_id = $1`,
        [partner.id],
      ),
    (rows) => Number(rows[0]?.units) === counted,
  );
  const csv = (await person.get('/portal/usage.csv')).text
    .trim()
    .split('\r\n')
    .slice(1)
    .map((line) => line.split(','));
  const sum = (column: number) => csv.reduce((total, row) => total + Number(row[column]), 0);
  expect([sum(1), sum(3), sum(4)]).toEqual([Number(raw?.calls), Number(raw?.failed), counted]);
  const quota = await query(
    `SELECT units FROM quota_usage WHERE partner_id = $1 AND period_type = 'monthly'`,
    [partner.id],
  );
  expect(quota.reduce((total, { units }) => total + Number(units), 0)).toBe(counted);
}, 240_000);

it('random histories, folded in pieces and twice: every report equals a naive count of the events', async () => {
  const database = openDatabase(stack.databaseUrl, stack.endpoint);
  const store = createUsageStore(database);
  const reports = createUsageReports(database);
  const now = Date.now();
  const event = fc.record({
    route: fc.constantFrom('/v2/a', '/v2/b', '/v1/c'),
    key: fc.integer({ min: 0, max: 2 }),
    status: fc.constantFrom(200, 201, 304, 400, 401, 403, 404, 429, 500, 502, 504),
    latencyMs: fc.integer({ min: 0, max: 20_000 }),
    bytesOut: fc.integer({ min: 0, max: 1_000_000 }),
    country: fc.constantFrom('SN', 'FR', null),
    cacheHit: fc.boolean(),
    minutesAgo: fc.integer({ min: 0, max: 3 * 24 * 60 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(event, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      async (batches, isTwice) => {
        const partner = uuidv7();
        const all: UsageEvent[] = [];
        for (const batch of batches) {
          const events = batch.map((wish): UsageEvent => {
            const occurredMs = now - wish.minutesAgo * 60_000;
            return {
              id: uuidv7(),
              occurredMs,
              day: new Date(occurredMs).toISOString().slice(0, 10),
              partnerId: partner,
              keyId: `${partner}-${wish.key}`,
              appId: null,
              environment: 'test',
              route: wish.route,
              method: 'GET',
              endpoint: wish.route,
              status: wish.status,
              error: wish.status >= 400 ? `e${wish.status}` : null,
              latencyMs: wish.latencyMs,
              upstreamMs: null,
              bytesIn: 1,
              bytesOut: wish.bytesOut,
              units: wish.status < 500 && wish.status !== 429 ? 1 : 0,
              cacheHit: wish.cacheHit,
              degraded: false,
              country: wish.country,
              ip: null,
              userAgent: null,
            };
          });
          all.push(...events);
          const message = { id: uuidv7(), events, refusals: {} };
          await store.fold(foldingOf([message]));
          if (isTwice) await store.fold(foldingOf([message, message]));
        }
        const scope = { partnerId: partner, environment: 'test', from: '2020-01-01', to: '2099-01-01' };
        const moments = {
          partnerId: partner,
          environment: 'test',
          fromMs: now - 4 * 86_400_000,
          toMs: now + 86_400_000,
        };
        const [total, days, routes, statuses, countries, errors, byDay, byHour, hours] = await reports.ask(
          queries.total(scope),
          queries.lines(scope, 'day'),
          queries.lines(scope, 'route'),
          queries.byStatus(scope),
          queries.byCountry(scope),
          queries.errors(scope),
          queries.outcomesByDay(scope),
          queries.outcomesByHour(moments),
          queries.totalOfMoments(moments),
        );
        const count = (test: (each: UsageEvent) => boolean) => all.filter(test).length;
        const sum = (rows: readonly { calls: number }[]) =>
          rows.reduce((found, { calls }) => found + calls, 0);
        expect(total).toMatchObject({
          calls: all.length,
          failed: count(({ status }) => status >= 400),
          units: all.reduce((found, { units }) => found + units, 0),
          cacheHits: count(({ cacheHit }) => cacheHit),
          bytesOut: all.reduce((found, { bytesOut }) => found + bytesOut, 0),
        });
        expect(hours).toMatchObject({
          calls: all.length,
          failed: total?.failed,
          units: total?.units,
          bytesOut: total?.bytesOut,
        });
        for (const { group, calls } of days) expect(calls).toBe(count(({ day }) => day === group));
        for (const { group, calls } of routes) expect(calls).toBe(count(({ route }) => route === group));
        for (const { status, calls } of statuses) expect(calls).toBe(count((each) => each.status === status));
        for (const { name, calls } of countries) expect(calls).toBe(count(({ country }) => country === name));
        for (const { code, route, calls } of errors)
          expect(calls).toBe(count((each) => each.error === code && each.route === route));
        expect([sum(days), sum(routes), sum(statuses), sum(byDay), sum(byHour)]).toEqual(
          Array(5).fill(all.length),
        );
        expect(sum(countries)).toBe(count(({ country }) => country !== null));
        expect(sum(errors)).toBe(total?.failed);
        // Percentiles within 1 % of the naive ones.
        const sorted = all.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
        for (const [share, shown] of [
          [0.5, total?.p50],
          [0.95, total?.p95],
          [0.99, total?.p99],
        ] as const) {
          const exact = Math.max(1, sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0);
          expect(Math.abs((shown ?? 0) - exact)).toBeLessThanOrEqual(exact * 0.0101 + 0.1);
        }
      },
    ),
    { numRuns: 300, seed: 7 },
  );
}, 240_000);

it('the overview of thirty days and twenty keys takes at most five round trips', async () => {
  const partner = await makePartner();
  const person = await memberOf(partner.id);
  await query(
    `INSERT INTO api_key (id, partner_id, key_hash, key_prefix, name, environment)
     SELECT gen_random_uuid(), $1, gen_random_uuid()::text, 'pk_test_x', 'K' || n, 'test' FROM generate_series(1, 20) n`,
    [partner.id],
  );
  await query(
    `INSERT INTO api_usage_rollups_day (day, key_id, route, partner_id, environment, calls, statuses)
     SELECT current_date - d, k.key_id, '/v2/routes/list', $1, 'test', 10, '{"200": 10}' FROM api_key k, generate_series(0, 29) d
     WHERE k.partner_id = $1`,
    [partner.id],
  );
  const trips: number[] = [];
  for (let i = 0; i < 5; i++) {
    const before = await control<number>('trips');
    const { status, text } = await person.get('/portal');
    expect([status, text.includes('6,000')]).toEqual([200, true]);
    trips.push((await control<number>('trips')) - before);
  }
  // Jobs may run at the same moment: the least counts.
  expect(Math.min(...trips)).toBeLessThanOrEqual(5);
});
