// The sandbox: what answers test keys, simulated cards and errors, reset, and travel to the end of a quota.

import * as z from 'zod';
import { idOr404 } from '../../http/api.ts';
import { may } from '../../partners/permissions.ts';
import { Post } from '../../web/components/form.tsx';
import { Code, Empty, Panel } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { readChoice } from '../../web/forms.ts';
import { render } from '../../web/web.ts';
import { actorFor, done, member, Page, portal } from './portal-web.tsx';

/** Cards of the simulated network: src/sandbox/payments. */
const CARDS = [
  '4242 4242 4242 4242',
  '4000 0000 0000 0002',
  '4000 0000 0000 9995',
  '4000 0025 0000 3155',
] as const;
const SIMULATIONS = [
  'status=503',
  'delay=1500',
  'drop',
  'error=card_declined',
  'error=rate_limit_exceeded',
] as const;

portal.get('/portal/sandbox', async (context) => {
  const view = member(context);
  const { m, workspace } = view;
  const { apps, keys } = context.var.services;
  const [appList, keyList] = await Promise.all([
    apps.list(workspace.partner.id, 100),
    keys.list(workspace.partner.id, { environment: 'test' }),
  ]);
  const active = keyList.filter(({ state }) => state === 'active');
  const mayDevelop = may(workspace, 'develop');
  return render(
    context,
    <Page view={view} title={m.nav.sandbox}>
      <h1>{m.nav.sandbox}</h1>
      <p class="prose">{m.sandbox.about}</p>
      <Panel title={m.sandbox.cards}>
        <Table
          rows={CARDS.map((card, index) => ({ card, does: m.sandbox.cardDoes[index] }))}
          columns={[
            { title: m.sandbox.card, kind: 'mono', cell: ({ card }) => card },
            { title: m.sandbox.does, cell: ({ does }) => does },
          ]}
        />
      </Panel>
      <Panel title={m.sandbox.errors}>
        <div class="pad stack">
          <p>{m.sandbox.errorsText}</p>
          <Table
            hasHead={false}
            rows={SIMULATIONS.map((simulation, index) => ({
              simulation,
              does: m.sandbox.simulations[index],
            }))}
            columns={[
              {
                title: m.sandbox.errors,
                kind: 'mono',
                cell: ({ simulation }) => `X-Sandbox-Simulate: ${simulation}`,
              },
              { title: m.sandbox.does, cell: ({ does }) => does },
            ]}
          />
          <Code
            text={`curl -i -H 'Authorization: Bearer pk_test_…' -H 'X-Sandbox-Simulate: status=503' '${view.origin}/v2/routes/list'`}
          />
        </div>
      </Panel>
      <Panel title={m.sandbox.travel}>
        <div class="pad">
          <p>{m.sandbox.travelText}</p>
        </div>
        {active.length === 0 ? (
          <Empty title={m.keys.emptyTitle} />
        ) : (
          <Table
            hasHead={false}
            rows={active}
            columns={[
              {
                title: m.keys.key,
                cell: (key) => (
                  <>
                    <a href={`/portal/keys/${key.keyId}`}>{key.name}</a>{' '}
                    <span class="soft mono small">{key.keyPrefix}</span>
                  </>
                ),
              },
              {
                title: m.common.actions,
                isAction: true,
                cell: ({ keyId }) =>
                  mayDevelop && (
                    <div class="row">
                      <Post action={`/portal/keys/${keyId}/day`} fields={{ to: 'spent' }} kind="button small">
                        {m.sandbox.spend}
                      </Post>
                      <Post
                        action={`/portal/keys/${keyId}/day`}
                        fields={{ to: 'new_day' }}
                        kind="button small"
                      >
                        {m.sandbox.newDay}
                      </Post>
                    </div>
                  ),
              },
            ]}
          />
        )}
      </Panel>
      <Panel title={m.sandbox.reset}>
        <div class="pad">
          <p>{m.sandbox.resetText}</p>
        </div>
        {appList.length === 0 ? (
          <Empty title={m.apps.emptyTitle} />
        ) : (
          <Table
            hasHead={false}
            rows={appList}
            columns={[
              { title: m.apps.name, cell: ({ name }) => name },
              {
                title: m.common.actions,
                isAction: true,
                cell: ({ id }) =>
                  mayDevelop && (
                    <Post action={`/portal/apps/${id}/reset`} kind="button small danger">
                      {m.sandbox.resetApp}
                    </Post>
                  ),
              },
            ]}
          />
        )}
      </Panel>
    </Page>,
  );
});

portal.post('/portal/keys/:key/day', async (context) => {
  const { workspace } = member(context, 'develop');
  const { to } = await readChoice(context, z.object({ to: z.enum(['spent', 'new_day']) }));
  const { keys } = context.var.services;
  await keys.travel(workspace.partner.id, context.req.param('key'), to, actorFor(context));
  return done(context, '/portal/sandbox', to === 'spent' ? 'day_spent' : 'day_new');
});

portal.post('/portal/apps/:app/reset', async (context) => {
  const { workspace } = member(context, 'develop');
  const app = await context.var.services.apps.get(
    workspace.partner.id,
    idOr404(context.req.param('app'), 'app'),
  );
  await context.var.services.resetPayments(app.id);
  await context.var.services.audit.write(workspace.partner.id, actorFor(context), 'sandbox.reset', {
    app_id: app.id,
  });
  return done(context, '/portal/sandbox', 'sandbox_reset');
});
