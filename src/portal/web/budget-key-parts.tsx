// Keys with budgets, on the page of the key that makes them and on their own.

import type { Catalog } from '../../catalog/catalog.ts';
import { newId } from '../../core/ids.ts';
import type { BudgetStanding } from '../../keys/key-budget-service.ts';
import type { KeyView } from '../../keys/key-view-store.ts';
import { FormDialog, OpenDialog } from '../../web/components/dialog.tsx';
import { Choices, Field, FormError, Select } from '../../web/components/form.tsx';
import { KeyBadge } from '../../web/components/key-badge.tsx';
import { Panel, Time, Until } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import type { Wrong } from '../../web/forms.ts';
import { scopeText } from '../../web/scope-text.ts';
import type { View } from '../../web/view.ts';
import { useView } from '../../web/view-context.ts';
import { ExpiryField } from './key-form.tsx';

export interface ListedBudgetKey {
  key: KeyView;
  budget: BudgetStanding | null;
}

/** An amount of a budget: units, or money. */
export const budgetText = (
  { currency }: BudgetStanding,
  amount: number | null,
  { m, format }: View,
): string => {
  if (amount === null) return m.budgets.unknown;
  return currency === null ? format.number(amount) : format.money(amount, currency);
};

const BudgetTable = ({ made }: { made: readonly ListedBudgetKey[] }) => {
  const view = useView();
  const { m } = view;
  return (
    <Table
      rows={made}
      columns={[
        { title: m.budgets.name, cell: ({ key }) => <a href={`/portal/keys/${key.keyId}`}>{key.name}</a> },
        {
          title: m.budgets.used,
          kind: 'num',
          cell: ({ budget }) =>
            budget &&
            m.budgets.of(budgetText(budget, budget.used, view), budgetText(budget, budget.limit, view)),
        },
        {
          title: m.budgets.left,
          kind: 'num',
          cell: ({ budget }) => budget && budgetText(budget, budget.remaining, view),
        },
        { title: m.keys.scopes, kind: 'small', cell: ({ key }) => key.scopes.join(', ') },
        {
          title: m.budgets.ends,
          cell: ({ key }) => (key.expiresAt ? <Until at={key.expiresAt} /> : m.common.never),
        },
        { title: m.keys.lastUsed, cell: ({ key }) => <Time at={key.lastUsedAt} /> },
        { title: m.keys.state, cell: ({ key }) => <KeyBadge state={key.state} /> },
      ]}
    />
  );
};

/** `mayMake`: whether whoever looks may make another. */
export const BudgetKeysPanel = ({
  made,
  mayMake,
}: {
  made: readonly ListedBudgetKey[];
  mayMake: boolean;
}) => {
  const { m } = useView();
  return (
    <Panel
      title={m.budgets.title}
      action={mayMake && <OpenDialog id="new-budget-key">{m.budgets.new}</OpenDialog>}
    >
      <p class="pad soft">
        {m.budgets.text} <a href="/docs/budget-keys">{m.budgets.more}</a>
      </p>
      {made.length === 0 ? <p class="pad">{m.budgets.empty}</p> : <BudgetTable made={made} />}
    </Panel>
  );
};

/** An amount, and what it is of. `currency`: of the partner. */
export const BudgetFields = ({
  label,
  hint,
  currency,
  isRequired,
}: {
  label: string;
  hint: string;
  currency: string;
  isRequired?: boolean;
}) => {
  const { m } = useView();
  return (
    <>
      <Field name="budget" label={label} required={isRequired} inputmode="decimal" hint={hint} />
      <Select
        name="budget_in"
        label={m.budgets.in}
        options={[
          ['units', m.budgets.units],
          ['money', m.budgets.money(currency)],
        ]}
      />
    </>
  );
};

/** `currency`: of the partner. */
export const NewBudgetKeyDialog = ({
  apiKey: key,
  catalog,
  currency,
  wrong,
}: {
  apiKey: KeyView;
  catalog: Catalog;
  currency: string;
  wrong?: Wrong;
}) => {
  const view = useView();
  const { m } = view;
  const isBudgeted = key.counterId !== null;
  const isMoney = isBudgeted && key.budgetMinor !== null;
  return (
    <FormDialog
      id="new-budget-key"
      scope="budget-key"
      title={m.budgets.new}
      action={`/portal/keys/${key.keyId}/budget-keys`}
      submit={m.budgets.create}
      saved={{
        scopes: key.scopes.filter((scope) => scope !== 'keys:write').join('\n'),
        budget_in: isMoney ? 'money' : 'units',
      }}
      wrong={wrong}
    >
      {/* The same form sent twice makes one key. */}
      <input type="hidden" name="form" value={newId()} />
      <Field
        name="name"
        label={m.budgets.name}
        required
        maxlength={255}
        hint={m.budgets.nameHint}
        autofocus
      />
      <BudgetFields label={m.budgets.budget} hint={m.budgets.budgetHint} currency={currency} isRequired />
      <ExpiryField />
      <Choices
        name="scopes"
        label={m.keys.scopes}
        options={key.scopes.map((scope) => [scope, scopeText(catalog, scope, view)] as const)}
      />
      <FormError />
    </FormDialog>
  );
};

/** Of a key with a budget: what is left of it, and who made it. */
export const BudgetFacts = ({ apiKey: key, budget }: { apiKey: KeyView; budget: BudgetStanding }) => {
  const view = useView();
  const { m } = view;
  return (
    <>
      <dt>{m.budgets.budget}</dt>
      <dd>
        {m.budgets.of(budgetText(budget, budget.used, view), budgetText(budget, budget.limit, view))}.{' '}
        {m.budgets.left}
        {m.common.colon} {budgetText(budget, budget.remaining, view)}
      </dd>
      {key.isBudgetVoid && (
        <>
          <dt />
          <dd>{m.budgets.void}</dd>
        </>
      )}
      {key.parentId !== null && (
        <>
          <dt>{m.budgets.madeWith}</dt>
          <dd>
            <a href={`/portal/keys/${key.parentId}`}>{key.parentName}</a>
          </dd>
        </>
      )}
    </>
  );
};
