// The audit of all partners, or of one: by area, actor and days, as a page and as CSV.

import { numberCursor } from '../../http/api.ts';
import {
  type AuditAsked,
  AuditFilterForm,
  filterOf,
  MAX_EXPORTED,
  PAGE_ROWS,
  readAuditFilter,
} from '../../web/components/audit-filter.tsx';
import { Empty, Older } from '../../web/components/parts.tsx';
import { AuditTable } from '../../web/components/usage-tables.tsx';
import { csv } from '../../web/csv.ts';
import { withQuery } from '../../web/redirects.ts';
import { render } from '../../web/web.ts';
import { type ConsoleContext, ConsolePage, operator, operatorConsole } from './console-web.tsx';

const listed = (context: ConsoleContext, asked: AuditAsked, limit: number) =>
  context.var.services.audit.list(
    asked.partner ?? null,
    limit,
    numberCursor(context.req.query('before') || undefined),
    filterOf(asked),
  );

operatorConsole.get('/operator/audit', async (context) => {
  const view = operator(context);
  const { m } = view;
  const asked = readAuditFilter(context.req.query());
  const rows = await listed(context, asked, PAGE_ROWS + 1);
  const shown = rows.slice(0, PAGE_ROWS);
  return render(
    context,
    <ConsolePage view={view} title={m.nav.audit}>
      <div class="head">
        <h1 class="grow">{m.nav.audit}</h1>
        <a class="button small" href={withQuery('/operator/audit.csv', asked)}>
          {m.common.csv}
        </a>
      </div>
      <AuditFilterForm action="/operator/audit" asked={asked} />
      <section class="panel">
        {shown.length === 0 ? (
          <Empty title={m.audit.emptyTitle} />
        ) : (
          <AuditTable entries={shown} hasPartner />
        )}
      </section>
      <Older rows={rows} shown={shown} />
    </ConsolePage>,
  );
});

operatorConsole.get('/operator/audit.csv', async (context) => {
  operator(context);
  const rows = await listed(context, readAuditFilter(context.req.query()), MAX_EXPORTED);
  return csv(
    'audit.csv',
    [
      'id',
      'at',
      'partner_id',
      'partner',
      'actor',
      'email',
      'action',
      'object',
      'target',
      'details',
      'ip',
      'request_id',
      'hash',
    ],
    rows.map((row) => [
      row.id,
      row.createdAt,
      row.partnerId,
      row.partner,
      row.actor,
      row.email,
      row.action,
      row.object,
      JSON.stringify(row.target),
      JSON.stringify(row.details),
      row.ip,
      row.requestId,
      row.hash,
    ]),
  );
});
