// Apps: the list, and making one.

import { may } from '../../partners/permissions.ts';
import { OpenDialog } from '../../web/components/dialog.tsx';
import { Empty, Time } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { conflictAt, submit, type Wrong } from '../../web/forms.ts';
import { shownAt } from '../../web/view.ts';
import { render } from '../../web/web.ts';
import { appForm, NewAppDialog } from './app-form.tsx';
import { actorFor, done, member, Page, type PortalContext, portal } from './portal-web.tsx';

const MAX_APPS = 100;

async function showApps(context: PortalContext, wrong?: Wrong) {
  const view = shownAt(member(context), '/portal/apps');
  const { m } = view;
  const apps = await context.var.services.apps.list(view.workspace.partner.id, MAX_APPS);
  const mayDevelop = may(view.workspace, 'develop');
  return render(
    context,
    <Page view={view} title={m.nav.apps}>
      <div class="head">
        <h1 class="grow">{m.nav.apps}</h1>
        {mayDevelop && (
          <OpenDialog id="new-app" kind="primary">
            {m.apps.new}
          </OpenDialog>
        )}
      </div>
      <section class="panel">
        {apps.length === 0 ? (
          <Empty title={m.apps.emptyTitle}>
            <p>{m.apps.empty}</p>
          </Empty>
        ) : (
          <Table
            rows={apps}
            columns={[
              {
                title: m.apps.name,
                cell: (app) => (
                  <>
                    <a href={`/portal/apps/${app.id}`}>{app.name}</a>
                    {app.description && <p class="soft small">{app.description}</p>}
                  </>
                ),
              },
              { title: m.apps.website, cell: ({ website }) => website },
              { title: m.common.created, cell: (app) => <Time at={app.created_at} /> },
            ]}
          />
        )}
      </section>
      {mayDevelop && <NewAppDialog wrong={wrong} />}
    </Page>,
    wrong?.status,
  );
}

portal.get('/portal/apps', (context) => showApps(context));

portal.post('/portal/apps', (context) => {
  const view = member(context, 'develop');
  const { workspace } = view;
  return submit(context, appForm, {
    async work(data) {
      const app = await context.var.services.apps.create(workspace.partner.id, data, actorFor(context));
      return done(context, `/portal/apps/${app.id}`, 'app_created');
    },
    again: (wrong) => showApps(context, wrong),
    says: conflictAt(view, 'name'),
  });
});
