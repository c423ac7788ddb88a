// `npm run bench:usage`: what the portal's pages, the status page and Today ask of a database with ten million events, and how
// Postgres answers.
// Fails when a statement reads a large table without an index. EVENTS=100000 for a quick look; `--json` for one object.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PgDialect } from 'drizzle-orm/pg-core';
import pg from 'pg';
import { uuidv7 } from 'uuidv7';
import { DAY_MS, isoDay } from '../src/core/time.ts';
import { freePort } from '../src/dev/files.ts';
import { migrate } from '../src/dev/migrate.ts';
import { startPostgres } from '../src/dev/postgres.ts';
import { TRAFFIC } from '../src/metrics/today-store.ts';
import type { Query } from '../src/platform/query.ts';
import { statusQueries } from '../src/status/status-store.ts';
import { queries } from '../src/usage/usage-reports.ts';

const EVENTS = Number(process.env.EVENTS ?? 10_000_000);
const PARTNERS = 20;
const KEYS = 20;
const DAYS = 30;
/** Reading a smaller table whole is right. */
const LARGE_ROWS = 50_000;

const json = process.argv.includes('--json');
const say = (text: string): void => {
  if (!json) console.log(text);
};

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Rows'?: number;
  'Rows Removed by Filter'?: number;
  Plans?: Plan[];
}

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

async function fill(client: pg.Client): Promise<{ partnerId: string; keyId: string }> {
  await client.query(
    `INSERT INTO partner (id, name, email, tier) SELECT gen_random_uuid(), 'P' || n, n || '@example.com', 'enterprise' FROM generate_series(1, $1) n`,
    [PARTNERS],
  );
  await client.query(
    `INSERT INTO api_key (id, partner_id, key_hash, key_prefix, name) SELECT gen_random_uuid(), p.id, p.id::text || n, 'pk_live_x', 'K' || n
     FROM partner p, generate_series(1, $1) n`,
    [KEYS],
  );
  const started = Date.now();
  await client.query(
    `INSERT INTO api_usage_events (id, occurred_at, day, message_id, partner_id, key_id, environment, route, method, endpoint,
       status_code, error, latency_ms, bytes_in, bytes_out, units, cache_hit, degraded, country, ip)
     SELECT gen_random_uuid(), at, (at AT TIME ZONE 'UTC')::date, gen_random_uuid(), k.partner_id, k.key_id, 'live',
       '/v2/route-' || n % 12, 'GET', '/v2/route', CASE WHEN n % 20 = 0 THEN 429 ELSE 200 END,
       CASE WHEN n % 20 = 0 THEN 'rate_limit_exceeded' END, 5 + n % 200, 0, 900, 1, n % 3 = 0, false,
       (ARRAY['SN', 'FR', 'CI', 'ML'])[1 + n % 4], '192.0.2.1'
     FROM (SELECT n, now() - (n % ${DAYS * 86_400}) * interval '1 second' AS at FROM generate_series(1, $1::int) n) e
     JOIN (SELECT row_number() OVER (ORDER BY id) - 1 AS place, partner_id, key_id FROM api_key) k ON k.place = (n / 7) % $2::int`,
    [EVENTS, PARTNERS * KEYS],
  );
  await client.query(
    `INSERT INTO api_usage_rollups_day (day, key_id, route, partner_id, environment, calls, errors, units, latency_ms_sum,
       bytes_out, statuses, error_codes, countries, latency_buckets)
     SELECT day, key_id, route, partner_id, 'live', count(*), count(*) FILTER (WHERE status_code >= 400), sum(units), sum(latency_ms),
       sum(bytes_out), jsonb_build_object('200', count(*) FILTER (WHERE status_code = 200), '429', count(*) FILTER (WHERE status_code = 429)),
       jsonb_build_object('rate_limit_exceeded', count(*) FILTER (WHERE error IS NOT NULL)), jsonb_build_object('SN', count(*)),
       jsonb_build_object('120', count(*), '200', 3)
     FROM api_usage_events GROUP BY day, key_id, route, partner_id`,
  );
  // An hour of a route is one row, however many partners there are; latencies of 20 to 1,000 ms are 200 buckets.
  await client.query(
    `INSERT INTO usage_hour (hour, route, calls, errors, server_errors, partners, latency_buckets)
     SELECT date_trunc('hour', now()) - h * interval '1 hour', '/v2/route-' || r, 90000, 300, 30, -1,
       (SELECT jsonb_object_agg(b, 40 + b) FROM generate_series(150, 349) b)
     FROM generate_series(0, $1::int * 24) h, generate_series(0, 11) r`,
    [DAYS],
  );
  await client.query('VACUUM ANALYZE');
  say(`${EVENTS} events made in ${Math.round((Date.now() - started) / 1000)} s`);
  const { rows } = await client.query('SELECT partner_id, key_id FROM api_key LIMIT 1');
  return { partnerId: rows[0].partner_id, keyId: rows[0].key_id };
}

const folder = mkdtempSync(join(tmpdir(), 'passerelle-usage-'));
const postgres = await startPostgres({
  folder: join(folder, 'postgres'),
  port: await freePort(),
  database: 'usage',
});
let isGood = true;
try {
  await migrate(postgres.url);
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  const { partnerId, keyId } = await fill(client);
  const nowMs = Date.now();
  const scope = {
    partnerId,
    environment: 'live',
    from: isoDay(nowMs - (DAYS - 1) * DAY_MS),
    to: isoDay(nowMs),
  };
  const day = { partnerId, environment: 'live', fromMs: nowMs - DAY_MS, toMs: nowMs };
  const status = statusQueries(
    Array.from({ length: 12 }, (_, route) => ({ route: `/v2/route-${route}`, api: 'transit' })),
  );
  const asked: Record<string, Query<unknown>> = {
    'outcomes by day': queries.outcomesByDay(scope),
    'outcomes by hour, 24 h': queries.outcomesByHour(day),
    'total, 30 days': queries.total(scope),
    'total, 24 h': queries.totalOfMoments(day),
    'by route': queries.lines(scope, 'route'),
    'by key': queries.lines(scope, 'key'),
    'by status': queries.byStatus(scope),
    'by country': queries.byCountry(scope),
    errors: queries.errors(scope),
    'first steps': queries.firstSteps(partnerId),
    'latest requests': queries.events({ ...day, fromMs: nowMs - DAYS * DAY_MS }, 51),
    'latest requests of a key': queries.events({ ...day, keyId, fromMs: nowMs - DAYS * DAY_MS }, 51),
    'latest refused requests': queries.events({ ...day, outcome: 'limited' }, 51),
    'after the one seen last': queries.events(day, 100, undefined, uuidv7()),
    'today: traffic of all': TRAFFIC,
    'status: by hour': status.lines('hour', nowMs - DAY_MS),
    'status: by day': status.lines('day', nowMs - DAYS * DAY_MS),
    'status: 24 h': status.totals(nowMs - DAY_MS, true),
    'status: 30 days': status.totals(nowMs - DAYS * DAY_MS, false),
    'status: own, 24 h': status.ownMoments(partnerId, nowMs - DAY_MS),
    'status: own, 30 days': status.ownDays(partnerId, nowMs - DAYS * DAY_MS),
  };
  const dialect = new PgDialect();
  const { rows: sizes } = await client.query(`SELECT relname, reltuples FROM pg_class WHERE relkind = 'r'`);
  const isLarge = new Set(
    sizes.filter(({ reltuples }) => reltuples > LARGE_ROWS).map(({ relname }) => relname),
  );
  const result: Record<string, number> = {};
  for (const [name, { statement }] of Object.entries(asked)) {
    const { sql, params } = dialect.sqlToQuery(statement);
    await client.query(sql, params);
    const { rows } = await client.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`, params);
    const [{ Plan: plan, 'Execution Time': ms }] = rows[0]['QUERY PLAN'];
    const scans = nodesOf(plan).filter(
      (node) => node['Node Type'] === 'Seq Scan' && isLarge.has(node['Relation Name'] ?? ''),
    );
    if (scans.length > 0) isGood = false;
    result[name] = Math.round(ms * 10) / 10;
    say(
      `${name.padEnd(28)} ${String(result[name]).padStart(9)} ms  ${scans.length > 0 ? 'READS A LARGE TABLE WHOLE' : 'by index'}`,
    );
  }
  if (json) console.log(JSON.stringify({ events: EVENTS, isIndexBound: isGood, milliseconds: result }));
  await client.end();
} finally {
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(isGood ? 0 : 1);
