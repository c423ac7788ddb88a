// Fragments of SQL that several stores need.

import { type SQL, sql } from 'drizzle-orm';

/** A text[] from values, null for none given. */
export const textArray = (values: readonly string[] | null | undefined): SQL =>
  values === null || values === undefined
    ? sql`NULL::text[]`
    : sql`(SELECT coalesce(array_agg(value), '{}') FROM jsonb_array_elements_text(${JSON.stringify(values)}::jsonb))`;
