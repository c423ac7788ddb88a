// One webhook endpoint: its state, what was sent to it, and what may be done with it. Its secret is shown once.

import { idOr404, uuidCursor } from '../../http/api.ts';
import { may } from '../../partners/permissions.ts';
import { Dialog, OpenDialog, SecretSaved } from '../../web/components/dialog.tsx';
import { Post } from '../../web/components/form.tsx';
import { Code, Empty, Note, Older, Panel, Time } from '../../web/components/parts.tsx';
import { DeliveryTable, StateBadge } from '../../web/components/webhook-parts.tsx';
import type { Wrong } from '../../web/forms.ts';
import { shownAt } from '../../web/view.ts';
import { useView } from '../../web/view-context.ts';
import { render } from '../../web/web.ts';
import type { Endpoint } from '../../webhooks/webhook-service.ts';
import { member, Page, type PortalContext, portal } from './portal-web.tsx';
import { EndpointDialogs } from './webhook-dialogs.tsx';

const PAGE_ROWS = 50;

const SecretShown = ({ endpoint, secret }: { endpoint: Endpoint; secret: string }) => {
  const { m } = useView();
  const example = `import { Webhook } from 'standardwebhooks';\n\nconst { type, data } = new Webhook('${secret}').verify(body, headers);`;
  return (
    <Dialog id="secret" title={m.webhooks.secretTitle} open locked>
      <p>{m.webhooks.secretText}</p>
      <div data-secret>
        <Code text={secret} label={m.webhooks.secretTitle} />
      </div>
      <div>
        <p class="label">{m.webhooks.verify}</p>
        <Code text={example} label={m.webhooks.verify} />
      </div>
      <SecretSaved action={`/portal/webhooks/${endpoint.id}`} words={m.webhooks.saved} />
    </Dialog>
  );
};

const EndpointActions = ({ endpoint }: { endpoint: Endpoint }) => {
  const { m } = useView();
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
      <OpenDialog id="recover">{m.webhooks.recover}</OpenDialog>
      <OpenDialog id="roll">{m.webhooks.roll}</OpenDialog>
      <OpenDialog id="edit">{m.common.change}</OpenDialog>
      <OpenDialog id="remove" kind="danger">
        {m.webhooks.remove}
      </OpenDialog>
    </div>
  );
};

const EndpointFacts = ({ endpoint }: { endpoint: Endpoint }) => {
  const { m, format } = useView();
  return (
    <section class="panel pad">
      <dl class="facts">
        <dt>{m.webhooks.events}</dt>
        <dd>{endpoint.events.length === 0 ? m.webhooks.allEvents : endpoint.events.join(', ')}</dd>
        <dt>{m.webhooks.app}</dt>
        <dd>{endpoint.app ?? m.webhooks.anyApp}</dd>
        <dt>{m.webhooks.lastSuccess}</dt>
        <dd>
          <Time at={endpoint.last_success_at} />
        </dd>
        {endpoint.old_secret_expires_at && (
          <>
            <dt>{m.webhooks.secretTitle}</dt>
            <dd>{m.webhooks.bothSign(format.exact(endpoint.old_secret_expires_at))}</dd>
          </>
        )}
      </dl>
    </section>
  );
};

/** `secret`: shown once, right after it was made. `wrong`: what was sent of this dialog, and could not be done. */
export async function showEndpoint(
  context: PortalContext,
  id: string,
  { secret, dialog, wrong }: { secret?: string; dialog?: string; wrong?: Wrong } = {},
) {
  const view = shownAt(member(context), `/portal/webhooks/${id}`);
  const { m, format, workspace } = view;
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
    <Page view={view} title={endpoint.url} about={endpoint.environment}>
      <h1 class="break">
        {endpoint.url} <StateBadge endpoint={endpoint} />
      </h1>
      {endpoint.description && <p class="soft">{endpoint.description}</p>}
      {endpoint.state === 'disabled' && <Note kind="bad">{m.webhooks.disabledText}</Note>}
      {endpoint.state === 'active' && endpoint.failing_since && (
        <Note kind="bad">
          {m.webhooks.failingSince} {format.exact(endpoint.failing_since)}. {m.webhooks.failingText}
        </Note>
      )}
      {endpoint.environment === 'both' && <Note>{m.webhooks.bothText}</Note>}
      {mayDevelop && <EndpointActions endpoint={endpoint} />}
      <EndpointFacts endpoint={endpoint} />
      <Panel title={m.webhooks.deliveries}>
        {deliveries.length === 0 ? (
          <Empty title={m.webhooks.noDeliveries}>
            <p>{m.webhooks.noDeliveriesText}</p>
          </Empty>
        ) : (
          <DeliveryTable deliveries={deliveries} />
        )}
      </Panel>
      <Older rows={rows} shown={deliveries} />
      <p>
        <a href="/portal/webhooks">{m.webhooks.back}</a>
      </p>
      {mayDevelop && <EndpointDialogs endpoint={endpoint} dialog={dialog} wrong={wrong} />}
      {secret && <SecretShown endpoint={endpoint} secret={secret} />}
    </Page>,
    wrong?.status,
  );
}

export const endpointId = (context: PortalContext): string =>
  idOr404(context.req.param('endpoint') ?? '', 'endpoint');

portal.get('/portal/webhooks/:endpoint', (context) => showEndpoint(context, endpointId(context)));
