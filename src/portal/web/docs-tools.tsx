// What stands beside every page of the documentation: a search field, and the page's text for an assistant. Without scripts
// the text is a link.

import type { View } from '../../web/view.ts';
import { MAX_QUERY_CHARS } from './docs-index.ts';

export const SearchField = ({ view, value, id }: { view: View; value?: string; id: string }) => (
  <search>
    <form action="/docs/search" class="inline">
      <input
        id={id}
        type="search"
        name="q"
        value={value}
        aria-label={view.m.docsPages.search}
        placeholder={view.m.docsPages.search}
        maxlength={MAX_QUERY_CHARS}
      />
      <button type="submit" class="button">
        {view.m.nav.palette}
      </button>
    </form>
  </search>
);

export const AsText = ({ view }: { view: View }) => {
  const twin = `${view.path}.md?lang=${view.language}`;
  return (
    <p class="row small">
      <button
        type="button"
        class="button small hidden"
        data-copy-page={twin}
        data-copied={view.m.common.copied}
      >
        {view.m.docsPages.copy}
      </button>
      <a href={twin}>{view.m.docsPages.markdown}</a>
    </p>
  );
};
