// What plan a partner is on: overage and its cap, what waited for the next month, what operators assign; what partners
// choose is in plan-choice-service.ts. Every change is one statement with its audit row and its event, and is announced
// to the limiter.

import { type SQL, sql } from 'drizzle-orm';
import { type Actor, type AuditAction, auditRow, job } from '../audit/audit-store.ts';
import { type Expected, isExpected, PARTNER_ETAG, partnerChanged } from '../audit/version-store.ts';
import { invalid } from '../core/errors.ts';
import type { OverageAction } from '../limits/limit.ts';
import { eventRow } from '../outbox/event-store.ts';
import { DatabaseRejected } from '../platform/database.ts';
import { row, uuid } from '../platform/row.ts';
import { assignments } from '../platform/sql.ts';
import type { Currency } from './amounts.ts';
import { type Billing, createBillingView } from './billing-view-store.ts';
import {
  atPeriodEnd,
  checkPrice,
  createUpdate,
  type Parts,
  type Ports,
  planIn,
} from './plan-change-service.ts';
import { createChoices } from './plan-choice-service.ts';
import { isUpgrade } from './plan-review.ts';
import { createPlanStore } from './plan-store.ts';
import { createPriceNotices } from './price-notice-service.ts';

export type { Billing } from './billing-view-store.ts';
export type { PlanReview } from './plan-review.ts';

const Due = row('partner with a change that is due', { id: uuid });

export interface BillingDetails {
  billingEmail?: string | null;
  billingAddress?: string | null;
  taxId?: string | null;
  overageAction?: OverageAction;
  spendingCapMinor?: number | null;
}

/** Changes applied in one run of the minute job. */
const MAX_APPLIED = 200;

const inForce = { tier: sql`tier`, currency: sql`currency` };

function createDueChanges({ database, announce }: Ports) {
  /** One partner's change that waited; `set` what becomes of it. Nothing when it was applied meanwhile. */
  const applyOne = (partnerId: string, at: string, action: AuditAction, set: SQL): Promise<unknown> =>
    database.run(sql`
      WITH changed AS (
        UPDATE partner SET ${set}, next_tier = NULL, next_currency = NULL, next_change_at = NULL
        WHERE id = ${partnerId}::uuid AND next_change_at <= ${at}::timestamptz RETURNING id AS partner_id, tier, currency),
      event AS (${eventRow('plan.changed', inForce)} WHERE ${action === 'plan.changed'}),
      audit AS (${auditRow(job('plans'), action, { partner_id: partnerId }, inForce)})
      SELECT partner_id FROM changed`);

  /** What waited for the end of a period that is over. What is not possible any more is dropped, and audited. */
  async function applyDue(nowMs: number): Promise<number> {
    const at = new Date(nowMs).toISOString();
    const due = await database.rows(
      Due,
      sql`SELECT id FROM partner WHERE next_change_at <= ${at}::timestamptz ORDER BY next_change_at, id LIMIT ${MAX_APPLIED}`,
    );
    for (const { id } of due) {
      try {
        const next = sql`tier = coalesce(next_tier, tier), currency = coalesce(next_currency, currency)`;
        await applyOne(id, at, 'plan.changed', next);
      } catch (error) {
        if (!(error instanceof DatabaseRejected)) throw error;
        await applyOne(id, at, 'plan.change_cancelled', sql`updated_at = now()`);
      }
      await announce(id);
    }
    return due.length;
  }

  return applyDue;
}

function createChecks({ billing, plansFor }: Parts) {
  return {
    /** That the plan has a price in it, or the one that is chosen with it. @throws AppError conflict */
    async checkCurrency(partnerId: string, currency: Currency, tier?: string): Promise<void> {
      const [current, plans] = await Promise.all([billing(partnerId), plansFor(partnerId)]);
      checkPrice(plans, current, currency, tier);
    },

    /** That a partner may choose it, on the plan that it will be on at once. @throws AppError validation_error */
    async checkOverage(partnerId: string, action: OverageAction, tier?: string): Promise<void> {
      const [current, plans] = await Promise.all([billing(partnerId), plansFor(partnerId)]);
      const wanted = plans.find((plan) => plan.tier === tier);
      const own = planIn(plans, current.tier)?.overageActions ?? [];
      const granted = current.overageActions.filter((each) => !own.includes(each));
      const isNew = wanted !== undefined && isUpgrade(current.currency, planIn(plans, current.tier), wanted);
      const allowed = isNew ? [...wanted.overageActions, ...granted] : current.overageActions;
      if (!allowed.includes(action))
        throw invalid('overage_action', `The plan allows: ${allowed.join(', ')}`);
    },
  };
}

export function createPlanService(ports: Ports) {
  const { database, now, notices } = ports;
  const plans = createPlanStore(database);
  const { plansFor } = plans;
  const billing = createBillingView(database);
  const applyDue = createDueChanges(ports);
  const update = createUpdate(ports, billing);
  const parts = { ...ports, billing, plansFor, applyDue, update };

  return {
    ...plans,
    ...createChoices(parts),
    ...createChecks(parts),
    billing,
    applyDue,
    tellPrices: createPriceNotices(ports),
    /** Where invoices go, and what happens beyond the quota. The cap is in minor units of the partner's currency. */
    setDetails(partnerId: string, details: BillingDetails, actor: Actor): Promise<Billing> {
      const set = assignments({
        billing_email: details.billingEmail,
        billing_address: details.billingAddress,
        tax_id: details.taxId,
        overage_action: details.overageAction,
        spending_cap_minor: details.spendingCapMinor,
      });
      if (!set) return billing(partnerId);
      return update(partnerId, set, actor, 'billing.changed', { ...details });
    },

    /** That an operator assigned the plan that it is on. */
    async tellAssigned(partnerId: string, reason: string | undefined): Promise<void> {
      const [{ tier, currency }, offered] = await Promise.all([billing(partnerId), plansFor(partnerId)]);
      const plan = planIn(offered, tier);
      if (plan) await notices.planAssigned(partnerId, plan, currency, reason);
    },

    /** Operators: any plan, at once; the tax. */
    async assign(
      partnerId: string,
      change: { tier?: string; taxBps?: number; currency?: Currency; reason?: string },
      actor: Actor,
      expected?: Expected,
    ): Promise<Billing> {
      await applyDue(now());
      const { tier = null, taxBps = null, currency = null } = change;
      const offered = tier === null ? [] : await plansFor(partnerId);
      const plan = offered.find((each) => each.tier === tier);
      if (tier !== null && !plan)
        throw invalid('tier', `Plans are: ${offered.map((each) => each.tier).join(', ')}`);
      const before = await billing(partnerId);
      // What an operator assigns is not the partner's to undo.
      const set = sql`tier = coalesce(${tier}, tier), plan_changed_at = CASE WHEN ${tier}::text IS NULL THEN plan_changed_at END, tax_bps = coalesce(${taxBps}::int, tax_bps),
        ${currency === null ? sql`next_currency = next_currency` : atPeriodEnd(now(), { currency })}`;
      const changed = await update(partnerId, set, actor, 'plan.changed', change, {
        when: isExpected(PARTNER_ETAG, expected),
        async otherwise() {
          await billing(partnerId);
          return partnerChanged(database, partnerId);
        },
      });
      if (plan && plan.tier !== before.tier)
        await notices.planAssigned(partnerId, plan, changed.currency, change.reason);
      return changed;
    },
  };
}

export type PlanService = ReturnType<typeof createPlanService>;
