// Folds usage into the database, each event once.

import { sql } from 'drizzle-orm';
import type { Database } from '../platform/database.ts';
import { number, type RowOf, row, text, uuid } from '../platform/row.ts';
import { FOLD } from './fold-store.ts';
import type { Folding, FoldRow } from './folding.ts';

const Folded = row('what was folded', {
  /** Events that were not there before. */
  events: number,
  /** Rollups that they belong to. */
  lines: number,
  /** Webhook events that it wrote: thresholds of quotas that were passed. */
  told: number,
});
export type Folded = RowOf<typeof Folded>;

const distinct = (rows: readonly FoldRow[], name: 'partnerId' | 'day'): string =>
  JSON.stringify([...new Set(rows.map((row) => row[name]))]);

const DegradedUnits = row('degraded units', {
  partnerId: uuid.notNull('it is one of a list'),
  environment: text.notNull('an event that has a partner has its environment'),
  day: text,
  units: number,
});
export type DegradedUnits = RowOf<typeof DegradedUnits>;

export function createUsageStore(database: Database) {
  return {
    /** One statement, one transaction: all that was not folded before, or nothing. */
    async fold({ rows, refusals }: Folding): Promise<Folded> {
      const [result] = await database.rows(Folded, FOLD(rows, JSON.stringify(refusals)));
      return result ?? { events: 0, lines: 0, told: 0 };
    },
    /** Units of calls that were admitted while the limiter could not be asked, of the days and partners of these rows. */
    degradedUnits: (rows: readonly FoldRow[]): Promise<DegradedUnits[]> =>
      database.rows(
        DegradedUnits,
        sql`
        SELECT partner_id AS "partnerId", environment, day::text, sum(units)::bigint AS units FROM api_usage_events
        WHERE degraded AND partner_id IN (SELECT value::uuid FROM jsonb_array_elements_text(${distinct(rows, 'partnerId')}::jsonb))
          AND day IN (SELECT value::date FROM jsonb_array_elements_text(${distinct(rows, 'day')}::jsonb))
          AND occurred_at > now() - interval '3 days' GROUP BY 1, 2, 3`,
      ),
  };
}

export type UsageStore = ReturnType<typeof createUsageStore>;
