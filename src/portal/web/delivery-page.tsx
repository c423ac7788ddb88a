// One delivery of an event to an endpoint: every attempt, what was sent, and sending it again.

import { idOr404 } from '../../http/api.ts';
import { may } from '../../partners/permissions.ts';
import { Post } from '../../web/components/form.tsx';
import { Code, Empty, Note, Panel, Time } from '../../web/components/parts.tsx';
import { AttemptTable, OutcomeBadge } from '../../web/components/webhook-parts.tsx';
import { withQuery } from '../../web/redirects.ts';
import { render } from '../../web/web.ts';
import type { Delivery } from '../../webhooks/webhook-service.ts';
import { actorFor, done, member, Page, portal } from './portal-web.tsx';

/** Tried about now: whoever looks waits for it. */
const SOON_MS = 15_000;
const isUnderWay = ({ state, due_at: at }: Delivery, nowMs: number): boolean =>
  state === 'pending' && Date.parse(at) - nowMs < SOON_MS;

portal.get('/portal/deliveries/:delivery', async (context) => {
  const view = member(context);
  const { m, workspace } = view;
  const id = idOr404(context.req.param('delivery'), 'delivery');
  const { webhooks } = context.var.services;
  const delivery = await webhooks.delivery(workspace.partner.id, id);
  const { environment } = await webhooks.get(workspace.partner.id, delivery.endpoint_id);
  const body = { type: delivery.type, timestamp: delivery.occurred_at, data: delivery.data };
  return render(
    context,
    <Page view={view} title={delivery.type} about={environment}>
      <div class="head">
        <h1 class="grow">
          <span class="mono">{delivery.type}</span> <OutcomeBadge delivery={delivery} />
        </h1>
        {may(workspace, 'develop') && (
          <Post action={`/portal/deliveries/${id}/replay`}>
            {delivery.state === 'pending' ? m.webhooks.tryNow : m.webhooks.replay}
          </Post>
        )}
      </div>
      <p class="soft">
        {m.webhooks.eventNames[delivery.type]} · <Time at={delivery.occurred_at} />
      </p>
      {delivery.state === 'pending' && (
        <Note kind="warn">
          {isUnderWay(delivery, view.nowMs) ? (
            <span data-await={withQuery(`/portal/deliveries/${id}/tried`, { tries: String(delivery.tries) })}>
              {m.webhooks.underWay}
            </span>
          ) : (
            <>
              {m.webhooks.nextTry}
              {m.common.colon} <Time at={delivery.due_at} />
            </>
          )}
        </Note>
      )}
      <Panel title={m.webhooks.attempts}>
        {delivery.attempts.length === 0 ? (
          <Empty title={m.webhooks.noAnswer} />
        ) : (
          <AttemptTable attempts={delivery.attempts} />
        )}
      </Panel>
      <Panel title={m.webhooks.payload}>
        <div class="pad stack">
          <p class="small mono break">webhook-id: {delivery.event_id}</p>
          <Code text={JSON.stringify(body, null, 2)} label={m.webhooks.payload} />
          <p class="hint">{m.webhooks.replayText}</p>
        </div>
      </Panel>
      <a href={`/portal/webhooks/${delivery.endpoint_id}`}>{m.alerts.deliveriesOf}</a>
    </Page>,
  );
});

portal.post('/portal/deliveries/:delivery/replay', async (context) => {
  const { workspace } = member(context, 'develop');
  const id = idOr404(context.req.param('delivery'), 'delivery');
  await context.var.services.webhooks.replay(workspace.partner.id, id, actorFor(context));
  return done(context, `/portal/deliveries/${id}`, 'resent');
});

/** Whether there was another attempt: the page asks while it waits. */
portal.get('/portal/deliveries/:delivery/tried', async (context) => {
  const { workspace } = member(context);
  const id = idOr404(context.req.param('delivery'), 'delivery');
  const { state, tries } = await context.var.services.webhooks.delivery(workspace.partner.id, id);
  const isNews = state !== 'pending' || String(tries) !== context.req.query('tries');
  return context.text(isNews ? 'news' : '');
});
