// On a partner's page: its state, its plan, tax and currency, limits of its own, and what its keys may sign.

import * as z from 'zod';
import { CURRENCIES } from '../../billing/amounts.ts';
import type { Billing } from '../../billing/plan-service.ts';
import type { Plan } from '../../billing/plan-store.ts';
import { reason, text } from '../../http/fields.ts';
import { SIGNATURE_RULES } from '../../keys/signature.ts';
import type { PartnerView } from '../../partners/partner-service.ts';
import { FormDialog } from '../../web/components/dialog.tsx';
import { Field, Select } from '../../web/components/form.tsx';
import { seenEtag, type Wrong } from '../../web/forms.ts';
import { limitField, numberField } from '../../web/number-field.ts';
import { planName } from '../../web/plan-text.ts';
import { useView } from '../../web/view-context.ts';

const OVERAGES = ['block', 'warn', 'charge'] as const;

export const assignForm = z.object({
  tier: text(50),
  currency: z.enum(CURRENCIES),
  tax: numberField({ unit: 'percent', from: 0, to: 100 }).transform((percent) => Math.round(percent * 100)),
  reason,
  etag: seenEtag,
});

export const limitsForm = z.object({
  second: limitField('perSecond'),
  day: limitField('perDay'),
  month: limitField('perMonth'),
  overage: z.enum(OVERAGES),
  reason,
  etag: seenEtag,
  back_to_tier: z.string().optional(),
});

const Reason = () => <Field name="reason" label={useView().m.operator.reason} required maxlength={500} />;

export const AssignDialog = ({
  partner,
  plans,
  billing,
  wrong,
}: {
  partner: PartnerView;
  plans: readonly Plan[];
  billing: Billing;
  wrong?: Wrong;
}) => {
  const view = useView();
  const { m } = view;
  return (
    <FormDialog
      id="plan"
      title={m.console.assign}
      action={`/operator/partners/${partner.id}/plan`}
      submit={m.common.save}
      saved={{
        tier: billing.tier,
        currency: billing.nextCurrency ?? billing.currency,
        tax: String(billing.taxBps / 100),
        etag: partner.etag,
      }}
      wrong={wrong}
    >
      <p>{m.console.assignText}</p>
      <Select
        name="tier"
        label={m.operator.tier}
        options={plans.map((plan) => [plan.tier, planName(view, plan)] as const)}
      />
      <Select
        name="currency"
        label={m.billing.currency}
        options={CURRENCIES.map((currency) => [currency, currency] as const)}
      />
      <Field name="tax" label={m.console.taxRate} required />
      <Reason />
    </FormDialog>
  );
};

interface DialogProps {
  partner: PartnerView;
  /** The path of the partner's page. */
  base: string;
  wrong?: Wrong;
}

export const LimitsDialog = ({ partner, base, wrong }: DialogProps) => {
  const { m } = useView();
  return (
    <FormDialog
      id="limits"
      title={m.operator.limits}
      action={`${base}/limits`}
      submit={m.common.save}
      saved={{
        second: String(partner.rate_limit_per_second),
        day: String(partner.rate_limit_per_day),
        month: String(partner.rate_limit_per_month),
        overage: partner.overage_action,
        etag: partner.etag,
      }}
      wrong={wrong}
      extra={
        partner.custom_limits && (
          <button type="submit" name="back_to_tier" value="1" class="button">
            {m.operator.backToTier}
          </button>
        )
      }
    >
      <p>{m.operator.limitsText}</p>
      <Field name="second" label={m.operator.perSecond} required />
      <Field name="day" label={m.operator.perDay} required />
      <Field name="month" label={m.operator.perMonth} required />
      <Select
        name="overage"
        label={m.operator.overage}
        options={OVERAGES.map((each) => [each, m.operator.overages[each]] as const)}
      />
      <Reason />
    </FormDialog>
  );
};

export const StatusDialog = ({
  partner,
  action,
  base,
  wrong,
}: DialogProps & { action: 'approve' | 'reinstate' | 'suspend' | 'decline' }) => {
  const { m } = useView();
  const texts = {
    approve: m.operator.approveText,
    reinstate: m.operator.reinstateText,
    suspend: m.operator.suspendText,
    decline: m.liveAccess.declineText,
  };
  return (
    <FormDialog
      id={action}
      title={`${action === 'decline' ? m.liveAccess.decline : m.operator[action]} · ${partner.name}`}
      action={`${base}/${action}`}
      submit={action === 'decline' ? m.liveAccess.decline : m.operator[action]}
      kind={action === 'suspend' || action === 'decline' ? 'solid-danger' : 'primary'}
      wrong={wrong}
    >
      <p>{texts[action]}</p>
      <Reason />
    </FormDialog>
  );
};

export const SignaturesDialog = ({ partner, base, wrong }: DialogProps) => {
  const { m } = useView();
  return (
    <FormDialog
      id="signatures"
      title={m.operator.signatures}
      action={`${base}/signatures`}
      submit={m.common.save}
      saved={{ rule: partner.signature_rule, etag: partner.etag }}
      wrong={wrong}
    >
      <p>{m.operator.signaturesText}</p>
      <p class="hint">
        {m.keys.signatureWorth.bound} {m.keys.signatureWorth.body}
      </p>
      <Select
        name="rule"
        label={m.keys.signatureRule}
        options={SIGNATURE_RULES.map((rule) => [rule, m.keys.signatureRules[rule]] as const)}
      />
      <Reason />
    </FormDialog>
  );
};
