// Another plan before it is chosen: what it costs now and later, and what changes. Confirming is one button; nothing changes
// before.

import type { Billing, PlanReview } from '../../billing/plan-service.ts';
import { Post } from '../../web/components/form.tsx';
import { Note, Panel } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { differences, planName } from '../../web/plan-text.ts';
import { useMemberView } from '../../web/view-context.ts';
import { render } from '../../web/web.ts';
import { member, Page, portal } from './portal-web.tsx';

interface Cost {
  what: string;
  hint?: string;
  amount: string;
  /** It is a day, and no amount. */
  isDay?: boolean;
}

const CostPanel = ({ review }: { review: PlanReview }) => {
  const { m, format } = useMemberView();
  const { isNow, startsAt, invoicedAt, currency, nextInvoice, taxBps } = review;
  const day = format.date(invoicedAt);
  const tax = taxBps > 0 ? m.billing.plusTax(format.percent(taxBps / 10_000)) : m.billing.beforeTax;
  const costs: Cost[] = [
    { what: m.billing.starts, amount: isNow ? m.billing.now : format.date(startsAt), isDay: true },
    {
      what: m.billing.dueNow(format.monthName(startsAt, isNow ? 0 : -1)),
      hint: isNow ? m.billing.dueNowHint(day) : undefined,
      amount: format.money(review.dueNowMinor, currency),
    },
    {
      what: m.billing.nextTotal(day),
      hint: m.billing.nextTotalHint,
      amount: format.money(nextInvoice?.totalMinor ?? 0, currency),
    },
    {
      what: m.billing.monthly(format.monthName(invoicedAt)),
      hint: tax,
      amount: format.money(review.monthlyMinor, review.monthlyCurrency),
    },
  ];
  return (
    <Panel title={m.billing.costs}>
      <Table
        hasHead={false}
        rows={costs}
        columns={[
          {
            title: m.invoice.what,
            cell: ({ what, hint }) => (
              <>
                {what}
                {hint && (
                  <>
                    <br />
                    <span class="small soft">{hint}</span>
                  </>
                )}
              </>
            ),
          },
          {
            title: m.invoice.amount,
            labelOf: ({ isDay }) => (isDay ? m.billing.when : m.invoice.amount),
            kind: 'num',
            cell: ({ amount }) => <strong>{amount}</strong>,
          },
        ]}
      />
    </Panel>
  );
};

const ChangePanel = ({ review, billing }: { review: PlanReview; billing: Billing }) => {
  const view = useMemberView();
  const { m } = view;
  const { from, to, overageAction } = review;
  const rows = differences(view, { from, to, billing, overageAction });
  return (
    <Panel title={m.billing.changes}>
      {rows.length === 0 ? (
        <p class="pad">{m.billing.same}</p>
      ) : (
        <Table
          rows={rows}
          columns={[
            { title: m.billing.changes, kind: 'tight', cell: ({ what }) => what },
            { title: planName(view, from), cell: ({ before }) => <span class="soft">{before}</span> },
            { title: planName(view, to), cell: ({ after }) => <strong>{after}</strong> },
          ]}
        />
      )}
      {billing.customLimits && <p class="pad small soft">{m.billing.limitsStay}</p>}
    </Panel>
  );
};

portal.get('/portal/billing/plan', async (context) => {
  const view = member(context, 'subscribe');
  const { m, format, workspace } = view;
  const { plans } = context.var.services;
  const tier = (context.req.query('tier') ?? '').slice(0, 50);
  const [review, billing] = await Promise.all([
    plans.review(workspace.partner.id, tier),
    plans.billing(workspace.partner.id),
  ]);
  // On it already: nothing is to be confirmed.
  if (tier === billing.tier) return context.redirect('/portal/billing', 303);
  const [from, to] = [planName(view, review.from), planName(view, review.to)];
  return render(
    context,
    <Page view={view} title={m.billing.review(to)} about="both">
      <h1>{m.billing.review(to)}</h1>
      <p class="soft">{m.billing.reviewText(from, to)}</p>
      {!review.isBilled && <Note>{m.billing.notBilled}</Note>}
      <CostPanel review={review} />
      <ChangePanel review={review} billing={billing} />
      <p>
        {!review.isNow
          ? m.billing.keepUntil(format.date(review.startsAt))
          : billing.isUndoSpent
            ? m.billing.undoSpent
            : m.billing.undoWithin}
      </p>
      <div class="row">
        <Post
          action="/portal/billing/plan"
          fields={{ tier, monthly: String(review.monthlyMinor) }}
          kind="button primary"
        >
          {m.billing.confirm(to)}
        </Post>
        <a class="button" href="/portal/billing">
          {m.common.cancel}
        </a>
      </div>
    </Page>,
  );
});
