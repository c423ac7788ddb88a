// Fragments of SQL that several stores need.

import { SQL, sql } from 'drizzle-orm';

/** A text[] from values, null for none given. */
export const textArray = (values: readonly string[] | null | undefined): SQL =>
  values === null || values === undefined
    ? sql`NULL::text[]`
    : sql`(SELECT coalesce(array_agg(value), '{}') FROM jsonb_array_elements_text(${JSON.stringify(values)}::jsonb))`;

/** A jsonb object from its members, of which some are expressions. */
export function objectOf(members: object): SQL {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  if (!entries.some(([, value]) => value instanceof SQL)) return sql`${JSON.stringify(members)}::jsonb`;
  const pairs = entries.map(
    ([name, value]) =>
      sql`${name}::text, ${value instanceof SQL ? value : sql`${JSON.stringify(value)}::jsonb`}`,
  );
  return sql`jsonb_build_object(${sql.join(pairs, sql`, `)})`;
}

/** `column = value, …` of the columns that are given a value, which may be an expression; undefined where none is. */
export function assignments(columns: Readonly<Record<string, unknown>>): SQL | undefined {
  const sets = Object.entries(columns).flatMap(([column, value]) =>
    value === undefined ? [] : [sql`${sql.identifier(column)} = ${value}`],
  );
  return sets.length > 0 ? sql.join(sets, sql`, `) : undefined;
}
