// How a partner is billed.

import { sql } from 'drizzle-orm';
import { AppError } from '../core/errors.ts';
import { OVERAGE_ACTIONS, type OverageAction } from '../limits/limit.ts';
import type { Database } from '../platform/database.ts';
import { boolean, json, number, oneOf, type RowOf, row, text, time } from '../platform/row.ts';
import { CURRENCIES } from './amounts.ts';

/** How a partner is billed now, and what waits for the next month. */
const Billing = row('billing of a partner', {
  tier: text,
  currency: oneOf(CURRENCIES),
  overageAction: oneOf(OVERAGE_ACTIONS),
  /** Those that it may choose: its plan's, and what an operator gave. */
  overageActions: json<OverageAction[]>().notNull('every plan allows some'),
  /** What happens: `charge` blocks where nothing has a price. */
  overageInForce: oneOf(OVERAGE_ACTIONS).notNull('overage_in_force() of a partner is never null'),
  spendingCapMinor: number.nullable(),
  taxBps: number,
  billingEmail: text.nullable(),
  billingAddress: text.nullable(),
  taxId: text.nullable(),
  nextTier: text.nullable(),
  nextCurrency: oneOf(CURRENCIES).nullable(),
  nextChangeAt: time.nullable(),
  /** An operator set its limits: those of plans are not its own. */
  customLimits: boolean,
  /** The plan that it may go back to, as if it had never changed, and until when. */
  undoTier: text.nullable(),
  undoUntil: time.nullable(),
  /** It went back this month already: once is all. */
  isUndoSpent: boolean.notNull('plan_undo_spent() is never null'),
});
export type Billing = RowOf<typeof Billing>;

export const createBillingView = (database: Database) =>
  async function billing(partnerId: string): Promise<Billing> {
    const [found] = await database.rows(
      Billing,
      sql`
      SELECT p.tier, p.currency, p.overage_action AS "overageAction",
        (SELECT jsonb_agg(action ORDER BY n) FROM unnest(ARRAY['block', 'warn', 'charge']) WITH ORDINALITY AS a(action, n)
          WHERE action = ANY (t.overage_actions || p.granted_overage_actions)) AS "overageActions",
        overage_in_force(p.overage_action, plan_price(t, p.currency, 'overage_per_1000')) AS "overageInForce",
        p.spending_cap_minor AS "spendingCapMinor", p.tax_bps AS "taxBps", p.billing_email AS "billingEmail",
        p.billing_address AS "billingAddress", p.tax_id AS "taxId", p.next_tier AS "nextTier",
        p.next_currency AS "nextCurrency", p.next_change_at AS "nextChangeAt", p.custom_limits AS "customLimits",
        p.plan_before->>'tier' AS "undoTier", plan_undo_until(p) AS "undoUntil",
        plan_undo_spent(p, now()) AS "isUndoSpent"
      FROM partner p JOIN tier_config t ON t.tier = p.tier WHERE p.id = ${partnerId}::uuid`,
    );
    if (!found) throw new AppError('not_found', 'No such partner');
    return found.undoUntil === null ? { ...found, undoTier: null } : found;
  };
