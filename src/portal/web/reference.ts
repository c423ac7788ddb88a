// What the reference loads of the offered APIs once its page is painted: their documents, and their words in another language.

import type { Catalog } from '../../catalog/catalog.ts';
import { translated } from '../../catalog/document-words.ts';
import type { Language } from '../../web/format.ts';

export interface ReferenceSources {
  documents: { title: string; url: string }[];
  /** Summaries in the language of the page, by those of the documents. */
  summaries: Record<string, string>;
}

export function referenceSources(catalog: Catalog, language: Language): ReferenceSources {
  const { documents } = catalog;
  const summaries = documents.flatMap(({ paths }) =>
    Object.values(paths).flatMap((item) => Object.values(item).flatMap(({ summary }) => summary ?? [])),
  );
  return {
    documents: documents.map(({ info, 'x-passerelle': { id } }) => ({
      title: info.title,
      url: `/openapi/${id}.json`,
    })),
    // Documents of others have no translations, and many summaries.
    summaries: Object.fromEntries(
      summaries
        .map((text) => [text, language === 'en' ? text : translated(catalog, text, language)] as const)
        .filter(([text, other]) => text !== other),
    ),
  };
}
