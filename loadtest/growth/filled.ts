// A month of usage, made in the database: so many keys, each called on some days of the month by two routes.

import type pg from 'pg';

const PARTNERS = 200;
const DAYS = 30;
/** A key is called on one day of so many. */
const CALLED_EVERY = 6;

export interface Filling {
  events: number;
  keys: number;
  /** The partner that is looked at; it has its share. */
  partnerId: string;
}

/** The events' indexes are built when the events are there. */
async function withoutIndexes(client: pg.Client, work: () => Promise<unknown>): Promise<void> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS definition FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
     WHERE i.indrelid = 'api_usage_events'::regclass AND NOT i.indisunique`,
  );
  for (const { name } of rows) await client.query(`DROP INDEX "${name}"`);
  await work();
  for (const { definition } of rows) await client.query(definition.replace(' ON ONLY ', ' ON '));
}

export async function fill(client: pg.Client, { events, keys, partnerId }: Filling): Promise<void> {
  await client.query("SET maintenance_work_mem = '512MB'");
  await client.query("SET work_mem = '256MB'");
  await client.query('SET synchronous_commit = off');
  await client.query(
    `INSERT INTO partner (id, name, email, tier) SELECT gen_random_uuid(), 'Grown ' || n, 'grown-' || n || '@example.com', 'enterprise'
     FROM generate_series(1, $1::int) n`,
    [PARTNERS],
  );
  await client.query(
    `CREATE TEMP TABLE grown AS
     SELECT n - 1 AS place, gen_random_uuid() AS id, p.id AS partner_id FROM generate_series(1, $1::int) n
     JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS turn FROM partner WHERE email LIKE 'grown-%' OR id = $2::uuid) p
       ON p.turn = n % $3::int`,
    [keys, partnerId, PARTNERS + 1],
  );
  await client.query(
    `INSERT INTO api_key (id, partner_id, key_id, key_hash, key_prefix, name)
     SELECT id, partner_id, id::text, encode(sha256(id::text::bytea), 'hex'), 'pk_live_grown', 'Grown ' || place FROM grown`,
  );
  await client.query('CREATE UNIQUE INDEX ON grown (place)');
  await client.query('ANALYZE grown');
  const active = Math.ceil(keys / CALLED_EVERY);
  await withoutIndexes(client, () =>
    client.query(
      `INSERT INTO api_usage_events (id, occurred_at, day, message_id, partner_id, key_id, environment, route, method, endpoint,
         status_code, error, latency_ms, bytes_in, bytes_out, units, cache_hit, degraded, country, ip)
       SELECT gen_random_uuid(), at, (at AT TIME ZONE 'UTC')::date, '00000000-0000-4000-8000-000000000000', g.partner_id, g.id::text,
         'live', '/v2/route-' || (g.place + e.n / $3::int % 2) % 12, 'GET', '/v2/route', CASE WHEN n % 20 = 0 THEN 429 ELSE 200 END,
         CASE WHEN n % 20 = 0 THEN 'rate_limit_exceeded' END, 5 + n % 200, 0, 900, CASE WHEN n % 20 = 0 THEN 0 ELSE 1 END, n % 3 = 0, false,
         (ARRAY['SN', 'FR', 'CI', 'ML'])[1 + n % 4], '192.0.2.1'
       FROM (SELECT n, now() - interval '${DAYS} days' + n * interval '${DAYS} days' / $1::int AS at
         FROM generate_series(1, $1::int) n) e
       JOIN grown g ON g.place = (e.n::bigint * ${DAYS} / $1::int % ${CALLED_EVERY} * $3::int + e.n % $3::int) % $2::int`,
      [events, keys, active],
    ),
  );
  await client.query(
    `INSERT INTO api_usage_rollups_day (day, key_id, route, partner_id, environment, calls, errors, units, billed_calls, latency_ms_sum,
       bytes_out, statuses, error_codes, countries, latency_buckets)
     SELECT day, key_id, route, partner_id, 'live', count(*), count(*) FILTER (WHERE status_code >= 400), sum(units),
       count(*) FILTER (WHERE units > 0), sum(latency_ms), sum(bytes_out),
       jsonb_build_object('200', count(*) FILTER (WHERE status_code = 200), '429', count(*) FILTER (WHERE status_code = 429)),
       jsonb_build_object('rate_limit_exceeded', count(*) FILTER (WHERE error IS NOT NULL)), jsonb_build_object('SN', count(*)),
       jsonb_build_object('120', count(*), '200', 3)
     FROM api_usage_events WHERE message_id = '00000000-0000-4000-8000-000000000000' GROUP BY day, key_id, route, partner_id`,
  );
  await client.query(
    `INSERT INTO quota_usage (partner_id, environment, period_type, period_start, period_end, requests_count, units)
     SELECT partner_id, environment, 'daily', day, day, sum(billed_calls), sum(units) FROM api_usage_rollups_day GROUP BY 1, 2, 4
     UNION ALL SELECT partner_id, environment, 'monthly', date_trunc('month', day)::date,
       (date_trunc('month', day) + interval '1 month' - interval '1 day')::date, sum(billed_calls), sum(units)
     FROM api_usage_rollups_day GROUP BY 1, 2, 4, 5
     ON CONFLICT (partner_id, environment, period_type, period_start) DO UPDATE SET units = excluded.units`,
  );
  await client.query('VACUUM ANALYZE');
}
