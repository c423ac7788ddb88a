// The sandbox: what answers test keys, simulated cards and errors, reset, and travel to the end of a quota.

import * as z from 'zod';
import { AppError } from '../../core/errors.ts';
import { idOr404 } from '../../http/api.ts';
import { may } from '../../partners/permissions.ts';
import { Code, Empty, Panel, Post } from '../../web/components/parts.tsx';
import { readForm, render } from '../../web/web.ts';
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
  const active = keyList.filter(({ isActive }) => isActive);
  const mayDevelop = may(workspace.role, 'develop');
  return render(
    context,
    <Page view={view} title={m.nav.sandbox}>
      <h1>{m.nav.sandbox}</h1>
      <p class="prose">{m.sandbox.about}</p>
      <Panel title={m.sandbox.cards}>
        <table class="list">
          <thead>
            <tr>
              <th scope="col">{m.sandbox.card}</th>
              <th scope="col">{m.sandbox.does}</th>
            </tr>
          </thead>
          <tbody>
            {CARDS.map((card, index) => (
              <tr>
                <td class="mono">{card}</td>
                <td data-label={m.sandbox.does}>{m.sandbox.cardDoes[index]}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Panel>
      <Panel title={m.sandbox.errors}>
        <div class="pad stack">
          <p>{m.sandbox.errorsText}</p>
          <table class="list">
            <tbody>
              {SIMULATIONS.map((simulation, index) => (
                <tr>
                  <td class="mono">X-Sandbox-Simulate: {simulation}</td>
                  <td data-label={m.sandbox.does}>{m.sandbox.simulations[index]}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <Code
            view={view}
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
          <table class="list">
            <tbody>
              {active.map((key) => (
                <tr>
                  <td>
                    <a href={`/portal/keys/${key.keyId}`}>{key.name}</a>{' '}
                    <span class="soft mono small">{key.keyPrefix}</span>
                  </td>
                  <td>
                    {mayDevelop && (
                      <div class="row">
                        <Post
                          action={`/portal/keys/${key.keyId}/day`}
                          fields={{ to: 'spent' }}
                          kind="button small"
                        >
                          {m.sandbox.spend}
                        </Post>
                        <Post
                          action={`/portal/keys/${key.keyId}/day`}
                          fields={{ to: 'new_day' }}
                          kind="button small"
                        >
                          {m.sandbox.newDay}
                        </Post>
                      </div>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Panel>
      <Panel title={m.sandbox.reset}>
        <div class="pad">
          <p>{m.sandbox.resetText}</p>
        </div>
        {appList.length === 0 ? (
          <Empty title={m.apps.emptyTitle} />
        ) : (
          <table class="list">
            <tbody>
              {appList.map((app) => (
                <tr>
                  <td>{app.name}</td>
                  <td>
                    {mayDevelop && (
                      <Post action={`/portal/apps/${app.id}/reset`} kind="button small danger">
                        {m.sandbox.resetApp}
                      </Post>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Panel>
    </Page>,
  );
});

portal.post('/portal/keys/:key/day', async (context) => {
  const { workspace } = member(context, 'develop');
  const { data } = await readForm(context, z.object({ to: z.enum(['spent', 'new_day']) }));
  if (!data) throw new AppError('validation_error');
  await context.var.services.keys.travel(
    workspace.partner.id,
    context.req.param('key'),
    data.to,
    actorFor(context),
  );
  return done(context, '/portal/sandbox', data.to === 'spent' ? 'day_spent' : 'day_new');
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
