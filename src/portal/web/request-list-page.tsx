// Requests: the latest of a range with filters, followed live.

import { uuidCursor } from '../../http/api.ts';
import { type EventRow, queries } from '../../usage/usage-reports.ts';
import { Empty } from '../../web/components/parts.tsx';
import { Rows, Table } from '../../web/components/table.tsx';
import { withQuery } from '../../web/redirects.ts';
import { ViewContext } from '../../web/view-context.ts';
import { render } from '../../web/web.ts';
import { type Link, RangeChoice } from './filters.tsx';
import { member, Page, portal } from './portal-web.tsx';
import { columnsOf, FilterForm, FindForm } from './request-parts.tsx';
import { rangeOf } from './usage-range.ts';
import { filteredScope } from './usage-scope.ts';

const PAGE_ROWS = 50;
const MAX_TAIL_ROWS = 100;

const idOf = (row: EventRow): string => row.request_id;

portal.get('/portal/requests', async (context) => {
  const view = member(context);
  const { m } = view;
  const range = rangeOf(context.req.query(), view.nowMs, '24h');
  const scope = filteredScope(context, range);
  const before = uuidCursor(context.req.query('before') || undefined);
  const [rows, steps] = await context.var.services.reports.ask(
    queries.events(scope, PAGE_ROWS + 1, before),
    queries.firstSteps(scope.partnerId),
  );
  const shown = rows.slice(0, PAGE_ROWS);
  const last = shown.at(-1);
  const link: Link = (changes) => withQuery(view.here, { before: undefined, done: undefined, ...changes });
  const active = [
    ['key', scope.keyId && (steps.keyNames[scope.keyId] ?? scope.keyId)],
    ['route', scope.route],
    ['outcome', scope.outcome && m.outcomes[scope.outcome]],
    ['status', scope.status?.toString()],
    ['error', scope.error],
    ['country', scope.country],
  ] as const;
  return render(
    context,
    <Page view={view} title={m.nav.requests}>
      <div class="head">
        <h1 class="grow">{m.nav.requests}</h1>
        <RangeChoice range={range} link={link} />
        <button
          type="button"
          class="button small hidden"
          data-tail={withQuery('/portal/requests/rows', { ...context.req.query(), before: undefined })}
          data-pause={m.requests.pause}
          data-follow={m.requests.follow}
        >
          {m.requests.follow}
        </button>
      </div>
      <FilterForm scope={scope} range={range} keyNames={steps.keyNames} active={active} link={link} />
      <FindForm />
      <section class="panel">
        {shown.length === 0 && (
          <div data-empty>
            <Empty title={m.requests.emptyTitle}>
              <p>{m.requests.empty}</p>
            </Empty>
          </div>
        )}
        <Table rows={shown} columns={columnsOf(view, steps.keyNames)} idOf={idOf} />
      </section>
      {rows.length > PAGE_ROWS && last && (
        <a class="button" href={link({ before: last.request_id })}>
          {m.requests.older}
        </a>
      )}
    </Page>,
  );
});

/** Rows after the one that was seen last: what the live tail asks for. */
portal.get('/portal/requests/rows', async (context) => {
  const view = member(context);
  const range = rangeOf(context.req.query(), view.nowMs, '24h');
  const scope = filteredScope(context, range);
  const after = uuidCursor(context.req.query('after') || undefined);
  const [rows, steps] = await context.var.services.reports.ask(
    queries.events(scope, MAX_TAIL_ROWS, undefined, after),
    queries.firstSteps(scope.partnerId),
  );
  return context.html(
    <ViewContext.Provider value={view}>
      <Rows columns={columnsOf(view, steps.keyNames)} rows={rows} idOf={idOf} />
    </ViewContext.Provider>,
  );
});

portal.get('/portal/requests/find', (context) => {
  member(context);
  const id = (context.req.query('id') ?? '').trim();
  return context.redirect(`/portal/requests/${encodeURIComponent(id)}`, 303);
});
