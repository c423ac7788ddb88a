// What the search of the console's header finds: the one page that all hits are of, or the hits by kind; and the same as
// options of the palette.

import { FoundOptions, FoundPanels } from '../../web/components/found.tsx';
import { choicesFound, type Found, fitting, pagesFound, withoutEmpty, wordsOf } from '../../web/found.ts';
import type { View } from '../../web/view.ts';
import { ViewContext } from '../../web/view-context.ts';
import { render } from '../../web/web.ts';
import { HIT_KINDS, type Hit, search } from '../search.ts';
import { type ConsoleContext, ConsolePage, items, operator, operatorConsole } from './console-web.tsx';

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

const actions = (view: View): Found[] => {
  const { m } = view;
  return [
    { title: m.provision.newPartner, to: '/operator/partners?dialog=new-partner' },
    { title: m.console.newPlan, to: '/operator/plans?dialog=new' },
    { title: m.operator.block, to: '/operator/blocks?dialog=block' },
    ...choicesFound(view),
  ];
};

/** @throws AppError rate_limit_exceeded */
async function find(context: ConsoleContext) {
  const view = operator(context);
  const { m } = view;
  const { services } = context.var;
  services.rates.take('search', view.account.id);
  const words = wordsOf(context.req.query('q'));
  const hits = await search(services, words);
  const groups = withoutEmpty([
    ...HIT_KINDS.map((kind) => ({
      title: m.search.kinds[kind],
      found: hits
        .filter((hit) => hit.kind === kind)
        .map((hit) => ({ title: hit.title, detail: hit.detail, to: hrefOf(hit) })),
    })),
    { title: m.search.pages, found: fitting(pagesFound(items(view)), words) },
    { title: m.search.actions, found: fitting(actions(view), words) },
  ]);
  return { view, words, hits, groups };
}

operatorConsole.get('/operator/search', async (context) => {
  const { view, words, hits, groups } = await find(context);
  // Several hits may be one: a partner, and its member of the same address.
  const [only, ...others] = new Set(hits.map(hrefOf));
  const isAddress = hits.some(({ kind }) => kind === 'block' || kind === 'caller');
  if (only && others.length === 0 && !isAddress) return context.redirect(only, 303);
  const { m } = view;
  return render(
    context,
    <ConsolePage view={view} title={m.search.label}>
      <h1>{words === '' ? m.search.label : m.search.title(words)}</h1>
      <FoundPanels groups={groups} tips={m.search.tips} />
    </ConsolePage>,
  );
});

operatorConsole.get('/operator/search/options', async (context) => {
  const { view, groups } = await find(context);
  return context.html(
    <ViewContext.Provider value={view}>
      <FoundOptions groups={groups} />
    </ViewContext.Provider>,
  );
});
