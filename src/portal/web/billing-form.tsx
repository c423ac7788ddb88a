// What a partner says of its bills: what happens beyond the quota, and where invoices go.

import * as z from 'zod';
import { decimalOf } from '../../billing/amounts.ts';
import type { Billing } from '../../billing/plan-service.ts';
import { billingChange } from '../../http/billing-schemas.ts';
import { overageAction, text } from '../../http/fields.ts';
import { Area, Field, Form, Select } from '../../web/components/form.tsx';
import { Panel } from '../../web/components/parts.tsx';
import type { Wrong } from '../../web/forms.ts';
import { useView } from '../../web/view-context.ts';
import { formOf } from './fields.ts';

export const overageForm = z.object({ overage_action: overageAction, cap: text(20).default('') });
export const detailsForm = formOf(
  billingChange.pick({ billing_email: true, billing_address: true, tax_id: true }),
);

interface PanelProps {
  billing: Billing;
  wrong?: Wrong;
}

const Save = () => (
  <div>
    <button type="submit" class="button primary">
      {useView().m.common.save}
    </button>
  </div>
);

export const OveragePanel = ({
  billing,
  overageMinor,
  wrong,
}: PanelProps & {
  /** Of this month so far, before tax. */
  overageMinor: number;
}) => {
  const { m, format } = useView();
  const { spendingCapMinor: cap, currency } = billing;
  return (
    <Panel title={m.billing.beyond}>
      <Form
        action="/portal/billing/overage"
        kind="pad stack"
        saved={{
          overage_action: billing.overageAction,
          cap: cap === null ? '' : decimalOf(cap, currency),
        }}
        wrong={wrong}
      >
        <Select
          name="overage_action"
          label={m.billing.overage}
          options={billing.overageActions.map((action) => [action, m.billing.overages[action]] as const)}
          hint={m.billing.overageHint}
        />
        <Field name="cap" label={m.billing.cap} hint={m.billing.capHint(currency)} />
        {cap !== null && cap > 0 && (
          <div>
            <p class="small">
              {m.billing.capUsed(format.money(overageMinor, currency), format.money(cap, currency))}
            </p>
            <svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
              <rect width={((100 * Math.min(overageMinor, cap)) / cap).toFixed(1)} height="6" />
            </svg>
          </div>
        )}
        <Save />
      </Form>
    </Panel>
  );
};

export const DetailsPanel = ({ billing, wrong }: PanelProps) => {
  const { m } = useView();
  return (
    <Panel title={m.billing.details}>
      <Form
        action="/portal/billing"
        kind="pad stack"
        saved={{
          billing_email: billing.billingEmail ?? '',
          billing_address: billing.billingAddress ?? '',
          tax_id: billing.taxId ?? '',
        }}
        wrong={wrong}
      >
        <Field name="billing_email" type="email" label={m.billing.email} hint={m.billing.emailHint} />
        <Area name="billing_address" label={m.billing.address} />
        <Field name="tax_id" label={m.billing.taxId} />
        <Save />
      </Form>
    </Panel>
  );
};
