// On a partner's page: its plan, tax and currency.

import * as z from 'zod';
import { CURRENCIES } from '../../billing/money.ts';
import type { Billing } from '../../billing/plan-service.ts';
import type { Plan } from '../../billing/plan-store.ts';
import { AppError } from '../../core/errors.ts';
import { idOr404 } from '../../http/api.ts';
import { reason, text } from '../../http/fields.ts';
import { Dialog, Field, Select } from '../../web/components/parts.tsx';
import type { View } from '../../web/view.ts';
import { readForm } from '../../web/web.ts';
import { done, operator, operatorActor, operatorConsole } from './console-web.tsx';

export const AssignDialog = ({
  view,
  partnerId,
  plans,
  billing,
}: {
  view: View;
  partnerId: string;
  plans: readonly Plan[];
  billing: Billing;
}) => {
  const { m } = view;
  return (
    <Dialog view={view} id="plan" title={m.money.assign}>
      <form method="post" action={`/operator/partners/${partnerId}/plan`} class="stack">
        <p>{m.money.assignText}</p>
        <Select
          scope="plan"
          name="tier"
          label={m.operator.tier}
          value={billing.tier}
          options={plans.map(({ tier }) => [tier, tier] as const)}
        />
        <Select
          scope="plan"
          name="currency"
          label={m.billing.currency}
          value={billing.nextCurrency ?? billing.currency}
          options={CURRENCIES.map((currency) => [currency, currency] as const)}
        />
        <Field
          scope="plan"
          name="tax"
          label={m.money.taxRate}
          required
          value={String(billing.taxBps / 100)}
        />
        <Field scope="plan" name="reason" label={m.operator.reason} required maxlength={500} />
        <div class="actions">
          <button type="submit" class="button primary">
            {m.common.save}
          </button>
        </div>
      </form>
    </Dialog>
  );
};

const assignForm = z.object({
  tier: text(50),
  currency: z.enum(CURRENCIES),
  tax: z
    .string()
    .trim()
    .transform((typed) => Math.round(Number(typed.replace(',', '.')) * 100))
    .refine((bps) => Number.isFinite(bps) && bps >= 0 && bps <= 10_000),
  reason,
});

operatorConsole.post('/operator/partners/:id/plan', async (context) => {
  operator(context);
  const id = idOr404(context.req.param('id'), 'partner');
  const { data } = await readForm(context, assignForm);
  if (!data) throw new AppError('validation_error');
  const { plans } = context.var.services;
  const now = await plans.billing(id);
  await plans.assign(
    id,
    {
      tier: data.tier === now.tier ? undefined : data.tier,
      taxBps: data.tax,
      currency: data.currency === (now.nextCurrency ?? now.currency) ? undefined : data.currency,
      reason: data.reason,
    },
    operatorActor(context),
  );
  return done(context, `/operator/partners/${id}`, 'saved');
});
