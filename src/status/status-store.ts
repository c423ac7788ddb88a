// How the APIs are doing, from the hourly rollups: everybody's, for strangers to read, and a partner's own. What tells of too
// few requests, or of too few partners, is left out here: no page has it.

import { type SQL, sql } from 'drizzle-orm';
import { DAY_MS, HOUR_MS } from '../core/time.ts';
import type { Database } from '../platform/database.ts';
import { type Query, query } from '../platform/query.ts';
import { json, number, type RowOf, row, text } from '../platform/row.ts';
import { type Buckets, mergeBuckets, percentile } from '../usage/latency-buckets.ts';

export const MIN_CALLS = 50;
export const MIN_PARTNERS = 3;
const HOURS = 24;
const DAYS = 30;

const GROUPED = 'a group has a row';

const Line = row('requests of everybody', {
  api: text.notNull('the catalogue names it'),
  /** Where its hour or day begins, RFC 3339. */
  at: text.notNull('every row has an hour'),
  calls: number,
  failed: number,
  /** At least so many. */
  partners: number.notNull(GROUPED),
});
const Total = row('requests of everybody together', {
  api: text.notNull('the catalogue names it'),
  calls: number,
  failed: number,
  partners: number.notNull(GROUPED),
  buckets: json<Buckets[]>().notNull(GROUPED),
});
const Own = row('requests of one partner', {
  api: text.notNull('the catalogue names it'),
  calls: number,
  failed: number.notNull(GROUPED),
  p95: number.nullable(),
});

/** Shares of requests that were no server error, 0 to 1; null where there are too few to tell. */
export interface Point {
  at: string;
  success: number | null;
}
export interface Figures {
  /** Of the last 24 hours. */
  day: number | null;
  p95: number | null;
  /** Of the last 30 days. */
  month: number | null;
}
export interface ApiStatus extends Figures {
  api: string;
  /** Oldest first, without a gap. */
  hours: Point[];
  days: Point[];
}

const share = ({ calls, failed }: { calls: number; failed: number }): number | null =>
  calls === 0 ? null : 1 - failed / calls;
const isTold = ({ calls, partners }: { calls: number; partners: number }): boolean =>
  calls >= MIN_CALLS && partners >= MIN_PARTNERS;
const told = (line: RowOf<typeof Total> | RowOf<typeof Line> | undefined): number | null =>
  line && isTold(line) ? share(line) : null;

const since = (fromMs: number): SQL => sql`${new Date(fromMs).toISOString()}::timestamptz`;
const SUMS = sql`sum(u.calls)::bigint AS calls, sum(u.server_errors)::bigint AS failed,
  bit_count(bit_or(u.partners)::bit(64))::int AS partners`;

/** Where the last hours and days begin, with those that are not over. */
function beginnings(nowMs: number): { hoursMs: number; daysMs: number } {
  const hourMs = nowMs - (nowMs % HOUR_MS);
  const dayMs = nowMs - (nowMs % DAY_MS);
  return { hoursMs: hourMs - (HOURS - 1) * HOUR_MS, daysMs: dayMs - (DAYS - 1) * DAY_MS };
}

/** From `fromMs` on, `count` of them, whether there is a line or not. */
function pointsOf(
  lines: readonly RowOf<typeof Line>[],
  fromMs: number,
  { stepMs, count }: { stepMs: number; count: number },
): Point[] {
  const byTime = new Map(lines.map((line) => [Date.parse(line.at), line]));
  return Array.from({ length: count }, (_, index) => {
    const atMs = fromMs + index * stepMs;
    return { at: new Date(atMs).toISOString(), success: told(byTime.get(atMs)) };
  });
}

type Routes = readonly { route: string; api: string }[];

const tableOf = (routes: Routes): SQL =>
  sql`jsonb_to_recordset(${JSON.stringify(routes)}::jsonb) AS r(route text, api text)`;

export const statusQueries = (routes: Routes, ofApi = tableOf(routes)) => ({
  lines: (step: 'hour' | 'day', fromMs: number): Query<RowOf<typeof Line>[]> =>
    query(
      Line,
      sql`SELECT r.api, to_char(date_trunc(${step}, u.hour, 'UTC') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:00:00"Z"') AS at, ${SUMS}
        FROM usage_hour u JOIN ${ofApi} USING (route) WHERE u.hour >= ${since(fromMs)} GROUP BY 1, 2`,
    ),
  totals: (fromMs: number, hasBuckets: boolean): Query<RowOf<typeof Total>[]> =>
    query(
      Total,
      sql`SELECT r.api, ${SUMS}, ${hasBuckets ? sql`jsonb_agg(u.latency_buckets)` : sql`'[]'::jsonb`} AS buckets
        FROM usage_hour u JOIN ${ofApi} USING (route) WHERE u.hour >= ${since(fromMs)} GROUP BY 1`,
    ),
  ownMoments: (partnerId: string, fromMs: number): Query<RowOf<typeof Own>[]> =>
    query(
      Own,
      sql`SELECT r.api, count(*)::bigint AS calls, count(*) FILTER (WHERE e.status_code >= 500)::bigint AS failed,
          percentile_disc(0.95) WITHIN GROUP (ORDER BY e.latency_ms) AS p95
        FROM api_usage_events e JOIN ${ofApi} USING (route)
        WHERE e.partner_id = ${partnerId}::uuid AND e.environment = 'live' AND e.occurred_at >= ${since(fromMs)} GROUP BY 1`,
    ),
  ownDays: (partnerId: string, fromMs: number): Query<RowOf<typeof Own>[]> =>
    query(
      Own,
      sql`SELECT r.api, sum(d.calls)::bigint AS calls, sum((SELECT coalesce(sum(s.value::bigint), 0)
            FROM jsonb_each_text(d.statuses) s WHERE s.key >= '500'))::bigint AS failed, NULL::int AS p95
        FROM api_usage_rollups_day d JOIN ${ofApi} USING (route)
        WHERE d.partner_id = ${partnerId}::uuid AND d.environment = 'live'
          AND d.day >= (${since(fromMs)} AT TIME ZONE 'UTC')::date GROUP BY 1`,
    ),
});

interface OfferedApi {
  id: string;
  routes: readonly { path: string }[];
}

const routesOf = (apis: readonly OfferedApi[]): Routes =>
  apis.flatMap(({ id: api, routes }) =>
    [...new Set(routes.map(({ path }) => path))].map((route) => ({ route, api })),
  );

/** `offered`: the catalogue's, as it is when somebody asks. */
export function createStatusStore(database: Database, offered: () => readonly OfferedApi[]) {
  return {
    async everybody(nowMs: number): Promise<ApiStatus[]> {
      const { hoursMs, daysMs } = beginnings(nowMs);
      const apis = offered();
      const { lines, totals } = statusQueries(routesOf(apis));
      const [hours, days, ofDay, ofMonth] = await database.batch(
        lines('hour', hoursMs),
        lines('day', daysMs),
        totals(hoursMs, true),
        totals(daysMs, false),
      );
      return apis.map(({ id: api }) => {
        const isOf = (line: { api: string }) => line.api === api;
        const total = ofDay.find(isOf);
        return {
          api,
          day: told(total),
          p95: total && isTold(total) ? percentile(mergeBuckets(total.buckets), 0.95) : null,
          month: told(ofMonth.find(isOf)),
          hours: pointsOf(hours.filter(isOf), hoursMs, { stepMs: HOUR_MS, count: HOURS }),
          days: pointsOf(days.filter(isOf), daysMs, { stepMs: DAY_MS, count: DAYS }),
        };
      });
    },

    /** Of one partner, by API, of the same hours and days. */
    async own(partnerId: string, nowMs: number): Promise<ReadonlyMap<string, Figures>> {
      const { hoursMs, daysMs } = beginnings(nowMs);
      const apis = offered();
      const { ownMoments, ownDays } = statusQueries(routesOf(apis));
      const [ofDay, ofMonth] = await database.batch(
        ownMoments(partnerId, hoursMs),
        ownDays(partnerId, daysMs),
      );
      return new Map(
        apis.map(({ id: api }) => {
          const day = ofDay.find((line) => line.api === api);
          const month = ofMonth.find((line) => line.api === api);
          return [
            api,
            { day: day ? share(day) : null, p95: day?.p95 ?? null, month: month ? share(month) : null },
          ];
        }),
      );
    },
  };
}

export type StatusStore = ReturnType<typeof createStatusStore>;
