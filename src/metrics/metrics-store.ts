// Prometheus text from what the consumer folded and from gauges of the tables. Series are bounded: routes, statuses,
// tiers; never keys or partners.

import { sql } from 'drizzle-orm';
import type { Database } from '../platform/database.ts';
import { HISTOGRAM_MS } from '../usage/fold-row.ts';

interface Sample {
  name: string;
  labels: string;
  value: number;
}

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
  dead_letters: ['gauge', 'Dead letters that were not replayed'],
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
      database.rows<Sample>(sql`
        SELECT name, labels, value FROM metric_counter
        UNION ALL SELECT 'active_api_keys', format('environment="%s"', environment), count(*) FROM api_key
          WHERE is_active AND (expires_at IS NULL OR expires_at > now()) GROUP BY environment
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
        ORDER BY 1, 2`),
  };
}

export type MetricsStore = ReturnType<typeof createMetricsStore>;
