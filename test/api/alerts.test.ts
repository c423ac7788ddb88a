// A simulated day: each alert fires once and resolves once an episode, however often and however concurrently the rules
// are evaluated. And Prometheus: its own tools accept what we hand it.

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { uuidv7 } from 'uuidv7';
import { expect, it } from 'vitest';
import { createAlertService } from '../../src/alerts/alert-service.ts';
import { createAlertStore } from '../../src/alerts/alert-store.ts';
import { decide, type Measurement, ruleNames } from '../../src/alerts/rules.ts';
import { freePort } from '../../src/dev/files.ts';
import { OVERAGE_ACTIONS } from '../../src/limits/limit.ts';
import { createMetricsStore, renderMetrics } from '../../src/metrics/metrics-store.ts';
import { bucketOf } from '../../src/usage/latency-buckets.ts';
import { messagesOf } from '../../src/web/messages/messages.ts';
import { call, eventually, makePartner, query, stack } from '../support/api.ts';
import { openDatabaseOfItsOwn } from '../support/own-database.ts';
import { memberOf, operatorSignedIn } from '../support/portal.ts';
import { ensurePrometheus } from '../support/tools.ts';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;
const NIL = '00000000-0000-0000-0000-000000000000';
const midnight = Date.UTC(2026, 4, 12);
const at = (minute: number) => new Date(midnight + minute * MINUTE_MS).toISOString();
const day = at(0).slice(0, 10);

it('advice fits what the partner does beyond its quota, and who reads it', async () => {
  const partner = await makePartner();
  const owner = await memberOf(partner.id);
  const operator = await operatorSignedIn();
  const about = `${partner.id}:monthly:2026-11-01`;
  await query(
    `INSERT INTO alert_episode (id, owner, rule, subject, fired_at, value, peak, threshold) VALUES ($1, $2, 'quota', $3, now(), 99, 99, 90)`,
    [uuidv7(), partner.id, about],
  );
  const { advice, adviceToOperators } = messagesOf('en').alerts;
  const french = messagesOf('fr').alerts;
  for (const action of OVERAGE_ACTIONS) {
    await query('UPDATE partner SET overage_action = $2, granted_overage_actions = $3 WHERE id = $1', [
      partner.id,
      action,
      [action],
    ]);
    const pages = [
      ['/portal/alerts', owner, advice, french.advice],
      ['/operator/alerts', operator, adviceToOperators, french.adviceToOperators],
    ] as const;
    for (const [path, person, { quota }, { quota: inFrench }] of pages) {
      const { text } = await person.get(path);
      expect(text).toContain(quota[action]);
      if (person === owner)
        for (const other of OVERAGE_ACTIONS) expect(text.includes(quota[other])).toBe(other === action);
      await person.post('/preferences', { language: 'fr' });
      expect((await person.get(path)).text).toContain(inFrench[action]);
      await person.post('/preferences', { language: 'en' });
    }
    const api = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };
    const { json } = await call('/api/admin/alerts?state=open&limit=100', api);
    const episode = json.data.find(({ subject }: { subject: string }) => subject === about);
    expect(episode.overage_action).toBe(action);
  }
});

it('in a simulated day each episode fires once and resolves once', { timeout: 120_000 }, async () => {
  const own = await openDatabaseOfItsOwn('alerts_day', 'America/Los_Angeles');
  const { client, database } = own;
  try {
    const partner = uuidv7();
    await client.query(
      `INSERT INTO partner (id, name, email, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month)
       VALUES ($1, 'Alerts', 'owner@example.com', -1, 1000, -1)`,
      [partner],
    );
    await client.query(
      `INSERT INTO partner_member (partner_id, subject, email) VALUES ($1, 'x', 'owner@example.com')`,
      [partner],
    );
    const endpoint = uuidv7();
    await client.query(
      `INSERT INTO webhook_endpoint (id, partner_id, url, events, secret_envelope) VALUES ($1, $2, 'https://example.com/', '{nothing}', '')`,
      [endpoint, partner],
    );
    // 100 calls a minute. What goes wrong, by minute.
    const errorsAt = (minute: number) => {
      if (minute >= 100 && minute < 120) return 10;
      // Wavers around the threshold: one episode.
      if (minute >= 300 && minute < 360) return minute % 10 < 5 ? 6 : 4.4;
      return 0;
    };
    const rows = Array.from({ length: DAY_MINUTES }, (_, minute) => {
      const slow = minute >= 600 && minute < 640 ? 200 : 0;
      return {
        minute: at(minute),
        partner_id: partner,
        calls: 1000,
        errors: errorsAt(minute) * 10,
        server_errors: minute >= 1250 && minute < 1262 ? 80 : 0,
        degraded: minute === 800 ? 3 : 0,
        auth_failures: 0,
        lag_seconds: minute >= 850 && minute < 860 ? 120 : 1,
        latency_buckets: { [bucketOf(40)]: 1000 - slow, ...(slow && { [bucketOf(2500)]: slow }) },
      };
    });
    for (let minute = 700; minute < 706; minute++)
      rows.push({
        minute: at(minute),
        partner_id: NIL,
        calls: 0,
        errors: 0,
        server_errors: 0,
        degraded: 0,
        auth_failures: minute === 703 ? 90 : 150,
        lag_seconds: 0,
        latency_buckets: {},
      });
    await client.query(
      `INSERT INTO usage_minute SELECT * FROM jsonb_to_recordset($1::jsonb) AS u(minute timestamptz, partner_id uuid, calls bigint,
         errors bigint, server_errors bigint, degraded bigint, auth_failures bigint, latency_buckets jsonb, lag_seconds int)`,
      [JSON.stringify(rows)],
    );
    const rollup = (route: string, calls: number, countries: object) =>
      client.query(
        `INSERT INTO api_usage_rollups_day AS r (day, key_id, route, partner_id, environment, calls, countries)
         VALUES ($1, 'the-key', $2, $3, 'live', $4, $5) ON CONFLICT (key_id, day, route, partner_id, environment, app_id) DO UPDATE SET calls = r.calls + $4`,
        [day, route, partner, calls, JSON.stringify(countries)],
      );
    const events: Record<number, () => Promise<unknown>> = {
      400: () => rollup('/v2/routes/list', 9, { SN: 1, FR: 1, US: 1, BR: 1, RU: 1, VN: 1 }),
      450: () =>
        client.query(
          'UPDATE api_usage_rollups_day SET ip_registers = (SELECT jsonb_object_agg(n, 1) FROM generate_series(1, 200) n)',
        ),
      500: () => rollup('unmatched', 150, { SN: 150 }),
      900: () => client.query('UPDATE webhook_endpoint SET failing_since = $1', [at(900)]),
      980: () => client.query('UPDATE webhook_endpoint SET failing_since = NULL'),
      1000: () =>
        client.query(
          `INSERT INTO reconciliation (day, partner_id, environment, event_units, rollup_units, quota_units, agrees)
           VALUES ($1, $2, 'live', 1, 2, 3, false)`,
          [day, partner],
        ),
      1100: () => client.query('UPDATE reconciliation SET agrees = true'),
      1150: () =>
        client.query(
          `INSERT INTO quota_usage (partner_id, period_type, period_start, period_end, units) VALUES ($1, 'daily', $2, $2, 870)`,
          [partner, day],
        ),
      1200: () => client.query('UPDATE quota_usage SET units = 905'),
      // Refunds bring it below the threshold, not below the lower mark.
      1210: () => client.query('UPDATE quota_usage SET units = 890'),
      1220: () => client.query('UPDATE quota_usage SET units = 990'),
      1300: () =>
        client.query(`INSERT INTO dead_letter (id, queue, body) VALUES ($1, 'q', '{}')`, [uuidv7()]),
      1310: () => client.query('UPDATE dead_letter SET replayed_at = now()'),
    };
    const mails: string[] = [];
    const alerts = createAlertService({
      database,
      store: createAlertStore(database),
      notify: async ({ email }, mail, { name }) => mails.push(`${email} ${mail} ${name}`) > 0,
      nameOf: (rule) => rule,
      operatorEmail: 'operator@example.com',
      newId: uuidv7,
      log: () => undefined,
    });
    for (let minute = 0; minute < DAY_MINUTES + 30; minute++) {
      await events[minute]?.();
      const nowMs = midnight + minute * MINUTE_MS;
      // Cron may fire twice, and at once.
      if (minute % 5 === 0) await Promise.all([alerts.evaluate(nowMs), alerts.evaluate(nowMs)]);
      else await alerts.evaluate(nowMs);
    }
    const { rows: episodes } = await client.query(
      `SELECT rule, round(extract(epoch FROM fired_at - $1) / 60)::int AS fired, round(extract(epoch FROM resolved_at - $1) / 60)::int AS resolved
       FROM alert_episode ORDER BY fired_at, rule`,
      [at(0)],
    );
    expect(episodes.map(({ rule, fired, resolved }) => `${rule} ${fired}-${resolved}`)).toEqual([
      'error_rate 102-122',
      'error_rate 304-360',
      'key_countries 400-1440',
      'key_addresses 450-1440',
      'path_scanning 500-1440',
      'gateway_latency_p95 602-647',
      'latency_p95 602-647',
      'failed_authentications 701-707',
      'limiter_degraded 800-805',
      'usage_backlog 850-864',
      'webhook_failing 931-980',
      'reconciliation_differs 1000-1100',
      'quota 1200-1440',
      'gateway_error_rate 1253-1264',
      'dead_letters 1300-1310',
    ]);
    const { rows: told } = await client.query(
      `SELECT type, count(*)::int AS count, count(DISTINCT data->>'alert_id')::int AS alerts FROM webhook_event GROUP BY type ORDER BY type`,
    );
    expect(told).toEqual(
      ['alert.fired', 'alert.resolved'].map((type) => ({
        type,
        count: episodes.length,
        alerts: episodes.length,
      })),
    );
    expect(mails).toHaveLength(2 * episodes.length);
    expect(mails).toContain('owner@example.com alertFired error_rate');
    expect(mails).toContain('operator@example.com alertResolved dead_letters');
  } finally {
    await own.close();
  }
});

it('owners may switch a rule off, and set a threshold of their own', () => {
  const about = { owner: 'p', subject: 'p', label: null };
  const values: Measurement[] = [
    { ...about, rule: 'error_rate', value: 3 },
    { ...about, rule: 'latency_p95', value: 5000 },
  ];
  const settings = [
    { owner: 'p', rule: 'error_rate', isEnabled: true, threshold: 2 },
    { owner: 'p', rule: 'latency_p95', isEnabled: false, threshold: null },
    { owner: 'q', rule: 'error_rate', isEnabled: false, threshold: null },
  ];
  const all = new Set<string>(ruleNames);
  expect(decide(values, [], settings, all).fire).toMatchObject([{ rule: 'error_rate', threshold: 2 }]);
  const open = [{ id: '1', owner: 'p', rule: 'latency_p95', subject: 'p', threshold: 1000, peak: 1 }];
  expect(decide(values, open, settings, all).resolve).toEqual([{ id: '1', value: 5000 }]);
  expect(decide([], open, [], new Set(['error_rate']))).toEqual({ fire: [], resolve: [], peaks: [] });
});

it('series stay under 2,000 with 10,000 keys, and promtool reads them', async () => {
  const own = await openDatabaseOfItsOwn('metrics_many');
  const { client, database } = own;
  try {
    await client.query(`
      INSERT INTO partner (id, name, email, tier) SELECT gen_random_uuid(), 'P', n || '@example.com', (ARRAY['free', 'starter', 'business', 'enterprise'])[n % 4 + 1]
      FROM generate_series(1, 100) n`);
    await client.query(`
      INSERT INTO api_key (partner_id, key_hash, key_prefix, name, environment) SELECT p.id, p.id || n::text, 'pk_live_x...', 'K', 'live'
      FROM partner p, generate_series(1, 100) n`);
    await client.query(`
      INSERT INTO quota_usage (partner_id, period_type, period_start, period_end, units)
      SELECT id, 'daily', (now() AT TIME ZONE 'UTC')::date, now(), 900 FROM partner`);
    await client.query(`
      INSERT INTO metric_counter SELECT 'api_requests_total', format('route="/v2/%s",status="%s"', r, s), 1
      FROM generate_series(1, 20) r, unnest(ARRAY[200, 201, 400, 401, 403, 404, 409, 413, 429, 500, 502, 503, 504]) s
      UNION ALL SELECT 'api_request_duration_seconds_bucket', format('route="/v2/%s",le="%s"', r, le), 1
      FROM generate_series(1, 20) r, unnest(ARRAY['0.005', '0.01', '0.5', '+Inf']) le`);
    await client.query(`
      INSERT INTO alert_episode (id, owner, rule, subject, fired_at, value, peak, threshold)
      SELECT gen_random_uuid(), key_id, 'key_countries', key_id, now(), 1, 1, 1 FROM api_key`);
    const text = renderMetrics(await createMetricsStore(database).samples());
    const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(text).toMatch(/^active_api_keys\{environment="live"\} 10000$/m);
    expect(series.length).toBeLessThan(2000);
    expect(new Set(series.map((line) => line.replace(/ \S+$/, ''))).size).toBe(series.length);
    const { promtool } = ensurePrometheus();
    const { stderr } = spawnSync(promtool, ['check', 'metrics'], { input: text, encoding: 'utf8' });
    // The source document's name, which programs may rely on.
    expect(stderr.trim()).toBe('active_partners_total non-counter metrics should not have "_total" suffix');
  } finally {
    await own.close();
  }
});

it('promtool accepts the alert rules, and the dashboard asks only for what is there', async () => {
  const { promtool } = ensurePrometheus();
  const rules = new URL('../../src/metrics/alerts.prometheus.yml', import.meta.url).pathname;
  expect(execFileSync(promtool, ['check', 'rules', rules], { encoding: 'utf8' })).toContain('SUCCESS');
  const { default: dashboard } = await import('../../src/metrics/dashboard.grafana.json');
  const { text } = await call('/metrics', {
    headers: { authorization: `Bearer ${stack.demo.metrics.token}` },
  });
  const known = new Set([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name]) => name));
  const asked = dashboard.panels.flatMap(({ targets }) =>
    targets.flatMap(({ expr }) =>
      [...expr.matchAll(/[a-z]+(?:_[a-z]+)+(?=[{[)\s]|$)/g)].map(([name]) => name),
    ),
  );
  expect(asked.length).toBeGreaterThan(14);
  for (const name of asked.filter((each) => !/^(histogram_quantile|limit_type|period_type)$/.test(each)))
    expect(known, name).toContain(name.replace(/_bucket$/, ''));
});

it('a real Prometheus scrapes /metrics and loads the rules without error', async () => {
  const { prometheus } = ensurePrometheus();
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-prometheus-'));
  const port = await freePort();
  const rules = new URL('../../src/metrics/alerts.prometheus.yml', import.meta.url).pathname;
  writeFileSync(
    join(folder, 'prometheus.yml'),
    `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ['${rules}']
scrape_configs:
  - job_name: passerelle
    authorization: { credentials: '${stack.demo.metrics.token}' }
    static_configs: [{ targets: ['${new URL(stack.url).host}'] }]
`,
  );
  let server: ChildProcess | undefined;
  try {
    server = spawn(
      prometheus,
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: 'ignore' },
    );
    const origin = `http://127.0.0.1:${port}`;
    const ask = async (path: string) => (await call(path, { origin }).catch(() => undefined))?.json?.data;
    const target = await eventually(
      async () => (await ask('/api/v1/targets'))?.activeTargets?.[0],
      (found) => found?.health === 'up',
    );
    expect(target).toMatchObject({ health: 'up', lastError: '' });
    const groups = await eventually(
      async () => (await ask('/api/v1/rules'))?.groups?.[0]?.rules,
      (found) => found?.every(({ health }: { health: string }) => health === 'ok'),
    );
    expect(groups.map(({ health }: { health: string }) => health)).toEqual(groups.map(() => 'ok'));
    const { result } = await ask('/api/v1/query?query=active_api_keys');
    expect(result.length).toBeGreaterThan(0);
  } finally {
    server?.kill();
    await new Promise((resolve) => (server ? server.once('exit', resolve) : resolve(undefined)));
    rmSync(folder, { recursive: true, force: true });
  }
});
