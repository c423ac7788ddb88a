// What the pages of requests share: the table of requests and what narrows it.

import { isoDay } from '../../core/time.ts';
import { METHODS, STATUS_CLASSES } from '../../usage/request-filter.ts';
import { type EventRow, IMPORTED, OUTCOMES } from '../../usage/usage-reports.ts';
import { ErrorText } from '../../web/components/form.tsx';
import { Choose, Note } from '../../web/components/parts.tsx';
import type { Column, Heading } from '../../web/components/table.tsx';
import { groupName } from '../../web/components/usage-tables.tsx';
import type { View } from '../../web/view.ts';
import { useView } from '../../web/view-context.ts';
import { type Filters, type Link, RemovableFilters } from './filters.tsx';
import type { Range } from './usage-range.ts';

const kindOf = (status: number): string =>
  status < 400 ? 'good' : status === 429 || status < 500 ? 'warn' : 'bad';

export const StatusCode = ({ status }: { status: number }) => (
  <span class={`badge ${kindOf(status)}`}>{status}</span>
);

export const columnsOf = (view: View, keyNames: Record<string, string>): Column<EventRow>[] => {
  const { m, format } = view;
  return [
    {
      title: m.requests.request,
      cell: (row) => (
        <a href={`/portal/requests/${row.request_id}`} class="mono">
          {row.method} {row.endpoint}
          {row.query && <span class="soft">{row.query}</span>}
        </a>
      ),
    },
    {
      title: m.requests.status,
      kind: 'tight',
      cell: ({ status_code: status, error }) => (
        <>
          <StatusCode status={status} />{' '}
          {status >= 400 && <span class="small soft">{error ?? m.requests.upstreamSaid}</span>}
        </>
      ),
    },
    {
      title: m.keys.key,
      kind: 'small',
      cell: (row) => (row.key_id ? groupName(view, row.key_id, keyNames) : ''),
    },
    { title: m.requests.latency, kind: 'num tight', cell: (row) => format.ms(row.latency_ms) },
    {
      title: m.requests.at,
      kind: 'num tight',
      cell: ({ occurred_at: at }) => (
        <time datetime={at} title={format.ago(at)}>
          {format.clock(at)}
        </time>
      ),
    },
  ];
};

/** The day, under which rows give the time alone. */
export const dayOf = ({ format }: View, { occurred_at: at }: EventRow): Heading => ({
  id: isoDay(Date.parse(at)),
  text: format.date(at),
});

export const StatusChips = ({ status, link }: { status: string | undefined; link: Link }) => {
  const { m } = useView();
  return (
    <Choose
      label={m.requests.status}
      current={status ?? ''}
      options={[['', m.requests.all], ...STATUS_CLASSES.map((each) => [each, each] as const)]}
      hrefOf={(each) => link({ status: each || undefined })}
    />
  );
};

/** Filters that say nothing: named, so that nobody takes what is shown for what was asked. */
export const InvalidFilters = ({
  invalid,
  link,
}: {
  invalid: readonly (readonly [name: string, value: string])[];
  link: Link;
}) => {
  const { m } = useView();
  return (
    <>
      {invalid.map(([name, value]) => (
        <Note kind="bad">
          {m.requests.invalidFilter} <code>{`${name}=${value}`}</code>{' '}
          <a href={link({ [name]: undefined })}>{m.common.remove}</a>
        </Note>
      ))}
    </>
  );
};

interface Filtering {
  range: Range;
  keyNames: Record<string, string>;
  /** As the address has them. */
  given: Record<string, string>;
  active: Filters;
  link: Link;
}

const Choice = ({
  name,
  label,
  options,
  given,
}: {
  name: string;
  label: string;
  options: readonly (readonly [value: string, text: string])[];
  given: Filtering['given'];
}) => (
  <div>
    <label for={`filter-${name}`}>{label}</label>
    <select id={`filter-${name}`} name={name}>
      <option value="">{useView().m.requests.all}</option>
      {options.map(([value, text]) => (
        <option value={value} selected={given[name] === value}>
          {text}
        </option>
      ))}
    </select>
  </div>
);

const Text = ({
  name,
  label,
  size,
  given,
}: {
  name: string;
  label: string;
  size: number;
  given: Filtering['given'];
}) => (
  <div>
    <label for={`filter-${name}`}>{label}</label>
    <input id={`filter-${name}`} name={name} size={size} value={given[name] ?? ''} />
  </div>
);

/** Those that have no field of their own stay as they are. */
const KEPT = ['route', 'app', 'country', 'range', 'from', 'to'] as const;

export const FilterForm = ({ range, keyNames, given, active, link }: Filtering) => {
  const { m } = useView();
  const kept: Record<string, string | undefined> = { range: range.name, ...given };
  return (
    <form method="get" action="/portal/requests" class="inline">
      <Choice
        name="outcome"
        label={m.requests.outcome}
        // Charts lead to what was imported, of those who moved here.
        options={OUTCOMES.filter((each) => each !== IMPORTED || given.outcome === IMPORTED).map(
          (outcome) => [outcome, m.outcomes[outcome]] as const,
        )}
        given={given}
      />
      <Choice name="key" label={m.keys.key} options={Object.entries(keyNames)} given={given} />
      <Choice
        name="method"
        label={m.requests.method}
        options={METHODS.map((method) => [method, method] as const)}
        given={given}
      />
      <Text name="path" label={m.requests.path} size={14} given={given} />
      <Text name="status" label={m.requests.status} size={4} given={given} />
      <Text name="error" label={m.requests.error} size={14} given={given} />
      {KEPT.map((name) => kept[name] && <input type="hidden" name={name} value={kept[name]} />)}
      <button type="submit" class="button">
        {m.requests.filter}
      </button>
      <RemovableFilters active={active} link={link} />
    </form>
  );
};

/** An id that led to no request, and why. */
export interface NotFound {
  id: string;
  error: string;
}

export const FindForm = ({ notFound }: { notFound?: NotFound }) => {
  const { m } = useView();
  return (
    <form method="get" action="/portal/requests/find" class="inline">
      <div>
        <label for="find">{m.requests.find}</label>
        <input
          id="find"
          name="id"
          size={38}
          class="mono"
          placeholder="X-Request-Id"
          value={notFound?.id}
          aria-invalid={notFound && 'true'}
          aria-describedby={notFound && 'find-error'}
        />
        <ErrorText id="find" error={notFound?.error} />
      </div>
      <button type="submit" class="button">
        {m.requests.open}
      </button>
    </form>
  );
};
