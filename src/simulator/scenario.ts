// Settings as they were, and what somebody would like to try instead of them. Pure.

import type { Currency } from '../billing/amounts.ts';
import type { Billing } from '../billing/billing-view-store.ts';
import type { Terms } from '../billing/month.ts';
import { inForce, keptAction } from '../billing/overage-choice.ts';
import type { Plan } from '../billing/plan-store.ts';
import type { KeyLimits, OverageAction } from '../limits/limit.ts';
import type { Rates, Settings } from './history.ts';

/** What is tried; what is left out stays as it was at each moment. */
export interface Change {
  plan?: Plan;
  currency?: Currency;
  perSecond?: number;
  perDay?: number;
  perMonth?: number;
  overageAction?: OverageAction;
  spendingCapMinor?: number | null;
}

export interface PartnerSettings {
  billing: Billing;
  terms: readonly Terms[];
  /** Of the partner, now. */
  rates: Rates;
  /** Those that it is or was on, and those that it may try. */
  plans: readonly Plan[];
  keys: ReadonlyMap<string, KeyLimits>;
  /** By the plan that is tried. */
  keysAfter: ReadonlyMap<string, KeyLimits>;
}

const planOf = (plans: readonly Plan[], tier: string): Plan | undefined =>
  plans.find((plan) => plan.tier === tier);

/** Rates have no history: those of the plan of that time, unless an operator set the partner's own. */
const ratesOf =
  ({ plans, billing, rates }: Pick<PartnerSettings, 'plans' | 'billing' | 'rates'>) =>
  ({ tier }: Terms): Rates => {
    const plan = billing.customLimits || tier === billing.tier ? undefined : planOf(plans, tier);
    return plan ? { second: plan.perSecond, day: plan.perDay } : rates;
  };

export const settingsBefore = (partner: PartnerSettings): Settings => ({
  terms: partner.terms,
  ratesOf: ratesOf(partner),
  keys: partner.keys,
});

/** In which currency something is tried that has no price in it; undefined where all has. */
export function unpriced(
  { terms, plans }: Pick<PartnerSettings, 'terms' | 'plans'>,
  { plan, currency }: Change,
) {
  if (!plan && !currency) return undefined;
  return terms
    .map((each) => ({ of: plan ?? planOf(plans, each.tier), in: currency ?? each.currency }))
    .find((each) => !each.of?.prices[each.in])?.in;
}

function termsAfter(each: Terms, { billing, plans }: PartnerSettings, change: Change): Terms {
  const plan = change.plan ?? planOf(plans, each.tier);
  const currency = change.currency ?? each.currency;
  // What was in force then stays, where its price is not asked about.
  const isRepriced = change.plan !== undefined || currency !== each.currency;
  const price = isRepriced ? plan?.prices[currency] : undefined;
  const overagePer1000Minor = price?.overage_per_1000 ?? each.overagePer1000Minor;
  const from = planOf(plans, billing.tier);
  const kept = change.plan && from ? keptAction(billing, from, change.plan) : each.overageAction;
  return {
    ...each,
    tier: change.plan?.tier ?? each.tier,
    currency,
    priceMinor: price?.price ?? each.priceMinor,
    overagePer1000Minor,
    includedUnits:
      change.perMonth ?? (change.plan && !billing.customLimits ? change.plan.perMonth : each.includedUnits),
    overageAction: inForce(change.overageAction ?? kept, overagePer1000Minor),
    spendingCapMinor: change.spendingCapMinor === undefined ? each.spendingCapMinor : change.spendingCapMinor,
  };
}

export function settingsAfter(partner: PartnerSettings, change: Change): Settings {
  const { billing } = partner;
  const { plan } = change;
  const before = ratesOf(partner);
  const terms = partner.terms.map((each) => termsAfter(each, partner, change));
  const kept = new Map(terms.map((each, i) => [each, before(partner.terms[i] ?? each)]));
  return {
    terms,
    ratesOf(each) {
      const rates =
        plan && !billing.customLimits
          ? { second: plan.perSecond, day: plan.perDay }
          : (kept.get(each) ?? partner.rates);
      return { second: change.perSecond ?? rates.second, day: change.perDay ?? rates.day };
    },
    keys: plan ? partner.keysAfter : partner.keys,
  };
}

/** The same terms of somebody, had a plan always been what it is to become. */
export const termsOfPlan = (
  terms: readonly Terms[],
  tier: string,
  { prices, perMonth }: Pick<Plan, 'prices' | 'perMonth'>,
  { customLimits, overageAction }: Pick<Billing, 'customLimits' | 'overageAction'>,
): Terms[] =>
  terms.map((each) => {
    if (each.tier !== tier) return each;
    const { price = each.priceMinor, overage_per_1000: per1000 = each.overagePer1000Minor } =
      prices[each.currency] ?? {};
    return {
      ...each,
      priceMinor: price,
      overagePer1000Minor: per1000,
      // What an operator set for one partner alone is not the plan's.
      includedUnits: customLimits ? each.includedUnits : perMonth,
      // Where there was no price, who chose to be charged was not.
      overageAction: inForce(
        each.overagePer1000Minor === 0 && overageAction === 'charge' ? overageAction : each.overageAction,
        per1000,
      ),
    };
  });
