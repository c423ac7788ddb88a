// One app: its keys, its settings, archiving it.

import * as z from 'zod';
import { pinsOf } from '../../catalog/version-ends.ts';
import { isoDay } from '../../core/time.ts';
import { idOr404 } from '../../http/api.ts';
import { ENVIRONMENTS } from '../../keys/key-format.ts';
import { may } from '../../partners/permissions.ts';
import { OpenDialog } from '../../web/components/dialog.tsx';
import { Empty, Panel } from '../../web/components/parts.tsx';
import { FieldsRefused, isNamed, submit, type Wrong } from '../../web/forms.ts';
import { shownAt } from '../../web/view.ts';
import { render } from '../../web/web.ts';
import { ArchiveDialog, SettingsPanel, type StoppingKey, settingsForm, stopsLiveKey } from './app-form.tsx';
import { NewKeyDialog } from './key-form.tsx';
import { AllowanceLink, KeyTable } from './key-parts.tsx';
import { actorFor, done, member, Page, type PortalContext, portal } from './portal-web.tsx';

const environments = z.enum(ENVIRONMENTS).optional().catch(undefined);

type AppForm = 'settings' | 'new-key' | 'archive';

/** What archiving the app stops: keys of both environments that work, and what people allowed its clients; live ones first. */
async function stoppingKeys(context: PortalContext, appId: string): Promise<StoppingKey[]> {
  const { workspace, nowMs } = member(context);
  const partnerId = workspace.partner.id;
  const today = isoDay(nowMs);
  const { keys, reports } = context.var.services;
  const ofToday = { partnerId, from: today, to: today };
  const [list, ...lines] = await Promise.all([
    keys.list(partnerId, { stopsWithAppId: appId }),
    // What its clients were allowed may be of another app; of a partner's keys, those that are called most are read.
    reports.lines(ofToday, 'key'),
    reports.lines({ ...ofToday, appId }, 'key'),
  ]);
  const calls = new Map(lines.flat().map((line) => [line.group, line.calls]));
  return list
    .filter(({ state }) => state === 'active')
    .map((key) => ({ ...key, callsToday: calls.get(key.keyId) ?? 0 }))
    .sort((a, b) => a.environment.localeCompare(b.environment));
}

/** `wrong`: what was sent of this form, and could not be done. */
export async function showApp(context: PortalContext, form?: AppForm, wrong?: Wrong) {
  const id = idOr404(context.req.param('app') ?? '', 'app');
  const found = shownAt(member(context), `/portal/apps/${id}`);
  // A key's form that is shown again is of the environment it was sent for.
  const view = { ...found, environment: environments.parse(wrong?.values.environment) ?? found.environment };
  const { m, workspace, environment } = view;
  const { apps, keys, gateway } = context.var.services;
  const [app, list, allowance, stops] = await Promise.all([
    apps.get(workspace.partner.id, id),
    keys.list(workspace.partner.id, { appId: id, environment, isRoot: true }),
    keys.allowance(workspace.partner.id),
    stoppingKeys(context, id),
  ]);
  const wrongIn = (name: AppForm) => (form === name ? wrong : undefined);
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
      <Panel
        title={environment === 'test' ? m.keys.testKeys : m.keys.liveKeys}
        action={environment === 'live' && <AllowanceLink allowance={allowance} />}
      >
        {list.length === 0 ? (
          <Empty title={m.keys.emptyTitle}>
            <p>{m.keys.empty}</p>
          </Empty>
        ) : (
          <KeyTable keys={list} />
        )}
      </Panel>
      {mayDevelop && <SettingsPanel app={app} pins={pinsOf(gateway.catalog)} wrong={wrongIn('settings')} />}
      {mayDevelop && !isLiveClosed && (
        <NewKeyDialog app={app} catalog={gateway.catalog} wrong={wrongIn('new-key')} />
      )}
      {mayDevelop && <ArchiveDialog app={app} stops={stops} wrong={wrongIn('archive')} />}
    </Page>,
    wrong?.status,
  );
}

portal.get('/portal/apps/:app', (context) => showApp(context));

portal.post('/portal/apps/:app', (context) => {
  const { workspace } = member(context, 'develop');
  const id = idOr404(context.req.param('app'), 'app');
  return submit(context, settingsForm, {
    async work(data) {
      await context.var.services.apps.change(workspace.partner.id, id, data, actorFor(context));
      return done(context, `/portal/apps/${id}`, 'saved');
    },
    again: (wrong) => showApp(context, 'settings', wrong),
  });
});

portal.post('/portal/apps/:app/archive', async (context) => {
  const { workspace, m } = member(context, 'develop');
  const { apps } = context.var.services;
  const id = idOr404(context.req.param('app'), 'app');
  const app = await apps.get(workspace.partner.id, id);
  return submit(context, z.object({ confirm: z.string().default('') }), {
    async work({ confirm }) {
      const isAsked = stopsLiveKey(await stoppingKeys(context, id));
      if (isAsked && !isNamed(confirm, app.name)) throw new FieldsRefused({ confirm: m.common.notTheName });
      await apps.archive(workspace.partner.id, id, actorFor(context));
      return done(context, '/portal/apps', 'app_archived');
    },
    again: (wrong) => showApp(context, 'archive', wrong),
  });
});
