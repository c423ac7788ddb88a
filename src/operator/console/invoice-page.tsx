// One invoice or credit note: paid, void, or taken back in part.

import * as z from 'zod';
import { decimalOf, minorOf } from '../../billing/amounts.ts';
import type { Invoice } from '../../billing/invoice-service.ts';
import { AppError } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import { idOr404 } from '../../http/api.ts';
import { reason } from '../../http/fields.ts';
import { Dialog, FormDialog, OpenDialog } from '../../web/components/dialog.tsx';
import { Field, Post } from '../../web/components/form.tsx';
import { amountText } from '../../web/field-error.ts';
import { conflictAt, FieldsRefused, submit, type Wrong } from '../../web/forms.ts';
import {
  csvResponse,
  documentName,
  InvoiceBody,
  pdfResponse,
  StatusBadge,
} from '../../web/invoices/invoice-view.tsx';
import { shownAt } from '../../web/view.ts';
import { useView } from '../../web/view-context.ts';
import { render } from '../../web/web.ts';
import {
  type ConsoleContext,
  ConsolePage,
  done,
  operator,
  operatorActor,
  operatorConsole,
  ReasonForm,
} from './console-web.tsx';

const invoiceOf = (context: ConsoleContext) => {
  operator(context);
  return context.var.services.invoices.get(null, idOr404(context.req.param('invoice') ?? '', 'invoice'));
};

/** What may still be credited, before tax. */
const leftOf = (invoice: Invoice) => invoice.subtotal_minor - invoice.credited_net_minor;

const CreditDialog = ({ invoice, wrong }: { invoice: Invoice; wrong?: Wrong }) => {
  const { m, path } = useView();
  const { currency } = invoice;
  return (
    <FormDialog
      id="credit"
      title={m.console.credit}
      action={`${path}/credit`}
      submit={m.console.credit}
      saved={{ amount: decimalOf(leftOf(invoice), currency) }}
      wrong={wrong}
    >
      {/* The same form sent twice makes one note. */}
      <input type="hidden" name="form" value={newId()} />
      <p>{m.console.creditText}</p>
      <Field name="amount" label={`${m.console.creditAmount}, ${currency}`} required />
      <Field name="reason" label={m.operator.reason} required maxlength={500} />
    </FormDialog>
  );
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
  return render(
    context,
    <ConsolePage view={view} title={documentName(view, invoice)}>
      <div class="head">
        <h1 class="grow">
          {documentName(view, invoice)} <StatusBadge invoice={invoice} />
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
            {m.console.pay}
          </Post>
        )}
        {isInvoice && invoice.status !== 'void' && leftOf(invoice) > 0 && (
          <OpenDialog id="credit">{m.console.credit}</OpenDialog>
        )}
        {isInvoice && invoice.status === 'open' && invoice.credited_minor === 0 && (
          <OpenDialog id="void" kind="danger">
            {m.console.void}
          </OpenDialog>
        )}
      </div>
      <InvoiceBody invoice={invoice} />
      <p class="screen">
        <a href="/operator/invoices">{m.invoice.back}</a>
      </p>
      <CreditDialog invoice={invoice} wrong={credit} />
      <Dialog id="void" title={m.console.void} open={annulment ? true : undefined}>
        <p>{m.console.voidText}</p>
        <ReasonForm view={view} action={`${base}/void`} wrong={annulment}>
          {m.console.void}
        </ReasonForm>
      </Dialog>
    </ConsolePage>,
    (credit ?? annulment)?.status,
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
  const view = operator(context);
  const { id, currency } = await invoiceOf(context);
  return submit(context, z.object({ form: z.uuid(), amount: z.string().min(1).max(30), reason }), {
    async work(data) {
      const netMinor = minorOf(data.amount, currency);
      if (!netMinor) throw new FieldsRefused({ amount: amountText(view, currency) });
      const actor = operatorActor(context);
      const idempotencyKey = `form:${actor.name}:${data.form}`;
      const { invoices } = context.var.services;
      const note = await invoices.credit(id, { netMinor, reason: data.reason, idempotencyKey }, actor);
      return done(context, `/operator/invoices/${note.id}`, 'saved');
    },
    again(credit) {
      // Without it, the same form sent twice would make two notes.
      if (credit.errors.form) throw new AppError('validation_error');
      return showInvoice(context, { credit });
    },
    says: conflictAt(view, 'amount'),
  });
});
