// What the search of the console's header finds: the one page that all hits are of, or the hits by kind.

import { Empty, Panel } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { render } from '../../web/web.ts';
import { HIT_KINDS, type Hit, MAX_WORDS_CHARS, search } from '../search.ts';
import { ConsolePage, operator, operatorConsole } from './console-web.tsx';

function hrefOf({ kind, id }: Hit): string {
  switch (kind) {
    case 'request':
      return `/operator/requests/${id}`;
    case 'partner':
    case 'member':
      return `/operator/partners/${id}`;
    case 'key':
    case 'caller':
      return `/operator/keys/${id}`;
    case 'invoice':
      return `/operator/invoices/${id}`;
    case 'block':
      return '/operator/blocks';
  }
}

operatorConsole.get('/operator/search', async (context) => {
  const view = operator(context);
  const { m } = view;
  const { services } = context.var;
  services.rates.take('search', view.account.id);
  const words = (context.req.query('q') ?? '').trim().slice(0, MAX_WORDS_CHARS);
  const hits = await search(services, words);
  // Several hits may be one: a partner, and its member of the same address.
  const [only, ...others] = new Set(hits.map(hrefOf));
  const isAddress = hits.some(({ kind }) => kind === 'block' || kind === 'caller');
  if (only && others.length === 0 && !isAddress) return context.redirect(only, 303);
  const groups = HIT_KINDS.map((kind) => ({ kind, found: hits.filter((hit) => hit.kind === kind) }));
  return render(
    context,
    <ConsolePage view={view} title={m.search.label}>
      <h1>{m.search.title(words)}</h1>
      {hits.length === 0 && (
        <section class="panel">
          <Empty title={m.search.nothing}>
            <p>{m.search.tips}</p>
          </Empty>
        </section>
      )}
      {groups
        .filter(({ found }) => found.length > 0)
        .map(({ kind, found }) => (
          <Panel title={m.search.kinds[kind]}>
            <Table
              hasHead={false}
              rows={found}
              columns={[
                { title: m.search.kinds[kind], cell: (hit) => <a href={hrefOf(hit)}>{hit.title}</a> },
                { title: m.audit.details, kind: 'small', cell: ({ detail }) => detail },
              ]}
            />
          </Panel>
        ))}
    </ConsolePage>,
  );
});
