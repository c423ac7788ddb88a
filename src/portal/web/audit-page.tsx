// The audit trail: who did what, when, from where; filtered, exported, and whether its chain was whole when it was checked.

import type { AuditEntry } from '../../audit/audit-store.ts';
import type { ChainState } from '../../audit/chain-store.ts';
import { numberCursor } from '../../http/api.ts';
import {
  AuditFilterForm,
  filterOf,
  MAX_EXPORTED,
  PAGE_ROWS,
  readAuditFilter,
} from '../../web/components/audit-filter.tsx';
import { Empty, Note, Older, Time } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { Done } from '../../web/components/usage-tables.tsx';
import { csv } from '../../web/csv.ts';
import { withQuery } from '../../web/redirects.ts';
import type { View } from '../../web/view.ts';
import { useView } from '../../web/view-context.ts';
import { render } from '../../web/web.ts';
import { member, Page, portal } from './portal-web.tsx';

/** Members by their address, operators as such, others by kind and id. */
const actorName = ({ m }: View, { actor, email }: AuditEntry): string => {
  const [kind = '', id = ''] = actor.split(/:(.*)/);
  if (kind === 'developer') return email ?? id;
  const name = m.audit.actors[kind as keyof typeof m.audit.actors] ?? kind;
  return kind === 'operator' ? name : `${name} ${id}`;
};

function ChainNote({
  checkedAt,
  brokenSince,
  entries,
}: Pick<ChainState, 'checkedAt' | 'brokenSince' | 'entries'>) {
  const { m, format } = useView();
  if (brokenSince !== null)
    return <Note kind="bad">{m.audit.broken(format.exact(brokenSince), entries.join(', '))}</Note>;
  return checkedAt === null ? (
    <Note>{m.audit.unchecked}</Note>
  ) : (
    <Note kind="good">{m.audit.whole(format.exact(checkedAt))}</Note>
  );
}

const EntryTable = ({ entries }: { entries: readonly AuditEntry[] }) => {
  const view = useView();
  const { m } = view;
  return (
    <Table
      rows={entries}
      columns={[
        {
          title: m.audit.what,
          cell: (entry) => (
            <>
              <Done entry={entry} />
              <details>
                <summary class="small soft">{m.audit.details}</summary>
                <code class="prewrap">{JSON.stringify({ ...entry.target, ...entry.details }, null, 1)}</code>
                <p class="small soft mono">{entry.requestId}</p>
              </details>
            </>
          ),
        },
        { title: m.audit.who, cell: (entry) => actorName(view, entry) },
        { title: m.audit.from, kind: 'mono small', cell: ({ ip }) => ip ?? '–' },
        {
          title: m.audit.when,
          kind: 'tight',
          cell: ({ createdAt }) => <Time at={createdAt} />,
        },
      ]}
    />
  );
};

portal.get('/portal/audit', async (context) => {
  const view = member(context);
  const { m, workspace } = view;
  const { audit, auditChains, members } = context.var.services;
  const partnerId = workspace.partner.id;
  const asked = readAuditFilter(context.req.query());
  const [rows, chain, people] = await Promise.all([
    audit.list(
      partnerId,
      PAGE_ROWS + 1,
      numberCursor(context.req.query('before') || undefined),
      filterOf(asked),
    ),
    auditChains.state(partnerId),
    members.members(partnerId),
  ]);
  const shown = rows.slice(0, PAGE_ROWS);
  return render(
    context,
    <Page view={view} title={m.nav.audit} about="both">
      <div class="head">
        <h1 class="grow">{m.nav.audit}</h1>
        <a class="button small" href={withQuery('/portal/audit.csv', asked)}>
          {m.common.csv}
        </a>
      </div>
      <ChainNote {...chain} />
      <AuditFilterForm
        action="/portal/audit"
        asked={asked}
        people={people.map(({ subject, email }) => [`developer:${subject}`, email] as const)}
      />
      <section class="panel">
        {shown.length === 0 ? <Empty title={m.audit.emptyTitle} /> : <EntryTable entries={shown} />}
      </section>
      <Older rows={rows} shown={shown} />
    </Page>,
  );
});

portal.get('/portal/audit.csv', async (context) => {
  const { workspace } = member(context);
  const rows = await context.var.services.audit.list(
    workspace.partner.id,
    MAX_EXPORTED,
    undefined,
    filterOf(readAuditFilter(context.req.query())),
  );
  return csv(
    'audit.csv',
    ['id', 'at', 'actor', 'action', 'target', 'details', 'ip', 'request_id', 'hash'],
    rows.map((row) => [
      row.id,
      row.createdAt,
      row.actor,
      row.action,
      JSON.stringify(row.target),
      JSON.stringify(row.details),
      row.ip,
      row.requestId,
      row.hash,
    ]),
  );
});
