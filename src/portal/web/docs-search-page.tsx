// The documentation's search, on the server: works without scripts, and asks no service.

import type { Catalog } from '../../catalog/catalog.ts';
import type { Language } from '../../web/format.ts';
import { render } from '../../web/web.ts';
import { createDocsIndex, type DocsIndex, type Hit, MAX_QUERY_CHARS, search } from './docs-index.ts';
import { Docs, viewer } from './docs-parts.tsx';
import { SearchField } from './docs-tools.tsx';
import { portal } from './portal-web.tsx';

const indexes = new WeakMap<Catalog, Map<Language, DocsIndex>>();

function indexOf(language: Language, catalog: Catalog): DocsIndex {
  const made = indexes.get(catalog) ?? new Map<Language, DocsIndex>();
  indexes.set(catalog, made);
  const index = made.get(language) ?? createDocsIndex(language, { catalog });
  made.set(language, index);
  return index;
}

/** Of guides, error codes and endpoints, best first. */
export const searchDocs = (language: Language, catalog: Catalog, query: string): Hit[] =>
  search(indexOf(language, catalog), query);

const Hits = ({ hits }: { hits: readonly Hit[] }) => (
  <ol class="hits">
    {hits.map(({ href, title, heading, excerpt }) => (
      <li>
        <a href={href}>{heading ? `${title} › ${heading}` : title}</a>
        <p class="small soft">{excerpt}</p>
      </li>
    ))}
  </ol>
);

portal.get('/docs/search', async (context) => {
  const view = await viewer(context);
  const { docsPages: words } = view.m;
  const query = (context.req.query('q') ?? '').trim().slice(0, MAX_QUERY_CHARS);
  const hits = query === '' ? [] : searchDocs(view.language, context.var.services.gateway.catalog, query);
  const count = query === '' ? words.hint : hits.length === 0 ? words.none(query) : words.found(hits.length);
  return render(
    context,
    <Docs view={view} title={words.search} hasTwin={false}>
      <h1>{words.search}</h1>
      <SearchField value={query} id="search" />
      <p role="status">{count}</p>
      {hits.length > 0 && <Hits hits={hits} />}
      {query !== '' && hits.length === 0 && <p class="soft">{words.noneHint}</p>}
    </Docs>,
  );
});
