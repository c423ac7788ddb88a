// One request by its id: what it was, why it failed, where its time went, what it cost.

import type { Child } from 'hono/jsx';
import type { Catalog } from '../../catalog/catalog.ts';
import { AppError } from '../../core/errors.ts';
import { idOr404 } from '../../http/api.ts';
import { type EventDetail, queries } from '../../usage/usage-reports.ts';
import { ExplainedPanel } from '../../web/components/explained.tsx';
import { Code, Panel } from '../../web/components/parts.tsx';
import { useView } from '../../web/view-context.ts';
import { render } from '../../web/web.ts';
import { member, Page, portal } from './portal-web.tsx';
import { factsOf, type KeyNames } from './request-facts.tsx';
import { AnswerPanels, WhyPanel } from './request-why.tsx';

function useFacts(row: EventDetail, catalog: Catalog, keyNames: KeyNames): [term: string, fact: Child][] {
  const view = useView();
  const found = catalog.match(row.method, row.endpoint.split('?')[0] ?? '');
  return [
    ...factsOf(row, view, keyNames),
    [view.m.keys.scopes, found.found === 'route' ? (found.route.scope ?? '–') : '–'],
  ];
}

const FactsPanel = ({
  row,
  catalog,
  keyNames,
}: {
  row: EventDetail;
  catalog: Catalog;
  keyNames: KeyNames;
}) => {
  const facts = useFacts(row, catalog, keyNames);
  return (
    <Panel title={useView().m.requests.about}>
      <dl class="facts pad">
        {facts.map(([term, fact]) => (
          <>
            <dt>{term}</dt>
            <dd>{fact}</dd>
          </>
        ))}
      </dl>
    </Panel>
  );
};

const TimingPanel = ({ row }: { row: EventDetail }) => {
  const { m, format } = useView();
  const stages = [
    ...Object.entries(row.timings ?? {}).map(
      ([stage, ms]) => [m.requests.stages[stage as keyof typeof m.requests.stages] ?? stage, ms] as const,
    ),
    [m.requests.total, row.latency_ms] as const,
  ];
  return (
    <Panel title={m.requests.timing}>
      <div class="pad meters">
        {stages.map(([label, ms]) => (
          <div>
            <div class="meter-line">
              <span>{label}</span>
              <span class="num">{format.ms(ms)}</span>
            </div>
            <svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
              <rect width={String((ms / Math.max(1, row.latency_ms)) * 100)} height="6" />
            </svg>
          </div>
        ))}
        {row.units === 0 && <p class="hint">{m.requests.notBilled}</p>}
        {row.degraded && <p class="hint">{m.requests.degraded}</p>}
      </div>
    </Panel>
  );
};

portal.get('/portal/requests/:id', async (context) => {
  const view = member(context);
  const { m, workspace } = view;
  const { reports, gateway, explain } = context.var.services;
  const [[row], steps] = await reports.ask(
    queries.event(workspace.partner.id, idOr404(context.req.param('id'), 'request')),
    queries.firstSteps(workspace.partner.id),
  );
  if (!row) throw new AppError('not_found');
  const explanation = await explain(row, workspace.partner.id);
  return render(
    context,
    <Page view={view} title={row.request_id}>
      <div>
        <p class="crumbs">
          <a href="/portal/requests">{m.nav.requests}</a>
        </p>
        <h1 class="mono">
          {row.method} {row.endpoint}
          {row.query && <span class="soft">{row.query}</span>}
        </h1>
      </div>
      <Code text={row.request_id} label="X-Request-Id" />
      <WhyPanel row={row} />
      <div class="two">
        <FactsPanel row={row} catalog={gateway.catalog} keyNames={steps.keyNames} />
        <TimingPanel row={row} />
      </div>
      <ExplainedPanel explanation={explanation} />
      <AnswerPanels row={row} />
    </Page>,
  );
});
