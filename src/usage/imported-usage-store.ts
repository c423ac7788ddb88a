// Use that a partner had before it was moved here, as far as its limiter was not told of it.

import { sql } from 'drizzle-orm';
import type { Database } from '../platform/database.ts';
import { number, type RowOf, row, text, uuid } from '../platform/row.ts';

const UntoldUse = row('imported use of a day', {
  partnerId: uuid,
  /** `YYYY-MM-DD` */
  day: text,
  importedUnits: number,
  /** Of the day's live calls, all that the limiter was not asked for: those that were imported, and others. */
  units: number,
});
export type UntoldUse = RowOf<typeof UntoldUse>;

export function createImportedUsageStore(database: Database) {
  return {
    /** Oldest days first. */
    untold: (limit: number): Promise<UntoldUse[]> =>
      database.rows(
        UntoldUse,
        sql`
        SELECT i.partner_id AS "partnerId", i.day::text, i.units AS "importedUnits",
          greatest(e.units, i.units)::bigint AS units
        FROM imported_usage i CROSS JOIN LATERAL (SELECT sum(e.units) AS units FROM api_usage_events e
          WHERE e.partner_id = i.partner_id AND e.environment = 'live' AND e.degraded AND e.day = i.day
            AND e.occurred_at BETWEEN i.day - interval '1 day' AND i.day + interval '2 days') e
        WHERE i.told_units <> i.units ORDER BY i.day, i.partner_id LIMIT ${limit}`,
      ),
    async markTold({ partnerId, day, importedUnits }: UntoldUse): Promise<void> {
      await database.run(sql`UPDATE imported_usage SET told_units = ${importedUnits}::bigint
        WHERE partner_id = ${partnerId}::uuid AND day = ${day}::date`);
    },
  };
}

export type ImportedUsageStore = ReturnType<typeof createImportedUsageStore>;
