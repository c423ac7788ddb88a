// What stands beside every page of the documentation: a search field, and the page's text for an assistant. Without scripts
// the text is a link.

import { useView } from '../../web/view-context.ts';
import { MAX_QUERY_CHARS } from './docs-index.ts';

export const SearchField = ({ value, id }: { value?: string; id: string }) => {
  const { m } = useView();
  return (
    <search>
      <form action="/docs/search" class="inline">
        <input
          id={id}
          type="search"
          name="q"
          value={value}
          aria-label={m.docsPages.search}
          placeholder={m.docsPages.search}
          maxlength={MAX_QUERY_CHARS}
        />
        <button type="submit" class="button">
          {m.nav.palette}
        </button>
      </form>
    </search>
  );
};

export const AsText = () => {
  const { m, path, language } = useView();
  const twin = `${path}.md?lang=${language}`;
  return (
    <p class="row small">
      <button type="button" class="button small hidden" data-copy-page={twin} data-copied={m.common.copied}>
        {m.docsPages.copy}
      </button>
      <a href={twin}>{m.docsPages.markdown}</a>
    </p>
  );
};
