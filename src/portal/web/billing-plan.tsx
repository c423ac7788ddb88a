// The plan on the billing page, and the dialog that chooses another.

import { CURRENCIES } from '../../billing/amounts.ts';
import type { Billing } from '../../billing/plan-service.ts';
import type { Plan } from '../../billing/plan-store.ts';
import { Dialog, OpenDialog } from '../../web/components/dialog.tsx';
import { ErrorText, Form, Post, Select } from '../../web/components/form.tsx';
import { Note, Panel } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import type { Wrong } from '../../web/forms.ts';
import type { View } from '../../web/view.ts';
import { useMemberView, useView } from '../../web/view-context.ts';

function priceText({ m, format }: View, plan: Plan, currency: Billing['currency']): string {
  const price = plan.prices[currency];
  if (!price || (!plan.selfServe && price.price === 0)) return '–';
  return `${format.money(price.price, currency)} ${m.billing.perMonth}`;
}

/** What a plan holds, in a few words each. */
function contents({ m, format }: View, plan: Plan, billing: Billing): string[] {
  const { support, sla } = plan.features as { support?: string; sla?: string | null };
  const per1000 = plan.prices[billing.currency]?.overage_per_1000 ?? 0;
  // Of another plan: what it leaves of the choice that was made.
  const isKept = plan.tier === billing.tier || plan.overageActions.includes(billing.overageAction);
  const beyond =
    isKept && billing.overageAction === 'charge' && per1000 > 0
      ? m.billing.overagePrice(format.money(per1000, billing.currency))
      : isKept && billing.overageAction === 'warn'
        ? m.billing.overageWarn
        : m.billing.overageOff;
  return [
    plan.perMonth < 0 ? m.billing.unlimited : m.billing.included(format.number(plan.perMonth)),
    ...(plan.perMonth < 0 ? [] : [beyond]),
    plan.maxKeys < 0 ? m.billing.keysUnlimited : m.billing.keysIncluded(format.number(plan.maxKeys)),
    ...(support ? [`${m.billing.support}: ${support}`] : []),
    ...(sla ? [`${m.billing.sla}: ${sla}`] : []),
  ];
}

export const PlanPanel = ({
  plans,
  billing,
  mayChange,
}: {
  plans: readonly Plan[];
  billing: Billing;
  mayChange: boolean;
}) => {
  const view = useMemberView();
  const { m, format } = view;
  const plan = plans.find(({ tier }) => tier === billing.tier);
  const isScheduled = billing.nextChangeAt !== null;
  const next = [billing.nextTier, billing.nextCurrency].filter(Boolean).join(', ');
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
          <strong class="big">{billing.tier}</strong> {plan && priceText(view, plan, billing.currency)}
        </p>
        {plan && <p class="soft">{contents(view, plan, billing).join(' · ')}</p>}
        {isScheduled && (
          <Note kind="warn">
            <div class="row">
              <span class="grow">{m.billing.scheduled(next, format.date(billing.nextChangeAt ?? ''))}</span>
              {mayChange && (
                <Post action="/portal/billing/keep" kind="button small">
                  {m.billing.keep}
                </Post>
              )}
            </div>
          </Note>
        )}
        {view.workspace.partner.status !== 'active' && <p class="soft">{m.billing.notBilled}</p>}
      </div>
    </Panel>
  );
};

const nextMonthText = ({ format, nowMs }: View): string => {
  const now = new Date(nowMs);
  return format.date(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1)).toISOString());
};

interface Choice {
  plans: readonly Plan[];
  billing: Billing;
}

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
              <strong>{plan.tier}</strong> {priceText(view, plan, billing.currency)}
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
            if (!plan.selfServe) return <span class="soft small">{m.billing.ask}</span>;
            const isUp = (plan.prices[billing.currency]?.price ?? 0) > current;
            return (
              <>
                <Post action="/portal/billing/plan" fields={{ tier: plan.tier }} kind="button small">
                  {m.billing.choose}
                  <span class="visually-hidden"> {plan.tier}</span>
                </Post>
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
