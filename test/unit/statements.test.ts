// No place in `src` gives a row a type that nothing checks.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findStatements, mismatches, notExecuted, readExecuted } from '../support/statements.ts';

const root = new URL('../..', import.meta.url).pathname;
/** Of `src`, without what runs on your machine alone. */
const filesWith = (pattern: RegExp): string[] =>
  readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path) && !path.startsWith('dev/'))
    .filter((path) => pattern.test(readFileSync(join(root, 'src', path), 'utf8')))
    .sort();
const { statements, schemas } = findStatements();

it('every statement that yields rows names the schema of its rows', () => {
  expect(statements.length).toBeGreaterThan(80);
  expect(statements.filter(({ schema }) => schema === undefined)).toEqual([]);
});

it('every schema has a name of its own, and is used', () => {
  expect(schemas.filter((name, i) => schemas.indexOf(name) !== i)).toEqual([]);
  const used = new Set(statements.map(({ schema }) => schema));
  expect(schemas.filter((name) => !used.has(name))).toEqual([]);
});

it('nothing but better-auth and the database itself reads rows in another way', () => {
  const files = filesWith(/\.drizzle\b|\.execute\(|drizzle-orm\/neon|\bas Row/);
  expect(files).toEqual(['accounts/account-service.ts', 'platform/database.ts', 'platform/query.ts']);
});

it('what runs on your machine alone parses its rows: no type is given to those of a client', () => {
  const given = readdirSync(join(root, 'src/dev'))
    .filter((name) => /\.query<(?!unknown)/.test(readFileSync(join(root, 'src/dev', name), 'utf8')))
    .sort();
  // What looks at Postgres's own catalogue for the comparison itself.
  expect(given).toEqual(['row-check.ts']);
});

/** Ways to rows past the call that names their schema. */
const HIDDEN = {
  'by another name': /\bdatabase\.rows\b(?!\()|^import \{[^}]*\bquery as\b|= query;/m,
  'taken out of the database': /\{[^{}]*\brows\b[^{}]*\} = (?:\w+\.)*database\b/,
  'by a name that is computed': /\bdatabase(?:\?\.)?\[/,
  'read by a query of its own making': /\bread(?:: |\()\(?\{ ?rows\b/,
  'said to be something else':
    /\bdatabase\.(?:rows|batch)\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\)? as (?!const\b)/,
};

it.each(Object.entries(HIDDEN))('no rows are %s', (_, pattern) => {
  expect(filesWith(pattern).filter((path) => !path.startsWith('platform/'))).toEqual([]);
});

it('those ways are known when they are seen', () => {
  const ways = {
    'by another name': [
      'const ask = database.rows;',
      "import { query as ask } from '../platform/query.ts'",
      'const ask = query;',
    ],
    'taken out of the database': ['const { rows } = database;', 'const { rows, run } = services.database;'],
    'by a name that is computed': ["database['rows'](Key, statement)"],
    'read by a query of its own making': [
      'database.batch({ statement, read: ({ rows }) => rows as Key[] })',
      'const asked = { statement, read({ rows }: Answer) { return rows as Key[]; } }',
    ],
    'said to be something else': [
      '(await database.rows(Key, sql`SELECT f(x)`)) as Other[]',
      'database.rows(Key, one(two(3))) as Other',
    ],
  };
  expect(Object.keys(ways)).toEqual(Object.keys(HIDDEN));
  for (const [way, pattern] of Object.entries(HIDDEN))
    for (const text of ways[way as keyof typeof ways]) expect(text).toMatch(pattern);
});

it('of statements with one schema, which of them it is can be told', () => {
  const unclear = statements.filter(
    ({ schema, text }) => text === '' && statements.filter((other) => other.schema === schema).length > 1,
  );
  expect(unclear.map(({ place }) => place)).toEqual([]);
});

it('finds a statement that was not executed', () => {
  const [first, second] = [
    { place: 'src/a.ts:1', schema: 'a', text: 'SELECT x FROM a WHERE id =' },
    { place: 'src/a.ts:2', schema: 'a', text: 'SELECT x FROM a ORDER BY x' },
  ];
  const line = { name: 'a', statement: 'SELECT x\n  FROM a WHERE id = $1', wrong: [] };
  const executed = readExecuted(`${JSON.stringify(line)}\n`);
  expect(notExecuted([first, second], executed)).toEqual([second]);
  expect(notExecuted([first], [])).toEqual([first]);
  const wrong = { ...line, wrong: ['"x" is not declared'] };
  expect(mismatches(['a'], [line, wrong, { ...wrong, name: 'of a test' }])).toEqual([wrong]);
});

it('events and audit rows are written by eventRow and auditRow alone', () => {
  const files = filesWith(/INTO (webhook_event|dev_portal_audit)\b/);
  expect(files).toEqual(['audit/audit-store.ts', 'outbox/event-store.ts']);
});

it("a usage event's column is named in the list, where an event is made, and for people: nowhere else", () => {
  expect(filesWith(/\b(upstreamMs|upstream_ms)\b/)).toEqual([
    'explain/explanation-schema.ts',
    'explain/explanation.ts',
    'gateway/exchange.ts',
    'gateway/explained.ts',
    'gateway/stages/forward.ts',
    'gateway/stages/record.ts',
    'oauth/token-event.ts',
    'usage/event-columns.ts',
    'web/messages/request.ts',
  ]);
});
