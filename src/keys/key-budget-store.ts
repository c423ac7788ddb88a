// What statements ask of keys with budgets.

import { type SQL, sql } from 'drizzle-orm';
import { AppError, invalid } from '../core/errors.ts';

/** In units, or in minor units of the partner's currency. */
export type KeyBudget = { units: number; minor?: undefined } | { minor: number; units?: undefined };

/** That count with one key, and work. */
export const MAX_BUDGET_KEYS = 200;

export const keysWithBudgets = (parentId: string | undefined): SQL => sql`(SELECT count(*) FROM api_key b
  WHERE b.counter_id = (SELECT coalesce(m.counter_id, m.id) FROM api_key m WHERE m.id = ${parentId ?? null}::uuid)
    AND b.is_active AND (b.expires_at IS NULL OR b.expires_at > now()))`;

/** Of a `partner p`: whether the maker signs whole requests only, or holds what its tokens are bound to: it makes no keys that prove less. */
export const isMakerBound = (parentId: string | undefined): SQL =>
  sql`EXISTS (SELECT 1 FROM api_key m WHERE m.id = ${parentId ?? null}::uuid AND (
    m.kind = 'signing' AND 'bound' IN (m.signature_rule, p.signature_rule)
    OR m.client @> '{"dpop_bound_access_tokens": true}' OR m.client @> '{"tls_client_certificate_bound_access_tokens": true}'
    OR m.client @> '{"token_endpoint_auth_method": "self_signed_tls_client_auth"}'))`;

/** For a `partner p` with its `tier_config t`: money needs a price. */
export const budgetFits = ({ budget, parentId }: { budget?: KeyBudget; parentId?: string }): SQL =>
  sql`(${budget === undefined} OR (NOT ${isMakerBound(parentId)} AND ${keysWithBudgets(parentId)} < ${MAX_BUDGET_KEYS}
    AND (${budget?.minor === undefined} OR plan_price(t, p.currency, 'overage_per_1000') > 0)))`;

export function budgetRefusal(isBound: boolean, withBudgets: number): AppError {
  if (isBound)
    return new AppError('forbidden', 'A key that proves each request makes no keys that prove less');
  if (withBudgets >= MAX_BUDGET_KEYS)
    return new AppError(
      'conflict',
      `At most ${MAX_BUDGET_KEYS} keys with budgets. Revoke those that are not needed`,
    );
  return invalid('budget', 'The plan has no price of a unit beyond it: say the budget in units');
}
