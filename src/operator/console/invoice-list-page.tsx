// Invoices and credit notes of all partners, by state and by text.

import type { Ageing } from '../../billing/invoice-service.ts';
import { uuidCursor } from '../../http/api.ts';
import { Choose, Empty, Older, Panel } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { InvoiceTable } from '../../web/invoices/invoice-view.tsx';
import { withQuery } from '../../web/redirects.ts';
import { useView } from '../../web/view-context.ts';
import { render } from '../../web/web.ts';
import { ConsolePage, operator, operatorConsole } from './console-web.tsx';

const PAGE_ROWS = 50;
const STATUSES = ['open', 'overdue', 'paid', 'void'] as const;

/** What is overdue, by currency and days since it was due. */
const AgeingPanel = ({ rows }: { rows: readonly Ageing[] }) => {
  const { m, format } = useView();
  const money = (minor: number | null, currency: string) => format.money(minor ?? 0, currency);
  return (
    <Panel title={m.console.ageing}>
      <Table
        rows={rows}
        columns={[
          { title: m.billing.currency, cell: ({ currency }) => currency },
          { title: m.console.invoices, kind: 'num', cell: ({ invoices }) => format.number(invoices) },
          { title: m.console.ages[0], kind: 'num', cell: (row) => money(row.up_to_30, row.currency) },
          { title: m.console.ages[1], kind: 'num', cell: (row) => money(row.up_to_60, row.currency) },
          { title: m.console.ages[2], kind: 'num', cell: (row) => money(row.up_to_90, row.currency) },
          { title: m.console.ages[3], kind: 'num', cell: (row) => money(row.over_90, row.currency) },
          {
            title: m.invoice.total,
            kind: 'num',
            cell: ({ total, currency }) => <strong>{money(total, currency)}</strong>,
          },
        ]}
      />
    </Panel>
  );
};

operatorConsole.get('/operator/invoices', async (context) => {
  const view = operator(context);
  const { m } = view;
  const { status, search, before } = context.req.query();
  const filter = {
    status: STATUSES.find((each) => each === status),
    search: search ? search.slice(0, 100) : undefined,
  };
  const { invoices } = context.var.services;
  const [rows, ageing] = await Promise.all([
    invoices.list(PAGE_ROWS + 1, uuidCursor(before || undefined), filter),
    invoices.ageing(),
  ]);
  const shown = rows.slice(0, PAGE_ROWS);
  return render(
    context,
    <ConsolePage view={view} title={m.console.invoices}>
      <h1>{m.console.invoices}</h1>
      <div class="row">
        <Choose
          label={m.invoice.status}
          current={filter.status ?? ''}
          options={[
            ['', m.requests.all],
            ...STATUSES.map(
              (each) => [each, each === 'overdue' ? m.console.overdue : m.invoice.statuses[each]] as const,
            ),
          ]}
          hrefOf={(value) => withQuery(view.here, { status: value || undefined, before: undefined })}
        />
        <form method="get" action="/operator/invoices" class="inline">
          <input
            type="search"
            name="search"
            aria-label={m.console.search}
            placeholder={m.console.search}
            value={filter.search ?? ''}
          />
          <button type="submit" class="button">
            {m.operator.searchButton}
          </button>
        </form>
      </div>
      {ageing.length > 0 && <AgeingPanel rows={ageing} />}
      <section class="panel">
        {shown.length === 0 ? (
          <Empty title={m.console.noInvoices} />
        ) : (
          <InvoiceTable invoices={shown} base="/operator/invoices" hasPartner />
        )}
      </section>
      <Older rows={rows} shown={shown} />
    </ConsolePage>,
  );
});
