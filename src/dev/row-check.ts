// Compares each statement with the schema of its rows (src/platform/row.ts), on the real Postgres: prepares it there, once
// for each text, and reads the tree that PostgreSQL prints of it. On your machine and in tests only. While the database is
// away, or busy, it passes: whoever runs the statement hears of that.

import { appendFileSync } from 'node:fs';
import pg from 'pg';
import type { ColumnType } from '../platform/row.ts';
import { type Node, readNode } from './node-tree.ts';
import { type Catalog, nullabilityOf } from './nullability.ts';

/** As `openDatabase` writes it before a statement. */
interface Declared {
  name: string;
  columns: Record<string, { type: ColumnType; isNullable: boolean; values?: string[]; reason?: string }>;
}

/** Types of Postgres, as the driver hands each over. */
const TYPES: Record<ColumnType, ReadonlySet<string>> = {
  uuid: new Set(['uuid']),
  text: new Set(['text', 'character varying', 'character', 'name', 'inet', '"char"']),
  number: new Set(['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision']),
  boolean: new Set(['boolean']),
  time: new Set(['timestamp with time zone']),
  texts: new Set(['text[]', 'character varying[]', 'uuid[]']),
  numbers: new Set(['smallint[]', 'integer[]', 'real[]', 'double precision[]', 'numeric[]']),
  json: new Set(['json', 'jsonb']),
};
const HEAD = /^\/\*row (.*?)\*\//s;
/** SQLSTATE class of statements that are wrong. */
const WRONG_CLASS = '42';
/** Statements are of some four hundred texts. */
const MAX_SEEN = 10_000;
/** Where a whole run of the tests notes what it executed. */
const SEEN_FILE = process.env.PASSERELLE_STATEMENTS;

export class RowMismatch extends Error {
  override name = 'RowMismatch';
}

/** A statement without its schema, and that. `compared`: what is wrong of it, once it was asked. */
interface Part {
  statement: string;
  declared?: Declared;
  compared?: Promise<string[] | undefined>;
}

export interface RowCheck {
  /** Read once for each text. */
  split(text: string): Part;
  /** @throws RowMismatch */
  check(part: Part): Promise<void>;
  close(): Promise<void>;
}

interface Described {
  name: string;
  type: string;
  canBeNull: boolean;
}

/** What is wrong, of each column; none where nothing is. */
function differences(columns: Declared['columns'], found: readonly Described[]): string[] {
  const names = new Set(found.map(({ name }) => name));
  const missing = Object.keys(columns).filter((name) => !names.has(name));
  return [
    ...missing.map((name) => `"${name}" is declared, and the statement has no such column`),
    ...found.flatMap(({ name, type, canBeNull }) => {
      const declared = columns[name];
      if (!declared) return [`"${name}" (${type}) is not declared`];
      if (!TYPES[declared.type].has(type)) return [`"${name}" is declared ${declared.type}, and is ${type}`];
      const isProven = !canBeNull || declared.isNullable || declared.reason !== undefined;
      return isProven ? [] : [`"${name}" is declared as never null, and can be null`];
    }),
  ];
}

/** As PostgreSQL prints it. */
async function treeOf(client: pg.PoolClient, statement: string): Promise<Node> {
  let tree = '';
  const hear = ({ message, detail }: { message?: string; detail?: string }) => {
    if (message === 'parse tree:') tree = detail ?? '';
  };
  client.on('notice', hear);
  try {
    // The print of PREPARE itself comes first, that of what it prepares last.
    await client.query(`SET debug_print_parse = on; PREPARE row_check AS ${statement}`);
  } finally {
    client.off('notice', hear);
    await client.query('SET debug_print_parse = off');
  }
  return readNode(tree);
}

const load = async (client: pg.PoolClient, text: string, values: unknown[] = []) =>
  new Map((await client.query<[string, string]>({ text, values, rowMode: 'array' })).rows);

/** Prepares statements, and says what their columns are. */
function createDescriber(databaseUrl: string) {
  // One connection: a tree is that of the statement that was prepared last.
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1, connectionTimeoutMillis: 2000 });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => {
    client.query('SET client_min_messages = log; SET debug_pretty_print = off').catch(() => undefined);
  });
  /** Names of PostgreSQL's own functions and operators, which do not change. */
  let names: { functions: Map<string, string>; operators: Map<string, string> } | undefined;

  async function catalogOf(client: pg.PoolClient, tree: Node): Promise<Catalog> {
    names ??= {
      functions: await load(client, 'SELECT oid::text, proname::text FROM pg_proc'),
      operators: await load(client, 'SELECT oid::text, oprname::text FROM pg_operator'),
    };
    const { functions, operators } = names;
    const tables = [...JSON.stringify(tree).matchAll(/"relid":"(\d+)"/g)].map(([, id = '']) => id);
    const columns = await load(
      client,
      `SELECT attrelid || '.' || attnum, attnotnull::text FROM pg_attribute WHERE attrelid = ANY ($1::oid[])`,
      [tables],
    );
    return {
      isNotNull: (table, column) => columns.get(`${table}.${column}`) === 'true',
      functionName: (id) => functions.get(String(id)),
      operatorName: (id) => operators.get(String(id)),
    };
  }

  return {
    close: () => pool.end(),
    async describe(statement: string): Promise<Described[]> {
      const client = await pool.connect();
      try {
        const tree = await treeOf(client, statement);
        const { rows } = await client.query<{ types: string[] | null }>(
          `SELECT result_types::text[] AS types FROM pg_prepared_statements WHERE name = 'row_check'`,
        );
        const columns = nullabilityOf(tree, await catalogOf(client, tree));
        return columns.map((column, i) => ({ ...column, type: rows[0]?.types?.[i] ?? '' }));
      } finally {
        await client.query('DEALLOCATE ALL').catch(() => undefined);
        client.release();
      }
    },
  };
}

export function createRowCheck(databaseUrl: string): RowCheck {
  const { describe, close } = createDescriber(databaseUrl);
  const parts = new Map<string, Part>();

  function read(text: string): Part {
    const [head, schema] = HEAD.exec(text) ?? [];
    if (head === undefined || schema === undefined) return { statement: text };
    return { statement: text.slice(head.length), declared: JSON.parse(schema) };
  }

  /** Undefined where the database was away, or busy. */
  async function compare(statement: string, { name, columns }: Declared): Promise<string[] | undefined> {
    try {
      const found = await describe(statement);
      const wrong = differences(columns, found);
      if (SEEN_FILE) appendFileSync(SEEN_FILE, `${JSON.stringify({ name, statement, wrong })}\n`);
      return wrong;
    } catch (error) {
      const isWrong = error instanceof pg.DatabaseError && error.code?.startsWith(WRONG_CLASS);
      return isWrong ? [error.message] : undefined;
    }
  }

  return {
    split(text) {
      const known = parts.get(text) ?? read(text);
      if (known.declared && parts.size < MAX_SEEN) parts.set(text, known);
      return known;
    },
    async check(part) {
      const { statement, declared } = part;
      if (!declared) return;
      part.compared ??= compare(statement, declared);
      const wrong = await part.compared;
      if (!wrong) part.compared = undefined;
      if (!wrong || wrong.length === 0) return;
      throw new RowMismatch(
        `rows of "${declared.name}": ${wrong.join('; ')}. The statement: ${statement.trim()}`,
      );
    },
    close,
  };
}

/** @throws RowMismatch where a value is none of those that its column declares, or null though that says why it is not */
export function checkValues(
  { name, columns }: Declared,
  fields: readonly { name: string }[],
  rows: readonly unknown[][],
): void {
  for (const [i, { name: column }] of fields.entries()) {
    const declared = columns[column];
    if (!declared) continue;
    const { isNullable, values } = declared;
    const isForeign = (value: unknown): boolean =>
      value === null ? !isNullable : values !== undefined && !values.includes(String(value));
    const foreign = rows.find((row) => isForeign(row[i]));
    if (!foreign) continue;
    const most = values ? `, none of ${values.join(', ')}` : '';
    throw new RowMismatch(`rows of "${name}": "${column}" is ${foreign[i]}${most}`);
  }
}
