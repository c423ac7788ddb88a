// Statements with what comes of them, so that several can be sent in one round trip.

import type { SQL } from 'drizzle-orm';
import type { RowOf, RowSchema } from './row.ts';

export interface Answer {
  rows: unknown[];
  /** Rows that were read, or written. */
  rowCount: number;
}

export interface Query<Result> {
  readonly statement: SQL;
  readonly schema?: RowSchema;
  read(answer: Answer): Result;
}

export type Results<Queries extends readonly Query<unknown>[]> = {
  -readonly [Index in keyof Queries]: Queries[Index] extends Query<infer Result> ? Result : never;
};

/** Reads rows. */
export const query = <Schema extends RowSchema>(schema: Schema, statement: SQL): Query<RowOf<Schema>[]> => ({
  statement,
  schema,
  // The schema is compared with what the statement yields: src/dev/row-check.ts.
  read: ({ rows }) => rows as RowOf<Schema>[],
});

/** Reads nothing but how many rows there were. */
export const command = (statement: SQL): Query<number> => ({ statement, read: ({ rowCount }) => rowCount });

/** The same statement, and what is made of its rows. */
export const mapped = <Rows, Result>(from: Query<Rows>, to: (rows: Rows) => Result): Query<Result> => ({
  ...from,
  read: (answer) => to(from.read(answer)),
});
