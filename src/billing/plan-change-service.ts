// What changes of a partner's plan share: the one statement that makes them, with its audit row and its event, announced to the
// limiter.

import { type SQL, sql } from 'drizzle-orm';
import { type Actor, type AuditAction, auditRow } from '../audit/audit-store.ts';
import { AppError, invalid } from '../core/errors.ts';
import { monthStart } from '../core/time.ts';
import { eventRow } from '../outbox/event-store.ts';
import { type Database, isViolation } from '../platform/database.ts';
import type { Currency } from './amounts.ts';
import type { BillingStore } from './billing-store.ts';
import type { Billing } from './billing-view-store.ts';
import type { MoneyNotices } from './money-notices.ts';
import type { Plan } from './plan-store.ts';

export const planIn = (plans: readonly Plan[], tier: string): Plan | undefined =>
  plans.find((plan) => plan.tier === tier);

export function atPeriodEnd(nowMs: number, next: { tier?: string; currency?: Currency }): SQL {
  const { tier = null, currency = null } = next;
  return sql`next_tier = coalesce(${tier}, next_tier), next_currency = coalesce(${currency}, next_currency),
    next_change_at = ${new Date(monthStart(nowMs, 1)).toISOString()}::timestamptz`;
}

export function checkPrice(
  plans: readonly Plan[],
  { tier, nextTier }: Pick<Billing, 'tier' | 'nextTier'>,
  currency: Currency,
  wanted = nextTier ?? tier,
): void {
  if (!plans.find((plan) => plan.tier === wanted)?.prices[currency])
    throw new AppError('conflict', 'This plan has no price in this currency');
}

export interface Ports {
  database: Database;
  store: Pick<BillingStore, 'facts'>;
  now(): number;
  /** Makes a partner's change immediate at its limiter. */
  announce(partnerId: string): Promise<void>;
  notices: Pick<MoneyNotices, 'planChanged' | 'planAssigned' | 'planUndone' | 'priceChanged'>;
}

/** What the parts of the service share. */
export interface Parts extends Ports {
  billing(partnerId: string): Promise<Billing>;
  plansFor(partnerId: string): Promise<Plan[]>;
  /** What waited for the end of a period that is over. */
  applyDue(nowMs: number): Promise<number>;
  update: Update;
}
type Update = ReturnType<typeof createUpdate>;

const TOLD: ReadonlySet<AuditAction> = new Set(['plan.changed', 'plan.change_undone']);

/** Of what can be undone for a while. */
export const tooLate = (): AppError => new AppError('conflict', 'This change can no longer be undone');

export const createUpdate = ({ database, announce }: Ports, billing: Parts['billing']) =>
  async function update(
    partnerId: string,
    set: SQL,
    actor: Actor,
    action: AuditAction,
    details: Record<string, unknown>,
    /** Whether it may still be done, of `partner p`, and what is said where it may not. */
    possible?: { when: SQL; otherwise: () => AppError | Promise<AppError> },
  ): Promise<Billing> {
    try {
      const changed = await database.run(sql`
        WITH changed AS (UPDATE partner p SET ${set}, updated_at = now() WHERE id = ${partnerId}::uuid AND ${possible?.when ?? sql`true`} RETURNING id AS partner_id),
        event AS (${eventRow('plan.changed', details)} WHERE ${TOLD.has(action)}),
        audit AS (${auditRow(actor, action, { partner_id: partnerId }, details)}) SELECT * FROM changed`);
      if (changed === 0 && possible) throw await possible.otherwise();
      if (changed === 0) throw new AppError('not_found', 'No such partner');
    } catch (error) {
      if (isViolation(error, 'check'))
        throw new AppError('conflict', 'This plan has no price in this currency');
      if (isViolation(error, 'restrict')) throw invalid('overage_action', 'The plan does not allow this');
      throw error;
    }
    await announce(partnerId);
    return billing(partnerId);
  };
