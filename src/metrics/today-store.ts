// What needs an operator today: who waits, what is open, what was refused, what is behind, what is overdue. One round trip;
// the window of traffic is this hour and the 23 before, of which there is a row an hour and route.

import { sql } from 'drizzle-orm';
import type { Database } from '../platform/database.ts';
import { query } from '../platform/query.ts';
import { json, number, type RowOf, row, text, time } from '../platform/row.ts';
import { type Buckets, percentile } from '../usage/latency-buckets.ts';

const Traffic = row('traffic of a day', {
  calls: number,
  errors: number,
  serverErrors: number,
  degraded: number,
  buckets: json<Buckets>().notNull('empty where there is none'),
});
const Backlog = row('what is behind', {
  /** Longest time from a call to its fold, in the last five minutes. */
  lagSeconds: number,
  webhookSeconds: number,
  deadLetters: number,
});
const Overdue = row('overdue invoices of a currency', {
  currency: text,
  invoices: number,
  minor: number.notNull('a sum of one or more'),
});
const LastNight = row('last night', {
  day: text.nullable(),
  partners: number,
  differing: number,
  checkedAt: time.nullable(),
});

export interface Today {
  traffic: { calls: number; refused: number; failed: number; degraded: number; p95: number | null };
  backlog: RowOf<typeof Backlog>;
  overdue: RowOf<typeof Overdue>[];
  /** The comparison of all counts; `day` null where there was none yet. */
  lastNight: RowOf<typeof LastNight>;
}

export const TRAFFIC = query(
  Traffic,
  sql`
  WITH recent AS MATERIALIZED (SELECT calls, errors, server_errors, degraded, latency_buckets FROM usage_hour
    WHERE hour > now() - interval '24 hours')
  SELECT coalesce(sum(calls), 0)::bigint AS calls, coalesce(sum(errors), 0)::bigint AS errors,
    coalesce(sum(server_errors), 0)::bigint AS "serverErrors", coalesce(sum(degraded), 0)::bigint AS degraded,
    (SELECT coalesce(jsonb_object_agg(bucket, n), '{}') FROM (SELECT b.key AS bucket, sum(b.value::bigint) AS n
      FROM recent, jsonb_each_text(latency_buckets) b GROUP BY 1) each) AS buckets
  FROM recent`,
);

const BACKLOG = sql`
  SELECT (SELECT coalesce(max(lag_seconds), 0) FROM usage_minute WHERE minute > now() - interval '5 minutes') AS "lagSeconds",
    (SELECT greatest(0, coalesce(round(extract(epoch FROM now() - min(d.due_at))), 0))::int FROM webhook_delivery d
      JOIN webhook_endpoint e ON e.id = d.endpoint_id AND e.state = 'active' AND e.deleted_at IS NULL AND e.failing_since IS NULL
      WHERE d.state = 'pending' AND d.tries = 0 AND d.due_at < now()) AS "webhookSeconds",
    (SELECT count(*) FROM dead_letter WHERE replayed_at IS NULL) AS "deadLetters"`;

/** What is left of each invoice after its credit notes. */
const OVERDUE = sql`
  SELECT currency, count(*) AS invoices, sum(left_minor)::bigint AS minor FROM (
    SELECT i.currency, i.total_minor + (SELECT coalesce(sum(c.total_minor), 0) FROM invoice c WHERE c.credits_id = i.id) AS left_minor
    FROM invoice i WHERE i.kind = 'invoice' AND i.status = 'open' AND i.due_at < now()) each
  WHERE left_minor > 0 GROUP BY 1 ORDER BY 1`;

const LAST_NIGHT = sql`
  SELECT max(day)::text AS day, count(*) AS partners, count(*) FILTER (WHERE NOT agrees) AS differing,
    max(checked_at) AS "checkedAt"
  FROM reconciliation WHERE day = (SELECT max(day) FROM reconciliation)`;

export const createTodayStore = (database: Database) => ({
  async now(): Promise<Today> {
    const [[traffic], [backlog], overdue, [lastNight]] = await database.batch(
      TRAFFIC,
      query(Backlog, BACKLOG),
      query(Overdue, OVERDUE),
      query(LastNight, LAST_NIGHT),
    );
    const { calls = 0, errors = 0, serverErrors = 0, degraded = 0, buckets = {} } = traffic ?? {};
    return {
      traffic: {
        calls,
        refused: errors - serverErrors,
        failed: serverErrors,
        degraded,
        p95: percentile(buckets, 0.95),
      },
      backlog: backlog ?? { lagSeconds: 0, webhookSeconds: 0, deadLetters: 0 },
      overdue,
      lastNight: lastNight ?? { day: null, partners: 0, differing: 0, checkedAt: null },
    };
  },
});

export type TodayStore = ReturnType<typeof createTodayStore>;
