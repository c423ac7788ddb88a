// On a partner's page: its state, its plan, tax and currency, limits of its own, and what its keys may sign.

import * as z from 'zod';
import { CURRENCIES } from '../../billing/amounts.ts';
import type { Billing } from '../../billing/plan-service.ts';
import type { Plan } from '../../billing/plan-store.ts';
import { reason, text } from '../../http/fields.ts';
import { SIGNATURE_RULES } from '../../keys/signature.ts';
import type { PartnerView } from '../../partners/partner-service.ts';
import { Dialog } from '../../web/components/dialog.tsx';
import { Field, Select } from '../../web/components/form.tsx';
import type { Wrong } from '../../web/forms.ts';
import type { View } from '../../web/view.ts';

const OVERAGES = ['block', 'warn', 'charge'] as const;

export const AssignDialog = ({
  view,
  partnerId,
  plans,
  billing,
  wrong,
}: {
  view: View;
  partnerId: string;
  plans: readonly Plan[];
  billing: Billing;
  wrong?: Wrong;
}) => {
  const { m } = view;
  const { values, errors } = wrong ?? {};
  return (
    <Dialog id="plan" title={m.money.assign} open={wrong ? true : undefined}>
      <form method="post" action={`/operator/partners/${partnerId}/plan`} class="stack">
        <p>{m.money.assignText}</p>
        <Select
          scope="plan"
          name="tier"
          label={m.operator.tier}
          value={values?.tier ?? billing.tier}
          error={errors?.tier}
          options={plans.map(({ tier }) => [tier, tier] as const)}
        />
        <Select
          scope="plan"
          name="currency"
          label={m.billing.currency}
          value={values?.currency ?? billing.nextCurrency ?? billing.currency}
          error={errors?.currency}
          options={CURRENCIES.map((currency) => [currency, currency] as const)}
        />
        <Field
          scope="plan"
          name="tax"
          label={m.money.taxRate}
          required
          value={values?.tax ?? String(billing.taxBps / 100)}
          error={errors?.tax}
        />
        <Field
          scope="plan"
          name="reason"
          label={m.operator.reason}
          required
          maxlength={500}
          value={values?.reason}
          error={errors?.reason}
        />
        <div class="actions">
          <button type="submit" class="button primary">
            {m.common.save}
          </button>
        </div>
      </form>
    </Dialog>
  );
};

export const assignForm = z.object({
  tier: text(50),
  currency: z.enum(CURRENCIES),
  tax: z
    .string()
    .trim()
    .transform((typed) => Math.round(Number(typed.replace(',', '.')) * 100))
    .refine((bps) => Number.isFinite(bps) && bps >= 0 && bps <= 10_000),
  reason,
});

const limitText = z
  .string()
  .trim()
  .regex(/^-?\d{1,10}$/)
  .transform(Number)
  .pipe(z.int().min(-1).max(2_000_000_000));
export const limitsForm = z.object({
  second: limitText,
  day: limitText,
  month: limitText,
  overage: z.enum(OVERAGES),
  reason,
  back_to_tier: z.string().optional(),
});

export const LimitsDialog = ({
  view,
  partner,
  base,
  wrong,
}: {
  view: View;
  partner: PartnerView;
  base: string;
  wrong?: Wrong;
}) => {
  const { m } = view;
  const { values, errors } = wrong ?? {};
  return (
    <Dialog id="limits" title={m.operator.limits} open={wrong ? true : undefined}>
      <form method="post" action={`${base}/limits`} class="stack">
        <p>{m.operator.limitsText}</p>
        <Field
          scope="limits"
          name="second"
          label={m.operator.perSecond}
          required
          value={values?.second ?? String(partner.rate_limit_per_second)}
          error={errors?.second}
        />
        <Field
          scope="limits"
          name="day"
          label={m.operator.perDay}
          required
          value={values?.day ?? String(partner.rate_limit_per_day)}
          error={errors?.day}
        />
        <Field
          scope="limits"
          name="month"
          label={m.operator.perMonth}
          required
          value={values?.month ?? String(partner.rate_limit_per_month)}
          error={errors?.month}
        />
        <Select
          scope="limits"
          name="overage"
          label={m.operator.overage}
          value={values?.overage ?? partner.overage_action}
          error={errors?.overage}
          options={OVERAGES.map((each) => [each, m.operator.overages[each]] as const)}
        />
        <Field
          scope="limits"
          name="reason"
          label={m.operator.reason}
          required
          maxlength={500}
          value={values?.reason}
          error={errors?.reason}
        />
        <div class="actions">
          {partner.custom_limits && (
            <button type="submit" name="back_to_tier" value="1" class="button">
              {m.operator.backToTier}
            </button>
          )}
          <button type="submit" class="button primary">
            {m.common.save}
          </button>
        </div>
      </form>
    </Dialog>
  );
};

export const StatusDialog = ({
  view,
  partner,
  action,
  base,
  wrong,
}: {
  view: View;
  partner: PartnerView;
  action: 'approve' | 'reinstate' | 'suspend';
  base: string;
  wrong?: Wrong;
}) => {
  const { m } = view;
  return (
    <Dialog id={action} title={`${m.operator[action]} · ${partner.name}`} open={wrong ? true : undefined}>
      <form method="post" action={`${base}/${action}`} class="stack">
        <p>{action === 'suspend' ? m.operator.suspendText : m.operator.approveText}</p>
        <Field
          scope={action}
          name="reason"
          label={m.operator.reason}
          required
          maxlength={500}
          value={wrong?.values.reason}
          error={wrong?.errors.reason}
        />
        <div class="actions">
          <button type="submit" class={`button ${action === 'suspend' ? 'solid-danger' : 'primary'}`}>
            {m.operator[action]}
          </button>
        </div>
      </form>
    </Dialog>
  );
};

export const SignaturesDialog = ({
  view,
  partner,
  base,
  wrong,
}: {
  view: View;
  partner: PartnerView;
  base: string;
  wrong?: Wrong;
}) => {
  const { m } = view;
  return (
    <Dialog id="signatures" title={m.operator.signatures} open={wrong ? true : undefined}>
      <form method="post" action={`${base}/signatures`} class="stack">
        <p>{m.operator.signaturesText}</p>
        <p class="hint">
          {m.keys.signatureWorth.bound} {m.keys.signatureWorth.body}
        </p>
        <Select
          scope="signatures"
          name="rule"
          label={m.keys.signatureRule}
          value={wrong?.values.rule ?? partner.signature_rule}
          error={wrong?.errors.rule}
          options={SIGNATURE_RULES.map((rule) => [rule, m.keys.signatureRules[rule]] as const)}
        />
        <Field
          scope="signatures"
          name="reason"
          label={m.operator.reason}
          required
          maxlength={500}
          value={wrong?.values.reason}
          error={wrong?.errors.reason}
        />
        <div class="actions">
          <button type="submit" class="button primary">
            {m.common.save}
          </button>
        </div>
      </form>
    </Dialog>
  );
};
