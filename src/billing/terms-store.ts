// On which terms a partner was at a moment.

import { sql } from 'drizzle-orm';
import { OVERAGE_ACTIONS } from '../limits/limit.ts';
import type { Database } from '../platform/database.ts';
import { boolean, number, oneOf, type RowOf, row, text } from '../platform/row.ts';

const Terms = row('terms of a moment', {
  tier: text,
  currency: text,
  isBilled: boolean,
  includedUnits: number,
  overageAction: oneOf(OVERAGE_ACTIONS),
  overagePer1000Minor: number,
});
export type TermsAt = RowOf<typeof Terms>;

export const createTermsStore = (database: Database) => ({
  /** `at`: RFC 3339. Undefined before its first. */
  async at(partnerId: string, at: string): Promise<TermsAt | undefined> {
    const [terms] = await database.rows(
      Terms,
      sql`SELECT tier, currency, is_billed AS "isBilled", included_units AS "includedUnits", overage_action AS "overageAction",
        overage_per_1000_minor AS "overagePer1000Minor" FROM partner_terms
      WHERE partner_id = ${partnerId}::uuid AND effective_at <= ${at}::timestamptz ORDER BY effective_at DESC LIMIT 1`,
    );
    return terms;
  },
});
export type TermsStore = ReturnType<typeof createTermsStore>;
