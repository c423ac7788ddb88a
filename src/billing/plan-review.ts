// What another plan would cost, before it is chosen: by the same arithmetic as the invoice. Pure.

import { monthStart } from '../core/time.ts';
import type { OverageAction } from '../limits/limit.ts';
import type { Currency } from './amounts.ts';
import type { MonthFacts, PartnerFacts } from './billing-store.ts';
import type { Billing } from './billing-view-store.ts';
import { reckon } from './close-month.ts';
import type { Draft } from './invoice.ts';
import type { Terms } from './month.ts';
import { inForce, keptAction } from './overage-choice.ts';
import type { Plan } from './plan-store.ts';

export interface PlanReview {
  from: Plan;
  to: Plan;
  /** Dearer plans begin at once, others with the next month. */
  isNow: boolean;
  startsAt: string;
  /** Of this month. */
  currency: Currency;
  /** By how much this month's invoice grows, before tax. */
  dueNowMinor: number;
  /** This month's invoice, issued with the next month, if nothing were called any more. */
  nextInvoice: Draft | null;
  invoicedAt: string;
  /** Of each whole month from the next on, before tax. */
  monthlyMinor: number;
  monthlyCurrency: Currency;
  taxBps: number;
  /** Partners that may not use live keys are not billed. */
  isBilled: boolean;
  /** What happens beyond the new plan's quota. */
  overageAction: OverageAction;
}

const priceIn = (plan: Plan | undefined, currency: Currency): number => plan?.prices[currency]?.price ?? 0;

/** Dearer plans begin at once. */
export const isUpgrade = (currency: Currency, from: Plan | undefined, to: Plan): boolean =>
  priceIn(to, currency) > priceIn(from, currency);

/** The terms that begin with the change. */
function termsAfter(last: Terms, billing: Billing, from: Plan, to: Plan, nowMs: number): Terms {
  const { price = 0, overage_per_1000: overagePer1000Minor = 0 } = to.prices[billing.currency] ?? {};
  return {
    ...last,
    effectiveMs: nowMs,
    tier: to.tier,
    priceMinor: price,
    includedUnits: billing.customLimits ? last.includedUnits : to.perMonth,
    overageAction: inForce(keptAction(billing, from, to), overagePer1000Minor),
    overagePer1000Minor,
  };
}

/** What was used so far was used before the change. */
const markedAt = (month: MonthFacts, atMs: number): MonthFacts => ({
  ...month,
  marks: [...month.marks, { atMs, units: month.units }],
});

const subtotalIn = (facts: PartnerFacts, currency: Currency): number =>
  reckon(facts).drafts.find((draft) => draft.currency === currency)?.subtotalMinor ?? 0;

/** By how much the change of that moment has this month's invoice grow, before tax, by what is known now. */
export const addedBy = (facts: PartnerFacts, currency: Currency, changedMs: number): number =>
  subtotalIn(facts, currency) -
  subtotalIn(
    { ...facts, terms: facts.terms.filter(({ effectiveMs }) => effectiveMs !== changedMs) },
    currency,
  );

/** `facts`: of the month that is under way, and those before it. */
export function reviewPlan(
  facts: PartnerFacts,
  { billing, from, to, nowMs }: { billing: Billing; from: Plan; to: Plan; nowMs: number },
): PlanReview {
  const last = facts.terms.at(-1);
  const month = facts.months.at(-1);
  if (!last || !month) throw new Error('no month to reckon');
  const { currency } = billing;
  const isNow = isUpgrade(currency, from, to);
  const draftIn = (of: PartnerFacts) =>
    reckon(of).drafts.find((draft) => draft.currency === currency) ?? null;
  const before = draftIn(facts);
  const after = isNow
    ? draftIn({
        ...facts,
        terms: [...facts.terms, termsAfter(last, billing, from, to, nowMs)],
        months: [...facts.months.slice(0, -1), markedAt(month, nowMs)],
      })
    : before;
  const monthlyCurrency = billing.nextCurrency ?? currency;
  const invoicedAt = new Date(monthStart(nowMs, 1)).toISOString();
  return {
    from,
    to,
    isNow,
    startsAt: isNow ? new Date(nowMs).toISOString() : invoicedAt,
    currency,
    dueNowMinor: (after?.subtotalMinor ?? 0) - (before?.subtotalMinor ?? 0),
    nextInvoice: after,
    invoicedAt,
    monthlyMinor: priceIn(to, monthlyCurrency),
    monthlyCurrency,
    taxBps: last.taxBps,
    isBilled: last.isBilled,
    overageAction: keptAction(billing, from, to),
  };
}
