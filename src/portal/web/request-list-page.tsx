// Requests: the latest of a range with filters, followed live.

import { isUuid } from '../../core/ids.ts';
import { uuidCursor } from '../../http/api.ts';
import { type EventRow, queries } from '../../usage/usage-reports.ts';
import { Empty } from '../../web/components/parts.tsx';
import { Rows, Table } from '../../web/components/table.tsx';
import { groupName, problemName } from '../../web/components/usage-tables.tsx';
import { withQuery } from '../../web/redirects.ts';
import { shownAt, type View } from '../../web/view.ts';
import { useView, ViewContext } from '../../web/view-context.ts';
import { render } from '../../web/web.ts';
import { type Filters, type Link, RangeChoice } from './filters.tsx';
import { member, Page, type PortalContext, portal } from './portal-web.tsx';
import {
  columnsOf,
  dayOf,
  FilterForm,
  FindForm,
  InvalidFilters,
  type NotFound,
  StatusChips,
} from './request-parts.tsx';
import { RangeNote } from './usage-parts.tsx';
import { rangeOf } from './usage-range.ts';
import { type LogScope, logScopeOf } from './usage-scope.ts';

const PAGE_ROWS = 50;
const MAX_TAIL_ROWS = 100;

const idOf = (row: EventRow): string => row.request_id;

/** What the address asks for; no rows where it says what is not valid. */
async function loadLog(context: PortalContext, limit: number, seen: { before?: string; after?: string }) {
  const view = member(context);
  const { reports } = context.var.services;
  const range = rangeOf(context.req.query(), view.nowMs, '24h');
  const { scope, invalid } = logScopeOf(context, range);
  const [rows, steps] = await reports.ask(
    queries.events(scope, invalid.length > 0 ? 0 : limit, seen.before, seen.after),
    queries.firstSteps(scope.partnerId),
  );
  return { view, range, scope, invalid, rows, keyNames: steps.keyNames };
}

/** Those that are on, as people read them. */
const activeFilters = (view: View, scope: LogScope, keyNames: Record<string, string>): Filters => [
  ['key', scope.keyId && groupName(view, scope.keyId, keyNames)],
  ['route', scope.route && groupName(view, scope.route)],
  ['outcome', scope.outcome && view.m.outcomes[scope.outcome]],
  ['status', scope.status],
  ['method', scope.method],
  ['path', scope.path],
  ['error', scope.error && problemName(view, scope.error)],
  ['country', scope.country],
];

const Older = ({ rows, link }: { rows: readonly EventRow[]; link: Link }) => {
  const last = rows[PAGE_ROWS - 1];
  if (rows.length <= PAGE_ROWS || !last) return null;
  return (
    <a class="button" href={link({ before: last.request_id })}>
      {useView().m.requests.older}
    </a>
  );
};

const NoRequests = () => {
  const { m } = useView();
  return (
    <div data-empty>
      <Empty title={m.requests.emptyTitle}>
        <p>{m.requests.empty}</p>
      </Empty>
    </div>
  );
};

async function showRequests(context: PortalContext, notFound?: NotFound, status: 200 | 400 | 404 = 200) {
  const before = uuidCursor(context.req.query('before') || undefined);
  const log = await loadLog(context, PAGE_ROWS + 1, { before });
  const { range, scope, invalid, rows, keyNames } = log;
  const view = shownAt(log.view, '/portal/requests');
  const { m } = view;
  const given = context.req.query();
  const link: Link = (changes) => withQuery(view.here, { before: undefined, done: undefined, ...changes });
  return render(
    context,
    <Page view={view} title={m.nav.requests}>
      <div class="head">
        <h1 class="grow">{m.nav.requests}</h1>
        <StatusChips status={given.status} link={link} />
        <RangeChoice range={range} link={link} />
        <button
          type="button"
          class="button small hidden"
          data-tail={withQuery('/portal/requests/rows', { ...given, before: undefined })}
          data-pause={m.requests.pause}
          data-follow={m.requests.follow}
        >
          {m.requests.follow}
        </button>
      </div>
      <FilterForm
        range={range}
        keyNames={keyNames}
        given={given}
        active={activeFilters(view, scope, keyNames)}
        link={link}
      />
      {invalid.length === 0 && <RangeNote range={range} />}
      <InvalidFilters invalid={invalid} link={link} />
      <FindForm notFound={notFound} />
      {invalid.length === 0 && (
        <section class="panel">
          {rows.length === 0 && <NoRequests />}
          <Table
            rows={rows.slice(0, PAGE_ROWS)}
            columns={columnsOf(view, keyNames)}
            idOf={idOf}
            headingOf={(row) => dayOf(view, row)}
          />
        </section>
      )}
      <Older rows={rows} link={link} />
    </Page>,
    status,
  );
}

portal.get('/portal/requests', (context) => showRequests(context));

/** Rows after the one that was seen last: what the live tail asks for. */
portal.get('/portal/requests/rows', async (context) => {
  const after = uuidCursor(context.req.query('after') || undefined);
  const { view, rows, keyNames } = await loadLog(context, MAX_TAIL_ROWS, { after });
  return context.html(
    <ViewContext.Provider value={view}>
      <Rows
        columns={columnsOf(view, keyNames)}
        rows={rows}
        idOf={idOf}
        headingOf={(row) => dayOf(view, row)}
      />
    </ViewContext.Provider>,
  );
});

portal.get('/portal/requests/find', async (context) => {
  const { m, workspace } = member(context);
  const { reports, config } = context.var.services;
  const id = (context.req.query('id') ?? '').trim();
  if (!isUuid(id)) return showRequests(context, { id, error: m.requests.notAnId }, 400);
  if (await reports.event(workspace.partner.id, id)) return context.redirect(`/portal/requests/${id}`, 303);
  return showRequests(context, { id, error: m.requests.notFound(config.USAGE_MONTHS_KEPT) }, 404);
});
