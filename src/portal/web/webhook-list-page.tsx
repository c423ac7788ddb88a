// Webhook endpoints: the list, and adding one.

import { hostOf } from '../../core/public-address.ts';
import { may } from '../../partners/permissions.ts';
import { OpenDialog } from '../../web/components/dialog.tsx';
import { EnvironmentBadge } from '../../web/components/key-badge.tsx';
import { Empty } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { StateBadge } from '../../web/components/webhook-parts.tsx';
import { conflictAt, submit, type Wrong } from '../../web/forms.ts';
import { shownAt } from '../../web/view.ts';
import { useView } from '../../web/view-context.ts';
import { render } from '../../web/web.ts';
import type { Endpoint } from '../../webhooks/webhook-service.ts';
import { actorFor, member, Page, type PortalContext, portal } from './portal-web.tsx';
import { AddDialog, addForm } from './webhook-form.tsx';
import { showEndpoint } from './webhook-page.tsx';

const MAX_APPS = 100;

const EndpointTable = ({ endpoints }: { endpoints: readonly Endpoint[] }) => {
  const { m, format } = useView();
  return (
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
        {
          title: m.common.environment,
          cell: ({ environment }) => <EnvironmentBadge environment={environment} />,
        },
        { title: m.webhooks.state, cell: (endpoint) => <StateBadge endpoint={endpoint} /> },
        {
          title: m.webhooks.lastDay,
          cell: ({ delivered, failed, waiting }) =>
            m.webhooks.counts(format.number(delivered), format.number(failed), format.number(waiting)),
        },
      ]}
    />
  );
};

async function showEndpoints(context: PortalContext, wrong?: Wrong) {
  const view = shownAt(member(context), '/portal/webhooks');
  const { m, workspace } = view;
  const { webhooks, apps } = context.var.services;
  const [endpoints, appList, isIncluded] = await Promise.all([
    webhooks.list(workspace.partner.id),
    apps.list(workspace.partner.id, MAX_APPS),
    webhooks.isIncluded(workspace.partner.id),
  ]);
  const mayDevelop = isIncluded && may(workspace, 'develop');
  return render(
    context,
    <Page view={view} title={m.webhooks.nav} about="both">
      <div class="head">
        <h1 class="grow">{m.webhooks.nav}</h1>
        <a class="button" href="/portal/webhooks/events">
          {m.webhooks.catalogue}
        </a>
        {mayDevelop && (
          <OpenDialog id="add" kind="primary">
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
          <EndpointTable endpoints={endpoints} />
        )}
      </section>
      {mayDevelop && <AddDialog apps={appList} wrong={wrong} />}
    </Page>,
    wrong?.status,
  );
}

portal.get('/portal/webhooks', (context) => showEndpoints(context));

portal.post('/portal/webhooks', (context) => {
  const view = member(context, 'develop');
  const { workspace } = view;
  return submit(context, addForm, {
    async work({ app_id: appId, ...wanted }) {
      const asked = { ...wanted, appId, askedAt: hostOf(new URL(context.req.url)) };
      const { webhooks } = context.var.services;
      const { endpoint, secret } = await webhooks.create(workspace.partner.id, asked, actorFor(context));
      return showEndpoint(context, endpoint.id, { secret });
    },
    again: (wrong) => showEndpoints(context, wrong),
    says: conflictAt(view, 'url'),
  });
});
