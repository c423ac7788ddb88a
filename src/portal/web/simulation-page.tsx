// What other plans and limits would have cost and refused, of what the partner called.

import { mayTry } from '../../simulator/simulation-service.ts';
import { SimulationForm } from '../../web/components/simulation-form.tsx';
import { DayPanel, HowPanel, ResultPanel } from '../../web/components/simulation-parts.tsx';
import { askTrial } from '../../web/simulation-form.ts';
import { shownAt } from '../../web/view.ts';
import { render } from '../../web/web.ts';
import { member, Page, portal } from './portal-web.tsx';

const ADDRESS = '/portal/billing/simulation';

portal.get(ADDRESS, async (context) => {
  const view = shownAt(member(context, 'pay'), ADDRESS);
  const { m, workspace } = view;
  const { plans, simulations } = context.var.services;
  const partnerId = workspace.partner.id;
  const [billing, offered, months] = await Promise.all([
    plans.billing(partnerId),
    plans.plansFor(partnerId),
    simulations.months(partnerId),
  ]);
  const asked = await askTrial(context, billing.currency, (trial) =>
    simulations.simulate(partnerId, trial, true),
  );
  const { result, wrong } = asked;
  return render(
    context,
    <Page view={view} title={m.simulation.title} about="both">
      <h1>{m.simulation.title}</h1>
      <p class="soft">{m.simulation.about}</p>
      <SimulationForm
        action={ADDRESS}
        asked={asked}
        months={months}
        plans={offered.filter((plan) => mayTry(billing, plan))}
      />
      {result && (
        <>
          {billing.customLimits && result.plan && <p class="soft">{m.billing.limitsStay}</p>}
          <ResultPanel simulation={result} />
          <HowPanel simulation={result} />
          <DayPanel simulation={result} />
        </>
      )}
    </Page>,
    wrong?.status,
  );
});
