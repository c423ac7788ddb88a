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
    'gateway/exchange.ts',
    'gateway/stages/forward.ts',
    'gateway/stages/record.ts',
    'usage/event-columns.ts',
    'web/messages/request.ts',
  ]);
});
