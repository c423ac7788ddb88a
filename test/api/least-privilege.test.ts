// The Worker's role: reads and writes rows, and changes nothing that is written once; makes, drops and locks nothing, and
// names no operator.

import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkerRole } from '../../src/dev/worker-role.ts';
import { query, stack } from '../support/api.ts';

const PERMISSION_DENIED = '42501';
let worker: pg.Client;

beforeAll(async () => {
  worker = new pg.Client({ connectionString: await openWorkerRole(stack.databaseUrl) });
  await worker.connect();
});
afterAll(() => worker.end());

/** Written once, or by the owner: what the Worker may do with them. All other tables are ordinary. */
const WRITTEN_ONCE: Record<string, string> = {
  api_usage_events: 'SELECT INSERT',
  webhook_event: 'SELECT INSERT',
  dev_portal_audit: 'SELECT',
  invoice: 'SELECT',
  invoice_line: 'SELECT',
  invoice_counter: 'SELECT',
  billing_period: 'SELECT',
  partner_terms: 'SELECT',
  operator_identity: 'SELECT',
};
/** Ordinary but for one thing: terms and closed months would go with a partner. */
const KEPT: Record<string, string> = { partner: 'SELECT INSERT UPDATE' };
const ORDINARY = 'SELECT INSERT UPDATE DELETE';
const PARTITION = '';

it('may do with every table what is declared here, and no more', async () => {
  const rows = await query<{ name: string; part: boolean; may: string; columns: string[] }>(
    `SELECT c.relname AS name, c.relispartition AS part,
       (SELECT coalesce(string_agg(p, ' ' ORDER BY n), '') FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE',
          'REFERENCES', 'TRIGGER']) WITH ORDINALITY AS x(p, n) WHERE has_table_privilege('passerelle_app', c.oid, p)) AS may,
       (SELECT coalesce(array_agg(a.attname::text || ' ' || p ORDER BY a.attnum), '{}')
          FROM pg_attribute a, unnest(ARRAY['INSERT', 'UPDATE']) AS p WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          AND has_column_privilege('passerelle_app', c.oid, a.attnum, p) AND NOT has_table_privilege('passerelle_app', c.oid, p)) AS columns
     FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')`,
  );
  expect(rows.length).toBeGreaterThan(40);
  const expected = rows.map(({ name, part }) => [
    name,
    part ? PARTITION : (WRITTEN_ONCE[name] ?? KEPT[name] ?? ORDINARY),
  ]);
  expect(rows.map(({ name, may }) => [name, may])).toEqual(expected);
  const inserted = ['partner_id', 'actor', 'action', 'target', 'details', 'ip', 'request_id'];
  expect(rows.filter(({ columns }) => columns.length > 0)).toMatchObject([
    { name: 'dev_portal_audit', columns: inserted.map((column) => `${column} INSERT`) },
  ]);
});

/** A column of each to change. */
const COLUMN: Record<string, string> = {
  api_usage_events: 'units',
  webhook_event: 'data',
  dev_portal_audit: 'actor',
  invoice: 'status',
  invoice_line: 'amount_minor',
  invoice_counter: 'last',
  billing_period: 'units',
  partner_terms: 'price_minor',
  operator_identity: 'note',
};

const REFUSED = [
  ...Object.keys(WRITTEN_ONCE).flatMap((table) => [
    `UPDATE ${table} SET ${COLUMN[table]} = ${COLUMN[table]}`,
    `DELETE FROM ${table}`,
    `TRUNCATE ${table} CASCADE`,
    `SELECT 1 FROM ${table} FOR UPDATE`,
  ]),
  "INSERT INTO operator_identity (issuer, subject) VALUES ('https://i.example', 'x')",
  "INSERT INTO dev_accounts (id, name, email, is_operator) VALUES ('x', 'x', 'x@example.com', true)",
  'UPDATE dev_accounts SET is_operator = true',
  'DELETE FROM partner',
  'SELECT lo_create(0)',
  'SELECT lo_creat(0)',
  "SELECT lo_from_bytea(0, 'x')",
  'SELECT lo_open(0, 131072)',
  "SELECT lo_put(0, 0, 'x')",
  'SELECT lo_unlink(0)',
  "SELECT lowrite(0, 'x')",
  'DELETE FROM api_usage_events_default',
  'SELECT 1 FROM api_usage_events_default',
  "SET session_replication_role = 'replica'",
  'ALTER TABLE dev_portal_audit DISABLE TRIGGER ALL',
  'DROP TRIGGER audit_no_change ON dev_portal_audit',
  'CREATE OR REPLACE FUNCTION audit_is_immutable() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$',
  'CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
  'CREATE TABLE mine (id int)',
  'CREATE TEMPORARY TABLE mine (id int)',
  'CREATE SCHEMA mine',
  'DROP TABLE dev_portal_audit',
  'DROP TABLE api_usage_events_default',
  "SELECT setval('dev_portal_audit_id_seq', 1)",
  "SELECT nextval('dev_portal_audit_id_seq')",
  'SELECT grant_worker_role()',
  "SELECT issue_invoice('{}')",
  'SELECT record_terms(p, now()) FROM partner p',
  'SET ROLE postgres',
  'ALTER ROLE passerelle_app SUPERUSER',
  'ALTER ROLE passerelle_app CREATEROLE',
  'ALTER ROLE passerelle_app BYPASSRLS',
  'CREATE ROLE mine',
  "ALTER DATABASE passerelle SET statement_timeout = '0'",
  'SELECT * FROM drizzle.__drizzle_migrations',
  "COPY (SELECT 1) TO PROGRAM 'true'",
  "SELECT pg_read_file('postgresql.conf')",
  ...['id', 'created_at', 'hash', 'previous_hash'].map(
    (column) =>
      `INSERT INTO dev_portal_audit (actor, action, target, ${column}) VALUES ('x', 'x', '{}', DEFAULT)`,
  ),
];

describe('is refused', () => {
  it.for(REFUSED)('%s', async (statement) => {
    await expect(worker.query(statement)).rejects.toMatchObject({ code: PERMISSION_DENIED });
  });
});

it('drops no events of this month or the last, whatever it asks for', async () => {
  const months = async () =>
    (await worker.query(`SELECT count(*) FROM pg_inherits WHERE inhparent = 'api_usage_events'::regclass`))
      .rows[0].count;
  const before = await months();
  for (const kept of [-100, 0, 1]) await worker.query('SELECT drop_usage_partitions($1)', [kept]);
  expect(await months()).toBe(before);
});

it('makes and changes accounts, of which the owner alone makes operators', async () => {
  const id = 'least-privilege';
  const change = 'UPDATE dev_accounts SET name = name, is_operator = is_operator WHERE id = $1';
  await worker.query(
    `INSERT INTO dev_accounts (id, name, email, is_operator) VALUES ($1, 'x', 'least@example.com', false)`,
    [id],
  );
  await worker.query(change, [id]);
  await query('UPDATE dev_accounts SET is_operator = true WHERE id = $1', [id]);
  // An operator stays one, whatever else of the account is changed; and is one no more by the Worker, never again.
  await worker.query(change, [id]);
  await worker.query('UPDATE dev_accounts SET is_operator = false WHERE id = $1', [id]);
  const again = worker.query('UPDATE dev_accounts SET is_operator = true WHERE id = $1', [id]);
  await expect(again).rejects.toMatchObject({ code: PERMISSION_DENIED });
  await worker.query('DELETE FROM dev_accounts WHERE id = $1', [id]);
});

it('gives an entry no id, time or hash: the database does, and times of a chain do not go back', async () => {
  const partner = 'a0000000-0000-4000-8000-00000000a0d1';
  const write = () =>
    worker.query(
      `INSERT INTO dev_portal_audit (partner_id, actor, action, target) VALUES ($1, 'test', 'x', '{}')`,
      [partner],
    );
  await worker.query('BEGIN');
  await write();
  await write();
  await worker.query('COMMIT');
  const rows = await query<{ created_at: Date; previous_hash: string; hash: string }>(
    'SELECT * FROM dev_portal_audit WHERE partner_id = $1 ORDER BY id',
    [partner],
  );
  // In one transaction, and still each at its own moment.
  expect(rows[1]?.created_at.getTime()).toBeGreaterThanOrEqual(rows[0]?.created_at.getTime() ?? 0);
  expect(rows[1]?.previous_hash).toBe(rows[0]?.hash);
  // As the owner, a time that is typed is not the time.
  await query(
    `INSERT INTO dev_portal_audit (partner_id, actor, action, target, created_at) VALUES ($1, 'test', 'x', '{}', '2020-01-01')`,
    [partner],
  );
  const [newest] = await query(
    'SELECT created_at, now() AS now FROM dev_portal_audit WHERE partner_id = $1 ORDER BY id DESC',
    [partner],
  );
  expect(newest?.now - newest?.created_at).toBeLessThan(60_000);
});

it('stops what runs or waits for long: what the Worker gave up does not go on', async () => {
  const { rows } = await worker.query(
    `SELECT name, setting FROM pg_settings WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout') ORDER BY 1`,
  );
  expect(rows.map(({ name, setting }) => [name, Number(setting)])).toEqual([
    ['idle_in_transaction_session_timeout', 10_000],
    ['lock_timeout', 3000],
    ['statement_timeout', 4500],
  ]);
});

it('is the role of the Worker of this stack', async () => {
  const rows = await query(
    `SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = 'passerelle' AND backend_type = 'client backend' AND pid <> pg_backend_pid()`,
  );
  expect(rows).toContainEqual({ usename: 'passerelle_app' });
});
