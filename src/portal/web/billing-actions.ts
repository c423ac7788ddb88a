// What members do with their billing: where invoices go, what happens beyond the quota, the plan, the currency.

import * as z from 'zod';
import { CURRENCIES, minorOf } from '../../billing/amounts.ts';
import { amountText } from '../../web/field-error.ts';
import { conflictAt, FieldsRefused, submit } from '../../web/forms.ts';
import { detailsForm, overageForm } from './billing-form.tsx';
import { showBilling } from './billing-page.tsx';
import { actorFor, done, member, portal } from './portal-web.tsx';

portal.post('/portal/billing', (context) => {
  const { workspace } = member(context, 'pay');
  return submit(context, detailsForm, {
    async work({ billing_email: billingEmail, billing_address: billingAddress, tax_id: taxId }) {
      const change = { billingEmail, billingAddress, taxId };
      await context.var.services.plans.setDetails(workspace.partner.id, change, actorFor(context));
      return done(context, '/portal/billing', 'saved');
    },
    again: (wrong) => showBilling(context, 'details', wrong),
  });
});

portal.post('/portal/billing/overage', (context) => {
  const view = member(context, 'subscribe');
  const { workspace, m } = view;
  const { plans } = context.var.services;
  const partnerId = workspace.partner.id;
  return submit(context, overageForm, {
    async work({ overage_action: overageAction, cap }) {
      const { currency, overageActions } = await plans.billing(partnerId);
      if (!overageActions.includes(overageAction))
        throw new FieldsRefused({ overage_action: m.billing.overageNotAllowed });
      const spendingCapMinor = cap === '' ? null : minorOf(cap, currency);
      if (spendingCapMinor === undefined) throw new FieldsRefused({ cap: amountText(view, currency) });
      await plans.setDetails(partnerId, { overageAction, spendingCapMinor }, actorFor(context));
      return done(context, '/portal/billing', 'saved');
    },
    again: (wrong) => showBilling(context, 'overage', wrong),
  });
});

/** `monthly`: what the page said that each month costs. */
const planForm = z.object({ tier: z.string().max(50), monthly: z.coerce.number().int().optional() });

portal.post('/portal/billing/plan', (context) => {
  const view = member(context, 'subscribe');
  return submit(context, planForm, {
    async work({ tier, monthly }) {
      await context.var.services.plans.choose(view.workspace.partner.id, tier, actorFor(context), monthly);
      return done(context, '/portal/billing', 'plan_chosen');
    },
    again: (wrong) => showBilling(context, 'plan', wrong),
    says: conflictAt(view, 'tier'),
  });
});

portal.post('/portal/billing/undo', async (context) => {
  const { workspace } = member(context, 'subscribe');
  await context.var.services.plans.undo(workspace.partner.id, actorFor(context));
  return done(context, '/portal/billing', 'plan_undone');
});

portal.post('/portal/billing/currency', (context) => {
  const view = member(context, 'subscribe');
  return submit(context, z.object({ currency: z.enum(CURRENCIES) }), {
    async work({ currency }) {
      const { plans } = context.var.services;
      await plans.chooseCurrency(view.workspace.partner.id, currency, actorFor(context));
      return done(context, '/portal/billing', 'currency_chosen');
    },
    again: (wrong) => showBilling(context, 'plan', wrong),
    says: conflictAt(view, 'currency'),
  });
});

portal.post('/portal/billing/keep', async (context) => {
  const { workspace } = member(context, 'subscribe');
  const { plans } = context.var.services;
  const { tier, currency, nextTier, nextCurrency } = await plans.billing(workspace.partner.id);
  if (nextTier) await plans.choose(workspace.partner.id, tier, actorFor(context));
  if (nextCurrency) await plans.chooseCurrency(workspace.partner.id, currency, actorFor(context));
  return done(context, '/portal/billing', 'plan_kept');
});
