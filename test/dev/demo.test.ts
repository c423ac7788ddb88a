// The demo of `npm start`: its running month is one count in every place that shows it, and goes on where it ended.

import { rmSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { differences, openReader } from '../../loadtest/one-count/numbers.ts';
import { DAY_MS, isoDay, monthStart } from '../../src/core/time.ts';
import { LOGINS } from '../../src/dev/demo.ts';
import { type Caller, callsBetween } from '../../src/dev/demo-calls.ts';
import { type MonthPorts, playMonth, tellLimiter } from '../../src/dev/demo-month.ts';
import { type Stack, startStack } from '../../src/dev/stack.ts';
import { throwawayFolder } from '../support/folder.ts';

const START_MOST_MS = 120_000;
const folder = throwawayFolder('demo');
const nowMs = Date.now();
/** A week ago, or the month's beginning: an earlier month is over. */
const earlierMs = Math.max(monthStart(nowMs), nowMs - 7 * DAY_MS);
/** On the first day of a month some keys have not been called yet: its calls are those of the running month. */
const isYoung = nowMs - monthStart(nowMs) < DAY_MS;
let stack: Stack;
let client: pg.Client;
let ports: MonthPorts;

beforeAll(async () => {
  stack = await startStack({
    folder,
    port: 0,
    isThrowaway: true,
    entry: 'src/dev/local-worker.ts',
    demoUntilMs: earlierMs,
  });
  client = new pg.Client({ connectionString: stack.databaseUrl });
  await client.connect();
  const { databaseUrl, demo, endpoint, url } = stack;
  ports = { databaseUrl, demo, endpoint: endpoint.url, nowMs, portalOrigin: url };
}, START_MOST_MS);

afterAll(async () => {
  await client?.end();
  await stack?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const held = async () => {
  const { rows } = await client.query(
    `SELECT (SELECT count(*) FROM api_usage_events)::int AS events, (SELECT sum(units) FROM api_usage_events)::int AS units,
      (SELECT sum(units) FROM quota_usage WHERE period_type = 'monthly' AND period_start = $1)::int AS month`,
    [isoDay(monthStart(nowMs))],
  );
  return rows[0];
};

it('a start a week later goes on where it ended, to one count everywhere; the next adds nothing', async () => {
  const before = await held();
  const played = await playMonth(ports);
  await tellLimiter(stack.miniflare, played);
  await stack.fireCron('* * * * *');
  const after = await held();
  if (nowMs - earlierMs > DAY_MS) expect(after.events).toBeGreaterThan(before.events + 100);
  expect(after.month).toBe(after.units);

  const { partner, enterprisePartner, keys } = stack.demo;
  for (const [partnerId, environment, key] of [
    [partner.id, 'live', keys.live],
    [partner.id, 'test', keys.test],
    [enterprisePartner.id, 'live', keys.enterprise],
  ] as const) {
    const { url, issuer } = stack;
    const tokenOf = (claims: { sub: string; email: string }) => issuer.token(claims);
    const reader = await openReader({ url, client, tokenOf, partnerId, environment, key });
    const numbers = await reader.read();
    const admitted = { day: numbers.quota_usage ?? 0, month: numbers['quota_usage, month'] ?? 0 };
    expect(differences(numbers, admitted)).toEqual([]);
  }

  expect((await playMonth(ports)).hasClosedDays).toBe(false);
  expect(await held()).toEqual(after);
});

it('has something on every page, and the busiest keys have pages', async () => {
  await stack.fireCron('5 0 * * *', nowMs);
  await stack.fireCron('10 2 * * *', nowMs);
  const { email, password } = LOGINS.developer;
  const headers = { origin: stack.url };
  const body = new URLSearchParams({ email, password });
  const signedIn = await fetch(`${stack.url}/sign-in`, { method: 'POST', redirect: 'manual', headers, body });
  const session = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const suffix = /^session([^=]*)=/.exec(session)?.[1];
  const get = async (path: string) => {
    const cookie = `${session}; environment${suffix}=live`;
    const answer = await fetch(stack.url + path, { headers: { cookie } });
    return { status: answer.status, text: await answer.text() };
  };

  const overview = await get('/portal');
  const busiest = [...overview.text.matchAll(/href="(\/portal\/keys\/[^"?]+)"/g)].map(
    ([, path]) => path ?? '',
  );
  expect(new Set(busiest).size).toBeGreaterThan(isYoung ? 0 : 1);
  for (const path of new Set(busiest)) expect((await get(path)).status).toBe(200);

  const { rows } = await client.query(
    `SELECT count(*) FILTER (WHERE status = 'open' AND due_at < now())::int AS overdue,
      (SELECT count(*) FROM webhook_delivery WHERE state = 'delivered')::int AS delivered,
      (SELECT count(*) FROM alert_episode WHERE resolved_at IS NULL)::int AS alerts,
      (SELECT count(*) FROM reconciliation WHERE NOT agrees)::int AS differing FROM invoice`,
  );
  expect(rows[0]).toMatchObject({ differing: 0 });
  expect(rows[0].overdue + rows[0].alerts).toBeGreaterThan(0);
});

it('partners, apps and keys are older than their calls', async () => {
  const { rows } = await client.query(
    `SELECT o.name, o.created_at, min(r.day) AS day FROM api_usage_rollups_day r
     CROSS JOIN LATERAL (SELECT name, created_at FROM partner WHERE id = r.partner_id
       UNION ALL SELECT name, created_at FROM dev_apps WHERE id = r.app_id
       UNION ALL SELECT name, created_at FROM api_key WHERE key_id = r.key_id) o
     GROUP BY 1, 2`,
  );
  expect(rows.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      ...['Teranga', 'Tournées', 'Demo live', 'Sunu Logistics'],
      ...(isYoung ? [] : ['Guichets']),
    ]),
  );
  expect(rows.filter(({ created_at: at, day }) => at >= day)).toEqual([]);
});

it('the same hours have the same calls, in whatever pieces they are asked for', () => {
  const caller: Caller = {
    partnerId: '01a227a8-3015-7347-be14-d9c53bbbc854',
    keyId: '01a227a8-33a9-72e2-9d05-76c23fbcf86a',
    appId: null,
    environment: 'live',
    scopes: [],
    callsADay: 200,
    limits: { second: 2, day: 1000, month: 30_000 },
    userAgent: 'test',
    countries: ['SN'],
  };
  const [fromMs, untilMs] = [Date.UTC(2026, 10, 1), Date.UTC(2026, 10, 8)];
  const between = (from: number, until: number) =>
    callsBetween([caller], {
      fromMs: from,
      untilMs: until,
      used: new Map(),
      portalOrigin: 'http://a.example',
    });
  const whole = between(fromMs, untilMs);
  const cut = fromMs + 3.4 * DAY_MS;
  const ids = [...between(fromMs, cut), ...between(cut, untilMs)].map(({ id }) => id);
  expect(ids).toEqual(whole.map(({ id }) => id));
  expect(new Set(ids).size).toBe(whole.length);
  const codes = new Set(whole.map(({ error, status }) => error ?? status));
  for (const each of ['rate_limit_exceeded', 'insufficient_permissions', 404, 200])
    expect(codes).toContain(each);
  for (const { status, failure, errorBody } of whole)
    if (status >= 400) expect([typeof failure, typeof errorBody]).toEqual(['object', 'string']);
});
