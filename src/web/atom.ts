// An Atom feed (RFC 4287), of what a page says: text, and HTML that is ours. Pure.

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
/** Of XML 1.0, 2.2: characters that no document may hold are left out. */
export const escaped = (text: string): string =>
  text.replace(/[^\P{Cc}\t\n\r]|[\uFFFE\uFFFF]/gu, '').replace(/[&<>"]/g, (each) => ENTITIES[each] ?? each);

export interface FeedEntry {
  /** Names it for ever, whatever its title: an address, or part of one after the feed's page. */
  id: string;
  title: string;
  /** Absolute. */
  url: string;
  /** RFC 3339. */
  published: string;
  updated: string;
  html: string;
}

export interface Feed {
  language: string;
  title: string;
  author: string;
  /** Absolute: of the page, and of the feed itself. */
  page: string;
  self: string;
  /** Newest first. */
  entries: readonly FeedEntry[];
}

const entryText = ({ id, title, url, published, updated, html }: FeedEntry): string => `  <entry>
    <id>${escaped(id)}</id>
    <title>${escaped(title)}</title>
    <link href="${escaped(url)}"/>
    <published>${published}</published>
    <updated>${updated}</updated>
    <content type="html">${escaped(html)}</content>
  </entry>
`;

/** Of a feed in which nothing happened yet: any moment that stays. */
const NEVER = '2026-01-01T00:00:00Z';

export function atomText({ language, title, author, page, self, entries }: Feed): string {
  const updated = [NEVER, ...entries.map((each) => each.updated)].sort().at(-1) ?? NEVER;
  return `<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="${escaped(language)}">
  <id>${escaped(self)}</id>
  <title>${escaped(title)}</title>
  <updated>${updated}</updated>
  <author><name>${escaped(author)}</name></author>
  <link rel="self" type="application/atom+xml" href="${escaped(self)}"/>
  <link rel="alternate" type="text/html" href="${escaped(page)}"/>
${entries.map(entryText).join('')}</feed>
`;
}
