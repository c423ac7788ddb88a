// The form of a plan: what is typed, and what it means.

import * as z from 'zod';
import { CURRENCIES, type Currency, decimalOf, minorOf } from '../../billing/amounts.ts';
import { MOST_PRICE_MINOR, type NewPlan, type Plan } from '../../billing/plan-store.ts';
import { text } from '../../http/fields.ts';
import { Field } from '../../web/components/form.tsx';
import { FieldsRefused, type Wrong } from '../../web/forms.ts';
import type { View } from '../../web/view.ts';
import type { FormErrors, FormValues } from '../../web/web.ts';

export interface WrongPlan extends Wrong {
  tier: string;
}

const featuresOf = (plan: Plan | undefined) =>
  (plan?.features ?? {}) as { sla?: string | null; support?: string; webhooks?: boolean };

/** What partners on the plan may do. */
const PlanSwitches = ({ view, plan }: { view: View; plan?: Plan }) => {
  const { m } = view;
  const allowed = plan?.overageActions ?? ['block', 'charge'];
  return (
    <>
      <fieldset>
        <legend>{m.money.overageActions}</legend>
        {(['warn', 'charge'] as const).map((action) => (
          <label class="choice">
            <input type="checkbox" name={action} value="true" checked={allowed.includes(action)} />
            <span>{m.operator.overages[action]}</span>
          </label>
        ))}
        <p class="hint">{m.money.overageActionsHint}</p>
      </fieldset>
      <label class="choice">
        <input
          type="checkbox"
          name="webhooks"
          value="true"
          checked={plan ? featuresOf(plan).webhooks === true : true}
        />
        <span>{m.money.webhooks}</span>
      </label>
      <label class="choice">
        <input type="checkbox" name="self_serve" value="true" checked={plan?.selfServe ?? false} />
        <span>{m.money.selfServe}</span>
      </label>
    </>
  );
};

export const PlanFields = ({ view, plan, wrong }: { view: View; plan?: Plan; wrong?: WrongPlan }) => {
  const { m } = view;
  const scope = `plan-${plan?.tier ?? 'new'}`;
  const kept = (name: string, value: string) => wrong?.values[name] ?? value;
  const { sla, support } = featuresOf(plan);
  const field = (name: string, label: string, value: string, hint?: string) => (
    <Field
      scope={scope}
      name={name}
      label={label}
      required={name === 'tier'}
      value={kept(name, value)}
      hint={hint}
      error={wrong?.errors[name]}
    />
  );
  return (
    <>
      {!plan && field('tier', m.money.name, '', m.money.nameHint)}
      {!plan && field('partner_id', m.money.forPartner, '', m.money.forPartnerHint)}
      {CURRENCIES.map((currency) => {
        const price = plan?.prices[currency];
        const text = (minor: number | undefined) => (minor === undefined ? '' : decimalOf(minor, currency));
        return (
          <div class="pair">
            {field(
              `price_${currency}`,
              m.money.price(currency),
              text(price?.price),
              currency === 'EUR' ? undefined : m.money.noPrice,
            )}
            {field(`overage_${currency}`, m.money.overagePrice(currency), text(price?.overage_per_1000))}
          </div>
        );
      })}
      <p class="hint">{m.operator.limitsText}</p>
      <div class="pair">
        {field('second', m.operator.perSecond, String(plan?.perSecond ?? 10))}
        {field('day', m.operator.perDay, String(plan?.perDay ?? 10_000))}
      </div>
      <div class="pair">
        {field('month', m.operator.perMonth, String(plan?.perMonth ?? 300_000))}
        {field('max_keys', m.money.maxKeys, String(plan?.maxKeys ?? 5))}
      </div>
      <div class="pair">
        {field('sla', m.money.sla, sla ?? '')}
        {field('support', m.money.support, support ?? '')}
      </div>
      <PlanSwitches view={view} plan={plan} />
    </>
  );
};

const limit = z.coerce.number().int().min(-1).max(2_000_000_000);
const shortText = text(100).default('');
export const planForm = z.object({
  tier: z
    .string()
    .trim()
    .regex(/^[a-z0-9][a-z0-9-]{0,48}$/)
    .optional(),
  partner_id: z.union([z.literal(''), z.uuid()]).default(''),
  second: limit,
  day: limit,
  month: limit,
  max_keys: limit,
  warn: z.literal('true').optional(),
  charge: z.literal('true').optional(),
  sla: shortText,
  support: shortText,
  webhooks: z.literal('true').optional(),
  self_serve: z.literal('true').optional(),
});

/** Prices as typed, in minor units. @throws FieldsRefused which of them is none */
export function pricesOf(values: FormValues, wrongText: string): NewPlan['prices'] {
  const prices: NewPlan['prices'] = {};
  const errors: FormErrors = {};
  for (const currency of CURRENCIES) {
    const [price = '', overage = ''] = [values[`price_${currency}`], values[`overage_${currency}`]];
    if (price.trim() === '' && overage.trim() === '' && currency !== 'EUR') continue;
    const minor = minorOf(price, currency);
    const per1000 = minorOf(overage.trim() === '' ? '0' : overage, currency);
    if (minor === undefined || minor > MOST_PRICE_MINOR) errors[`price_${currency}`] = wrongText;
    if (per1000 === undefined || per1000 > MOST_PRICE_MINOR) errors[`overage_${currency}`] = wrongText;
    prices[currency as Currency] = { price: minor ?? 0, overage_per_1000: per1000 ?? 0 };
  }
  if (Object.keys(errors).length > 0) throw new FieldsRefused(errors);
  return prices;
}

/** The field of the first currency that has no price. */
export const unpricedOf = (values: FormValues): string =>
  `price_${CURRENCIES.find((currency) => !values[`price_${currency}`]?.trim()) ?? CURRENCIES[0]}`;

/** `known`: as it is, where it is changed. */
export const planOf = (
  tier: string,
  data: z.output<typeof planForm>,
  prices: NewPlan['prices'],
  known: Plan | undefined,
): NewPlan => ({
  tier,
  partnerId: data.partner_id || null,
  selfServe: data.self_serve === 'true',
  prices,
  overageActions: ['block', ...(['warn', 'charge'] as const).filter((action) => data[action] === 'true')],
  perSecond: data.second,
  perDay: data.day,
  perMonth: data.month,
  maxKeys: data.max_keys,
  features: {
    ...known?.features,
    sla: data.sla || null,
    support: data.support || null,
    webhooks: data.webhooks === 'true',
  },
});
