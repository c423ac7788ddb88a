// Plans: of everybody, and of one partner.

import { CURRENCIES } from '../../billing/amounts.ts';
import type { PriceImpact } from '../../billing/plan-price-service.ts';
import type { Plan } from '../../billing/plan-store.ts';
import { FormDialog, OpenDialog } from '../../web/components/dialog.tsx';
import { Table } from '../../web/components/table.tsx';
import { conflictAt, FieldsRefused, submit } from '../../web/forms.ts';
import { isByAgreement, planName } from '../../web/plan-text.ts';
import { shownAt, type View } from '../../web/view.ts';
import { useView } from '../../web/view-context.ts';
import { render } from '../../web/web.ts';
import {
  type ConsoleContext,
  ConsolePage,
  done,
  operator,
  operatorActor,
  operatorConsole,
} from './console-web.tsx';
import {
  ImpactFields,
  type PlanAgain,
  PlanFields,
  planForm,
  planOf,
  pricesOf,
  unpricedOf,
  valuesOf,
} from './plan-form.tsx';

const dialogOf = (tier: string) => `edit-${tier}`;

/** What it is called, whose it is, and who can have it. */
const PlanName = ({ plan }: { plan: Plan }) => {
  const view = useView();
  const { m } = view;
  const { partnerId, partnerName, isClosed, selfServe } = plan;
  return (
    <div class="row">
      <strong>{planName(view, plan)}</strong>
      {partnerId && (
        <a class="small" href={`/operator/partners/${partnerId}`}>
          {m.console.forPartner} {partnerName}
        </a>
      )}
      {isClosed && <span class="badge">{m.console.closed}</span>}
      {selfServe && <span class="badge good">{m.console.selfServed}</span>}
    </div>
  );
};

/** By currency; one that is agreed with whoever has the plan is no price of nothing. */
const PlanPrices = ({ plan }: { plan: Plan }) => {
  const { m, format } = useView();
  const isAgreed = isByAgreement(plan);
  return (
    <div>
      {isAgreed && <div>{m.console.byAgreement}</div>}
      {CURRENCIES.map((currency) => {
        const { price = 0, overage_per_1000: overage = 0 } = plan.prices[currency] ?? {};
        const parts = [
          ...(plan.prices[currency] && !isAgreed
            ? [`${format.money(price, currency)} ${m.invoice.perMonth}`]
            : []),
          ...(overage > 0 ? [`${format.money(overage, currency)} ${m.invoice.per1000}`] : []),
        ];
        return parts.length > 0 && <div>{parts.join(' · ')}</div>;
      })}
    </div>
  );
};

const PlanTable = ({ view, plans }: { view: View; plans: Plan[] }) => {
  const { m, format } = view;
  const count = (limit: number) => (limit < 0 ? m.billing.noLimit : format.number(limit));
  return (
    <Table
      rows={plans}
      columns={[
        {
          title: m.console.name,
          cell: (plan) => <PlanName plan={plan} />,
        },
        {
          title: m.invoice.unitPrice,
          cell: (plan) => <PlanPrices plan={plan} />,
        },
        {
          title: m.console.limits,
          kind: 'tight',
          cell: ({ perSecond, perDay, perMonth }) => [perSecond, perDay, perMonth].map(count).join(' / '),
        },
        { title: m.console.maxKeys, kind: 'num', cell: ({ maxKeys }) => count(maxKeys) },
        { title: m.console.partners, kind: 'num', cell: ({ partners }) => format.number(partners) },
        {
          title: m.common.actions,
          isAction: true,
          cell: (plan) => (
            <div class="row">
              <OpenDialog id={dialogOf(plan.tier)} kind="small">
                {m.console.editPlan}
                <span class="visually-hidden"> {planName(view, plan)}</span>
              </OpenDialog>
              <a class="button small" href={`/operator/plans/${plan.tier}/simulation`}>
                {m.simulation.planLink}
                <span class="visually-hidden"> {planName(view, plan)}</span>
              </a>
            </div>
          ),
        },
      ]}
    />
  );
};

/** Of a new plan, or of one that there is. `wrong`: what was sent of it, and could not be done. */
const PlanDialog = ({ plan, again }: { plan?: Plan; again?: PlanAgain }) => {
  const view = useView();
  const { m } = view;
  const tier = plan?.tier ?? '';
  const own = again?.tier === tier ? again : undefined;
  return (
    <FormDialog
      id={plan ? dialogOf(tier) : 'new'}
      scope={`plan-${plan?.tier ?? 'new'}`}
      title={plan ? `${m.console.editPlan} · ${planName(view, plan)}` : m.console.newPlan}
      action={plan ? `/operator/plans/${tier}` : '/operator/plans'}
      submit={m.common.save}
      saved={valuesOf(plan)}
      wrong={own}
    >
      {own?.impact && own.impact.length > 0 && <ImpactFields impact={own.impact} />}
      <PlanFields isNew={!plan} />
    </FormDialog>
  );
};

async function showPlans(context: ConsoleContext, again?: PlanAgain) {
  const view = shownAt(operator(context), '/operator/plans');
  const { m } = view;
  const plans = await context.var.services.plans.plans();
  return render(
    context,
    <ConsolePage view={view} title={m.console.plans}>
      <div class="head">
        <h1 class="grow">{m.console.plans}</h1>
        <OpenDialog id="new" kind="primary">
          {m.console.newPlan}
        </OpenDialog>
      </div>
      <p class="soft">{m.console.plansText}</p>
      <section class="panel">
        <PlanTable view={view} plans={plans} />
      </section>
      <PlanDialog again={again} />
      {plans.map((plan) => (
        <PlanDialog plan={plan} again={again} />
      ))}
    </ConsolePage>,
    again?.status,
  );
}

function savePlan(context: ConsoleContext, tier: string): Promise<Response> {
  const view = operator(context);
  const { m } = view;
  const { plans } = context.var.services;
  let impact: PriceImpact[] = [];
  return submit(context, planForm, {
    async work(data, values) {
      const name = tier || data.tier;
      if (!name) throw new FieldsRefused({ tier: m.console.nameHint });
      const prices = pricesOf(values, view);
      const known = (await plans.plans()).find((plan) => plan.tier === name);
      const plan = planOf(name, data, prices, known);
      const isNew = tier === '';
      impact = isNew ? [] : await plans.priceImpact(plan);
      if (impact.length > 0 && !data.confirmed)
        return showPlans(context, { tier, values, errors: {}, impact });
      const change = {
        reason: data.reason || undefined,
        keepsPrices: data.keep_prices === 'true',
        expected: data.etag,
      };
      await plans.save(plan, operatorActor(context), isNew, change);
      return done(context, '/operator/plans', 'saved');
    },
    again: (wrong) => showPlans(context, { tier, impact, ...wrong }),
    // A name that is taken, or a currency without a price.
    says: (error, values) => conflictAt(view, tier === '' ? 'tier' : unpricedOf(values))(error),
  });
}

operatorConsole.get('/operator/plans', (context) => showPlans(context));
operatorConsole.post('/operator/plans', (context) => savePlan(context, ''));
operatorConsole.post('/operator/plans/:tier', (context) => savePlan(context, context.req.param('tier')));
