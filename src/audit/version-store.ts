// Changes that are for what somebody saw: rows have versions, which the statement that changes one compares. Whoever comes
// second is told who was first.

import { type SQL, sql } from 'drizzle-orm';
import { AppError } from '../core/errors.ts';
import { type Database, DatabaseRejected } from '../platform/database.ts';
import { command, type Query } from '../platform/query.ts';
import { type RowOf, row, text, time } from '../platform/row.ts';
import { textArray } from '../platform/sql.ts';

/** Versions that a change is for; undefined is any. */
export type Expected = readonly string[] | undefined;

/** The same as long as these expressions of a row say the same: nothing has to count. */
export const versionOf = (...columns: SQL[]): SQL => sql`md5(ROW(${sql.join(columns, sql`, `)})::text)`;

/** Of `partner p`: all that can be changed of it, its terms included. */
export const PARTNER_ETAG = versionOf(
  sql`p.name, p.email, p.company, p.status, p.tier, p.rate_limit_per_second, p.rate_limit_per_day, p.rate_limit_per_month`,
  sql`p.custom_limits, p.overage_action, p.signature_rule, p.allowed_origins, p.suspended_reason`,
  sql`p.currency, p.tax_bps, p.next_tier, p.next_currency, p.api_version`,
);

/** Of `api_key_quotas q` of `api_key k`: its limits, and whether it works. */
export const KEY_LIMITS_ETAG = versionOf(
  sql`k.is_active, q.burst_limit, q.sustained_limit, q.daily_quota, q.monthly_quota, q.overage_action, q.chosen`,
);

/** Of `webhook_endpoint e`: what can be changed of it. */
export const ENDPOINT_ETAG = versionOf(sql`e.url, e.description, e.events, e.environment, e.state`);

export const isExpected = (version: SQL, expected: Expected): SQL =>
  expected === undefined ? sql`true` : sql`${version} = ANY (${textArray(expected)}::text[])`;

/** SQLSTATE of a division by zero. */
const NOT_EXPECTED = '22012';

/** Holds the row of `from`, and ends the transaction where it is not as expected: before what would be done first. */
export const holdExpected = (version: SQL, from: SQL, expected: readonly string[]): Query<number> =>
  command(sql`SELECT 1 / (${isExpected(version, expected)})::int FROM ${from} FOR UPDATE`);

export const isNotExpected = (error: unknown): boolean =>
  error instanceof DatabaseRejected && error.code === NOT_EXPECTED;

const LastChange = row('last change', {
  /** The address of an account, or the actor as the audit names it. */
  who: text.notNull('the audit names an actor'),
  at: time,
});
export type LastChange = RowOf<typeof LastChange>;

/** Whether an entry is of a configuration file that changed a thing: `plans/business`. */
export const isByFile = (entry: SQL, thing: SQL): SQL =>
  sql`(${entry}.action = 'config.applied' AND jsonb_exists(${entry}.target->'things', ${thing}))`;

/** Who was the last, as the audit says of a partner, or of nobody's. `which`: of the entry `d`. `thing`: in a file. */
export async function changedMeanwhile(
  database: Database,
  partnerId: string | null,
  which: SQL,
  thing?: SQL,
): Promise<AppError> {
  const owner = partnerId === null ? sql`d.partner_id IS NULL` : sql`d.partner_id = ${partnerId}::uuid`;
  const byFile = thing ? sql`OR (d.partner_id IS NULL AND ${isByFile(sql`d`, thing)})` : sql``;
  const [last] = await database.rows(
    LastChange,
    sql`SELECT coalesce(a.email, d.actor) AS who, d.created_at AS at
      FROM dev_portal_audit d LEFT JOIN dev_accounts a ON a.id = split_part(d.actor, ':', 2)
      WHERE (${owner} AND ${which}) ${byFile}
      ORDER BY d.id DESC LIMIT 1`,
  );
  return new AppError('precondition_failed', undefined, {
    ...(last && { changed_by: last.who, changed_at: last.at }),
  });
}

export const partnerChanged = (database: Database, id: string): Promise<AppError> =>
  changedMeanwhile(
    database,
    id,
    sql`d.action ~ '^(partner|plan|billing)[.]'`,
    sql`(SELECT 'partners/' || p.email FROM partner p WHERE p.id = ${id}::uuid)`,
  );
