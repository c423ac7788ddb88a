// What a statement's rows hold is compared with what it declares, on the real Postgres.

import { is, type SQL, sql } from 'drizzle-orm';
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import * as schema from '../../drizzle/schema.ts';
import { query } from '../../src/platform/query.ts';
import {
  boolean,
  json,
  number,
  oneOf,
  type RowSchema,
  row,
  text,
  texts,
  time,
  uuid,
} from '../../src/platform/row.ts';
import { type OwnDatabase, openDatabaseOfItsOwn } from '../support/own-database.ts';

let own: OwnDatabase;
beforeAll(async () => {
  own = await openDatabaseOfItsOwn('rows');
  await own.client.query(`CREATE TABLE thing (id uuid PRIMARY KEY, name text NOT NULL, note text, of_id uuid);
    GRANT SELECT, INSERT, UPDATE, DELETE ON thing TO passerelle_app;
    INSERT INTO thing VALUES (gen_random_uuid(), 'first', NULL, NULL)`);
});
afterAll(() => own.close());

const ask = (schema: RowSchema, statement: SQL) =>
  own.database.rows(schema, statement).then(
    () => 'taken',
    (error: Error) => error.message,
  );

const Thing = row('thing', { id: uuid, name: text, note: text.nullable() });

it('takes rows that are what their schema says', async () => {
  const [thing] = await own.database.rows(Thing, sql`SELECT id, name, note FROM thing`);
  expect(thing).toEqual({ id: expect.any(String), name: 'first', note: null });
});

it('fails when a column is renamed', async () => {
  const All = row('all of a thing', { ...Thing.columns, of_id: uuid.nullable() });
  await own.client.query('CREATE TABLE renamed (LIKE thing); GRANT SELECT ON renamed TO passerelle_app');
  expect(await ask(All, sql`SELECT * FROM renamed`)).toBe('taken');
  await own.client.query('ALTER TABLE renamed RENAME COLUMN note TO remark');
  const answer = await ask(All, sql`SELECT  * FROM renamed`);
  expect(answer).toContain(
    'rows of "all of a thing": "note" is declared, and the statement has no such column',
  );
  expect(answer).toContain('"remark" (text) is not declared');
});

it('fails when a column that can be null is declared as never null', async () => {
  const Wrong = row('wrong thing', { ...Thing.columns, note: text });
  expect(await ask(Wrong, sql`SELECT id, name, note FROM thing`)).toContain(
    'rows of "wrong thing": "note" is declared as never null, and can be null',
  );
  // No row shows it.
  expect(await ask(Wrong, sql`SELECT id, name, note FROM thing WHERE false`)).toContain('can be null');
});

it('fails when a column is of another type', async () => {
  const Wrong = row('thing of another type', { ...Thing.columns, name: number });
  expect(await ask(Wrong, sql`SELECT id, name, note FROM thing`)).toContain(
    '"name" is declared number, and is text',
  );
});

it('fails in a batch, and when a value is none of those declared', async () => {
  const Named = row('thing of a name', { name: oneOf(['second', 'third']) });
  const rows = own.database.batch(
    query(Thing, sql`SELECT id, name, note FROM thing`),
    query(Named, sql`SELECT name FROM thing`),
  );
  await expect(rows).rejects.toThrow('"name" is first, none of second, third');
});

it('takes a reason where the statement is no proof', async () => {
  const Sum = row('sum with a reason', { total: number.notNull('a thing is always there') });
  expect(await ask(Sum, sql`SELECT sum(length(name))::int AS total FROM thing`)).toBe('taken');
  expect(
    await ask(Sum, sql`SELECT sum(length(name))::int AS total FROM thing WHERE name = 'none'`),
  ).toContain('rows of "sum with a reason": "total" is null');
});

const NEVER_NULL: [string, SQL][] = [
  ['a column that is NOT NULL', sql`SELECT name AS value FROM thing`],
  ['count', sql`SELECT count(*)::text AS value FROM thing`],
  ['coalesce', sql`SELECT coalesce(note, 'none') AS value FROM thing`],
  ['a condition', sql`SELECT note AS value FROM thing WHERE note IS NOT NULL AND name <> ''`],
  ['a condition that is an operator', sql`SELECT note AS value FROM thing WHERE note = 'x'`],
  ['an inner join', sql`SELECT o.note AS value FROM thing t JOIN thing o ON o.note = t.name`],
  ['a literal', sql`SELECT 'x' AS value`],
  ['a CASE of such', sql`SELECT CASE WHEN note IS NULL THEN 'a' ELSE name END AS value FROM thing`],
  ['max of a group', sql`SELECT max(name) AS value FROM thing GROUP BY note`],
  ['max where rows are counted', sql`SELECT max(name) AS value FROM thing HAVING count(*) > 0`],
  ['a scalar count', sql`SELECT (SELECT count(*)::text FROM thing) AS value`],
  [
    'a CTE that writes',
    sql`WITH made AS (UPDATE thing SET name = 'first' RETURNING *) SELECT name AS value FROM made`,
  ],
  ['a union of such', sql`SELECT name AS value FROM thing UNION ALL SELECT 'x'`],
  ['a grouped expression', sql`SELECT upper(name) AS value FROM thing GROUP BY upper(name)`],
  [
    'the kept side of an outer join',
    sql`SELECT t.name AS value FROM thing t LEFT JOIN thing o ON o.id = t.of_id`,
  ],
  ['values', sql`SELECT v AS value FROM (VALUES ('a'), ('b')) AS t(v)`],
];
it.each(NEVER_NULL)('%s is never null', async (_, statement) => {
  expect(await ask(row('value', { value: text }), statement)).toBe('taken');
});

const CAN_BE_NULL: [string, SQL][] = [
  ['a column that is not NOT NULL', sql`SELECT note AS value FROM thing`],
  [
    'the joined side of an outer join',
    sql`SELECT o.name AS value FROM thing t LEFT JOIN thing o ON o.id = t.of_id`,
  ],
  [
    'the same in a CTE',
    sql`WITH x AS (SELECT o.name FROM thing t LEFT JOIN thing o ON o.id = t.of_id) SELECT name AS value FROM x`,
  ],
  ['a scalar subquery', sql`SELECT (SELECT name FROM thing LIMIT 1) AS value`],
  ['max of all', sql`SELECT max(name) AS value FROM thing`],
  ['max of a filter', sql`SELECT max(name) FILTER (WHERE note = 'x') AS value FROM thing GROUP BY note`],
  ['a CASE without an ELSE', sql`SELECT CASE WHEN note IS NULL THEN 'a' END AS value FROM thing`],
  ['what jsonb may not have', sql`SELECT '{}'::jsonb ->> 'a' AS value`],
  ['a union with one that can', sql`SELECT name AS value FROM thing UNION SELECT note FROM thing`],
  ['a parameter', sql`SELECT ${'x'}::text AS value`],
  ['what an update left', sql`UPDATE thing SET note = NULL WHERE note IS NOT NULL RETURNING note AS value`],
  ['lag', sql`SELECT lag(name) OVER () AS value FROM thing`],
  ['nullif', sql`SELECT nullif(name, '') AS value FROM thing`],
  ['ROLLUP', sql`SELECT name AS value FROM thing GROUP BY ROLLUP (name)`],
  ['an empty list', sql`SELECT note AS value FROM thing WHERE note <> ALL ('{}'::text[])`],
];
it.each(CAN_BE_NULL)('%s can be null', async (_, statement) => {
  expect(await ask(row('value', { value: text }), statement)).toContain('"value" is declared as never null');
  expect(await ask(row('value', { value: text.nullable() }), statement)).toBe('taken');
});

it('knows every type that a statement may yield', async () => {
  const Types = row('types', { a: number, b: boolean, c: time, d: texts, e: json<object>(), f: uuid });
  const types = sql`SELECT 1::bigint AS a, true AS b, now() AS c, ARRAY['x'] AS d, '{}'::jsonb AS e, gen_random_uuid() AS f`;
  expect(await ask(Types, types)).toBe('taken');
});

/** What Drizzle calls otherwise than `format_type` does. */
const named = (type: string): string =>
  type.replace('varchar', 'character varying').replace('bigserial', 'bigint');

it('the tables of drizzle/schema.ts, by which better-auth reads and writes, are those of the migrations', async () => {
  const { rows } = await own.client.query(`
    SELECT c.relname || '.' || a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS "notNull"
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND a.attnum > 0 AND NOT a.attisdropped AND c.relname NOT IN ('thing', 'renamed')`);
  const declared = Object.values(schema)
    .filter((each) => is(each, PgTable))
    .flatMap((table) => {
      const { name, columns } = getTableConfig(table);
      return columns.map((column) => ({
        name: `${name}.${column.name}`,
        type: named(column.getSQLType()),
        notNull: column.notNull,
      }));
    });
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
  expect(rows.length).toBeGreaterThan(250);
  expect(declared.sort(byName)).toEqual(rows.sort(byName));
});
