// Compares, for each partner, what callers saw, the events, the rollups, the quota and the limiter's count. It tolerates
// nothing.

import type pg from 'pg';
import type { Answer } from './bounded-load.ts';
import { type Kind, type Party, PLANS } from './parties.ts';

export interface Counts {
  kind: Kind;
  /** Calls answered 200. */
  seen: number;
  eventUnits: number;
  rollupUnits: number;
  quotaDays: number;
  quotaMonths: number;
  /** What the limiter counted; NaN when it did not say. */
  limiterUnits: number;
  /** Most units of a second and of a day, by the moments at which the limiter counted them. */
  mostInSecond: number;
  mostInDay: number;
  degraded: number;
}

/** Those not counted at the limiter's moment, but by an isolate while the limiter was away, are left out of its rate. */
const COUNTS = `
  SELECT
    coalesce((SELECT sum(units) FROM api_usage_events WHERE partner_id = $1), 0)::int AS "eventUnits",
    coalesce((SELECT sum(units) FROM api_usage_rollups_day WHERE partner_id = $1), 0)::int AS "rollupUnits",
    coalesce((SELECT sum(units) FROM quota_usage WHERE partner_id = $1 AND period_type = 'daily'), 0)::int AS "quotaDays",
    coalesce((SELECT sum(units) FROM quota_usage WHERE partner_id = $1 AND period_type = 'monthly'), 0)::int AS "quotaMonths",
    coalesce((SELECT sum(units) FROM api_usage_events WHERE partner_id = $1 AND degraded), 0)::int AS degraded,
    coalesce((SELECT max(n) FROM (SELECT sum(units) AS n FROM api_usage_events WHERE partner_id = $1 GROUP BY day) d), 0)::int
      AS "mostInDay",
    coalesce((SELECT max(n) FROM (
      SELECT sum(units) OVER (ORDER BY occurred_at RANGE BETWEEN INTERVAL '0.999 seconds' PRECEDING AND CURRENT ROW) AS n
      FROM api_usage_events WHERE partner_id = $1 AND NOT degraded) s), 0)::int AS "mostInSecond"`;

export type Limiter = (party: Party) => Promise<number>;

/** The month's count by the partner's own API, as the limiter has it; the day's must be the same while only one passed. */
export const askDashboard =
  (url: string): Limiter =>
  async ({ keys: [key] }) => {
    const answer = await fetch(`${url}/dashboard/quota`, {
      headers: { authorization: `Bearer ${key?.secret}` },
      signal: AbortSignal.timeout(10_000),
    });
    if (!answer.ok) return Number.NaN;
    const { daily, monthly } = (await answer.json()) as Record<'daily' | 'monthly', { requests: number }>;
    const isMonthsFirst = new Date().getUTCDate() === 1;
    return isMonthsFirst || daily.requests === monthly.requests ? monthly.requests : Number.NaN;
  };

export async function count(
  database: pg.Pool,
  parties: readonly Party[],
  answers: readonly Answer[],
  limiter: Limiter,
): Promise<Counts[]> {
  return Promise.all(
    parties.map(async (party) => {
      const seen = answers.filter(({ kind, status }) => kind === party.kind && status === 200).length;
      const { rows } = await database.query(COUNTS, [party.partnerId]);
      const limiterUnits = await limiter(party).catch(() => Number.NaN);
      return { kind: party.kind, seen, ...rows[0], limiterUnits };
    }),
  );
}

/** What is not one number, in words; nothing when all is. */
export function disagreements(counts: readonly Counts[]): string[] {
  return counts.flatMap((each) => {
    const { kind, seen, eventUnits, rollupUnits, quotaDays, quotaMonths, limiterUnits } = each;
    const { second, day } = PLANS[kind];
    const numbers = { seen, eventUnits, rollupUnits, quotaDays, quotaMonths, limiterUnits };
    const found: string[] = [];
    if (new Set(Object.values(numbers)).size > 1)
      found.push(`${kind}: ${JSON.stringify(numbers)}, degraded ${each.degraded}`);
    if (second >= 0 && each.mostInSecond > second)
      found.push(`${kind}: ${each.mostInSecond} in a second of ${second}`);
    if (day >= 0 && each.mostInDay > day) found.push(`${kind}: ${each.mostInDay} in a day of ${day}`);
    return found;
  });
}

/** Ids of answered calls of known keys that are not among the events. */
export async function missingEvents(database: pg.Pool, answers: readonly Answer[]): Promise<string[]> {
  const ids = answers.filter(({ kind, id }) => kind && id !== '').map(({ id }) => id);
  const { rows } = await database.query<{ id: string }>(
    `SELECT asked.id FROM unnest($1::uuid[]) AS asked(id)
     WHERE NOT EXISTS (SELECT 1 FROM api_usage_events e WHERE e.id = asked.id)`,
    [ids],
  );
  return rows.map(({ id }) => id);
}
