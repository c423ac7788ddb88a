// Prometheus text from what the consumer folded and from gauges of the tables. Series are bounded: routes, statuses,
// tiers; never keys or partners.

import { sql } from 'drizzle-orm';
import type { Database } from '../platform/database.ts';
import { number, type RowOf, row, text } from '../platform/row.ts';
import { HISTOGRAM_MS } from '../usage/folding.ts';

const Sample = row('metric', {
  name: text,
  labels: text,
  value: number.notNull('of each part: all rows of some'),
});
type Sample = RowOf<typeof Sample>;

const HELP: Record<string, readonly [type: string, help: string]> = {
  http_request_duration_seconds: ['histogram', 'Duration of answered requests'],
  api_request_duration_seconds: ['histogram', 'Duration of answered requests by route'],
  api_requests_total: ['counter', 'Answered requests by route and status'],
  rate_limit_exceeded_total: ['counter', 'Requests refused by a limit'],
  api_key_auth_attempts_total: ['counter', 'Authentications by outcome'],
  api_key_usage_total: ['counter', 'Units counted and billed'],
  active_api_keys: ['gauge', 'Keys that are active and not expired'],
  active_partners_total: ['gauge', 'Partners that are active'],
  quota_usage_percentage: ['gauge', 'Highest share of a quota that a partner of the tier has used'],
  usage_messages_not_sent_total: ['counter', 'Usage messages that their queue did not take at once'],
  usage_events_lost_total: ['counter', 'Usage events that were dropped; the log names them'],
  dead_letters: ['gauge', 'Dead letters that were not replayed'],
  alerts_open: ['gauge', 'Alerts that fired and are not resolved, by rule'],
  usage_lag_seconds: ['gauge', 'Longest time from a call to its fold in the last five minutes'],
  limiter_degraded_calls: ['gauge', 'Calls admitted without the limiter in the last five minutes'],
  webhook_deliveries: ['gauge', 'Webhook deliveries of the last hour by state'],
  webhook_overdue_seconds: ['gauge', 'How long the oldest first delivery that is due waits'],
  webhook_endpoints: ['gauge', 'Webhook endpoints by state'],
  invoices_open: ['gauge', 'Invoices that are not paid, by currency'],
  months_unbilled: ['gauge', 'Months of partners that ended and are not closed'],
  reconciliation_differences: ['gauge', 'Partners whose counts differed in the last reconciliation'],
};

const line = (name: string, labels: string, value: number): string =>
  `${name}${labels ? `{${labels}}` : ''} ${value}`;

/** Cumulative buckets, sum and count of one histogram from its counters. */
function histogram(
  name: string,
  samples: readonly Sample[],
  source: string,
  labels: (sample: Sample) => string,
): string[] {
  const sums = new Map<string, number>();
  const buckets = new Map<string, Map<string, number>>();
  for (const sample of samples) {
    const group = labels(sample);
    if (sample.name === `${source}_sum`) sums.set(group, (sums.get(group) ?? 0) + sample.value);
    if (sample.name !== `${source}_bucket`) continue;
    const le = /le="([^"]+)"/.exec(sample.labels)?.[1] ?? '';
    const counts = buckets.get(group) ?? new Map<string, number>();
    buckets.set(group, counts.set(le, (counts.get(le) ?? 0) + sample.value));
  }
  const bounds = [...HISTOGRAM_MS.map((ms) => String(ms / 1000)), '+Inf'];
  return [...buckets].flatMap(([group, counts]) => {
    let total = 0;
    const comma = group ? `${group},` : '';
    const lines = bounds.map((le) => {
      total += counts.get(le) ?? 0;
      return line(`${name}_bucket`, `${comma}le="${le}"`, total);
    });
    return [...lines, line(`${name}_sum`, group, sums.get(group) ?? 0), line(`${name}_count`, group, total)];
  });
}

/** Prometheus text exposition format 0.0.4. Pure. */
export function renderMetrics(samples: readonly Sample[]): string {
  const routeOf = ({ labels }: Sample) => /route="[^"]*"/.exec(labels)?.[0] ?? '';
  return `${Object.entries(HELP)
    .flatMap(([name, [type, help]]) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
      ...(type === 'histogram'
        ? histogram(
            name,
            samples,
            'api_request_duration_seconds',
            name.startsWith('http') ? () => '' : routeOf,
          )
        : samples
            .filter((sample) => sample.name === name)
            .map(({ labels, value }) => line(name, labels, value))),
    ])
    .join('\n')}\n`;
}

export function createMetricsStore(database: Database) {
  return {
    samples: (): Promise<Sample[]> =>
      database.rows(
        Sample,
        sql`
        SELECT name, labels, value FROM metric_counter
        UNION ALL SELECT 'active_api_keys', format('environment="%s"', environment), count(*) FROM api_key k
          WHERE is_active AND quarantined_at IS NULL AND (expires_at IS NULL OR expires_at > now())
            AND NOT EXISTS (SELECT 1 FROM dev_apps a WHERE a.id = k.app_id AND a.archived_at IS NOT NULL) GROUP BY environment
        UNION ALL SELECT 'active_partners_total', format('tier="%s"', t.tier), count(p.id) FROM tier_config t
          LEFT JOIN partner p ON p.tier = t.tier AND p.status = 'active' GROUP BY t.tier
        UNION ALL SELECT 'quota_usage_percentage', format('tier="%s",period_type="%s"', p.tier, q.period_type),
          max(100.0 * q.units / CASE q.period_type WHEN 'daily' THEN p.rate_limit_per_day ELSE p.rate_limit_per_month END)
          FROM quota_usage q JOIN partner p ON p.id = q.partner_id
          WHERE q.environment = 'live' AND q.period_start IN ((now() AT TIME ZONE 'UTC')::date, date_trunc('month', now() AT TIME ZONE 'UTC')::date)
            AND CASE q.period_type WHEN 'daily' THEN p.rate_limit_per_day ELSE p.rate_limit_per_month END > 0
          GROUP BY p.tier, q.period_type
        UNION ALL SELECT 'dead_letters', '', count(*) FROM dead_letter WHERE replayed_at IS NULL
        UNION ALL SELECT 'reconciliation_differences', '', count(*) FROM reconciliation
          WHERE NOT agrees AND day = (SELECT max(day) FROM reconciliation)
        UNION ALL SELECT 'alerts_open', format('rule="%s"', rule), count(*) FROM alert_episode WHERE resolved_at IS NULL GROUP BY rule
        UNION ALL SELECT 'usage_lag_seconds', '', coalesce(max(lag_seconds), 0) FROM usage_minute WHERE minute > now() - interval '5 minutes'
        UNION ALL SELECT 'limiter_degraded_calls', '', coalesce(sum(degraded), 0) FROM usage_minute WHERE minute > now() - interval '5 minutes'
        UNION ALL SELECT 'webhook_deliveries', format('state="%s"', state), count(*) FROM webhook_delivery d JOIN webhook_event v
          ON v.id = d.event_id WHERE v.occurred_at > now() - interval '1 hour' GROUP BY state
        UNION ALL SELECT 'webhook_overdue_seconds', '', coalesce(extract(epoch FROM now() - min(d.due_at)), 0)
          FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id AND e.state = 'active' AND e.deleted_at IS NULL
            AND e.failing_since IS NULL WHERE d.state = 'pending' AND d.tries = 0 AND d.due_at < now()
        UNION ALL SELECT 'webhook_endpoints', format('state="%s"', state), count(*) FROM webhook_endpoint WHERE deleted_at IS NULL GROUP BY state
        UNION ALL SELECT 'invoices_open', format('currency="%s"', currency), count(*) FROM invoice WHERE status = 'open' AND kind = 'invoice' GROUP BY currency
        UNION ALL SELECT 'months_unbilled', '', count(*) FROM (SELECT partner_id, min(effective_at) AS first FROM partner_terms GROUP BY 1) t
          WHERE t.first < date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AND NOT EXISTS (
            SELECT 1 FROM billing_period b WHERE b.partner_id = t.partner_id
              AND b.period_start = (date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 month')::date)
        ORDER BY 1, 2`,
      ),
  };
}

export type MetricsStore = ReturnType<typeof createMetricsStore>;
