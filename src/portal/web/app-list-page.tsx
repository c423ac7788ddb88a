// Apps: the list, those that are archived, making one, and bringing one back.

import * as z from 'zod';
import { isoDay } from '../../core/time.ts';
import { idOr404 } from '../../http/api.ts';
import type { AppUse, AppView } from '../../partners/app-service.ts';
import { may } from '../../partners/permissions.ts';
import { OpenDialog } from '../../web/components/dialog.tsx';
import { Post } from '../../web/components/form.tsx';
import { Empty, Note, Panel, Time, Until } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { conflictAt, refusalText, submit, type Wrong } from '../../web/forms.ts';
import { shownAt } from '../../web/view.ts';
import { useMemberView, useView } from '../../web/view-context.ts';
import { render } from '../../web/web.ts';
import { appForm, NewAppDialog } from './app-form.tsx';
import { actorFor, done, member, Page, type PortalContext, portal } from './portal-web.tsx';

const MAX_APPS = 100;

const AppTable = ({ apps, use }: { apps: readonly AppView[]; use: readonly AppUse[] }) => {
  const { m, format } = useView();
  const useOf = new Map(use.map((each) => [each.id, each]));
  const keysOf = (id: string) => {
    const { live, test } = useOf.get(id) ?? { live: 0, test: 0 };
    return m.apps.keyCounts(live, test);
  };
  return (
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
        { title: m.apps.keys, cell: ({ id }) => keysOf(id) },
        {
          title: m.overview.today,
          kind: 'num',
          cell: ({ id }) => format.number(useOf.get(id)?.callsToday ?? 0),
        },
        { title: m.keys.lastUsed, cell: ({ id }) => <Time at={useOf.get(id)?.lastUsedAt ?? null} /> },
        { title: m.common.created, cell: (app) => <Time at={app.created_at} /> },
      ]}
    />
  );
};

const ArchivedPanel = ({ apps }: { apps: readonly AppView[] }) => {
  const { m, nowMs, workspace } = useMemberView();
  if (apps.length === 0) return null;
  const isRestorable = ({ restorable_until: until }: AppView) => until !== null && Date.parse(until) > nowMs;
  return (
    <Panel title={m.apps.archived}>
      <Table
        rows={apps}
        columns={[
          { title: m.apps.name, cell: ({ name }) => name },
          { title: m.apps.archivedAt, cell: ({ archived_at: at }) => <Time at={at} /> },
          {
            title: m.apps.restorableUntil,
            cell: (app) =>
              isRestorable(app) && app.restorable_until ? (
                <Until at={app.restorable_until} />
              ) : (
                <span class="soft">{m.apps.notRestorable}</span>
              ),
          },
          {
            title: m.common.actions,
            isAction: true,
            cell: (app) =>
              isRestorable(app) &&
              may(workspace, 'develop') && (
                <Post action={`/portal/apps/${app.id}/restore`}>{m.apps.restore}</Post>
              ),
          },
        ]}
      />
    </Panel>
  );
};

/** `refused`: why an app cannot be restored. */
async function showApps(context: PortalContext, { wrong, refused }: { wrong?: Wrong; refused?: Wrong } = {}) {
  const view = shownAt(member(context), '/portal/apps');
  const { m } = view;
  const partnerId = view.workspace.partner.id;
  const { apps } = context.var.services;
  const [current, archived, use] = await Promise.all([
    apps.list(partnerId, MAX_APPS),
    apps.list(partnerId, MAX_APPS, { isArchived: true }),
    apps.use(partnerId, isoDay(view.nowMs)),
  ]);
  const mayDevelop = may(view.workspace, 'develop');
  return render(
    context,
    <Page view={view} title={m.nav.apps} about="both">
      <div class="head">
        <h1 class="grow">{m.nav.apps}</h1>
        <a class="button" href="/portal/keys">
          {m.keys.all}
        </a>
        {mayDevelop && (
          <OpenDialog id="new-app" kind="primary">
            {m.apps.new}
          </OpenDialog>
        )}
      </div>
      {refused && (
        <Note kind="bad">
          {refused.errors.form} <a href="/portal/keys?environment=live">{m.keys.liveKeys}</a>
        </Note>
      )}
      <section class="panel">
        {current.length === 0 ? (
          <Empty title={m.apps.emptyTitle}>
            <p>{m.apps.empty}</p>
          </Empty>
        ) : (
          <AppTable apps={current} use={use} />
        )}
      </section>
      <ArchivedPanel apps={archived} />
      {mayDevelop && <NewAppDialog wrong={wrong} />}
    </Page>,
    (wrong ?? refused)?.status,
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
    again: (wrong) => showApps(context, { wrong }),
    says: conflictAt(view, 'name'),
  });
});

portal.post('/portal/apps/:app/restore', (context) => {
  const view = member(context, 'develop');
  const id = idOr404(context.req.param('app'), 'app');
  return submit(context, z.object({}), {
    async work() {
      await context.var.services.apps.restore(view.workspace.partner.id, id, actorFor(context));
      return done(context, `/portal/apps/${id}`, 'app_restored');
    },
    again: (refused) => showApps(context, { refused }),
    says({ code, message, fields: { limit, needed } }) {
      if (code === 'limit_exceeded') return { form: view.m.apps.noRoom(Number(limit), Number(needed)) };
      return code === 'conflict' ? { form: refusalText(view, message) } : undefined;
    },
  });
});
