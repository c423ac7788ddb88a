// An invoice on a page, for its partner and for operators.

import type { Invoice, InvoiceSummary, Party } from '../../billing/invoice-service.ts';
import { ContactLink } from '../components/parts.tsx';
import { Table } from '../components/table.tsx';
import { supportHref } from '../contact.ts';
import { csv } from '../csv.ts';
import type { View } from '../view.ts';
import { useView } from '../view-context.ts';
import { invoicePdf } from './invoice-pdf.ts';
import {
  CSV_HEADER,
  csvRows,
  isOwed,
  lineText,
  notBilledTexts,
  quantityText,
  statusText,
  sumsText,
  unitPriceText,
} from './invoice-text.ts';

const KINDS = { open: 'warn', paid: 'good', void: '' } as const;

export const StatusBadge = ({ invoice }: { invoice: InvoiceSummary }) => {
  const view = useView();
  const kind = invoice.overdue_days === null ? KINDS[invoice.status] : 'bad';
  return <span class={`badge ${kind}`}>{statusText(view, invoice)}</span>;
};

export const documentName = ({ m }: View, { kind, number }: InvoiceSummary): string =>
  `${kind === 'invoice' ? m.invoice.invoice : m.invoice.creditNote} ${number}`;

const PartyBlock = ({ title, party }: { title: string; party: Party }) => {
  const view = useView();
  return (
    <div>
      <p class="small soft">{title}</p>
      <p>
        <strong>{party.company || party.name}</strong>
        {party.company && party.company !== party.name && (
          <>
            <br />
            {party.name}
          </>
        )}
        {party.address && (
          <>
            <br />
            <span class="prewrap">{party.address}</span>
          </>
        )}
        {party.email && (
          <>
            <br />
            {party.email}
          </>
        )}
        {party.tax_id && (
          <>
            <br />
            {view.m.invoice.taxId}
            {view.m.common.colon} {party.tax_id}
          </>
        )}
      </p>
    </div>
  );
};

const Facts = ({ invoice }: { invoice: Invoice }) => {
  const { m, format } = useView();
  return (
    <dl class="facts">
      <dt>{m.invoice.issued}</dt>
      <dd>{format.date(invoice.issued_at)}</dd>
      <dt>{m.invoice.due}</dt>
      <dd>{format.date(invoice.due_at)}</dd>
      <dt>{m.invoice.period}</dt>
      <dd>
        {format.date(invoice.period_start)} – {format.date(invoice.period_end)}
      </dd>
      {invoice.credits && (
        <>
          <dt>{m.invoice.creditNote}</dt>
          <dd>{m.invoice.creditOf(invoice.credits)}</dd>
        </>
      )}
      {invoice.reason && (
        <>
          <dt>{m.operator.reason}</dt>
          <dd>{invoice.reason}</dd>
        </>
      )}
    </dl>
  );
};

/** Of one that is owed: how to pay it, with what to quote; under which terms; whom to ask. */
const PaymentBlock = ({ invoice }: { invoice: Invoice }) => {
  const { m, contact } = useView();
  const pay = isOwed(invoice) ? contact.paymentFor(invoice.currency) : undefined;
  const href = supportHref(contact);
  if (!pay && !href && !contact.termsUrl) return null;
  return (
    <div class="pad stack">
      {pay && (
        <div>
          <h2>{m.invoice.howToPay}</h2>
          <p class="prewrap">{pay}</p>
          <p class="small soft">{m.invoice.quote(invoice.number)}</p>
        </div>
      )}
      <p class="small row">
        {contact.termsUrl && <a href={contact.termsUrl}>{m.invoice.terms}</a>}
        {href && <ContactLink />}
      </p>
    </div>
  );
};

export const InvoiceBody = ({ invoice }: { invoice: Invoice }) => {
  const view = useView();
  const { m, format } = view;
  return (
    <section class="panel">
      <div class="pad stack">
        <Facts invoice={invoice} />
        <div class="pair">
          <PartyBlock title={m.invoice.from} party={invoice.seller} />
          <PartyBlock title={m.invoice.to} party={invoice.buyer} />
        </div>
      </div>
      <Table
        rows={invoice.lines}
        columns={[
          { title: m.invoice.what, cell: (line) => lineText(view, line) },
          { title: m.invoice.quantity, kind: 'num', cell: (line) => quantityText(view, line) },
          {
            title: m.invoice.unitPrice,
            kind: 'num',
            cell: (line) => unitPriceText(view, line, invoice.currency),
          },
          {
            title: m.invoice.amount,
            kind: 'num',
            cell: (line) => format.money(line.amount_minor, invoice.currency),
          },
        ]}
      />
      <Table
        hasHead={false}
        rows={sumsText(view, invoice)}
        columns={[
          { title: m.invoice.what, cell: ([label]) => label },
          {
            title: m.invoice.amount,
            kind: 'num',
            cell: ([label, minor]) =>
              label === m.invoice.total || label === m.invoice.left ? (
                <strong>{format.money(minor, invoice.currency)}</strong>
              ) : (
                format.money(minor, invoice.currency)
              ),
          },
        ]}
      />
      {notBilledTexts(view, invoice).map((text) => (
        <p class="pad small">{text}</p>
      ))}
      <PaymentBlock invoice={invoice} />
      <p class="pad small soft">{m.invoice.final}</p>
    </section>
  );
};

export const InvoiceTable = ({
  invoices,
  base,
  hasPartner = false,
}: {
  invoices: readonly InvoiceSummary[];
  /** Where invoices are: `/portal/invoices`. */
  base: string;
  hasPartner?: boolean;
}) => {
  const { m, format } = useView();
  return (
    <Table
      rows={invoices}
      columns={[
        {
          title: m.invoice.number,
          cell: (invoice) => (
            <>
              <a href={`${base}/${invoice.id}`}>{invoice.number}</a>
              {invoice.kind === 'credit_note' && <span class="small soft"> {m.invoice.creditNote}</span>}
            </>
          ),
        },
        ...(hasPartner
          ? [
              {
                title: m.operator.partner,
                cell: (invoice: InvoiceSummary) => (
                  <a href={`/operator/partners/${invoice.partner_id}`}>{invoice.partner}</a>
                ),
              },
            ]
          : []),
        { title: m.invoice.period, cell: ({ period_start: start }) => format.month(start) },
        { title: m.invoice.issued, kind: 'tight', cell: ({ issued_at: at }) => format.date(at) },
        {
          title: m.invoice.total,
          kind: 'num',
          cell: ({ total_minor: minor, currency }) => format.money(minor, currency),
        },
        { title: m.invoice.status, cell: (invoice) => <StatusBadge invoice={invoice} /> },
      ]}
    />
  );
};

export async function pdfResponse(view: View, invoice: Invoice): Promise<Response> {
  const bytes = await invoicePdf(invoice, view);
  return new Response(bytes as Uint8Array<ArrayBuffer>, {
    headers: {
      'content-type': 'application/pdf',
      'content-disposition': `attachment; filename="${invoice.number}.pdf"`,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
  });
}

export const csvResponse = (view: View, invoice: Invoice): Response =>
  csv(`${invoice.number}.csv`, CSV_HEADER, csvRows(view, invoice));
