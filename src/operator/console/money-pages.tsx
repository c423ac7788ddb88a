// Operators: plans and invoices.

import * as z from 'zod';
import { CURRENCIES, type Currency, decimalOf, minorOf } from '../../billing/money.ts';
import { MOST_PRICE_MINOR, type NewPlan, type Plan } from '../../billing/plan-store.ts';
import { AppError } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import { idOr404, uuidCursor } from '../../http/api.ts';
import { reason, text } from '../../http/fields.ts';
import { Choose, Dialog, Empty, Field, Older, OpenDialog, Post } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { submit, type Wrong } from '../../web/forms.ts';
import {
  csvResponse,
  documentName,
  InvoiceBody,
  InvoiceTable,
  pdfResponse,
  StatusBadge,
} from '../../web/invoices/invoice-view.tsx';
import { withQuery } from '../../web/redirects.ts';
import { shownAt, type View } from '../../web/view.ts';
import { type FormErrors, type FormValues, readForm, render } from '../../web/web.ts';
import {
  type ConsoleContext,
  ConsolePage,
  done,
  operator,
  operatorActor,
  operatorConsole,
  ReasonForm,
} from './console-web.tsx';

const PAGE_ROWS = 50;

// ---------------------------------------------------------------- plans

interface WrongPlan extends Wrong {
  tier: string;
}

const PlanFields = ({ view, plan, wrong }: { view: View; plan?: Plan; wrong?: WrongPlan }) => {
  const { m } = view;
  const scope = `plan-${plan?.tier ?? 'new'}`;
  const kept = (name: string, value: string) => wrong?.values[name] ?? value;
  const allowed = plan?.overageActions ?? ['block', 'charge'];
  const { sla, support, webhooks } = (plan?.features ?? {}) as {
    sla?: string | null;
    support?: string;
    webhooks?: boolean;
  };
  const field = (name: string, label: string, value: string, hint?: string) => (
    <Field
      scope={scope}
      name={name}
      label={label}
      value={kept(name, value)}
      hint={hint}
      error={wrong?.errors[name]}
    />
  );
  return (
    <>
      {!plan && field('tier', m.money.name, '', m.money.nameHint)}
      {!plan && field('partner', m.money.forPartner, '', m.money.forPartnerHint)}
      {CURRENCIES.map((currency) => {
        const price = plan?.prices[currency];
        const text = (minor: number | undefined) => (minor === undefined ? '' : decimalOf(minor, currency));
        return (
          <div class="pair">
            {field(
              `price_${currency}`,
              m.money.price(currency),
              text(price?.price),
              currency === 'EUR' ? undefined : m.money.noPrice,
            )}
            {field(`overage_${currency}`, m.money.overagePrice(currency), text(price?.overage_per_1000))}
          </div>
        );
      })}
      <p class="hint">{m.operator.limitsText}</p>
      <div class="pair">
        {field('second', m.operator.perSecond, String(plan?.perSecond ?? 10))}
        {field('day', m.operator.perDay, String(plan?.perDay ?? 10_000))}
      </div>
      <div class="pair">
        {field('month', m.operator.perMonth, String(plan?.perMonth ?? 300_000))}
        {field('max_keys', m.money.maxKeys, String(plan?.maxKeys ?? 5))}
      </div>
      <div class="pair">
        {field('sla', m.money.sla, sla ?? '')}
        {field('support', m.money.support, support ?? '')}
      </div>
      <fieldset>
        <legend>{m.money.overageActions}</legend>
        {(['warn', 'charge'] as const).map((action) => (
          <label class="choice">
            <input type="checkbox" name={action} value="true" checked={allowed.includes(action)} />
            <span>{m.operator.overages[action]}</span>
          </label>
        ))}
        <p class="hint">{m.money.overageActionsHint}</p>
      </fieldset>
      <label class="choice">
        <input type="checkbox" name="webhooks" value="true" checked={plan ? webhooks === true : true} />
        <span>{m.money.webhooks}</span>
      </label>
      <label class="choice">
        <input type="checkbox" name="self_serve" value="true" checked={plan?.selfServe ?? false} />
        <span>{m.money.selfServe}</span>
      </label>
    </>
  );
};

async function showPlans(context: ConsoleContext, wrong?: WrongPlan) {
  const view = shownAt(operator(context), '/operator/plans');
  const { m, format } = view;
  const plans = await context.var.services.plans.plans();
  const count = (limit: number) => (limit < 0 ? '∞' : format.compact(limit));
  const idOf = (tier: string) => `edit-${tier}`;
  return render(
    context,
    <ConsolePage view={view} title={m.money.plans}>
      <div class="head">
        <h1 class="grow">{m.money.plans}</h1>
        <OpenDialog view={view} id="new" kind="primary">
          {m.money.newPlan}
        </OpenDialog>
      </div>
      <p class="soft">{m.money.plansText}</p>
      <section class="panel">
        <Table
          rows={plans}
          columns={[
            {
              title: m.money.name,
              cell: ({ tier, partnerId, selfServe }) => (
                <>
                  <strong>{tier}</strong>
                  {partnerId && (
                    <a class="small" href={`/operator/partners/${partnerId}`}>
                      {' '}
                      {m.money.forPartner} …{partnerId.slice(-6)}
                    </a>
                  )}
                  {selfServe && (
                    <>
                      {' '}
                      <span class="badge good">{m.money.selfServed}</span>
                    </>
                  )}
                </>
              ),
            },
            {
              title: m.invoice.unitPrice,
              cell: ({ prices }) =>
                CURRENCIES.flatMap((currency) => {
                  const price = prices[currency];
                  return price
                    ? [
                        `${format.money(price.price, currency)} (${format.money(price.overage_per_1000, currency)})`,
                      ]
                    : [];
                }).join(' · '),
            },
            {
              title: m.money.limits,
              kind: 'tight',
              cell: ({ perSecond, perDay, perMonth }) => [perSecond, perDay, perMonth].map(count).join(' / '),
            },
            { title: m.money.maxKeys, kind: 'num', cell: ({ maxKeys }) => count(maxKeys) },
            { title: m.money.partners, kind: 'num', cell: ({ partners }) => format.number(partners) },
            {
              title: m.common.actions,
              isAction: true,
              cell: ({ tier }) => (
                <OpenDialog view={view} id={idOf(tier)} kind="small">
                  {m.money.editPlan}
                  <span class="visually-hidden"> {tier}</span>
                </OpenDialog>
              ),
            },
          ]}
        />
      </section>
      <Dialog view={view} id="new" title={m.money.newPlan} open={wrong?.tier === '' ? true : undefined}>
        <form method="post" action="/operator/plans" class="stack">
          <PlanFields view={view} wrong={wrong?.tier === '' ? wrong : undefined} />
          <div class="actions">
            <button type="submit" class="button primary">
              {m.common.save}
            </button>
          </div>
        </form>
      </Dialog>
      {plans.map((plan) => (
        <Dialog
          view={view}
          id={idOf(plan.tier)}
          title={`${m.money.editPlan}: ${plan.tier}`}
          open={wrong?.tier === plan.tier ? true : undefined}
        >
          <form method="post" action={`/operator/plans/${plan.tier}`} class="stack">
            <PlanFields view={view} plan={plan} wrong={wrong?.tier === plan.tier ? wrong : undefined} />
            <div class="actions">
              <button type="submit" class="button primary">
                {m.common.save}
              </button>
            </div>
          </form>
        </Dialog>
      ))}
    </ConsolePage>,
    wrong ? 400 : 200,
  );
}

const limit = z.coerce.number().int().min(-1).max(2_000_000_000);
const shortText = text(100).default('');
const planForm = z.object({
  tier: z
    .string()
    .trim()
    .regex(/^[a-z0-9][a-z0-9-]{0,48}$/)
    .optional(),
  partner: z.union([z.literal(''), z.uuid()]).default(''),
  second: limit,
  day: limit,
  month: limit,
  max_keys: limit,
  warn: z.literal('true').optional(),
  charge: z.literal('true').optional(),
  sla: shortText,
  support: shortText,
  webhooks: z.literal('true').optional(),
  self_serve: z.literal('true').optional(),
});

/** Prices as typed, in minor units; or which of them is none. */
function pricesOf(
  values: FormValues,
  wrongText: string,
): { prices: NewPlan['prices'] } | { errors: FormErrors } {
  const prices: NewPlan['prices'] = {};
  const errors: FormErrors = {};
  for (const currency of CURRENCIES) {
    const [price = '', overage = ''] = [values[`price_${currency}`], values[`overage_${currency}`]];
    if (price.trim() === '' && currency !== 'EUR') continue;
    const minor = minorOf(price, currency);
    const per1000 = minorOf(overage.trim() === '' ? '0' : overage, currency);
    if (minor === undefined || minor > MOST_PRICE_MINOR) errors[`price_${currency}`] = wrongText;
    if (per1000 === undefined || per1000 > MOST_PRICE_MINOR) errors[`overage_${currency}`] = wrongText;
    prices[currency as Currency] = { price: minor ?? 0, overage_per_1000: per1000 ?? 0 };
  }
  return Object.keys(errors).length > 0 ? { errors } : { prices };
}

async function savePlan(context: ConsoleContext, tier: string): Promise<Response> {
  const { m } = operator(context);
  const { plans } = context.var.services;
  const { values, data, errors } = await readForm(context, planForm);
  if (errors) return showPlans(context, { tier, values, errors });
  const priced = pricesOf(values, m.money.wrongAmount);
  if ('errors' in priced) return showPlans(context, { tier, values, errors: priced.errors });
  const name = tier || data.tier;
  if (!name) return showPlans(context, { tier, values, errors: { tier: m.money.nameHint } });
  const known = (await plans.plans()).find((plan) => plan.tier === name);
  const plan: NewPlan = {
    tier: name,
    partnerId: data.partner || null,
    selfServe: data.self_serve === 'true',
    prices: priced.prices,
    overageActions: ['block', ...(['warn', 'charge'] as const).filter((action) => data[action] === 'true')],
    perSecond: data.second,
    perDay: data.day,
    perMonth: data.month,
    maxKeys: data.max_keys,
    features: {
      ...known?.features,
      sla: data.sla || null,
      support: data.support || null,
      webhooks: data.webhooks === 'true',
    },
  };
  await plans.save(plan, operatorActor(context), tier === '');
  return done(context, '/operator/plans', 'saved');
}

operatorConsole.get('/operator/plans', (context) => showPlans(context));
operatorConsole.post('/operator/plans', (context) => savePlan(context, ''));
operatorConsole.post('/operator/plans/:tier', (context) => savePlan(context, context.req.param('tier')));

// ---------------------------------------------------------------- invoices

operatorConsole.get('/operator/invoices', async (context) => {
  const view = operator(context);
  const { m } = view;
  const { status, search, before } = context.req.query();
  const filter = {
    status: (['open', 'paid', 'void'] as const).find((each) => each === status),
    search: search ? search.slice(0, 100) : undefined,
  };
  const rows = await context.var.services.invoices.list(
    PAGE_ROWS + 1,
    uuidCursor(before || undefined),
    filter,
  );
  const shown = rows.slice(0, PAGE_ROWS);
  return render(
    context,
    <ConsolePage view={view} title={m.money.invoices}>
      <h1>{m.money.invoices}</h1>
      <div class="row">
        <Choose
          label={m.invoice.status}
          current={filter.status ?? ''}
          options={[
            ['', m.requests.all],
            ...(['open', 'paid', 'void'] as const).map((each) => [each, m.invoice.statuses[each]] as const),
          ]}
          hrefOf={(value) => withQuery(view.here, { status: value || undefined, before: undefined })}
        />
        <form method="get" action="/operator/invoices" class="inline">
          <input
            type="search"
            name="search"
            aria-label={m.money.search}
            placeholder={m.money.search}
            value={filter.search ?? ''}
          />
          <button type="submit" class="button">
            {m.operator.searchButton}
          </button>
        </form>
      </div>
      <section class="panel">
        {shown.length === 0 ? (
          <Empty title={m.money.noInvoices} />
        ) : (
          <InvoiceTable view={view} invoices={shown} base="/operator/invoices" hasPartner />
        )}
      </section>
      <Older view={view} rows={rows} shown={shown} />
    </ConsolePage>,
  );
});

const invoiceOf = (context: ConsoleContext) => {
  operator(context);
  return context.var.services.invoices.get(null, idOr404(context.req.param('invoice') ?? '', 'invoice'));
};

async function showInvoice(
  context: ConsoleContext,
  { credit, annulment }: { credit?: Wrong; annulment?: Wrong } = {},
) {
  const invoice = await invoiceOf(context);
  const view = shownAt(operator(context), `/operator/invoices/${invoice.id}`);
  const { m } = view;
  const base = view.path;
  const isInvoice = invoice.kind === 'invoice';
  const left = invoice.subtotal_minor - invoice.credited_net_minor;
  return render(
    context,
    <ConsolePage view={view} title={documentName(view, invoice)}>
      <div class="head">
        <h1 class="grow">
          {documentName(view, invoice)} <StatusBadge view={view} invoice={invoice} />
        </h1>
        <a class="button small" href={`${base}/pdf`}>
          {m.invoice.pdf}
        </a>
        <a class="button small" href={`${base}/csv`}>
          {m.common.csv}
        </a>
      </div>
      <p>
        <a href={`/operator/partners/${invoice.partner_id}`}>{invoice.partner}</a>
      </p>
      <div class="row">
        {invoice.status === 'open' && (
          <Post action={`${base}/pay`} kind="button primary">
            {m.money.pay}
          </Post>
        )}
        {isInvoice && invoice.status !== 'void' && left > 0 && (
          <OpenDialog view={view} id="credit">
            {m.money.credit}
          </OpenDialog>
        )}
        {isInvoice && invoice.status === 'open' && invoice.credited_minor === 0 && (
          <OpenDialog view={view} id="void" kind="danger">
            {m.money.void}
          </OpenDialog>
        )}
      </div>
      <InvoiceBody view={view} invoice={invoice} />
      <p>
        <a href="/operator/invoices">{m.invoice.back}</a>
      </p>
      <Dialog view={view} id="credit" title={m.money.credit} open={credit ? true : undefined}>
        <form method="post" action={`${base}/credit`} class="stack">
          {/* The same form sent twice makes one note. */}
          <input type="hidden" name="form" value={newId()} />
          <p>{m.money.creditText}</p>
          <Field
            name="amount"
            label={`${m.money.creditAmount}, ${invoice.currency}`}
            required
            value={credit?.values.amount ?? decimalOf(left, invoice.currency)}
            error={credit?.errors.amount}
          />
          <Field
            name="reason"
            label={m.operator.reason}
            required
            maxlength={500}
            value={credit?.values.reason}
            error={credit?.errors.reason}
          />
          <div class="actions">
            <button type="submit" class="button primary">
              {m.money.credit}
            </button>
          </div>
        </form>
      </Dialog>
      <Dialog view={view} id="void" title={m.money.void} open={annulment ? true : undefined}>
        <p>{m.money.voidText}</p>
        <ReasonForm view={view} action={`${base}/void`} wrong={annulment}>
          {m.money.void}
        </ReasonForm>
      </Dialog>
    </ConsolePage>,
    credit || annulment ? 400 : 200,
  );
}

operatorConsole.get('/operator/invoices/:invoice', (context) => showInvoice(context));
operatorConsole.get('/operator/invoices/:invoice/pdf', async (context) =>
  pdfResponse(context.var.view, await invoiceOf(context)),
);
operatorConsole.get('/operator/invoices/:invoice/csv', async (context) =>
  csvResponse(context.var.view, await invoiceOf(context)),
);

operatorConsole.post('/operator/invoices/:invoice/pay', async (context) => {
  const { id } = await invoiceOf(context);
  await context.var.services.invoices.pay(id, operatorActor(context));
  return done(context, `/operator/invoices/${id}`, 'saved');
});

operatorConsole.post('/operator/invoices/:invoice/void', async (context) => {
  const { id } = await invoiceOf(context);
  return submit(context, z.object({ reason }), {
    async work(data) {
      await context.var.services.invoices.void(id, data.reason, operatorActor(context));
      return done(context, `/operator/invoices/${id}`, 'saved');
    },
    again: (annulment) => showInvoice(context, { annulment }),
  });
});

operatorConsole.post('/operator/invoices/:invoice/credit', async (context) => {
  const { m } = operator(context);
  const { id, currency } = await invoiceOf(context);
  const { values, data, errors } = await readForm(
    context,
    z.object({ form: z.uuid(), amount: z.string().min(1).max(30), reason }),
  );
  // Without it, the same form sent twice would make two notes.
  if (errors?.form) throw new AppError('validation_error');
  if (errors) return showInvoice(context, { credit: { values, errors } });
  const minor = minorOf(data.amount, currency);
  if (minor === undefined || minor === 0)
    return showInvoice(context, { credit: { values, errors: { amount: m.money.wrongAmount } } });
  const actor = operatorActor(context);
  const wish = { netMinor: minor, reason: data.reason, idempotencyKey: `form:${actor.name}:${data.form}` };
  const note = await context.var.services.invoices.credit(id, wish, actor);
  return done(context, `/operator/invoices/${note.id}`, 'saved');
});
