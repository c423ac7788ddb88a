// The portal's search: the options of the palette, and the same as a page that needs no script.

import { FoundOptions, FoundPanels } from '../../web/components/found.tsx';
import { MAX_WORDS_CHARS, wordsOf } from '../../web/found.ts';
import { ViewContext } from '../../web/view-context.ts';
import { render } from '../../web/web.ts';
import { searchPortal } from './portal-search.ts';
import { member, Page, portal } from './portal-web.tsx';

portal.get('/portal/search', async (context) => {
  const view = member(context);
  const { m } = view;
  const words = wordsOf(context.req.query('q'));
  const groups = await searchPortal(context.var.services, view, words);
  return render(
    context,
    <Page view={view} title={m.nav.palette}>
      <h1>{words === '' ? m.nav.palette : m.search.title(words)}</h1>
      <search>
        <form action="/portal/search" class="inline">
          <input
            type="search"
            name="q"
            value={words}
            size={40}
            maxlength={MAX_WORDS_CHARS}
            aria-label={m.nav.palette}
            placeholder={m.nav.paletteHint}
          />
          <button type="submit" class="button">
            {m.nav.palette}
          </button>
        </form>
      </search>
      <FoundPanels groups={groups} tips={m.search.ownTips} />
    </Page>,
  );
});

portal.get('/portal/search/options', async (context) => {
  const view = member(context);
  const groups = await searchPortal(context.var.services, view, wordsOf(context.req.query('q')));
  return context.html(
    <ViewContext.Provider value={view}>
      <FoundOptions groups={groups} />
    </ViewContext.Provider>,
  );
});
