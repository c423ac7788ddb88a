// The sandbox: what answers test keys, simulated cards and errors, reset, and travel to the end of a quota.

import { hasSandbox, notesOf, shownCalls } from '../../catalog/document-words.ts';
import { shownPrefix } from '../../keys/key-format.ts';
import type { KeyView } from '../../keys/key-view-store.ts';
import type { AppView } from '../../partners/app-service.ts';
import { may } from '../../partners/permissions.ts';
import { Confirm } from '../../web/components/dialog.tsx';
import { Post } from '../../web/components/form.tsx';
import { Code, Empty, Panel } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { useView } from '../../web/view-context.ts';
import { render } from '../../web/web.ts';
import { member, Page, portal } from './portal-web.tsx';

const MAX_APPS = 100;

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

const CardsPanel = () => {
  const { m } = useView();
  return (
    <Panel title={m.sandbox.cards}>
      <Table
        rows={CARDS.map((card, index) => ({ card, does: m.sandbox.cardDoes[index] }))}
        columns={[
          { title: m.sandbox.card, kind: 'mono', cell: ({ card }) => card },
          { title: m.sandbox.does, cell: ({ does }) => does },
        ]}
      />
    </Panel>
  );
};

const ErrorsPanel = () => {
  const { m, origin, catalog } = useView();
  const shown = hasSandbox(catalog, 'payments')
    ? SIMULATIONS
    : SIMULATIONS.filter((each) => each !== 'error=card_declined');
  return (
    <Panel title={m.sandbox.errors}>
      <div class="pad stack">
        <p>{m.sandbox.errorsText}</p>
        <Table
          hasHead={false}
          rows={shown.map((simulation) => ({
            simulation,
            does: m.sandbox.simulations[SIMULATIONS.indexOf(simulation)],
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
          text={`curl -i -H 'Authorization: Bearer pk_test_…' -H 'X-Sandbox-Simulate: status=503' '${origin}${shownCalls(catalog).read}'`}
        />
      </div>
    </Panel>
  );
};

const TravelPanel = ({ keys, mayDevelop }: { keys: readonly KeyView[]; mayDevelop: boolean }) => {
  const { m } = useView();
  return (
    <Panel title={m.sandbox.travel}>
      <div class="pad">
        <p>{m.sandbox.travelText}</p>
      </div>
      {keys.length === 0 ? (
        <Empty title={m.keys.emptyTitle} />
      ) : (
        <Table
          hasHead={false}
          rows={keys}
          columns={[
            {
              title: m.keys.key,
              cell: (key) => (
                <>
                  <a href={`/portal/keys/${key.keyId}`}>{key.name}</a>{' '}
                  <span class="soft mono small">{shownPrefix(key)}</span>
                </>
              ),
            },
            {
              title: m.common.actions,
              isAction: true,
              cell: ({ keyId, name }) =>
                mayDevelop && (
                  <div class="row">
                    <Confirm
                      id={`spend-${keyId}`}
                      title={m.sandbox.spendTitle(name)}
                      action={`/portal/keys/${keyId}/day`}
                      fields={{ to: 'spent' }}
                      submit={m.sandbox.spend}
                      kind="small"
                    >
                      <p>{m.sandbox.spendText}</p>
                    </Confirm>
                    <Post action={`/portal/keys/${keyId}/day`} fields={{ to: 'new_day' }} kind="button small">
                      {m.sandbox.newDay}
                    </Post>
                  </div>
                ),
            },
          ]}
        />
      )}
    </Panel>
  );
};

const ResetPanel = ({ apps, mayDevelop }: { apps: readonly AppView[]; mayDevelop: boolean }) => {
  const { m } = useView();
  return (
    <Panel title={m.sandbox.reset}>
      <div class="pad">
        <p>{m.sandbox.resetText}</p>
      </div>
      {apps.length === 0 ? (
        <Empty title={m.apps.emptyTitle} />
      ) : (
        <Table
          hasHead={false}
          rows={apps}
          columns={[
            { title: m.apps.name, cell: ({ name }) => name },
            {
              title: m.common.actions,
              isAction: true,
              cell: ({ id, name }) =>
                mayDevelop && (
                  <Confirm
                    id={`reset-${id}`}
                    title={m.sandbox.resetTitle(name)}
                    action={`/portal/apps/${id}/reset`}
                    submit={m.sandbox.resetApp}
                  >
                    <p>{m.sandbox.resetText}</p>
                  </Confirm>
                ),
            },
          ]}
        />
      )}
    </Panel>
  );
};

portal.get('/portal/sandbox', async (context) => {
  const view = member(context);
  const { m, workspace } = view;
  const { apps, keys } = context.var.services;
  const [appList, keyList] = await Promise.all([
    apps.list(workspace.partner.id, MAX_APPS),
    keys.list(workspace.partner.id, { environment: 'test' }),
  ]);
  const active = keyList.filter(({ state }) => state === 'active');
  const mayDevelop = may(workspace, 'develop');
  const hasPayments = hasSandbox(view.catalog, 'payments');
  return render(
    context,
    <Page view={view} title={m.nav.sandbox} about="test">
      <h1>{m.nav.sandbox}</h1>
      <p class="prose">{[m.sandbox.about, ...notesOf(view.catalog, 'sandbox', view.language)].join(' ')}</p>
      {hasPayments && <CardsPanel />}
      <ErrorsPanel />
      <TravelPanel keys={active} mayDevelop={mayDevelop} />
      {hasPayments && <ResetPanel apps={appList} mayDevelop={mayDevelop} />}
    </Page>,
  );
});
