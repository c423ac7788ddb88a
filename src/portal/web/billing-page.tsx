// Billing: the plan, what the next invoice will say, what was spent, invoices, and where they go.

import { uuidCursor } from '../../http/api.ts';
import { may } from '../../partners/permissions.ts';
import { Empty, Older, Panel } from '../../web/components/parts.tsx';
import type { Wrong } from '../../web/forms.ts';
import { InvoiceTable } from '../../web/invoices/invoice-view.tsx';
import { noInvoiceText } from '../../web/plan-text.ts';
import { shownAt } from '../../web/view.ts';
import { render } from '../../web/web.ts';
import { DetailsPanel, OveragePanel } from './billing-form.tsx';
import { PlanDialog, PlanPanel } from './billing-plan.tsx';
import { overageOf, PreviewPanel, SpendPanel } from './billing-preview.tsx';
import { member, Page, type PortalContext, portal } from './portal-web.tsx';

const PAGE_ROWS = 25;
const SPEND_MONTHS = 12;

type BillingForm = 'plan' | 'overage' | 'details';

/** `wrong`: what was sent of this form, and could not be done. */
export async function showBilling(context: PortalContext, form?: BillingForm, wrong?: Wrong) {
  const view = shownAt(member(context), '/portal/billing');
  const { m, workspace } = view;
  const { plans, invoices } = context.var.services;
  const partnerId = workspace.partner.id;
  const mayPay = may(workspace, 'pay');
  const mayChange = may(workspace, 'subscribe');
  const before = uuidCursor(context.req.query('before') || undefined);
  const [billing, planList, preview, rows, spend] = await Promise.all([
    plans.billing(partnerId),
    plans.plansFor(partnerId),
    invoices.preview(partnerId),
    invoices.list(PAGE_ROWS + 1, before, { partnerId }),
    invoices.spend(partnerId, SPEND_MONTHS),
  ]);
  const added = await plans.added(partnerId, billing);
  const overage = preview.drafts.reduce((sum, draft) => sum + overageOf(draft), 0);
  const shown = rows.slice(0, PAGE_ROWS);
  const { status } = workspace.partner;
  const plan = planList.find(({ tier }) => tier === billing.tier);
  const wrongIn = (name: BillingForm) => (form === name ? wrong : undefined);
  return render(
    context,
    <Page view={view} title={m.billing.nav} about="both">
      <h1>{m.billing.nav}</h1>
      <PlanPanel plans={planList} billing={billing} addedMinor={added} mayChange={mayChange} />
      {mayChange && <PlanDialog plans={planList} billing={billing} wrong={wrongIn('plan')} />}
      <PreviewPanel preview={preview} included={workspace.partner.rate_limit_per_month} />
      {mayPay && (
        <p>
          <a href="/portal/billing/simulation">{m.simulation.link}</a>
        </p>
      )}
      <Panel title={m.billing.invoices}>
        {shown.length === 0 ? (
          <Empty title={m.billing.none}>
            <p>{noInvoiceText(view, { status, plan, billing, isDue: preview.drafts.length > 0 })}</p>
          </Empty>
        ) : (
          <InvoiceTable invoices={shown} base="/portal/invoices" />
        )}
      </Panel>
      <Older rows={rows} shown={shown} />
      <SpendPanel spend={spend} />
      {mayPay ? (
        <div class="two">
          {mayChange && <OveragePanel billing={billing} overageMinor={overage} wrong={wrongIn('overage')} />}
          <DetailsPanel billing={billing} wrong={wrongIn('details')} />
        </div>
      ) : (
        <p class="soft">{m.billing.mayNot}</p>
      )}
    </Page>,
    wrong?.status,
  );
}

portal.get('/portal/billing', (context) => showBilling(context));
