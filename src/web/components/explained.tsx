// By what a request was judged: each limit before and after it, the record, the catalogue, and its price. What was not kept is
// said to be unknown.

import type { Child } from 'hono/jsx';
import type { ExplainedLimit, Explanation } from '../../explain/explanation-schema.ts';
import type { View } from '../view.ts';
import { useView } from '../view-context.ts';
import { Panel } from './parts.tsx';
import { Table } from './table.tsx';

const Limits = ({ limits }: { limits: readonly ExplainedLimit[] }) => {
  const { m, format } = useView();
  const { explain } = m;
  const shown = (value: number | null, none: string) => (value === null ? none : format.number(value));
  return (
    <Table
      rows={limits}
      columns={[
        {
          title: explain.limit,
          cell: ({ name }) => (
            <>
              {explain.names[name]}
              <p class="small soft">{explain.formulas[name]}</p>
            </>
          ),
        },
        { title: explain.whose, cell: ({ level }) => explain.owners[level] },
        { title: explain.most, kind: 'num', cell: ({ limit }) => shown(limit, explain.unlimited) },
        {
          title: explain.before,
          kind: 'num',
          cell: ({ limit, before }) => shown(before, limit === null ? '–' : explain.unknown),
        },
        {
          title: explain.after,
          kind: 'num',
          cell: ({ limit, after }) => shown(after, limit === null ? '–' : explain.unknown),
        },
      ]}
    />
  );
};

function priceText({ price }: Explanation, { m, format }: View): string {
  if (!price) return m.explain.unknown;
  const { reason, currency, per_1000_minor: minor } = price;
  const text = m.explain.prices[reason];
  return currency === null || minor === null
    ? text
    : `${text}${m.common.colon} ${m.explain.per1000(format.money(minor, currency))}`;
}

function factsOf(explanation: Explanation, view: View): [term: string, fact: Child][] {
  const { judged, policies, cache } = explanation;
  const { explain } = view.m;
  return [
    [
      explain.record,
      judged
        ? `${explain.recordOf(judged.key_version, judged.partner_version)}, ${explain.from[judged.record_from]}`
        : explain.unknown,
    ],
    [explain.read, judged ? view.format.moment(judged.record_read_at) : explain.unknown],
    [explain.catalog, judged ? explain.catalogOf(judged.catalog_version) : explain.unknown],
    [explain.policies, policies ? policies.join(', ') || explain.none : explain.unknown],
    [explain.cache, cache.status ? <code>{cache.status}</code> : judged ? explain.none : explain.unknown],
    [explain.price, priceText(explanation, view)],
  ];
}

export const ExplainedPanel = ({ explanation }: { explanation: Explanation }) => {
  const view = useView();
  return (
    <Panel title={view.m.explain.title}>
      {explanation.limits && <Limits limits={explanation.limits} />}
      <dl class="facts pad">
        {factsOf(explanation, view).map(([term, fact]) => (
          <>
            <dt>{term}</dt>
            <dd>{fact}</dd>
          </>
        ))}
      </dl>
    </Panel>
  );
};
