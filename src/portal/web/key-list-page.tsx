// All keys of an environment, whatever their app: where a plan's limit of live keys leads to.

import { Empty, Panel } from '../../web/components/parts.tsx';
import { render } from '../../web/web.ts';
import { AllowanceLink, KeyTable } from './key-parts.tsx';
import { member, Page, portal } from './portal-web.tsx';

const MAX_KEYS = 200;
const MAX_APPS = 100;

portal.get('/portal/keys', async (context) => {
  const view = member(context);
  const { m, workspace, environment } = view;
  const { apps, keys } = context.var.services;
  const partnerId = workspace.partner.id;
  const [list, named, allowance] = await Promise.all([
    keys.list(partnerId, { environment, isRoot: true }, { limit: MAX_KEYS }),
    apps.list(partnerId, MAX_APPS),
    keys.allowance(partnerId),
  ]);
  const isLive = environment === 'live';
  return render(
    context,
    <Page view={view} title={m.keys.all}>
      <div>
        <p class="crumbs">
          <a href="/portal/apps">{m.nav.apps}</a>
        </p>
        <h1>{m.keys.all}</h1>
      </div>
      <Panel
        title={isLive ? m.keys.liveKeys : m.keys.testKeys}
        action={
          isLive ? (
            <AllowanceLink allowance={allowance} />
          ) : (
            <span class="soft small">{m.keys.testKeysFree}</span>
          )
        }
      >
        {list.length === 0 ? (
          <Empty title={m.keys.emptyTitle}>
            <p>{m.keys.emptyOfAll}</p>
          </Empty>
        ) : (
          <KeyTable keys={list} appNames={new Map(named.map(({ id, name }) => [id, name]))} />
        )}
      </Panel>
    </Page>,
  );
});
