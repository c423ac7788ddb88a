// What months of everybody who was on a plan are reckoned from.

import { type SQL, sql } from 'drizzle-orm';
import { OVERAGE_ACTIONS } from '../limits/limit.ts';
import type { Database } from '../platform/database.ts';
import { boolean, number, oneOf, type RowOf, row, text, uuid } from '../platform/row.ts';
import { MONTH, MONTHS, PartnerFacts, TERMS } from './billing-store.ts';

const HolderFacts = row('facts of a holder of a plan', {
  id: uuid,
  name: text,
  perSecond: number,
  perDay: number,
  customLimits: boolean,
  /** As it was chosen, now. */
  overageAction: oneOf(OVERAGE_ACTIONS),
  /** Now. */
  tier: text,
  terms: PartnerFacts.columns.terms,
  months: PartnerFacts.columns.months,
});
export type HolderFacts = RowOf<typeof HolderFacts>;
/** Of partners that were on the plan at some moment of these months. */
const FACTS_OF_PLAN = (
  tier: string,
  starts: readonly string[],
  limit: number,
  after: string | undefined,
): SQL => sql`
        WITH ${MONTH(starts)}
        SELECT p.id, p.name, p.rate_limit_per_second AS "perSecond", p.rate_limit_per_day AS "perDay",
          p.custom_limits AS "customLimits", p.overage_action AS "overageAction", p.tier, ${TERMS} AS terms, ${MONTHS} AS months
        FROM partner p WHERE (${after ?? null}::uuid IS NULL OR p.id > ${after ?? null}::uuid)
          AND EXISTS (SELECT 1 FROM partner_terms t WHERE t.partner_id = p.id AND t.tier = ${tier}
            AND t.effective_at < (SELECT max(next) FROM month)::timestamp AT TIME ZONE 'UTC'
            AND NOT EXISTS (SELECT 1 FROM partner_terms n WHERE n.partner_id = p.id AND n.effective_at > t.effective_at
              AND n.effective_at <= (SELECT min(start) FROM month)::timestamp AT TIME ZONE 'UTC'))
        ORDER BY p.id LIMIT ${limit}`;

export const createHolderFacts =
  (database: Database) =>
  /** `starts`: first days of months, oldest first. By ids, those after this one. */
  (tier: string, starts: readonly string[], limit: number, after?: string): Promise<HolderFacts[]> =>
    database.rows(HolderFacts, FACTS_OF_PLAN(tier, starts, limit, after));

export type FactsOfHolders = ReturnType<typeof createHolderFacts>;
