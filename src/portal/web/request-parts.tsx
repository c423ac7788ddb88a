// What the pages of requests share: the table of requests and what narrows it.

import { type EventRow, OUTCOMES } from '../../usage/usage-reports.ts';
import { Time } from '../../web/components/parts.tsx';
import type { Column } from '../../web/components/table.tsx';
import type { View } from '../../web/view.ts';
import { useView } from '../../web/view-context.ts';
import { type Filters, type Link, RemovableFilters } from './filters.tsx';
import type { Range } from './usage-range.ts';
import type { FilteredScope } from './usage-scope.ts';

const kindOf = (status: number): string =>
  status < 400 ? 'good' : status === 429 || status < 500 ? 'warn' : 'bad';

export const StatusCode = ({ status }: { status: number }) => (
  <span class={`badge ${kindOf(status)}`}>{status}</span>
);

export const columnsOf = ({ m, format }: View, keyNames: Record<string, string>): Column<EventRow>[] => {
  return [
    {
      title: m.requests.request,
      cell: (row) => (
        <a href={`/portal/requests/${row.request_id}`} class="mono">
          {row.method} {row.endpoint}
        </a>
      ),
    },
    {
      title: m.requests.status,
      kind: 'tight',
      cell: (row) => (
        <>
          <StatusCode status={row.status_code} /> {row.error && <span class="small soft">{row.error}</span>}
        </>
      ),
    },
    {
      title: m.keys.key,
      kind: 'small',
      cell: (row) => (row.key_id ? (keyNames[row.key_id] ?? row.key_id) : ''),
    },
    { title: m.requests.latency, kind: 'num tight', cell: (row) => format.ms(row.latency_ms) },
    { title: m.requests.when, kind: 'tight', cell: (row) => <Time at={row.occurred_at} /> },
  ];
};

export const FilterForm = ({
  scope,
  range,
  keyNames,
  active,
  link,
}: {
  scope: FilteredScope;
  range: Range;
  keyNames: Record<string, string>;
  active: Filters;
  link: Link;
}) => {
  const { m } = useView();
  return (
    <form method="get" action="/portal/requests" class="inline">
      <div>
        <label for="filter-outcome">{m.requests.outcome}</label>
        <select id="filter-outcome" name="outcome">
          <option value="">{m.requests.all}</option>
          {OUTCOMES.map((outcome) => (
            <option value={outcome} selected={scope.outcome === outcome}>
              {m.outcomes[outcome]}
            </option>
          ))}
        </select>
      </div>
      <div>
        <label for="filter-key">{m.keys.key}</label>
        <select id="filter-key" name="key">
          <option value="">{m.requests.all}</option>
          {Object.entries(keyNames).map(([id, name]) => (
            <option value={id} selected={scope.keyId === id}>
              {name}
            </option>
          ))}
        </select>
      </div>
      <div>
        <label for="filter-status">{m.requests.status}</label>
        <input
          id="filter-status"
          name="status"
          inputmode="numeric"
          size={4}
          value={scope.status === undefined ? '' : String(scope.status)}
        />
      </div>
      {range.name === 'custom' ? (
        <>
          <input type="hidden" name="from" value={range.from} />
          <input type="hidden" name="to" value={range.to} />
        </>
      ) : (
        <input type="hidden" name="range" value={range.name} />
      )}
      <button type="submit" class="button">
        {m.requests.filter}
      </button>
      <RemovableFilters active={active} link={link} />
    </form>
  );
};

export const FindForm = () => {
  const { m } = useView();
  return (
    <form method="get" action="/portal/requests/find" class="inline">
      <div>
        <label for="find">{m.requests.find}</label>
        <input id="find" name="id" size={38} class="mono" placeholder="X-Request-Id" />
      </div>
      <button type="submit" class="button">
        {m.requests.open}
      </button>
    </form>
  );
};
