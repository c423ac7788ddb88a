// The form of a plan: what is typed, and what it means.

import * as z from 'zod';
import { CURRENCIES, type Currency, decimalOf, minorOf } from '../../billing/amounts.ts';
import type { PriceImpact } from '../../billing/plan-price-service.ts';
import { MAX_PRICE_MINOR, type NewPlan, type Plan } from '../../billing/plan-store.ts';
import { text } from '../../http/fields.ts';
import { Field, Tick } from '../../web/components/form.tsx';
import { Note } from '../../web/components/parts.tsx';
import { amountText } from '../../web/field-error.ts';
import { FieldsRefused, seenEtag, type Wrong } from '../../web/forms.ts';
import { limitField } from '../../web/number-field.ts';
import type { View } from '../../web/view.ts';
import { useView } from '../../web/view-context.ts';
import type { FormErrors, FormValues } from '../../web/web.ts';

/** What is shown again: what cannot be done, or what is to be confirmed. */
export interface PlanAgain extends Omit<Wrong, 'status'> {
  tier: string;
  status?: Wrong['status'];
  /** Whom changed prices hit: to be confirmed. */
  impact?: PriceImpact[];
}

const NEW_PLAN: FormValues = {
  second: '10',
  day: '10000',
  month: '300000',
  max_keys: '5',
  charge: 'true',
  webhooks: 'true',
};

/** What the form of a plan holds before anybody types. */
export function valuesOf(plan: Plan | undefined): FormValues {
  if (!plan) return NEW_PLAN;
  const { sla, support, webhooks } = plan.features as {
    sla?: string | null;
    support?: string;
    webhooks?: boolean;
  };
  return {
    second: String(plan.perSecond),
    day: String(plan.perDay),
    month: String(plan.perMonth),
    max_keys: String(plan.maxKeys),
    etag: plan.etag,
    sla: sla ?? '',
    support: support ?? '',
    webhooks: String(webhooks === true),
    self_serve: String(plan.selfServe),
    name_en: plan.names.en ?? '',
    name_fr: plan.names.fr ?? '',
    ...Object.fromEntries(plan.overageActions.map((action) => [action, 'true'])),
    ...Object.fromEntries(
      CURRENCIES.flatMap((currency) => {
        const price = plan.prices[currency];
        if (!price) return [];
        return [
          [`price_${currency}`, decimalOf(price.price, currency)],
          [`overage_${currency}`, decimalOf(price.overage_per_1000, currency)],
        ];
      }),
    ),
  };
}

/** Whom changed prices hit and by how much, why they change, and whether those who are there keep theirs. */
export const ImpactFields = ({ impact }: { impact: readonly PriceImpact[] }) => {
  const { m, format } = useView();
  return (
    <>
      <Note kind="warn">
        <strong>{m.console.priceHits}</strong>
        {impact.map(({ currency, partners, names, monthlyMinor }) => (
          <p>
            {m.console.priceImpact(partners, format.number(partners), format.change(monthlyMinor, currency))}
            <br />
            <span class="small soft">
              {names.join(', ')}
              {partners > names.length && ' …'}
            </span>
          </p>
        ))}
      </Note>
      <input type="hidden" name="confirmed" value="true" />
      <Field name="reason" label={m.operator.reason} required maxlength={500} hint={m.console.pricesTold} />
      <Tick name="keep_prices" label={m.console.keepPrices} />
      <p class="hint">{m.console.keepPricesHint}</p>
    </>
  );
};

export const PlanFields = ({ isNew }: { isNew: boolean }) => {
  const { m } = useView();
  return (
    <>
      {isNew && <Field name="tier" label={m.console.name} hint={m.console.nameHint} required />}
      {isNew && <Field name="partner_id" label={m.console.forPartner} hint={m.console.forPartnerHint} />}
      <div class="pair">
        <Field name="name_en" label={m.console.displayName.en} maxlength={50} />
        <Field name="name_fr" label={m.console.displayName.fr} maxlength={50} />
      </div>
      {CURRENCIES.map((currency) => (
        <div class="pair">
          <Field
            name={`price_${currency}`}
            label={m.console.price(currency)}
            hint={currency === 'EUR' ? undefined : m.console.noPrice}
          />
          <Field name={`overage_${currency}`} label={m.console.overagePrice(currency)} />
        </div>
      ))}
      <p class="hint">{m.operator.limitsText}</p>
      <div class="pair">
        <Field name="second" label={m.operator.perSecond} />
        <Field name="day" label={m.operator.perDay} />
      </div>
      <div class="pair">
        <Field name="month" label={m.operator.perMonth} />
        <Field name="max_keys" label={m.console.maxKeys} />
      </div>
      <div class="pair">
        <Field name="sla" label={m.console.sla} />
        <Field name="support" label={m.console.support} />
      </div>
      <fieldset>
        <legend>{m.console.overageActions}</legend>
        {(['warn', 'charge'] as const).map((action) => (
          <Tick name={action} label={m.operator.overages[action]} />
        ))}
        <p class="hint">{m.console.overageActionsHint}</p>
      </fieldset>
      <Tick name="webhooks" label={m.console.webhooks} />
      <Tick name="self_serve" label={m.console.selfServe} />
    </>
  );
};

const shortText = text(100).default('');
export const planForm = z.object({
  etag: seenEtag,
  tier: z
    .string()
    .trim()
    .refine((name) => /^[a-z0-9][a-z0-9-]{0,48}$/.test(name), { params: { code: 'planName' } })
    .optional(),
  partner_id: z.union([z.literal(''), z.uuid()]).default(''),
  second: limitField('perSecond'),
  day: limitField('perDay'),
  month: limitField('perMonth'),
  max_keys: limitField('keys'),
  warn: z.literal('true').optional(),
  charge: z.literal('true').optional(),
  sla: shortText,
  support: shortText,
  name_en: text(50).default(''),
  name_fr: text(50).default(''),
  webhooks: z.literal('true').optional(),
  self_serve: z.literal('true').optional(),
  confirmed: z.literal('true').optional(),
  reason: text(500).default(''),
  keep_prices: z.literal('true').optional(),
});

/** Prices as typed, in minor units. @throws FieldsRefused which of them is none */
export function pricesOf(values: FormValues, view: View): NewPlan['prices'] {
  const prices: NewPlan['prices'] = {};
  const errors: FormErrors = {};
  for (const currency of CURRENCIES) {
    const [price = '', overage = ''] = [values[`price_${currency}`], values[`overage_${currency}`]];
    if (price.trim() === '' && overage.trim() === '' && currency !== 'EUR') continue;
    const minor = minorOf(price, currency);
    const per1000 = minorOf(overage.trim() === '' ? '0' : overage, currency);
    const wrongText = amountText(view, currency, MAX_PRICE_MINOR);
    if (minor === undefined || minor > MAX_PRICE_MINOR) errors[`price_${currency}`] = wrongText;
    if (per1000 === undefined || per1000 > MAX_PRICE_MINOR) errors[`overage_${currency}`] = wrongText;
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
  names: { ...(data.name_en && { en: data.name_en }), ...(data.name_fr && { fr: data.name_fr }) },
  features: {
    ...known?.features,
    sla: data.sla || null,
    support: data.support || null,
    webhooks: data.webhooks === 'true',
  },
});
