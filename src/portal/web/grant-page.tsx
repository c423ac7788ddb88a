// The programs that a member let in: what each may do, what it has spent, and its end.

import { Confirm } from '../../web/components/dialog.tsx';
import { EnvironmentBadge, KeyBadge } from '../../web/components/key-badge.tsx';
import { Empty, Panel, Time, Until } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { useView } from '../../web/view-context.ts';
import { render } from '../../web/web.ts';
import { budgetText, type ListedBudgetKey } from './budget-key-parts.tsx';
import { actorFor, done, member, Page, portal } from './portal-web.tsx';

const HERE = '/portal/grants';

const Grants = ({ grants }: { grants: readonly ListedBudgetKey[] }) => {
  const view = useView();
  const { m } = view;
  return (
    <Table
      rows={grants}
      columns={[
        {
          title: m.grants.program,
          cell: ({ key }) => (
            <>
              <a href={`/portal/keys/${key.keyId}`}>{key.name}</a>{' '}
              <EnvironmentBadge environment={key.environment} />
              <p class="small soft mono">{key.grantedTo}</p>
              <p class="small">{key.scopes.join(', ')}</p>
            </>
          ),
        },
        {
          title: m.budgets.used,
          kind: 'num',
          cell: ({ budget }) =>
            budget
              ? m.budgets.of(budgetText(budget, budget.used, view), budgetText(budget, budget.limit, view))
              : '–',
        },
        { title: m.keys.lastUsed, cell: ({ key }) => <Time at={key.lastUsedAt} /> },
        { title: m.budgets.ends, cell: ({ key }) => key.expiresAt && <Until at={key.expiresAt} /> },
        { title: m.keys.state, cell: ({ key }) => <KeyBadge state={key.state} /> },
        {
          title: m.common.actions,
          isAction: true,
          cell: ({ key }) =>
            key.isActive && (
              <Confirm
                id={`end-${key.keyId}`}
                title={m.grants.endTitle(key.name)}
                action={`${HERE}/${key.keyId}/revoke`}
                submit={m.grants.end}
              >
                <p>{m.grants.endText}</p>
              </Confirm>
            ),
        },
      ]}
    />
  );
};

portal.get(HERE, async (context) => {
  const view = member(context);
  const { m, workspace } = view;
  const { grants, keys } = context.var.services;
  const list = await grants.list({ partnerId: workspace.partner.id, subject: workspace.subject });
  const budgets = await Promise.all(list.map((key) => keys.budgets.standing(key)));
  return render(
    context,
    <Page view={view} title={m.grants.title} about="both">
      <h1>{m.grants.title}</h1>
      <p>{m.grants.text}</p>
      <Panel title={m.grants.all}>
        {list.length === 0 ? (
          <Empty title={m.grants.empty}>
            <p>
              {m.grants.emptyText} <a href="/docs/mcp">{m.nav.docs}</a>
            </p>
          </Empty>
        ) : (
          <Grants grants={list.map((key, i) => ({ key, budget: budgets[i] ?? null }))} />
        )}
      </Panel>
    </Page>,
  );
});

portal.post(`${HERE}/:grant/revoke`, async (context) => {
  const { workspace } = member(context);
  const { partner, subject } = workspace;
  await context.var.services.grants.end(
    { partnerId: partner.id, subject },
    context.req.param('grant'),
    actorFor(context),
  );
  return done(context, HERE, 'grant_ended');
});
