// Invoices and credit notes of all partners, by state and by text.

import { uuidCursor } from '../../http/api.ts';
import { Choose, Empty, Older } from '../../web/components/parts.tsx';
import { InvoiceTable } from '../../web/invoices/invoice-view.tsx';
import { withQuery } from '../../web/redirects.ts';
import { render } from '../../web/web.ts';
import { ConsolePage, operator, operatorConsole } from './console-web.tsx';

const PAGE_ROWS = 50;
const STATUSES = ['open', 'paid', 'void'] as const;

operatorConsole.get('/operator/invoices', async (context) => {
  const view = operator(context);
  const { m } = view;
  const { status, search, before } = context.req.query();
  const filter = {
    status: STATUSES.find((each) => each === status),
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
            ...STATUSES.map((each) => [each, m.invoice.statuses[each]] as const),
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
          <InvoiceTable invoices={shown} base="/operator/invoices" hasPartner />
        )}
      </section>
      <Older rows={rows} shown={shown} />
    </ConsolePage>,
  );
});
