// What the usage page is made of: its range and filters, totals, and tables by whatever was counted.

import type { UsageLine } from '../../usage/usage-reports.ts';
import { Empty, Figure, Note, Panel } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { useView } from '../../web/view-context.ts';
import { type Filters, type Link, RemovableFilters } from './filters.tsx';
import { MAX_DAYS, type Range } from './usage-range.ts';

const MAX_LINES = 20;
const MAX_COUNTED = 12;

/** `query`: the filters as the address says them. */
export const RangeForm = ({
  range,
  filters,
  query,
  link,
}: {
  range: Range;
  filters: Filters;
  query: Record<string, string>;
  link: Link;
}) => {
  const { m } = useView();
  return (
    <form method="get" action="/portal/usage" class="inline">
      {filters.map(([name, value]) => value && <input type="hidden" name={name} value={query[name] ?? ''} />)}
      <div>
        <label for="from">{m.usage.from}</label>
        <input id="from" type="date" name="from" value={range.from} />
      </div>
      <div>
        <label for="to">{m.usage.to}</label>
        <input id="to" type="date" name="to" value={range.to} />
      </div>
      <button type="submit" class="button">
        {m.usage.show}
      </button>
      <RemovableFilters active={filters} link={link} />
    </form>
  );
};

/** Why another range is shown than the one that was asked for, and which. */
export const RangeNote = ({ range: { wrong, name, from, to } }: { range: Range }) => {
  const { m, format } = useView();
  if (!wrong) return null;
  const shown =
    name === 'custom' ? m.usage.shownDays(format.date(from), format.date(to)) : m.usage.ranges[name];
  return (
    <Note kind="warn">
      {m.usage.wrongRange[wrong.what](wrong.given, MAX_DAYS)} {m.usage.shown(shown)}
    </Note>
  );
};

export const NoUsage = () => {
  const { m } = useView();
  return (
    <section class="panel">
      <Empty title={m.usage.emptyTitle}>
        <p>{m.usage.empty}</p>
        <p>
          <a class="button" href="/docs/first-call">
            {m.overview.callAction}
          </a>
        </p>
      </Empty>
    </section>
  );
};

/** What part of all calls these are. */
export type Share = (calls: number) => number;

export const UsageFigures = ({ total, share }: { total: UsageLine | undefined; share: Share }) => {
  const { m, format } = useView();
  return (
    <dl class="figures">
      <Figure
        label={m.usage.requests}
        value={format.number(total?.calls ?? 0)}
        note={m.usage.billed(format.number(total?.units ?? 0))}
      />
      <Figure
        label={m.overview.errors}
        value={format.percent(share(total?.failed ?? 0))}
        note={format.number(total?.failed ?? 0)}
      />
      <Figure
        label="P95"
        value={format.ms(total?.p95 ?? null)}
        note={`P50 ${format.ms(total?.p50 ?? null)} · P99 ${format.ms(total?.p99 ?? null)}`}
      />
      <Figure
        label={m.usage.bytes}
        value={format.bytes(total?.bytesOut ?? 0)}
        note={`${m.usage.sent} ${format.bytes(total?.bytesIn ?? 0)}`}
      />
      <Figure
        label={m.usage.cacheHits}
        value={format.percent(share(total?.cacheHits ?? 0))}
        note={format.number(total?.cacheHits ?? 0)}
      />
    </dl>
  );
};

export const LineTable = ({
  title,
  lines,
  nameOf,
  hrefOf,
}: {
  title: string;
  lines: readonly UsageLine[];
  nameOf(group: string): string;
  hrefOf(group: string): string;
}) => {
  const { m, format } = useView();
  return (
    <Panel title={title}>
      <Table
        rows={lines.slice(0, MAX_LINES)}
        columns={[
          { title, kind: 'mono', cell: ({ group }) => <a href={hrefOf(group)}>{nameOf(group)}</a> },
          { title: m.usage.requests, kind: 'num', cell: ({ calls }) => format.number(calls) },
          {
            title: m.overview.errors,
            kind: 'num',
            cell: ({ failed, calls }) => format.percent(failed / calls),
          },
          { title: 'P50', kind: 'num', cell: ({ p50 }) => format.ms(p50) },
          { title: 'P95', kind: 'num', cell: ({ p95 }) => format.ms(p95) },
          { title: 'P99', kind: 'num', cell: ({ p99 }) => format.ms(p99) },
          { title: m.usage.bytes, kind: 'num', cell: ({ bytesOut }) => format.bytes(bytesOut) },
        ]}
      />
    </Panel>
  );
};

export const CountTable = ({
  title,
  rows,
  share,
}: {
  title: string;
  rows: readonly { text: string; calls: number; href: string }[];
  share: Share;
}) => {
  const { m, format } = useView();
  return (
    <Panel title={title}>
      {rows.length === 0 ? (
        <p class="pad soft">{m.usage.none}</p>
      ) : (
        <Table
          hasHead={false}
          rows={rows.slice(0, MAX_COUNTED)}
          columns={[
            { title, cell: ({ href, text }) => <a href={href}>{text}</a> },
            { title: m.usage.requests, kind: 'num', cell: ({ calls }) => format.number(calls) },
            { title: m.usage.share, kind: 'num', cell: ({ calls }) => format.percent(share(calls)) },
          ]}
        />
      )}
    </Panel>
  );
};
