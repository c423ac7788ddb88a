// The form of a plan: what is typed, and what it means.

import * as z from 'zod';
import { CURRENCIES, type Currency, decimalOf, minorOf } from '../../billing/amounts.ts';
import type { PriceImpact } from '../../billing/plan-price-service.ts';
import { MAX_PRICE_MINOR, type NewPlan, type Plan } from '../../billing/plan-store.ts';
import { text } from '../../http/fields.ts';
import { Field, Tick } from '../../web/components/form.tsx';
import { Note } from '../../web/components/parts.tsx';
import { FieldsRefused, seenEtag, type Wrong } from '../../web/forms.ts';
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
        <strong>{m.money.priceHits}</strong>
        {impact.map(({ currency, partners, names, monthlyMinor }) => (
          <p>
            {m.money.priceImpact(partners, format.number(partners), format.change(monthlyMinor, currency))}
            <br />
            <span class="small soft">
              {names.join(', ')}
              {partners > names.length && ' …'}
            </span>
          </p>
        ))}
      </Note>
      <input type="hidden" name="confirmed" value="true" />
      <Field name="reason" label={m.operator.reason} required maxlength={500} hint={m.money.pricesTold} />
      <Tick name="keep_prices" label={m.money.keepPrices} />
      <p class="hint">{m.money.keepPricesHint}</p>
    </>
  );
};

export const PlanFields = ({ isNew }: { isNew: boolean }) => {
  const { m } = useView();
  return (
    <>
      {isNew && <Field name="tier" label={m.money.name} hint={m.money.nameHint} required />}
      {isNew && <Field name="partner_id" label={m.money.forPartner} hint={m.money.forPartnerHint} />}
      <div class="pair">
        <Field name="name_en" label={m.money.displayName.en} maxlength={50} />
        <Field name="name_fr" label={m.money.displayName.fr} maxlength={50} />
      </div>
      {CURRENCIES.map((currency) => (
        <div class="pair">
          <Field
            name={`price_${currency}`}
            label={m.money.price(currency)}
            hint={currency === 'EUR' ? undefined : m.money.noPrice}
          />
          <Field name={`overage_${currency}`} label={m.money.overagePrice(currency)} />
        </div>
      ))}
      <p class="hint">{m.operator.limitsText}</p>
      <div class="pair">
        <Field name="second" label={m.operator.perSecond} />
        <Field name="day" label={m.operator.perDay} />
      </div>
      <div class="pair">
        <Field name="month" label={m.operator.perMonth} />
        <Field name="max_keys" label={m.money.maxKeys} />
      </div>
      <div class="pair">
        <Field name="sla" label={m.money.sla} />
        <Field name="support" label={m.money.support} />
      </div>
      <fieldset>
        <legend>{m.money.overageActions}</legend>
        {(['warn', 'charge'] as const).map((action) => (
          <Tick name={action} label={m.operator.overages[action]} />
        ))}
        <p class="hint">{m.money.overageActionsHint}</p>
      </fieldset>
      <Tick name="webhooks" label={m.money.webhooks} />
      <Tick name="self_serve" label={m.money.selfServe} />
    </>
  );
};

const limit = z.coerce.number().int().min(-1).max(2_000_000_000);
const shortText = text(100).default('');
export const planForm = z.object({
  etag: seenEtag,
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
  name_en: text(50).default(''),
  name_fr: text(50).default(''),
  webhooks: z.literal('true').optional(),
  self_serve: z.literal('true').optional(),
  confirmed: z.literal('true').optional(),
  reason: text(500).default(''),
  keep_prices: z.literal('true').optional(),
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
