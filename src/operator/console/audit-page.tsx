// The audit of all partners, or of one: by area, actor and days, as a page and as CSV.

import * as z from 'zod';
import { numberCursor } from '../../http/api.ts';
import { Empty, Older } from '../../web/components/parts.tsx';
import { AuditTable } from '../../web/components/usage-tables.tsx';
import { csv } from '../../web/csv.ts';
import { withQuery } from '../../web/redirects.ts';
import { useView } from '../../web/view-context.ts';
import { render } from '../../web/web.ts';
import { type ConsoleContext, ConsolePage, operator, operatorConsole } from './console-web.tsx';

const PAGE_ROWS = 50;
const MAX_EXPORTED = 10_000;
const AREAS = [
  'key.',
  'app.',
  'member.',
  'invitation.',
  'partner.',
  'live_access.',
  'webhook.',
  'plan.',
  'billing.',
  'invoice.',
  'alert.',
  'address.',
  'dead_letter.',
] as const;

/** Of the address; what is no filter is left out. */
const asked = z.object({
  partner: z.uuid().optional().catch(undefined),
  action: z.enum(AREAS).optional().catch(undefined),
  who: z.string().trim().min(1).max(600).optional().catch(undefined),
  from: z.iso.date().optional().catch(undefined),
  to: z.iso.date().optional().catch(undefined),
});
type Asked = z.output<typeof asked>;

const listed = (context: ConsoleContext, { partner, ...filter }: Asked, limit: number) =>
  context.var.services.audit.list(
    partner ?? null,
    limit,
    numberCursor(context.req.query('before') || undefined),
    filter,
  );

const FilterForm = ({ partner, action, who, from, to }: Asked) => {
  const { m } = useView();
  return (
    <form method="get" action="/operator/audit" class="inline">
      {partner && <input type="hidden" name="partner" value={partner} />}
      <div>
        <label for="audit-action">{m.audit.area}</label>
        <select id="audit-action" name="action">
          <option value="">{m.requests.all}</option>
          {AREAS.map((area) => (
            <option value={area} selected={action === area}>
              {m.audit.areas[area]}
            </option>
          ))}
        </select>
      </div>
      <div>
        <label for="audit-who">{m.audit.who}</label>
        <input id="audit-who" name="who" value={who} placeholder={m.audit.whoHint} maxlength={600} />
      </div>
      <div>
        <label for="audit-from">{m.usage.from}</label>
        <input id="audit-from" name="from" type="date" value={from} />
      </div>
      <div>
        <label for="audit-to">{m.usage.to}</label>
        <input id="audit-to" name="to" type="date" value={to} />
      </div>
      <button type="submit" class="button">
        {m.requests.filter}
      </button>
    </form>
  );
};

operatorConsole.get('/operator/audit', async (context) => {
  const view = operator(context);
  const { m } = view;
  const filter = asked.parse(context.req.query());
  const rows = await listed(context, filter, PAGE_ROWS + 1);
  const shown = rows.slice(0, PAGE_ROWS);
  return render(
    context,
    <ConsolePage view={view} title={m.nav.audit}>
      <div class="head">
        <h1 class="grow">{m.nav.audit}</h1>
        <a class="button small" href={withQuery('/operator/audit.csv', filter)}>
          {m.common.csv}
        </a>
      </div>
      <FilterForm {...filter} />
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
  const rows = await listed(context, asked.parse(context.req.query()), MAX_EXPORTED);
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
