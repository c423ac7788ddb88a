// Apps: the list, making one, one app with its keys and settings.

import * as z from 'zod';
import { idOr404 } from '../../http/api.ts';
import type { AppView } from '../../partners/app-service.ts';
import { may } from '../../partners/permissions.ts';
import { Dialog, OpenDialog } from '../../web/components/dialog.tsx';
import { Area, Field } from '../../web/components/form.tsx';
import { Empty, Panel, Time } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { shownAt } from '../../web/view.ts';
import { useMemberView } from '../../web/view-context.ts';
import { type FormErrors, type FormValues, readForm, render } from '../../web/web.ts';
import { ipLines, nameField, optionalText, originLines, websiteField } from './fields.ts';
import { KeyTable, NewKeyDialog } from './key-parts.tsx';
import { actorFor, done, member, Page, type PortalContext, portal } from './portal-web.tsx';

const MOST_APPS = 100;

const newApp = z.object({ name: nameField, description: optionalText(1000), website: websiteField });
const appSettings = newApp.extend({ allowed_ips: ipLines, allowed_origins: originLines });

interface FormState {
  values?: FormValues;
  errors?: FormErrors;
}

const NewApp = ({ values, errors }: FormState) => {
  const view = useMemberView();
  return (
    <Dialog id="new-app" title={view.m.apps.newTitle} open={errors ? true : undefined}>
      <form method="post" action="/portal/apps" class="stack">
        <Field
          name="name"
          label={view.m.apps.name}
          required
          maxlength={255}
          value={values?.name}
          error={errors?.name}
          hint={view.m.apps.nameHint}
          autofocus
        />
        <Field
          name="description"
          label={view.m.apps.description}
          maxlength={1000}
          value={values?.description}
          error={errors?.description}
        />
        <Field
          name="website"
          type="url"
          label={view.m.apps.website}
          maxlength={500}
          value={values?.website}
          error={errors?.website}
          placeholder="https://"
        />
        <div class="actions">
          <button type="submit" class="button primary">
            {view.m.apps.create}
          </button>
        </div>
      </form>
    </Dialog>
  );
};

async function showApps(context: PortalContext, state: FormState = {}) {
  const view = member(context);
  const { m } = view;
  const apps = await context.var.services.apps.list(view.workspace.partner.id, MOST_APPS);
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
      {mayDevelop && <NewApp {...state} />}
    </Page>,
    state.errors ? 400 : 200,
  );
}

portal.get('/portal/apps', (context) => showApps(context));

portal.post('/portal/apps', async (context) => {
  const { workspace } = member(context, 'develop');
  const { values, data, errors } = await readForm(context, newApp);
  if (errors) return showApps(context, { values, errors });
  const app = await context.var.services.apps.create(workspace.partner.id, data, actorFor(context));
  return done(context, `/portal/apps/${app.id}`, 'app_created');
});

const Settings = ({ app, values, errors }: { app: AppView } & FormState) => {
  const { m } = useMemberView();
  return (
    <Panel title={m.apps.settings}>
      <form method="post" action={`/portal/apps/${app.id}`} class="stack pad">
        <Field
          scope="app"
          name="name"
          label={m.apps.name}
          required
          maxlength={255}
          value={values?.name ?? app.name}
          error={errors?.name}
        />
        <Field
          scope="app"
          name="description"
          label={m.apps.description}
          maxlength={1000}
          value={values?.description ?? app.description ?? ''}
          error={errors?.description}
        />
        <Field
          scope="app"
          name="website"
          type="url"
          label={m.apps.website}
          value={values?.website ?? app.website ?? ''}
          error={errors?.website}
          placeholder="https://"
        />
        <Area
          scope="app"
          name="allowed_ips"
          label={m.apps.ips}
          value={values?.allowed_ips ?? app.allowed_ips.join('\n')}
          error={errors?.allowed_ips}
          hint={m.apps.ipsHint}
        />
        <Area
          scope="app"
          name="allowed_origins"
          label={m.apps.origins}
          value={values?.allowed_origins ?? app.allowed_origins.join('\n')}
          error={errors?.allowed_origins}
          hint={m.apps.originsHint}
        />
        <div class="actions start">
          <button type="submit" class="button">
            {m.common.save}
          </button>
          <OpenDialog id="archive" kind="danger">
            {m.apps.archive}
          </OpenDialog>
        </div>
      </form>
    </Panel>
  );
};

export async function showApp(
  context: PortalContext,
  state: { settings?: FormState; newKey?: FormState; archive?: FormState } = {},
) {
  const id = idOr404(context.req.param('app') ?? '', 'app');
  const view = shownAt(member(context), `/portal/apps/${id}`);
  const { m, workspace, environment } = view;
  const { apps, keys } = context.var.services;
  const [app, list] = await Promise.all([
    apps.get(workspace.partner.id, id),
    keys.list(workspace.partner.id, { appId: id, environment }),
  ]);
  const mayDevelop = may(workspace, 'develop');
  const isLiveClosed = environment === 'live' && workspace.partner.status !== 'active';
  return render(
    context,
    <Page view={view} title={app.name}>
      <div>
        <p class="crumbs">
          <a href="/portal/apps">{m.nav.apps}</a>
        </p>
        <div class="head">
          <h1 class="grow">{app.name}</h1>
          {mayDevelop && !isLiveClosed && (
            <OpenDialog id="new-key" kind="primary">
              {environment === 'test' ? m.keys.newTest : m.keys.newLive}
            </OpenDialog>
          )}
        </div>
      </div>
      {isLiveClosed && (
        <div class="note warn">
          {m.overview.status(workspace.partner.status)} <a href="/docs/going-live">{m.overview.liveAction}</a>
        </div>
      )}
      <Panel title={environment === 'test' ? m.keys.testKeys : m.keys.liveKeys}>
        {list.length === 0 ? (
          <Empty title={m.keys.emptyTitle}>
            <p>{m.keys.empty}</p>
          </Empty>
        ) : (
          <KeyTable keys={list} />
        )}
      </Panel>
      {mayDevelop && <Settings app={app} {...state.settings} />}
      {mayDevelop && !isLiveClosed && (
        <NewKeyDialog app={app} catalog={context.var.services.gateway.catalog} {...state.newKey} />
      )}
      {mayDevelop && (
        <Dialog id="archive" title={m.apps.archiveTitle(app.name)} open={state.archive ? true : undefined}>
          <p>{m.apps.archiveText(list.filter(({ state }) => state === 'active').length)}</p>
          <form method="post" action={`/portal/apps/${app.id}/archive`} class="stack">
            <Field
              scope="archive"
              name="confirm"
              label={m.common.typeName(app.name)}
              required
              autocomplete="off"
              error={state.archive?.errors?.confirm}
            />
            <div class="actions">
              <button type="submit" class="button solid-danger">
                {m.apps.archive}
              </button>
            </div>
          </form>
        </Dialog>
      )}
    </Page>,
    Object.keys(state).length > 0 ? 400 : 200,
  );
}

portal.get('/portal/apps/:app', (context) => showApp(context));

portal.post('/portal/apps/:app', async (context) => {
  const { workspace } = member(context, 'develop');
  const id = idOr404(context.req.param('app'), 'app');
  const { values, data, errors } = await readForm(context, appSettings);
  if (errors) return showApp(context, { settings: { values, errors } });
  await context.var.services.apps.change(workspace.partner.id, id, data, actorFor(context));
  return done(context, `/portal/apps/${id}`, 'saved');
});

portal.post('/portal/apps/:app/archive', async (context) => {
  const { workspace, m } = member(context, 'develop');
  const id = idOr404(context.req.param('app'), 'app');
  const app = await context.var.services.apps.get(workspace.partner.id, id);
  const { values } = await readForm(context, z.object({}));
  if (values.confirm?.trim() !== app.name)
    return showApp(context, { archive: { errors: { confirm: m.common.notTheName } } });
  await context.var.services.apps.archive(workspace.partner.id, id, actorFor(context));
  return done(context, '/portal/apps', 'app_archived');
});
