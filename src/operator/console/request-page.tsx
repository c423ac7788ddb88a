// One request of any partner, by the id that every answer carries.

import { AppError } from '../../core/errors.ts';
import { idOr404 } from '../../http/api.ts';
import type { EventDetail } from '../../usage/usage-reports.ts';
import { ExplainedPanel } from '../../web/components/explained.tsx';
import { Code, Panel } from '../../web/components/parts.tsx';
import { render } from '../../web/web.ts';
import { ConsolePage, type OperatorView, operator, operatorConsole } from './console-web.tsx';

const RequestFacts = ({
  view,
  row,
  partner,
}: {
  view: OperatorView;
  row: EventDetail;
  partner: { id: string; name: string };
}) => {
  const { m, format } = view;
  const { ip, country } = row;
  return (
    <Panel title={m.requests.about}>
      <dl class="facts pad">
        <dt>{m.operator.partner}</dt>
        <dd>
          <a href={`/operator/partners/${partner.id}`}>{partner.name}</a>
        </dd>
        <dt>{m.keys.key}</dt>
        <dd>
          <a class="mono" href={`/operator/keys/${row.key_id}`}>
            {row.key_id}
          </a>
        </dd>
        <dt>{m.requests.status}</dt>
        <dd>
          {row.status_code} {row.error && <a href={`/docs/errors/${row.error}`}>{row.error}</a>}
        </dd>
        <dt>{m.requests.when}</dt>
        <dd>{format.exact(row.occurred_at)}</dd>
        <dt>{m.requests.latency}</dt>
        <dd>{format.ms(row.latency_ms)}</dd>
        <dt>{m.requests.units}</dt>
        <dd>{format.number(row.units)}</dd>
        <dt>{m.requests.from}</dt>
        <dd>
          <span class="mono">{ip ?? '–'}</span>
          {country && `, ${format.country(country)}`}
        </dd>
        <dt>{m.requests.agent}</dt>
        <dd>{row.user_agent ?? '–'}</dd>
      </dl>
    </Panel>
  );
};

operatorConsole.get('/operator/requests/:id', async (context) => {
  const view = operator(context);
  const { reports, requestSearch, explain } = context.var.services;
  const id = idOr404(context.req.param('id'), 'request');
  const found = await requestSearch.byId(id);
  const row = found && (await reports.event(found.partnerId, id));
  if (!row) throw new AppError('not_found');
  const explanation = await explain(row, found.partnerId);
  return render(
    context,
    <ConsolePage view={view} title={row.request_id}>
      <div>
        <p class="crumbs">
          <a href={`/operator/partners/${found.partnerId}`}>{found.partner}</a>
        </p>
        <h1 class="mono">
          {row.method} {row.endpoint}
        </h1>
      </div>
      <Code text={row.request_id} label="X-Request-Id" />
      <RequestFacts view={view} row={row} partner={{ id: found.partnerId, name: found.partner }} />
      <ExplainedPanel explanation={explanation} />
    </ConsolePage>,
  );
});
