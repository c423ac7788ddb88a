// What other plans and limits would have cost a partner and refused it: any, also those that it may not choose.

import { idOr404 } from '../../http/api.ts';
import { SimulationForm } from '../../web/components/simulation-form.tsx';
import { DayPanel, HowPanel, ResultPanel } from '../../web/components/simulation-parts.tsx';
import { askTrial } from '../../web/simulation-form.ts';
import { shownAt } from '../../web/view.ts';
import { render } from '../../web/web.ts';
import { ConsolePage, operator, operatorConsole } from './console-web.tsx';

operatorConsole.get('/operator/partners/:id/simulation', async (context) => {
  const id = idOr404(context.req.param('id'), 'partner');
  const address = `/operator/partners/${id}/simulation`;
  const view = shownAt(operator(context), address);
  const { m } = view;
  const { partners, plans, simulations } = context.var.services;
  const [partner, billing, offered] = await Promise.all([
    partners.get(id),
    plans.billing(id),
    plans.plansFor(id),
  ]);
  const asked = await askTrial(context, billing.currency, (trial) => simulations.simulate(id, trial, false));
  const { result, wrong } = asked;
  return render(
    context,
    <ConsolePage view={view} title={m.simulation.partner(partner.name)}>
      <div>
        <p class="crumbs">
          <a href="/operator/partners">{m.nav.partners}</a> ·{' '}
          <a href={`/operator/partners/${id}`}>{partner.name}</a>
        </p>
        <h1>{m.simulation.partner(partner.name)}</h1>
      </div>
      <p class="soft">{m.simulation.partnerAbout}</p>
      <SimulationForm action={address} asked={asked} months={await simulations.months(id)} plans={offered} />
      {result && (
        <>
          {billing.customLimits && result.plan && <p class="soft">{m.simulation.limitsStay}</p>}
          <ResultPanel simulation={result} />
          <HowPanel simulation={result} />
          <DayPanel simulation={result} />
        </>
      )}
    </ConsolePage>,
    wrong?.status,
  );
});
