// Plans: of everybody, and of one partner.

import { CURRENCIES } from '../../billing/amounts.ts';
import type { Plan } from '../../billing/plan-store.ts';
import { Dialog, OpenDialog } from '../../web/components/dialog.tsx';
import { Table } from '../../web/components/table.tsx';
import { conflictAt, FieldsRefused, submit } from '../../web/forms.ts';
import { shownAt, type View } from '../../web/view.ts';
import { render } from '../../web/web.ts';
import {
  type ConsoleContext,
  ConsolePage,
  done,
  operator,
  operatorActor,
  operatorConsole,
} from './console-web.tsx';
import { PlanFields, planForm, planOf, pricesOf, unpricedOf, type WrongPlan } from './plan-form.tsx';

const dialogOf = (tier: string) => `edit-${tier}`;

const PlanTable = ({ view, plans }: { view: View; plans: Plan[] }) => {
  const { m, format } = view;
  const count = (limit: number) => (limit < 0 ? '∞' : format.compact(limit));
  return (
    <Table
      rows={plans}
      columns={[
        {
          title: m.money.name,
          cell: ({ tier, partnerId, selfServe }) => (
            <>
              <strong>{tier}</strong>
              {partnerId && (
                <a class="small" href={`/operator/partners/${partnerId}`}>
                  {' '}
                  {m.money.forPartner} …{partnerId.slice(-6)}
                </a>
              )}
              {selfServe && (
                <>
                  {' '}
                  <span class="badge good">{m.money.selfServed}</span>
                </>
              )}
            </>
          ),
        },
        {
          title: m.invoice.unitPrice,
          cell: ({ prices }) =>
            CURRENCIES.flatMap((currency) => {
              const price = prices[currency];
              return price
                ? [
                    `${format.money(price.price, currency)} (${format.money(price.overage_per_1000, currency)})`,
                  ]
                : [];
            }).join(' · '),
        },
        {
          title: m.money.limits,
          kind: 'tight',
          cell: ({ perSecond, perDay, perMonth }) => [perSecond, perDay, perMonth].map(count).join(' / '),
        },
        { title: m.money.maxKeys, kind: 'num', cell: ({ maxKeys }) => count(maxKeys) },
        { title: m.money.partners, kind: 'num', cell: ({ partners }) => format.number(partners) },
        {
          title: m.common.actions,
          isAction: true,
          cell: ({ tier }) => (
            <OpenDialog id={dialogOf(tier)} kind="small">
              {m.money.editPlan}
              <span class="visually-hidden"> {tier}</span>
            </OpenDialog>
          ),
        },
      ]}
    />
  );
};

/** Of a new plan, or of one that there is. `wrong`: what was sent of it, and could not be done. */
const PlanDialog = ({ view, plan, wrong }: { view: View; plan?: Plan; wrong?: WrongPlan }) => {
  const { m } = view;
  const tier = plan?.tier ?? '';
  const own = wrong?.tier === tier ? wrong : undefined;
  return (
    <Dialog
      id={plan ? dialogOf(tier) : 'new'}
      title={plan ? `${m.money.editPlan}: ${tier}` : m.money.newPlan}
      open={own ? true : undefined}
    >
      <form method="post" action={plan ? `/operator/plans/${tier}` : '/operator/plans'} class="stack">
        <PlanFields view={view} plan={plan} wrong={own} />
        <div class="actions">
          <button type="submit" class="button primary">
            {m.common.save}
          </button>
        </div>
      </form>
    </Dialog>
  );
};

async function showPlans(context: ConsoleContext, wrong?: WrongPlan) {
  const view = shownAt(operator(context), '/operator/plans');
  const { m } = view;
  const plans = await context.var.services.plans.plans();
  return render(
    context,
    <ConsolePage view={view} title={m.money.plans}>
      <div class="head">
        <h1 class="grow">{m.money.plans}</h1>
        <OpenDialog id="new" kind="primary">
          {m.money.newPlan}
        </OpenDialog>
      </div>
      <p class="soft">{m.money.plansText}</p>
      <section class="panel">
        <PlanTable view={view} plans={plans} />
      </section>
      <PlanDialog view={view} wrong={wrong} />
      {plans.map((plan) => (
        <PlanDialog view={view} plan={plan} wrong={wrong} />
      ))}
    </ConsolePage>,
    wrong?.status,
  );
}

function savePlan(context: ConsoleContext, tier: string): Promise<Response> {
  const view = operator(context);
  const { m } = view;
  const { plans } = context.var.services;
  return submit(context, planForm, {
    async work(data, values) {
      const name = tier || data.tier;
      if (!name) throw new FieldsRefused({ tier: m.money.nameHint });
      const prices = pricesOf(values, m.money.wrongAmount);
      const known = (await plans.plans()).find((plan) => plan.tier === name);
      const plan = planOf(name, data, prices, known);
      await plans.save(plan, operatorActor(context), tier === '');
      return done(context, '/operator/plans', 'saved');
    },
    again: (wrong) => showPlans(context, { tier, ...wrong }),
    // A name that is taken, or a currency without a price.
    says: (error, values) => conflictAt(view, tier === '' ? 'tier' : unpricedOf(values))(error),
  });
}

operatorConsole.get('/operator/plans', (context) => showPlans(context));
operatorConsole.post('/operator/plans', (context) => savePlan(context, ''));
operatorConsole.post('/operator/plans/:tier', (context) => savePlan(context, context.req.param('tier')));
