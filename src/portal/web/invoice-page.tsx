// One invoice: as a page, as PDF, and as CSV.

import { idOr404 } from '../../http/api.ts';
import {
  csvResponse,
  documentName,
  InvoiceBody,
  pdfResponse,
  StatusBadge,
} from '../../web/invoices/invoice-view.tsx';
import { render } from '../../web/web.ts';
import { member, Page, type PortalContext, portal } from './portal-web.tsx';

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
    <Page view={view} title={name} about="both">
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
      <p class="screen">
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
