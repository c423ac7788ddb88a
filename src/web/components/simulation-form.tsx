// What is tried in a simulation: the period, a plan, a currency, limits. Sent in the address, so that it can be passed on.

import { CURRENCIES } from '../../billing/amounts.ts';
import type { Plan } from '../../billing/plan-store.ts';
import { OVERAGE_ACTIONS, type OverageAction } from '../../limits/limit.ts';
import { planName } from '../plan-text.ts';
import type { Asked } from '../simulation-form.ts';
import { useView } from '../view-context.ts';
import { Field, Form, type Options, Select } from './form.tsx';
import { Panel } from './parts.tsx';

/** `months`: `YYYY-MM`, newest first. */
export function monthOptions(months: readonly string[]): Options {
  const { m, format } = useView();
  return [
    ['', m.simulation.lastDays],
    ...months.map((month) => [month, format.month(`${month}-01`)] as const),
  ];
}

export const SimulationForm = ({
  action,
  asked,
  months,
  plans,
  overageActions = OVERAGE_ACTIONS,
}: {
  action: string;
  asked: Asked<unknown>;
  months: readonly string[];
  plans: readonly Plan[];
  overageActions?: readonly OverageAction[];
}) => {
  const view = useView();
  const { m } = view;
  const asItWas = ['', m.simulation.asItWas] as const;
  return (
    <Panel title={m.simulation.settings}>
      <Form method="get" action={action} kind="pad stack" saved={asked.values} wrong={asked.wrong}>
        <div class="pair">
          <Select name="month" label={m.simulation.period} options={monthOptions(months)} />
          <Select
            name="tier"
            label={m.simulation.planCost}
            options={[asItWas, ...plans.map((plan) => [plan.tier, planName(view, plan)] as const)]}
          />
        </div>
        <div class="pair">
          <Select
            name="currency"
            label={m.billing.currency}
            options={[asItWas, ...CURRENCIES.map((each) => [each, each] as const)]}
          />
          <Select
            name="overage_action"
            label={m.billing.overage}
            options={[asItWas, ...overageActions.map((each) => [each, m.billing.overages[each]] as const)]}
          />
        </div>
        <div class="pair">
          <Field name="second" label={m.billing.rates[0] ?? ''} inputmode="numeric" maxlength={10} />
          <Field name="day" label={m.billing.rates[1] ?? ''} inputmode="numeric" maxlength={10} />
        </div>
        <div class="pair">
          <Field name="requests" label={m.billing.rates[2] ?? ''} inputmode="numeric" maxlength={10} />
          <Field name="cap" label={m.simulation.cap} maxlength={20} />
        </div>
        <p class="hint">{m.simulation.limitHint}</p>
        <div>
          <button type="submit" class="button primary">
            {m.simulation.run}
          </button>
        </div>
      </Form>
    </Panel>
  );
};
