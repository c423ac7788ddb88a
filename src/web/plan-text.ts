// What a plan is, in words: its name, its price, what it holds, and what differs from another. Pure.

import type { Billing } from '../billing/plan-service.ts';
import type { Plan } from '../billing/plan-store.ts';
import type { OverageAction } from '../limits/limit.ts';
import type { View } from './view.ts';

type Words = Pick<View, 'm' | 'format' | 'language'>;

/** What a plan that kept its price is called besides: `business-20261129-a1b2`. */
const KEPT = /-\d{8}-[0-9a-f]{4}$/;

/** `school-bus` -> School bus: of plans that nobody named. */
const named = (of: string): string => {
  const tier = of.replace(KEPT, '').replaceAll('-', ' ');
  return tier.charAt(0).toUpperCase() + tier.slice(1);
};

export const planName = (
  { language }: Pick<View, 'language'>,
  { tier, names }: Pick<Plan, 'tier' | 'names'>,
): string => names[language] ?? names.en ?? named(tier);

/** Of a plan that may be gone. */
export const tierName = (view: Pick<View, 'language'>, plans: readonly Plan[], tier: string): string =>
  planName(view, plans.find((plan) => plan.tier === tier) ?? { tier, names: {} });

/** What it costs is agreed with whoever has it. */
export const isByAgreement = ({ selfServe, prices }: Pick<Plan, 'selfServe' | 'prices'>): boolean =>
  !selfServe && Object.values(prices).every((each) => each?.price === 0);

/** Of a partner without invoices: whether it gets any, and when. `isDue`: the running month asks for something. */
export function noInvoiceText(
  { m }: Pick<Words, 'm'>,
  {
    status,
    plan,
    billing,
    isDue,
  }: { status: string; plan: Plan | undefined; billing: Billing; isDue: boolean },
): string {
  const { coming, notLive, agreed, overage, free } = m.billing.noneText;
  if (isDue) return coming;
  if (status !== 'active') return notLive;
  if (!plan || (plan.prices[billing.currency]?.price ?? 0) > 0) return coming;
  if (isByAgreement(plan)) return agreed;
  return billing.overageInForce === 'charge' ? overage : free;
}

export function priceText({ m, format }: Words, plan: Plan, currency: Billing['currency']): string {
  const price = plan.prices[currency];
  if (!price) return '–';
  if (!plan.selfServe && price.price === 0) return m.billing.onRequest;
  return `${format.money(price.price, currency)} ${m.billing.perMonth}`;
}

interface Features {
  support?: string | null;
  sla?: string | null;
  webhooks?: boolean;
}

const supportText = ({ m }: Words, { support }: Features): string | undefined =>
  support ? (m.billing.supports[support] ?? support) : undefined;

/** `99.5%` as people of the language write it. */
function availabilityText({ format }: Words, { sla }: Features): string | undefined {
  const percent = /^(\d+(?:[.,]\d+)?)\s*%$/.exec(sla ?? '')?.[1];
  return percent === undefined
    ? (sla ?? undefined)
    : format.percentExact(Number(percent.replace(',', '.')) / 100);
}

function beyondText({ m, format }: Words, plan: Plan, billing: Billing, action: OverageAction): string {
  const per1000 = plan.prices[billing.currency]?.overage_per_1000 ?? 0;
  const price = format.money(per1000, billing.currency);
  if (action === 'charge' && per1000 > 0) return m.billing.overagePrice(price);
  if (action === 'warn') return m.billing.overageWarn;
  return plan.overageActions.includes('charge') && per1000 > 0
    ? m.billing.overageOffPrice(price)
    : m.billing.overageOff;
}

/** What a plan holds, in a few words each. */
export function contents(words: Words, plan: Plan, billing: Billing): string[] {
  const { m, format } = words;
  const features: Features = plan.features;
  const [support, availability] = [supportText(words, features), availabilityText(words, features)];
  // Of another plan: what it leaves of the choice that was made.
  const isKept = plan.tier === billing.tier || plan.overageActions.includes(billing.overageAction);
  return [
    plan.perMonth < 0 ? m.billing.unlimited : m.billing.included(format.number(plan.perMonth)),
    ...(plan.perMonth < 0
      ? []
      : [beyondText(words, plan, billing, isKept ? billing.overageAction : 'block')]),
    plan.maxKeys < 0 ? m.billing.keysUnlimited : m.billing.keysIncluded(format.number(plan.maxKeys)),
    ...(support ? [m.billing.supportIs(support)] : []),
    ...(availability ? [m.billing.availabilityIs(availability)] : []),
  ];
}

export interface Difference {
  what: string;
  before: string;
  after: string;
}

/** What differs between two plans: limits, unless an operator set them; keys; what is beyond the quota; features. */
export function differences(
  words: Words,
  {
    from,
    to,
    billing,
    overageAction,
  }: { from: Plan; to: Plan; billing: Billing; overageAction: OverageAction },
): Difference[] {
  const { m, format } = words;
  const count = (limit: number) => (limit < 0 ? m.billing.noLimit : format.number(limit));
  const has = (features: Features) => (features.webhooks ? m.billing.yes : m.billing.no);
  const [before, after] = [from.features, to.features] as [Features, Features];
  const ofLimits = ({ perSecond, perDay, perMonth }: Plan) => [perSecond, perDay, perMonth];
  const limits = billing.customLimits
    ? []
    : m.billing.rates.map((rate, i): [string, string, string] => [
        rate,
        count(ofLimits(from)[i] ?? -1),
        count(ofLimits(to)[i] ?? -1),
      ]);
  const rows: [string, string, string][] = [
    ...limits,
    [
      m.billing.overage,
      beyondText(words, from, billing, billing.overageAction),
      beyondText(words, to, billing, overageAction),
    ],
    [m.keys.liveKeys, count(from.maxKeys), count(to.maxKeys)],
    [m.webhooks.nav, has(before), has(after)],
    [m.billing.support, supportText(words, before) ?? '–', supportText(words, after) ?? '–'],
    [m.billing.sla, availabilityText(words, before) ?? '–', availabilityText(words, after) ?? '–'],
  ];
  return rows.flatMap(([what, a, b]) => (a === b ? [] : [{ what, before: a, after: b }]));
}
