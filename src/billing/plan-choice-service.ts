// What a partner chooses: a plan, which it sees the price of before, and may undo within the hour; and a currency.

import { type SQL, sql } from 'drizzle-orm';
import type { Actor } from '../audit/audit-store.ts';
import { AppError } from '../core/errors.ts';
import { HOUR_MS, isoDay, monthStart } from '../core/time.ts';
import type { Currency } from './amounts.ts';
import type { PartnerFacts } from './billing-store.ts';
import type { Billing } from './billing-view-store.ts';
import { monthsUpTo } from './close-month.ts';
import { atPeriodEnd, checkPrice, type Parts, planIn, tooLate } from './plan-change-service.ts';
import { addedBy, type PlanReview, reviewPlan } from './plan-review.ts';
import type { Plan } from './plan-store.ts';

/** That a change can be undone: plan_undo_until(). */

/** What waited for the next month waits no longer, but for another currency. */
const NO_NEXT_TIER = sql`next_tier = NULL, next_change_at = CASE WHEN next_currency IS NOT NULL THEN next_change_at END`;

/** At once; what it replaces is kept, to be undone. */
const atOnce = (tier: string): SQL => sql`tier = ${tier}, plan_changed_at = now(),
  plan_before = jsonb_build_object('tier', tier, 'to', ${tier}::text, 'overage_action', overage_action,
    'next_tier', next_tier, 'next_change_at', next_change_at), ${NO_NEXT_TIER}`;

/** All that the change replaced; a currency that was chosen since still waits. */
const UNDONE = sql`tier = plan_before->>'tier', overage_action = plan_before->>'overage_action',
  next_tier = plan_before->>'next_tier',
  next_change_at = CASE WHEN plan_before->>'next_tier' IS NOT NULL
    THEN coalesce(next_change_at, (plan_before->>'next_change_at')::timestamptz)
    WHEN next_currency IS NOT NULL THEN next_change_at END,
  plan_before = NULL, plan_changed_at = NULL, plan_undone_at = now()`;

interface Choice {
  current: Billing;
  from: Plan;
  to: Plan;
}

function createReview({ store, now, billing, plansFor }: Parts) {
  /** @throws AppError forbidden, conflict */
  async function choiceOf(partnerId: string, tier: string): Promise<Choice> {
    const [current, plans] = await Promise.all([billing(partnerId), plansFor(partnerId)]);
    const [from, to] = [planIn(plans, current.tier), planIn(plans, tier)];
    if (!from || !to || (!to.selfServe && tier !== current.tier))
      throw new AppError('forbidden', 'Ask us for this plan');
    if (tier !== current.tier && !to.prices[current.nextCurrency ?? current.currency])
      throw new AppError('conflict', 'This plan has no price in this currency');
    return { current, from, to };
  }

  async function factsOf(partnerId: string): Promise<PartnerFacts> {
    const facts = await store.facts(partnerId, monthsUpTo(isoDay(monthStart(now()))));
    if (!facts) throw new AppError('not_found', 'No such partner');
    return facts;
  }

  const reviewOf = async (partnerId: string, { current, from, to }: Choice): Promise<PlanReview> =>
    reviewPlan(await factsOf(partnerId), { billing: current, from, to, nowMs: now() });

  /** What a change that can be undone adds to this month's invoice, before tax; nothing where there is none. */
  async function added(partnerId: string, { undoUntil, currency }: Billing): Promise<number> {
    if (undoUntil === null) return 0;
    return addedBy(await factsOf(partnerId), currency, Date.parse(undoUntil) - HOUR_MS);
  }
  return { choiceOf, reviewOf, added };
}

export function createChoices(parts: Parts) {
  const { now, billing, plansFor, applyDue, update, notices } = parts;
  const { choiceOf, reviewOf, added } = createReview(parts);
  return {
    added,
    /** What choosing this plan now would cost and change. @throws AppError forbidden, conflict */
    async review(partnerId: string, tier: string): Promise<PlanReview> {
      await applyDue(now());
      return reviewOf(partnerId, await choiceOf(partnerId, tier));
    },

    /**
     * Dearer plans begin at once, the rest of the month in proportion; cheaper ones with the next month. A partner
     * chooses among its own and those of everybody. `monthlyMinor`: what it was told that each month costs.
     */
    async choose(partnerId: string, tier: string, actor: Actor, monthlyMinor?: number): Promise<Billing> {
      await applyDue(now());
      const choice = await choiceOf(partnerId, tier);
      const { current } = choice;
      if (tier === current.tier) {
        if (!current.nextTier) return current;
        return update(partnerId, NO_NEXT_TIER, actor, 'plan.change_cancelled', { tier });
      }
      if (tier === current.nextTier) return current;
      const review = await reviewOf(partnerId, choice);
      if (monthlyMinor !== undefined && monthlyMinor !== review.monthlyMinor)
        throw new AppError('conflict', 'The price of this plan has changed: look at it again');
      const changed = await (review.isNow
        ? update(partnerId, atOnce(tier), actor, 'plan.changed', { tier, currency: current.currency })
        : update(partnerId, atPeriodEnd(now(), { tier }), actor, 'plan.change_scheduled', { tier }));
      await notices.planChanged(partnerId, review, changed.undoUntil);
      return changed;
    },

    /** Back to the plan before, within its hour, as if it had never changed: nothing of it is billed. @throws AppError conflict */
    async undo(partnerId: string, actor: Actor): Promise<Billing> {
      const { undoTier: tier, currency } = await billing(partnerId);
      const plan = tier && planIn(await plansFor(partnerId), tier);
      if (!plan) throw tooLate();
      const changed = await update(
        partnerId,
        UNDONE,
        actor,
        'plan.change_undone',
        { tier: plan.tier, currency },
        {
          when: sql`plan_undo_until(p) IS NOT NULL AND plan_before->>'tier' = ${plan.tier}`,
          otherwise: tooLate,
        },
      );
      await notices.planUndone(partnerId, plan);
      return changed;
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
