// Postgres over HTTP through Neon's driver: single statements, or a batch that is one transaction.
// Time bound: DATABASE_TIMEOUT_MS a call. Fails closed: it throws DatabaseUnavailable or DatabaseRejected. What Postgres
// rolled back for another's sake (a deadlock, a serialization failure) did nothing, and is tried again.

import { neonConfig, types } from '@neondatabase/serverless';
import { type SQL, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/neon-http';
import { command, type Query, query, type Results } from './query.ts';
import type { RowOf, RowSchema } from './row.ts';

/** Longer than what the Worker's role may take for one statement (migrations), so that none runs on that we gave up. */
const DATABASE_TIMEOUT_MS = 5000;
const MAX_TRIES = 3;
/** Doubled each time, and not the same for two that met. */
const RETRY_WAIT_MS = 20;
/** SQLSTATE of a statement that took longer than its role may, or waited longer for a lock. */
export const TOO_SLOW = '57014';
export const LOCKED = '55P03';
/** SQLSTATE of what constraints, and triggers in their place, refuse. */
const VIOLATIONS = { unique: '23505', foreignKey: '23503', check: '23514', restrict: '23001' } as const;
/** Object ids of types, from pg_type. */
const INT8 = 20;
const NUMERIC = 1700;
const TIMESTAMPTZ = 1184;

const NO_ANSWER = { rows: [], rowCount: 0 };

export class DatabaseUnavailable extends Error {
  override name = 'DatabaseUnavailable';
}
/** Postgres answered, and refused the statement. `code` is its SQLSTATE. */
export class DatabaseRejected extends Error {
  override name = 'DatabaseRejected';
  readonly code: string;
  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Whether a constraint of that kind refused the statement. */
export const isViolation = (error: unknown, of: keyof typeof VIOLATIONS): error is DatabaseRejected =>
  error instanceof DatabaseRejected && error.code === VIOLATIONS[of];

/** For better-auth, which writes its own statements. */
export type Drizzle = ReturnType<typeof drizzle>;

export interface Database {
  readonly drizzle: Drizzle;
  /** Rows by column name; bigint and numeric as number, timestamps as ISO 8601 in UTC. */
  rows<Schema extends RowSchema>(schema: Schema, statement: SQL): Promise<RowOf<Schema>[]>;
  /** How many rows it read or wrote. */
  run(statement: SQL): Promise<number>;
  /** One transaction. What each statement gave. */
  batch<const Queries extends readonly Query<unknown>[]>(...queries: Queries): Promise<Results<Queries>>;
}

function translated(error: unknown): Error {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (cause as { code?: unknown })?.code;
  // Neon's proxy reports its own trouble without an SQLSTATE; classes 08, 53 and 57 are Postgres being unavailable, but for
  // a statement that it cancelled (57014): it was there, and this statement took too long.
  if (
    typeof code === 'string' &&
    /^[0-9A-Z]{5}$/.test(code) &&
    (code === TOO_SLOW || !/^(08|53|57)/.test(code))
  ) {
    return new DatabaseRejected((cause as Error).message, code, { cause: error });
  }
  return new DatabaseUnavailable('the database cannot be reached', { cause: error });
}

/** Class 40: the transaction was rolled back, and may well succeed when it runs again. */
const isRolledBack = (error: unknown): boolean =>
  error instanceof DatabaseRejected && error.code.startsWith('40');

async function tried<T>(run: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await run();
    } catch (error) {
      const failure = translated(error);
      if (!isRolledBack(failure) || tries === MAX_TRIES) throw failure;
      const waitMs = RETRY_WAIT_MS * 2 ** (tries - 1) * (1 + Math.random());
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
}

/** `endpoint`: the SQL-over-HTTP endpoint where it is not Neon's own (your machine). */
export function openDatabase(url: string, endpoint?: string): Database {
  if (endpoint) neonConfig.fetchEndpoint = endpoint;
  neonConfig.fetchFunction = (input: string, init: RequestInit) =>
    fetch(input, { ...init, signal: AbortSignal.timeout(DATABASE_TIMEOUT_MS) });
  const db = drizzle(url);
  types.setTypeParser(INT8, Number);
  types.setTypeParser(NUMERIC, Number);
  types.setTypeParser(TIMESTAMPTZ, (text: string) => new Date(text).toISOString());
  /** Our own endpoint compares each statement with its schema. */
  const sent = ({ statement, schema }: Query<unknown>): SQL =>
    endpoint && schema ? sql`${sql.raw(`/*row ${JSON.stringify(schema)}*/`)}${statement}` : statement;
  const ask = async <Result>(asked: Query<Result>): Promise<Result> =>
    asked.read(await tried(async () => await db.execute(sent(asked))));
  return {
    drizzle: db,
    rows: (schema, statement) => ask(query(schema, statement)),
    run: (statement) => ask(command(statement)),
    async batch<const Queries extends readonly Query<unknown>[]>(...queries: Queries) {
      const answers = await tried(async () => {
        const [first, ...rest] = queries.map((each) => db.execute(sent(each)));
        return first ? await db.batch([first, ...rest]) : [];
      });
      // One answer for each query, in their order.
      return queries.map((each, i) => each.read(answers[i] ?? NO_ANSWER)) as Results<Queries>;
    },
  };
}
