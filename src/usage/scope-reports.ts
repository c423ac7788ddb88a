// Of what a report is: a partner's calls of some days, or of some moments; and by which outcome they are told apart.

import { type SQL, sql } from 'drizzle-orm';

interface Filter {
  partnerId: string;
  environment?: string;
  appId?: string;
  keyId?: string;
  route?: string;
}
export interface UsageScope extends Filter {
  /** First and last day, `YYYY-MM-DD`. */
  from: string;
  to: string;
}
export interface MomentScope extends Filter {
  fromMs: number;
  /** The first moment after. */
  toMs: number;
}

const passes = ({ partnerId, environment, appId, keyId, route }: Filter): SQL => sql`partner_id = ${partnerId}
  AND (${environment ?? null}::text IS NULL OR environment = ${environment ?? null}::text)
  AND (${appId ?? null}::uuid IS NULL OR app_id = ${appId ?? null}::uuid)
  AND (${keyId ?? null}::text IS NULL OR key_id = ${keyId ?? null}::text)
  AND (${route ?? null}::text IS NULL OR route = ${route ?? null}::text)`;

/** Of rollups. */
export const inScope = ({ from, to, ...filter }: UsageScope): SQL =>
  sql`${passes(filter)} AND day BETWEEN ${from}::date AND ${to}::date`;

/** Of events. */
export const inMoments = ({ fromMs, toMs, ...filter }: MomentScope): SQL =>
  sql`${passes(filter)} AND occurred_at >= ${new Date(fromMs).toISOString()}::timestamptz
    AND occurred_at < ${new Date(toMs).toISOString()}::timestamptz`;

/**
 * The key and the route of use that was counted where the partner was before (`npm run import`). An event of it stands for a
 * day's calls, at the day's first moment, and nobody knows their statuses.
 */
export const IMPORTED = 'imported';
/** Of rollups of imported use: of days whose first moment is one of these. */
export const importedIn = ({ fromMs, toMs, ...filter }: MomentScope): SQL =>
  sql`${passes(filter)} AND key_id = 'imported' AND day::timestamp AT TIME ZONE 'UTC' >= ${new Date(fromMs).toISOString()}::timestamptz
    AND day::timestamp AT TIME ZONE 'UTC' < ${new Date(toMs).toISOString()}::timestamptz`;
/** Calls that an event stands for. */
export const CALLS: SQL = sql`CASE WHEN key_id = 'imported' THEN units ELSE 1 END`;

export const OUTCOMES = ['succeeded', 'limited', 'denied', 'upstream', 'input', IMPORTED] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Calls by outcome; each call has exactly one. */
export const OUTCOME = (status: SQL): SQL => sql`CASE WHEN key_id = 'imported' THEN 'imported'
  WHEN ${status} < 400 THEN 'succeeded' WHEN ${status} = 429 THEN 'limited'
  WHEN ${status} IN (401, 403) THEN 'denied' WHEN ${status} >= 500 THEN 'upstream' ELSE 'input' END`;
/** A rollup's calls by status, all of them: 0 where it is not known. */
export const STATUSES: SQL = sql`jsonb_each_text(CASE key_id WHEN 'imported' THEN jsonb_build_object('0', calls) ELSE statuses END) s`;

/** What a failed call is counted under (problem.ts), of an event's columns; null where it did not fail. */
export const PROBLEM: SQL = sql`coalesce(error, CASE WHEN status_code >= 400 THEN 'upstream_' || status_code END)`;
