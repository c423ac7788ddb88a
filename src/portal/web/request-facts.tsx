// What is told of one request: a term and a value for each column of a usage event that is not told elsewhere on its page.

import type { Child } from 'hono/jsx';
import { eventColumns, type Kind, nameShown } from '../../usage/event-columns.ts';
import { UNMATCHED } from '../../usage/problem.ts';
import type { EventDetail } from '../../usage/usage-reports.ts';
import { groupName } from '../../web/components/usage-tables.tsx';
import { type RequestFact, requestFacts } from '../../web/messages/request.ts';
import type { View } from '../../web/view.ts';
import { StatusCode } from './request-parts.tsx';

export type KeyNames = Readonly<Record<string, string>>;
type Cell = (row: EventDetail, view: View, keyNames: KeyNames) => Child | undefined;

/** Those that are more than their value. Undefined: nothing to tell. */
const CELLS: { [Fact in RequestFact]?: Cell } = {
  key_id: ({ key_id: id }, _, keyNames) => <a href={`/portal/keys/${id}`}>{keyNames[id] ?? id}</a>,
  occurred_at: ({ occurred_at: at }, { format }) => `${format.moment(at)} (${format.ago(at)})`,
  route: ({ route }, view) => (route === UNMATCHED ? groupName(view, route) : <code>{route}</code>),
  status_code: ({ status_code: status }) => <StatusCode status={status} />,
  error: ({ error }) => error && <a href={`/docs/errors/${error}`}>{error}</a>,
  remaining: ({ remaining }, { m, format }) => {
    const left = (units: number) => (units < 0 ? '∞' : format.number(units));
    return remaining && m.requests.leftOf(left(remaining.second), left(remaining.day), left(remaining.month));
  },
  ip: ({ ip, country }, { format }) => `${ip ?? '–'}${country ? `, ${format.country(country)}` : ''}`,
};

function valueCell(kind: Kind, value: unknown, { m, format }: View): Child {
  if (value === null) return '–';
  if (typeof value === 'boolean') return value ? m.common.yes : m.common.no;
  if (typeof value === 'number' && kind === 'bytes') return format.bytes(value);
  if (typeof value === 'number') return kind === 'ms' ? format.ms(value) : format.number(value);
  return kind === 'moment' ? format.exact(String(value)) : String(value);
}

const isFact = (name: string): name is RequestFact => name in requestFacts.en;

export function factsOf(row: EventDetail, view: View, keyNames: KeyNames): [term: string, value: Child][] {
  return eventColumns.flatMap(([, column]): [string, Child][] => {
    const name = nameShown(column);
    if (!isFact(name)) return [];
    const cell = CELLS[name];
    const value = cell ? cell(row, view, keyNames) : valueCell(column.kind, row[name], view);
    return value === undefined || value === null ? [] : [[requestFacts[view.language][name], value]];
  });
}
