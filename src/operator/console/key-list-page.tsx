// Keys across partners, found by name, prefix or id.

import { shownPrefix } from '../../keys/key-format.ts';
import { KeyBadge } from '../../web/components/key-badge.tsx';
import { Empty, Time } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { render } from '../../web/web.ts';
import { ConsolePage, operator, operatorConsole } from './console-web.tsx';

operatorConsole.get('/operator/keys', async (context) => {
  const view = operator(context);
  const { m } = view;
  const search = context.req.query('search')?.trim().slice(0, 100) ?? '';
  const keys = await context.var.services.keys.search(null, search);
  return render(
    context,
    <ConsolePage view={view} title={m.nav.keys}>
      <h1>{m.nav.keys}</h1>
      <form method="get" action="/operator/keys" class="inline">
        <div>
          <label for="search">{m.operator.findKey}</label>
          <input id="search" name="search" value={search} size={40} class="mono" />
        </div>
        <button type="submit" class="button">
          {m.operator.find}
        </button>
      </form>
      <section class="panel">
        {keys.length === 0 ? (
          <Empty title={m.operator.noKey} />
        ) : (
          <Table
            rows={keys}
            columns={[
              {
                title: m.keys.key,
                cell: ({ keyId, name }) => <a href={`/operator/keys/${keyId}`}>{name}</a>,
              },
              {
                title: m.operator.partner,
                cell: ({ partnerId, partner }) => <a href={`/operator/partners/${partnerId}`}>{partner}</a>,
              },
              { title: m.keys.prefix, kind: 'mono small', cell: (key) => shownPrefix(key) },
              {
                title: m.keys.state,
                cell: ({ state }) => <KeyBadge state={state} />,
              },
              { title: m.keys.lastUsed, cell: ({ lastUsedAt }) => <Time at={lastUsedAt} /> },
            ]}
          />
        )}
      </section>
    </ConsolePage>,
  );
});
