// What plan a partner is on: an upgrade at once, a downgrade or another currency with the next month, overage and
// its cap. Every change is one statement with its audit row and its event, and is announced to the limiter.

import { type SQL, sql } from 'drizzle-orm';
import { type Actor, type AuditAction, auditRow, job } from '../audit/audit-store.ts';
import { AppError } from '../core/errors.ts';
import { monthStart } from '../core/time.ts';
import type { OverageAction } from '../limits/limit.ts';
import { eventRow } from '../outbox/event-store.ts';
import { type Database, DatabaseRejected, isViolation } from '../platform/database.ts';
import { row, uuid } from '../platform/row.ts';
import { assignments } from '../platform/sql.ts';
import type { Currency } from './amounts.ts';
import { type Billing, createBillingView } from './billing-view-store.ts';
import { createPlanStore, type Plan } from './plan-store.ts';

export type { Billing } from './billing-view-store.ts';

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

const invalid = (field: string, message: string): AppError =>
  new AppError('validation_error', undefined, { details: [{ field, message }] });

const priceIn = (plan: Plan | undefined, currency: Currency): number => plan?.prices[currency]?.price ?? 0;

function checkPrice(
  plans: readonly Plan[],
  { tier, nextTier }: Pick<Billing, 'tier' | 'nextTier'>,
  currency: Currency,
  wanted = nextTier ?? tier,
): void {
  if (!plans.find((plan) => plan.tier === wanted)?.prices[currency])
    throw new AppError('conflict', 'This plan has no price in this currency');
}

interface Ports {
  database: Database;
  now(): number;
  /** Makes a partner's change immediate at its limiter. */
  announce(partnerId: string): Promise<void>;
}

/** What the parts of the service share. */
interface Parts extends Ports {
  billing(partnerId: string): Promise<Billing>;
  plansFor(partnerId: string): Promise<Plan[]>;
  /** What waited for the end of a period that is over. */
  applyDue(nowMs: number): Promise<number>;
  update: Update;
}
type Update = ReturnType<typeof createUpdate>;

const createUpdate = ({ database, announce }: Ports, billing: Parts['billing']) =>
  async function update(
    partnerId: string,
    set: SQL,
    actor: Actor,
    action: AuditAction,
    details: Record<string, unknown>,
  ): Promise<Billing> {
    try {
      const changed = await database.run(sql`
        WITH changed AS (UPDATE partner SET ${set}, updated_at = now() WHERE id = ${partnerId}::uuid RETURNING id AS partner_id),
        event AS (${eventRow('plan.changed', details)} WHERE ${action === 'plan.changed'}),
        audit AS (${auditRow(actor, action, { partner_id: partnerId }, details)}) SELECT * FROM changed`);
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

/** Dearer plans begin at once. */
const isUpgrade = ({ tier, currency }: Billing, wanted: Plan, plans: readonly Plan[]): boolean =>
  priceIn(wanted, currency) >
  priceIn(
    plans.find((plan) => plan.tier === tier),
    currency,
  );

function atPeriodEnd(nowMs: number, next: { tier?: string; currency?: Currency }): SQL {
  const { tier = null, currency = null } = next;
  return sql`next_tier = coalesce(${tier}, next_tier), next_currency = coalesce(${currency}, next_currency),
    next_change_at = ${new Date(monthStart(nowMs, 1)).toISOString()}::timestamptz`;
}

function createChoices({ now, billing, plansFor, applyDue, update }: Parts) {
  return {
    /**
     * Dearer plans begin at once, the rest of the month in proportion; cheaper ones with the next month. A partner
     * chooses among its own and those of everybody.
     */
    async choose(partnerId: string, tier: string, actor: Actor): Promise<Billing> {
      await applyDue(now());
      const current = await billing(partnerId);
      const plans = await plansFor(partnerId);
      const wanted = plans.find((plan) => plan.tier === tier);
      if (!wanted?.selfServe) throw new AppError('forbidden', 'Ask us for this plan');
      if (tier === current.tier) {
        if (!current.nextTier) return current;
        const set = sql`next_tier = NULL, next_change_at = CASE WHEN next_currency IS NULL THEN NULL ELSE next_change_at END`;
        return update(partnerId, set, actor, 'plan.change_cancelled', { tier });
      }
      const currency = current.nextCurrency ?? current.currency;
      if (!wanted.prices[currency]) throw new AppError('conflict', 'This plan has no price in this currency');
      if (!isUpgrade(current, wanted, plans))
        return update(partnerId, atPeriodEnd(now(), { tier }), actor, 'plan.change_scheduled', { tier });
      const set = sql`tier = ${tier}, next_tier = NULL,
        next_change_at = CASE WHEN next_currency IS NULL THEN NULL ELSE next_change_at END`;
      return update(partnerId, set, actor, 'plan.changed', { tier, currency: current.currency });
    },

    /** With the next month: a month is billed in one currency. */
    async chooseCurrency(partnerId: string, currency: Currency, actor: Actor): Promise<Billing> {
      await applyDue(now());
      const current = await billing(partnerId);
      checkPrice(await plansFor(partnerId), current, currency);
      if (currency === current.currency) {
        const set = sql`next_currency = NULL, next_change_at = CASE WHEN next_tier IS NULL THEN NULL ELSE next_change_at END`;
        return update(partnerId, set, actor, 'plan.change_cancelled', { currency });
      }
      return update(partnerId, atPeriodEnd(now(), { currency }), actor, 'plan.change_scheduled', {
        currency,
      });
    },
  };
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
      const own = plans.find((plan) => plan.tier === current.tier)?.overageActions ?? [];
      const granted = current.overageActions.filter((each) => !own.includes(each));
      const isNew = wanted !== undefined && isUpgrade(current, wanted, plans);
      const allowed = isNew ? [...wanted.overageActions, ...granted] : current.overageActions;
      if (!allowed.includes(action))
        throw invalid('overage_action', `The plan allows: ${allowed.join(', ')}`);
    },
  };
}

export function createPlanService(ports: Ports) {
  const { database, now } = ports;
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

    /** Operators: any plan, at once; the tax. */
    async assign(
      partnerId: string,
      change: { tier?: string; taxBps?: number; currency?: Currency; reason?: string },
      actor: Actor,
    ): Promise<Billing> {
      await applyDue(now());
      const { tier = null, taxBps = null, currency = null } = change;
      const names = tier === null ? [] : (await plansFor(partnerId)).map((plan) => plan.tier);
      if (tier !== null && !names.includes(tier)) throw invalid('tier', `Plans are: ${names.join(', ')}`);
      const set = sql`tier = coalesce(${tier}, tier), tax_bps = coalesce(${taxBps}::int, tax_bps),
        ${currency === null ? sql`next_currency = next_currency` : atPeriodEnd(now(), { currency })}`;
      return update(partnerId, set, actor, 'plan.changed', change);
    },
  };
}

export type PlanService = ReturnType<typeof createPlanService>;
