// Webhooks: endpoints, their secret shown once, what was sent with every attempt, replay and recovery, the catalogue.

import * as z from 'zod';
import { hostOf } from '../../core/public-address.ts';
import { idOr404, uuidCursor } from '../../http/api.ts';
import { eventTypes, schemaOf } from '../../outbox/event-types.ts';
import { may } from '../../partners/permissions.ts';
import {
  Code,
  Dialog,
  Empty,
  Note,
  Older,
  OpenDialog,
  Panel,
  Post,
  SecretSaved,
  Select,
  Time,
} from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import {
  AttemptTable,
  DeliveryTable,
  OutcomeBadge,
  StateBadge,
} from '../../web/components/webhook-parts.tsx';
import { readChoice, submit, type Wrong } from '../../web/forms.ts';
import { type MemberView, shownAt } from '../../web/view.ts';
import { render } from '../../web/web.ts';
import type { Endpoint } from '../../webhooks/webhook-service.ts';
import { actorFor, done, member, Page, type PortalContext, portal } from './portal-web.tsx';
import { AddDialog, EditDialog, newEndpoint } from './webhook-forms.tsx';

const PAGE_ROWS = 50;
const HOUR_MS = 3_600_000;
/** Hours back that recovery offers. */
const RECOVER_HOURS = { '1': 1, '24': 24, '168': 168 } as const;

const SecretShown = ({
  view,
  endpoint,
  secret,
}: {
  view: MemberView;
  endpoint: Endpoint;
  secret: string;
}) => {
  const { m } = view;
  const example = `import { Webhook } from 'standardwebhooks';\n\nconst { type, data } = new Webhook('${secret}').verify(body, headers);`;
  return (
    <Dialog view={view} id="secret" title={m.webhooks.secretTitle} open locked>
      <p>{m.webhooks.secretText}</p>
      <div data-secret>
        <Code view={view} text={secret} label={m.webhooks.secretTitle} />
      </div>
      <div>
        <p class="label">{m.webhooks.verify}</p>
        <Code view={view} text={example} label={m.webhooks.verify} />
      </div>
      <SecretSaved view={view} action={`/portal/webhooks/${endpoint.id}`} words={m.webhooks.saved} />
    </Dialog>
  );
};

async function showEndpoints(context: PortalContext, wrong?: Wrong) {
  const view = shownAt(member(context), '/portal/webhooks');
  const { m, workspace, format } = view;
  const { webhooks, apps } = context.var.services;
  const [endpoints, appList, isIncluded] = await Promise.all([
    webhooks.list(workspace.partner.id),
    apps.list(workspace.partner.id, 100),
    webhooks.isIncluded(workspace.partner.id),
  ]);
  const mayDevelop = isIncluded && may(workspace, 'develop');
  return render(
    context,
    <Page view={view} title={m.webhooks.nav}>
      <div class="head">
        <h1 class="grow">{m.webhooks.nav}</h1>
        <a class="button" href="/portal/webhooks/events">
          {m.webhooks.catalogue}
        </a>
        {mayDevelop && (
          <OpenDialog view={view} id="add" kind="primary">
            {m.webhooks.add}
          </OpenDialog>
        )}
      </div>
      <p class="prose soft">{m.webhooks.about}</p>
      {!isIncluded && (
        <p class="notice">
          {m.webhooks.notIncluded} <a href="/portal/billing">{m.webhooks.toPlans}</a>
        </p>
      )}
      <section class="panel">
        {endpoints.length === 0 ? (
          <Empty title={m.webhooks.emptyTitle}>
            <p>{m.webhooks.emptyText}</p>
          </Empty>
        ) : (
          <Table
            rows={endpoints}
            columns={[
              {
                title: m.webhooks.url,
                cell: (endpoint) => (
                  <>
                    <a href={`/portal/webhooks/${endpoint.id}`} class="break">
                      {endpoint.url}
                    </a>
                    <br />
                    <span class="small soft">
                      {[endpoint.description, endpoint.app].filter(Boolean).join(' · ')}
                    </span>
                  </>
                ),
              },
              {
                title: m.webhooks.events,
                cell: ({ events }) =>
                  events.length === 0 ? m.webhooks.allEvents : m.webhooks.someEvents(events.length),
              },
              { title: m.webhooks.state, cell: (endpoint) => <StateBadge view={view} endpoint={endpoint} /> },
              {
                title: m.webhooks.lastDay,
                cell: ({ delivered, failed, waiting }) =>
                  m.webhooks.counts(format.number(delivered), format.number(failed), format.number(waiting)),
              },
            ]}
          />
        )}
      </section>
      {mayDevelop && <AddDialog view={view} apps={appList} wrong={wrong} />}
    </Page>,
    wrong ? 400 : 200,
  );
}

portal.get('/portal/webhooks', (context) => showEndpoints(context));

portal.post('/portal/webhooks', (context) => {
  const { workspace } = member(context, 'develop');
  return submit(context, newEndpoint, {
    async work({ app, ...wish }) {
      const asked = { ...wish, appId: app || null, askedAt: hostOf(new URL(context.req.url)) };
      const { webhooks } = context.var.services;
      const { endpoint, secret } = await webhooks.create(workspace.partner.id, asked, actorFor(context));
      return showEndpoint(context, endpoint.id, { secret });
    },
    again: (wrong) => showEndpoints(context, wrong),
  });
});

portal.get('/portal/webhooks/events', (context) => {
  const view = member(context);
  const { m } = view;
  return render(
    context,
    <Page view={view} title={m.webhooks.catalogue}>
      <h1>{m.webhooks.catalogue}</h1>
      <p class="prose soft">{m.webhooks.catalogueText}</p>
      <section class="panel">
        <Table
          hasHead={false}
          rows={eventTypes}
          columns={[
            {
              title: m.webhooks.type,
              cell: (type) => (
                <>
                  <span class="mono">{type}</span>
                  <br />
                  {m.webhooks.eventNames[type]}
                  <details>
                    <summary class="small soft">{m.webhooks.schema}</summary>
                    <pre class="small">
                      <code>{JSON.stringify(schemaOf(type), null, 1)}</code>
                    </pre>
                  </details>
                </>
              ),
            },
          ]}
        />
      </section>
      <p>
        <a href="/portal/webhooks">{m.webhooks.back}</a>
      </p>
    </Page>,
  );
});

const EndpointActions = ({ view, endpoint }: { view: MemberView; endpoint: Endpoint }) => {
  const { m } = view;
  const base = `/portal/webhooks/${endpoint.id}`;
  const isActive = endpoint.state === 'active';
  return (
    <div class="row">
      {isActive && (
        <Post action={`${base}/test`} kind="button primary">
          {m.webhooks.test}
        </Post>
      )}
      <Post action={`${base}/state`} fields={{ state: isActive ? 'paused' : 'active' }}>
        {isActive ? m.webhooks.pause : m.webhooks.resume}
      </Post>
      <OpenDialog view={view} id="recover">
        {m.webhooks.recover}
      </OpenDialog>
      <OpenDialog view={view} id="roll">
        {m.webhooks.roll}
      </OpenDialog>
      <OpenDialog view={view} id="edit">
        {m.common.change}
      </OpenDialog>
      <OpenDialog view={view} id="remove" kind="danger">
        {m.webhooks.remove}
      </OpenDialog>
    </div>
  );
};

const EndpointDialogs = ({
  view,
  endpoint,
  wrong,
}: {
  view: MemberView;
  endpoint: Endpoint;
  wrong?: Wrong;
}) => {
  const { m } = view;
  const base = `/portal/webhooks/${endpoint.id}`;
  return (
    <>
      <Dialog view={view} id="recover" title={m.webhooks.recover}>
        <form method="post" action={`${base}/recover`} class="stack">
          <p>{m.webhooks.recoverText}</p>
          <Select
            name="hours"
            label={m.webhooks.since}
            value="24"
            options={(Object.keys(RECOVER_HOURS) as (keyof typeof RECOVER_HOURS)[]).map(
              (hours) =>
                [
                  hours,
                  view.format.ago(new Date(view.nowMs - RECOVER_HOURS[hours] * HOUR_MS).toISOString()),
                ] as const,
            )}
          />
          <div class="actions">
            <button type="submit" class="button primary">
              {m.webhooks.recover}
            </button>
          </div>
        </form>
      </Dialog>
      <Dialog view={view} id="roll" title={m.webhooks.roll}>
        <form method="post" action={`${base}/rotate`} class="stack">
          <p>{m.webhooks.rollText}</p>
          <div class="actions">
            <button type="submit" class="button primary">
              {m.webhooks.roll}
            </button>
          </div>
        </form>
      </Dialog>
      <Dialog view={view} id="remove" title={m.webhooks.remove}>
        <form method="post" action={`${base}/remove`} class="stack">
          <p>{m.webhooks.removeText}</p>
          <div class="actions">
            <button type="submit" class="button solid-danger">
              {m.webhooks.remove}
            </button>
          </div>
        </form>
      </Dialog>
      <EditDialog view={view} endpoint={endpoint} wrong={wrong} />
    </>
  );
};

/** `secret`: shown once, right after it was made. */
async function showEndpoint(
  context: PortalContext,
  id: string,
  { secret, wrong }: { secret?: string; wrong?: Wrong } = {},
) {
  const view = shownAt(member(context), `/portal/webhooks/${id}`);
  const { m, workspace, format } = view;
  const { webhooks } = context.var.services;
  const partnerId = workspace.partner.id;
  const before = uuidCursor(context.req.query('before') || undefined);
  const [endpoint, rows] = await Promise.all([
    webhooks.get(partnerId, id),
    webhooks.deliveries(partnerId, id, PAGE_ROWS + 1, before),
  ]);
  const deliveries = rows.slice(0, PAGE_ROWS);
  const mayDevelop = may(workspace, 'develop');
  return render(
    context,
    <Page view={view} title={endpoint.url}>
      <h1 class="break">
        {endpoint.url} <StateBadge view={view} endpoint={endpoint} />
      </h1>
      {endpoint.description && <p class="soft">{endpoint.description}</p>}
      {endpoint.state === 'disabled' && <Note kind="bad">{m.webhooks.disabledText}</Note>}
      {mayDevelop && <EndpointActions view={view} endpoint={endpoint} />}
      <section class="panel pad">
        <dl class="facts">
          <dt>{m.webhooks.events}</dt>
          <dd>{endpoint.events.length === 0 ? m.webhooks.allEvents : endpoint.events.join(', ')}</dd>
          <dt>{m.webhooks.app}</dt>
          <dd>{endpoint.app ?? m.webhooks.anyApp}</dd>
          <dt>{m.webhooks.lastSuccess}</dt>
          <dd>
            <Time view={view} at={endpoint.last_success_at} />
          </dd>
          {endpoint.failing_since && (
            <>
              <dt>{m.webhooks.failingSince}</dt>
              <dd>
                <Time view={view} at={endpoint.failing_since} />
              </dd>
            </>
          )}
          {endpoint.old_secret_expires_at && (
            <>
              <dt>{m.webhooks.secretTitle}</dt>
              <dd>{m.webhooks.bothSign(format.exact(endpoint.old_secret_expires_at))}</dd>
            </>
          )}
        </dl>
      </section>
      <Panel title={m.webhooks.deliveries}>
        {deliveries.length === 0 ? (
          <Empty title={m.webhooks.noDeliveries}>
            <p>{m.webhooks.noDeliveriesText}</p>
          </Empty>
        ) : (
          <DeliveryTable view={view} deliveries={deliveries} />
        )}
      </Panel>
      <Older view={view} rows={rows} shown={deliveries} />
      <p>
        <a href="/portal/webhooks">{m.webhooks.back}</a>
      </p>
      {mayDevelop && <EndpointDialogs view={view} endpoint={endpoint} wrong={wrong} />}
      {secret && <SecretShown view={view} endpoint={endpoint} secret={secret} />}
    </Page>,
    wrong ? 400 : 200,
  );
}

const endpointId = (context: PortalContext) => idOr404(context.req.param('endpoint') ?? '', 'endpoint');

portal.get('/portal/webhooks/:endpoint', (context) => showEndpoint(context, endpointId(context)));

portal.post('/portal/webhooks/:endpoint', (context) => {
  const { workspace } = member(context, 'develop');
  const id = endpointId(context);
  return submit(context, newEndpoint.omit({ app: true }), {
    async work(data) {
      const wish = { ...data, askedAt: hostOf(new URL(context.req.url)) };
      await context.var.services.webhooks.change(workspace.partner.id, id, wish, actorFor(context));
      return done(context, `/portal/webhooks/${id}`, 'saved');
    },
    again: (wrong) => showEndpoint(context, id, { wrong }),
  });
});

portal.post('/portal/webhooks/:endpoint/rotate', async (context) => {
  const { workspace } = member(context, 'develop');
  const id = endpointId(context);
  const { secret } = await context.var.services.webhooks.rotate(workspace.partner.id, id, actorFor(context));
  return showEndpoint(context, id, { secret });
});

portal.post('/portal/webhooks/:endpoint/test', async (context) => {
  const { workspace } = member(context, 'develop');
  const id = endpointId(context);
  const delivery = await context.var.services.webhooks.sendTest(workspace.partner.id, id, actorFor(context));
  return done(context, `/portal/deliveries/${delivery}`, 'sent');
});

portal.post('/portal/webhooks/:endpoint/state', async (context) => {
  const { workspace } = member(context, 'develop');
  const id = endpointId(context);
  const { state } = await readChoice(context, z.object({ state: z.enum(['active', 'paused']) }));
  await context.var.services.webhooks.setState(workspace.partner.id, id, state, actorFor(context));
  return done(context, `/portal/webhooks/${id}`, 'saved');
});

portal.post('/portal/webhooks/:endpoint/recover', async (context) => {
  const { workspace } = member(context, 'develop');
  const { webhooks, now } = context.var.services;
  const id = endpointId(context);
  const { hours } = await readChoice(context, z.object({ hours: z.enum(['1', '24', '168']) }));
  const since = new Date(now() - RECOVER_HOURS[hours] * HOUR_MS).toISOString();
  await webhooks.recover(workspace.partner.id, id, since, actorFor(context));
  return done(context, `/portal/webhooks/${id}`, 'sent');
});

portal.post('/portal/webhooks/:endpoint/remove', async (context) => {
  const { workspace } = member(context, 'develop');
  await context.var.services.webhooks.remove(workspace.partner.id, endpointId(context), actorFor(context));
  return done(context, '/portal/webhooks', 'removed');
});

portal.get('/portal/deliveries/:delivery', async (context) => {
  const view = member(context);
  const { m, workspace } = view;
  const id = idOr404(context.req.param('delivery'), 'delivery');
  const delivery = await context.var.services.webhooks.delivery(workspace.partner.id, id);
  const body = { type: delivery.type, timestamp: delivery.occurred_at, data: delivery.data };
  return render(
    context,
    <Page view={view} title={delivery.type}>
      <div class="head">
        <h1 class="grow">
          <span class="mono">{delivery.type}</span> <OutcomeBadge view={view} delivery={delivery} />
        </h1>
        {may(workspace, 'develop') && delivery.state !== 'pending' && (
          <Post action={`/portal/deliveries/${id}/replay`}>{m.webhooks.replay}</Post>
        )}
      </div>
      <p class="soft">
        {m.webhooks.eventNames[delivery.type]} · <Time view={view} at={delivery.occurred_at} />
      </p>
      {delivery.state === 'pending' && (
        <Note kind="warn">
          {m.webhooks.nextTry}: <Time view={view} at={delivery.due_at} />
        </Note>
      )}
      <Panel title={m.webhooks.attempts}>
        {delivery.attempts.length === 0 ? (
          <Empty title={m.webhooks.noAnswer} />
        ) : (
          <AttemptTable view={view} attempts={delivery.attempts} />
        )}
      </Panel>
      <Panel title={m.webhooks.payload}>
        <div class="pad stack">
          <p class="small mono break">webhook-id: {delivery.event_id}</p>
          <Code view={view} text={JSON.stringify(body, null, 2)} label={m.webhooks.payload} />
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
  return done(context, `/portal/deliveries/${id}`, 'sent');
});
