// The plan on the billing page, and the dialog that chooses another.

import { CURRENCIES } from '../../billing/amounts.ts';
import type { Billing } from '../../billing/plan-service.ts';
import type { Plan } from '../../billing/plan-store.ts';
import { Dialog, OpenDialog } from '../../web/components/dialog.tsx';
import { ErrorText, Form, Post, Select } from '../../web/components/form.tsx';
import { ContactLink, Note, Panel } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import type { Wrong } from '../../web/forms.ts';
import { contents, planName, priceText, tierName } from '../../web/plan-text.ts';
import { withQuery } from '../../web/redirects.ts';
import type { View } from '../../web/view.ts';
import { useMemberView, useView } from '../../web/view-context.ts';

interface Choice {
  plans: readonly Plan[];
  billing: Billing;
}

/** What waits for the next month: a plan with its price, a currency. */
function nextText(view: View, plans: readonly Plan[], { nextTier, nextCurrency, currency }: Billing): string {
  const next = plans.find(({ tier }) => tier === nextTier);
  const price = next && priceText(view, next, nextCurrency ?? currency);
  return [
    ...(nextTier ? [`${tierName(view, plans, nextTier)}${price ? ` (${price})` : ''}`] : []),
    ...(nextCurrency ? [nextCurrency] : []),
  ].join(', ');
}

interface PlanPanelProps extends Choice {
  /** What the change that can be undone adds to this month's invoice. */
  addedMinor: number;
  mayChange: boolean;
}

/** What a change of a moment ago costs, and the button that undoes it while it can be. */
const UndoNote = ({ plans, billing, addedMinor, mayChange }: PlanPanelProps) => {
  const view = useMemberView();
  const { m, format } = view;
  const { tier, currency, undoTier, undoUntil } = billing;
  if (undoTier === null || undoUntil === null) return null;
  const monthlyMinor = plans.find((plan) => plan.tier === tier)?.prices[currency]?.price ?? 0;
  return (
    <Note kind="good">
      <div class="row">
        <div class="grow">
          {view.workspace.partner.status === 'active' && (
            <p>
              {m.billing.changedNow(
                tierName(view, plans, tier),
                format.money(addedMinor, currency),
                format.money(monthlyMinor, currency),
              )}
            </p>
          )}
          <p>{m.billing.undoUntil(tierName(view, plans, undoTier), format.time(undoUntil))}</p>
          <p class="small">{m.billing.undoHint}</p>
        </div>
        {mayChange && (
          <Post action="/portal/billing/undo" kind="button small">
            {m.billing.undo}
          </Post>
        )}
      </div>
    </Note>
  );
};

/** What waits for the next month, and the button that calls it off. */
const NextNote = ({ plans, billing, mayChange }: Omit<PlanPanelProps, 'addedMinor'>) => {
  const view = useView();
  const { m, format } = view;
  if (billing.nextChangeAt === null) return null;
  return (
    <Note kind="warn">
      <div class="row">
        <span class="grow">
          {m.billing.scheduled(nextText(view, plans, billing), format.date(billing.nextChangeAt))}
        </span>
        {mayChange && (
          <Post action="/portal/billing/keep" kind="button small">
            {m.billing.keep}
          </Post>
        )}
      </div>
    </Note>
  );
};

export const PlanPanel = (props: PlanPanelProps) => {
  const { plans, billing, mayChange } = props;
  const view = useMemberView();
  const { m } = view;
  const { status } = view.workspace.partner;
  const plan = plans.find(({ tier }) => tier === billing.tier);
  return (
    <Panel
      title={m.billing.plan}
      action={
        mayChange && (
          <OpenDialog id="plan" kind="small">
            {m.billing.change}
          </OpenDialog>
        )
      }
    >
      <div class="pad stack">
        <p>
          <strong class="big">{tierName(view, plans, billing.tier)}</strong>{' '}
          {plan && priceText(view, plan, billing.currency)}
        </p>
        {plan && <p class="soft">{contents(view, plan, billing).join(' · ')}</p>}
        <UndoNote {...props} />
        <NextNote {...props} />
        {(status === 'sandbox_only' || status === 'pending') && <p class="soft">{m.billing.notBilled}</p>}
      </div>
    </Panel>
  );
};

const nextMonthText = ({ format, nowMs }: View): string => {
  const now = new Date(nowMs);
  return format.date(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1)).toISOString());
};

const PlanTable = ({ plans, billing }: Choice) => {
  const view = useView();
  const { m } = view;
  const current = plans.find(({ tier }) => tier === billing.tier)?.prices[billing.currency]?.price ?? 0;
  return (
    <Table
      hasHead={false}
      rows={plans}
      columns={[
        {
          title: m.billing.plan,
          cell: (plan) => (
            <>
              <strong>{planName(view, plan)}</strong> {priceText(view, plan, billing.currency)}
              <br />
              <span class="small soft">{contents(view, plan, billing).join(' · ')}</span>
            </>
          ),
        },
        {
          title: m.common.actions,
          isAction: true,
          cell: (plan) => {
            if (plan.tier === billing.tier) return <span class="badge good">{m.billing.current}</span>;
            if (!plan.selfServe) return <ContactLink />;
            const isUp = (plan.prices[billing.currency]?.price ?? 0) > current;
            return (
              <>
                <a class="button small" href={withQuery('/portal/billing/plan', { tier: plan.tier })}>
                  {m.billing.choose}
                  <span class="visually-hidden"> {planName(view, plan)}</span>
                </a>
                <p class="small soft">
                  {isUp ? m.billing.chooseNow : m.billing.chooseLater(nextMonthText(view))}
                </p>
              </>
            );
          },
        },
      ]}
    />
  );
};

/** `wrong`: a plan or a currency that could not be chosen. */
export const PlanDialog = ({ plans, billing, wrong }: Choice & { wrong?: Wrong }) => {
  const { m } = useView();
  return (
    <Dialog id="plan" title={m.billing.change} open={wrong ? true : undefined}>
      <div class="stack">
        <p>{m.billing.changeText}</p>
        <ErrorText id="tier" error={wrong?.errors.tier} />
        <PlanTable plans={plans} billing={billing} />
        <Form
          action="/portal/billing/currency"
          kind="inline"
          saved={{ currency: billing.nextCurrency ?? billing.currency }}
          wrong={wrong?.errors.currency ? wrong : undefined}
        >
          <Select
            name="currency"
            label={m.billing.currency}
            options={CURRENCIES.map((currency) => [currency, currency] as const)}
          />
          <button type="submit" class="button">
            {m.common.change}
          </button>
        </Form>
        <p class="hint">{m.billing.currencyText}</p>
      </div>
    </Dialog>
  );
};
