// Billing: the plan, what the next invoice will say, what was spent, invoices, and where they go.

import type { Child } from 'hono/jsx';
import * as z from 'zod';
import { CURRENCIES, decimalOf, minorOf } from '../../billing/amounts.ts';
import type { Draft } from '../../billing/invoice.ts';
import type { Preview } from '../../billing/invoice-service.ts';
import type { Billing } from '../../billing/plan-service.ts';
import type { Plan } from '../../billing/plan-store.ts';
import { idOr404, uuidCursor } from '../../http/api.ts';
import { email, overageAction, text } from '../../http/fields.ts';
import { may } from '../../partners/permissions.ts';
import { Dialog, OpenDialog } from '../../web/components/dialog.tsx';
import { Area, Field, Post, Select } from '../../web/components/form.tsx';
import { Empty, Meter, Note, Older, Panel } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { readChoice } from '../../web/forms.ts';
import { lineText, taxText } from '../../web/invoices/invoice-text.ts';
import {
  csvResponse,
  documentName,
  InvoiceBody,
  InvoiceTable,
  pdfResponse,
  StatusBadge,
} from '../../web/invoices/invoice-view.tsx';
import { type MemberView, shownAt } from '../../web/view.ts';
import { useMemberView } from '../../web/view-context.ts';
import { type FormErrors, type FormValues, readForm, render } from '../../web/web.ts';
import { optionalLine, optionalText } from './fields.ts';
import { actorFor, done, member, Page, type PortalContext, portal } from './portal-web.tsx';

const PAGE_ROWS = 25;
const SPEND_MONTHS = 12;

function priceText({ m, format }: MemberView, plan: Plan, currency: Billing['currency']): string {
  const price = plan.prices[currency];
  if (!price || (!plan.selfServe && price.price === 0)) return '–';
  return `${format.money(price.price, currency)} ${m.billing.perMonth}`;
}

/** What a plan holds, in a few words each. */
function contents({ m, format }: MemberView, plan: Plan, billing: Billing): string[] {
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

const PlanPanel = ({
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

const PlanDialog = ({ plans, billing }: { plans: readonly Plan[]; billing: Billing }) => {
  const view = useMemberView();
  const { m } = view;
  const current = plans.find(({ tier }) => tier === billing.tier)?.prices[billing.currency]?.price ?? 0;
  return (
    <Dialog id="plan" title={m.billing.change}>
      <div class="stack">
        <p>{m.billing.changeText}</p>
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
        <form method="post" action="/portal/billing/currency" class="inline">
          <Select
            name="currency"
            label={m.billing.currency}
            value={billing.nextCurrency ?? billing.currency}
            options={CURRENCIES.map((currency) => [currency, currency] as const)}
          />
          <button type="submit" class="button">
            {m.common.change}
          </button>
        </form>
        <p class="hint">{m.billing.currencyText}</p>
      </div>
    </Dialog>
  );
};

const nextMonthText = ({ format, nowMs }: MemberView): string => {
  const now = new Date(nowMs);
  return format.date(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1)).toISOString());
};

const DraftTable = ({ draft }: { draft: Draft }) => {
  const view = useMemberView();
  const { m, format } = view;
  const rows = [
    ...draft.lines.map((line) => ({
      text: lineText(view, {
        kind: line.kind,
        tier: line.tier,
        app_id: line.appId,
        app_name: line.appName,
        from_at: new Date(line.fromMs).toISOString(),
        to_at: new Date(line.toMs).toISOString(),
      }),
      minor: line.amountMinor,
      isSum: false,
    })),
    ...(draft.taxMinor === 0
      ? []
      : [{ text: taxText(view, draft.taxBps), minor: draft.taxMinor, isSum: false }]),
    { text: m.invoice.total, minor: draft.totalMinor, isSum: true },
  ];
  return (
    <Table
      hasHead={false}
      rows={rows}
      columns={[
        { title: m.invoice.what, cell: ({ text, isSum }) => (isSum ? <strong>{text}</strong> : text) },
        {
          title: m.invoice.amount,
          kind: 'num',
          cell: ({ minor, isSum }) => (
            <span data-total={isSum ? minor : undefined}>
              {isSum ? (
                <strong>{format.money(minor, draft.currency)}</strong>
              ) : (
                format.money(minor, draft.currency)
              )}
            </span>
          ),
        },
      ]}
    />
  );
};

const PreviewPanel = ({ preview, included }: { preview: Preview; included: number }) => {
  const { m, format } = useMemberView();
  const { drafts, forecast, units, forecastUnits } = preview;
  return (
    <Panel title={m.billing.next}>
      <div class="pad stack">
        <p class="soft">{m.billing.nextText(format.date(preview.start), format.date(preview.end))}</p>
        <Meter
          label={m.billing.soFar}
          used={units}
          limit={included}
          remaining={included < 0 ? -1 : Math.max(0, included - units)}
        />
      </div>
      {drafts.length === 0 ? (
        <p class="pad">{m.billing.nothing}</p>
      ) : (
        drafts.map((draft) => <DraftTable draft={draft} />)
      )}
      {forecast.length > 0 && units > 0 && (
        <p class="pad soft">
          {m.billing.forecast}: {m.billing.calls(format.number(forecastUnits))},{' '}
          {forecast.map((draft) => format.money(draft.totalMinor, draft.currency)).join(' + ')}
        </p>
      )}
    </Panel>
  );
};

const SpendPanel = ({ spend }: { spend: { month: string; currency: string; minor: number }[] }) => {
  const { m, format } = useMemberView();
  if (spend.length === 0) return null;
  const top = Math.max(1, ...spend.map(({ minor }) => minor));
  return (
    <Panel title={m.billing.spend}>
      <Table
        hasHead={false}
        rows={spend}
        columns={[
          { title: m.invoice.period, cell: ({ month }) => format.month(`${month}-01`) },
          {
            title: m.billing.spend,
            cell: ({ minor }) => (
              <svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                <rect width={((100 * Math.max(0, minor)) / top).toFixed(1)} height="6" />
              </svg>
            ),
          },
          {
            title: m.invoice.amount,
            kind: 'num',
            cell: ({ minor, currency }) => format.money(minor, currency),
          },
        ]}
      />
    </Panel>
  );
};

interface Wrong {
  values: FormValues;
  errors: FormErrors;
}

interface PanelProps {
  view: MemberView;
  billing: Billing;
  wrong: Wrong | undefined;
}

const SavePanel = ({ children }: { children: Child }) => {
  const view = useMemberView();
  return (
    <>
      {children}
      <div>
        <button type="submit" class="button primary">
          {view.m.common.save}
        </button>
      </div>
    </>
  );
};

const OveragePanel = ({ view, billing, wrong }: PanelProps) => {
  const { m } = view;
  const cap = billing.spendingCapMinor === null ? '' : decimalOf(billing.spendingCapMinor, billing.currency);
  return (
    <Panel title={m.billing.beyond}>
      <form method="post" action="/portal/billing/overage" class="pad stack">
        <SavePanel>
          <Select
            name="overage_action"
            label={m.billing.overage}
            value={wrong?.values.overage_action ?? billing.overageAction}
            options={billing.overageActions.map((action) => [action, m.billing.overages[action]] as const)}
            hint={m.billing.overageHint}
            error={wrong?.errors.overage_action}
          />
          <Field
            name="cap"
            label={m.billing.cap}
            value={wrong?.values.cap ?? cap}
            hint={m.billing.capHint(billing.currency)}
            error={wrong?.errors.cap}
          />
        </SavePanel>
      </form>
    </Panel>
  );
};

const DetailsPanel = ({ view, billing, wrong }: PanelProps) => {
  const { m } = view;
  const shownOf = (name: string, kept: string | null) => wrong?.values[name] ?? kept ?? '';
  return (
    <Panel title={m.billing.details}>
      <form method="post" action="/portal/billing" class="pad stack">
        <SavePanel>
          <Field
            name="billing_email"
            type="email"
            label={m.billing.email}
            value={shownOf('billing_email', billing.billingEmail)}
            hint={m.billing.emailHint}
            error={wrong?.errors.billing_email}
          />
          <Area
            name="billing_address"
            label={m.billing.address}
            value={shownOf('billing_address', billing.billingAddress)}
            error={wrong?.errors.billing_address}
          />
          <Field
            name="tax_id"
            label={m.billing.taxId}
            value={shownOf('tax_id', billing.taxId)}
            error={wrong?.errors.tax_id}
          />
        </SavePanel>
      </form>
    </Panel>
  );
};

async function showBilling(context: PortalContext, wrong?: Wrong) {
  const view = shownAt(member(context), '/portal/billing');
  const { m, workspace } = view;
  const { plans, invoices } = context.var.services;
  const partnerId = workspace.partner.id;
  const mayPay = may(workspace, 'pay');
  const mayChange = may(workspace, 'subscribe');
  const before = uuidCursor(context.req.query('before') || undefined);
  const [billing, planList, preview, rows, spend] = await Promise.all([
    plans.billing(partnerId),
    plans.plansFor(partnerId),
    invoices.preview(partnerId),
    invoices.list(PAGE_ROWS + 1, before, { partnerId }),
    invoices.spend(partnerId, SPEND_MONTHS),
  ]);
  const shown = rows.slice(0, PAGE_ROWS);
  return render(
    context,
    <Page view={view} title={m.billing.nav} isOfBoth>
      <h1>{m.billing.nav}</h1>
      <PlanPanel plans={planList} billing={billing} mayChange={mayChange} />
      {mayChange && <PlanDialog plans={planList} billing={billing} />}
      <PreviewPanel preview={preview} included={workspace.partner.rate_limit_per_month} />
      <Panel title={m.billing.invoices}>
        {shown.length === 0 ? (
          <Empty title={m.billing.none}>
            <p>{m.billing.noneText}</p>
          </Empty>
        ) : (
          <InvoiceTable invoices={shown} base="/portal/invoices" />
        )}
      </Panel>
      <Older rows={rows} shown={shown} />
      <SpendPanel spend={spend} />
      {mayPay ? (
        <div class="two">
          {mayChange && <OveragePanel view={view} billing={billing} wrong={wrong} />}
          <DetailsPanel view={view} billing={billing} wrong={wrong} />
        </div>
      ) : (
        <p class="soft">{m.billing.mayNot}</p>
      )}
    </Page>,
    wrong ? 400 : 200,
  );
}

portal.get('/portal/billing', (context) => showBilling(context));

const details = z.object({
  billing_email: z.union([z.literal(''), email]).transform((text) => text || null),
  billing_address: optionalText(1000),
  tax_id: optionalLine(50),
});

portal.post('/portal/billing', async (context) => {
  const { workspace } = member(context, 'pay');
  const { values, data, errors } = await readForm(context, details);
  if (errors) return showBilling(context, { values, errors });
  const change = {
    billingEmail: data.billing_email,
    billingAddress: data.billing_address,
    taxId: data.tax_id,
  };
  await context.var.services.plans.setDetails(workspace.partner.id, change, actorFor(context));
  return done(context, '/portal/billing', 'saved');
});

const beyond = z.object({ overage_action: overageAction, cap: text(20).default('') });

portal.post('/portal/billing/overage', async (context) => {
  const { workspace, m } = member(context, 'subscribe');
  const { plans } = context.var.services;
  const partnerId = workspace.partner.id;
  const { values, data, errors } = await readForm(context, beyond);
  if (errors) return showBilling(context, { values, errors });
  const { currency, overageActions } = await plans.billing(partnerId);
  if (!overageActions.includes(data.overage_action))
    return showBilling(context, { values, errors: { overage_action: m.billing.overageNotAllowed } });
  const cap = data.cap === '' ? null : minorOf(data.cap, currency);
  if (cap === undefined) return showBilling(context, { values, errors: { cap: m.billing.capWrong } });
  const change = { overageAction: data.overage_action, spendingCapMinor: cap };
  await plans.setDetails(partnerId, change, actorFor(context));
  return done(context, '/portal/billing', 'saved');
});

portal.post('/portal/billing/plan', async (context) => {
  const { workspace } = member(context, 'subscribe');
  const { tier } = await readChoice(context, z.object({ tier: z.string().max(50) }));
  await context.var.services.plans.choose(workspace.partner.id, tier, actorFor(context));
  return done(context, '/portal/billing', 'plan_chosen');
});

portal.post('/portal/billing/keep', async (context) => {
  const { workspace } = member(context, 'subscribe');
  const { plans } = context.var.services;
  const { tier, currency, nextTier, nextCurrency } = await plans.billing(workspace.partner.id);
  if (nextTier) await plans.choose(workspace.partner.id, tier, actorFor(context));
  if (nextCurrency) await plans.chooseCurrency(workspace.partner.id, currency, actorFor(context));
  return done(context, '/portal/billing', 'plan_kept');
});

portal.post('/portal/billing/currency', async (context) => {
  const { workspace } = member(context, 'subscribe');
  const { currency } = await readChoice(context, z.object({ currency: z.enum(CURRENCIES) }));
  await context.var.services.plans.chooseCurrency(workspace.partner.id, currency, actorFor(context));
  return done(context, '/portal/billing', 'plan_chosen');
});

const ownInvoice = (context: PortalContext) => {
  const view = member(context);
  const id = idOr404(context.req.param('invoice') ?? '', 'invoice');
  return context.var.services.invoices.get(view.workspace.partner.id, id);
};

portal.get('/portal/invoices/:invoice', async (context) => {
  const view = member(context);
  const { m } = view;
  const invoice = await ownInvoice(context);
  const name = documentName(view, invoice);
  return render(
    context,
    <Page view={view} title={name} isOfBoth>
      <div class="head">
        <h1 class="grow">
          {name} <StatusBadge invoice={invoice} />
        </h1>
        <a class="button small" href={`${view.path}/pdf`}>
          {m.invoice.pdf}
        </a>
        <a class="button small" href={`${view.path}/csv`}>
          {m.common.csv}
        </a>
      </div>
      <InvoiceBody invoice={invoice} />
      <p>
        <a href="/portal/billing">{m.invoice.back}</a>
      </p>
    </Page>,
  );
});
portal.get('/portal/invoices/:invoice/pdf', async (context) =>
  pdfResponse(context.var.view, await ownInvoice(context)),
);
portal.get('/portal/invoices/:invoice/csv', async (context) =>
  csvResponse(context.var.view, await ownInvoice(context)),
);
