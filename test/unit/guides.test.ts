// The guides as texts: both languages have the same ones, links lead somewhere, programs are whole, and search finds them.

import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DOCUMENTS } from '../../src/brand/brand.ts';
import { loadCatalog } from '../../src/catalog/catalog.ts';
import { CHANGELOGS } from '../../src/portal/web/changelog/changelog.ts';
import { createDocsIndex, search } from '../../src/portal/web/docs-index.ts';
import { anchorOf, markdownHtml } from '../../src/portal/web/docs-markdown.ts';
import { CODES } from '../../src/portal/web/docs-text.ts';
import { guideOfError } from '../../src/portal/web/error-examples.ts';
import { GUIDES, guideOf } from '../../src/portal/web/guides/guides.ts';
import { SNIPPETS } from '../../src/portal/web/guides/snippets.ts';
import { createFormat } from '../../src/web/format.ts';
import { messagesOf } from '../../src/web/messages/messages.ts';

const folder = new URL('../../src/portal/web/guides/', import.meta.url).pathname;
const LANGUAGES = ['en', 'fr'] as const;
const catalog = loadCatalog(DOCUMENTS);

const withoutFences = (text: string) => text.replace(/^```[\s\S]*?^```$/gm, '');
const matches = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found = '']) => found);
const shapeOf = (text: string) => ({
  headings: matches(withoutFences(text), /^(#+) /gm),
  blocks: matches(text, /^```(.+)$/gm),
  links: matches(text, /\]\(([^)]+)\)/g).sort(),
  tableRows: matches(text, /^(\|)/gm).length,
  steps: matches(text, /^(-|\d+\.) /gm),
});

it('every file is a guide, and every guide has a file in each language', () => {
  for (const language of LANGUAGES) {
    const files = readdirSync(`${folder}${language}`).map((name) => name.replace('.md', ''));
    expect(files.sort()).toEqual(GUIDES.map(({ slug }) => slug).sort());
  }
  const sets = readdirSync(`${folder}snippets`).map((name) => name.replace('.md', ''));
  expect(sets.sort()).toEqual([...SNIPPETS.keys()].sort());
});

it('what a guide is about can stand in a list: without a placeholder, in a few lines', () => {
  for (const { about } of GUIDES)
    for (const language of LANGUAGES) {
      expect(about[language]).not.toContain('{{');
      expect(about[language].length).toBeLessThan(300);
    }
});

it.for(GUIDES)('$slug is the same in both languages: headings, programs, links, rows, steps', ({ text }) => {
  expect(shapeOf(text.fr)).toEqual(shapeOf(text.en));
});

it('every set of programs has the five languages, and is shown by one guide', () => {
  const shown = GUIDES.flatMap(({ text }) => matches(text.en, /^```snippets (\S+)$/gm));
  expect(shown.sort()).toEqual([...SNIPPETS.keys()].sort());
  for (const [name, list] of SNIPPETS) {
    expect([name, list.map(({ fence }) => fence)]).toEqual([name, ['sh', 'js', 'python', 'go', 'php']]);
    for (const { code } of list)
      expect(
        matches(code, /\{\{(\w+)\}\}/g).every((each) =>
          ['origin', 'read', 'write', 'body', 'list'].includes(each),
        ),
      ).toBe(true);
  }
});

it('the changelog tells of the same changes in both languages, newest first', () => {
  const [en, fr] = [CHANGELOGS.en.changes, CHANGELOGS.fr.changes];
  expect(fr.map(({ text }) => shapeOf(text))).toEqual(en.map(({ text }) => shapeOf(text)));
  const days = en.map(({ day }) => day);
  expect(days).toEqual(days.toSorted().reverse());
  expect(new Set(en.map(({ title }) => anchorOf(title))).size).toBe(en.length);
});

it('links within the documentation lead to a page that is there', () => {
  const pages = new Set([
    ...GUIDES.map(({ slug }) => `/docs/${slug}`),
    ...CODES.map((code) => `/docs/errors/${code}`),
    '/docs/errors',
    '/docs/endpoints',
    '/docs/reference',
  ]);
  const texts = [...GUIDES.map(({ text }) => text.en), ...CHANGELOGS.en.changes.map(({ text }) => text)];
  const links = texts.flatMap((text) => matches(text, /\]\((\/docs[^)#]*)/g));
  expect(links.length).toBeGreaterThan(30);
  expect(links.filter((link) => !pages.has(link))).toEqual([]);
});

it('every error leads to a guide', () => {
  expect(CODES.filter((code) => guideOf(guideOfError(code)) === undefined)).toEqual([]);
});

describe('Markdown', () => {
  const reader = {
    language: 'en' as const,
    m: messagesOf('en'),
    format: createFormat('en', 0),
    origin: 'https://api.example.com',
    product: 'Passerelle',
    catalog,
  };

  it('passes no HTML, and gives headings an anchor', () => {
    const html = String(
      markdownHtml('## Été & hiver\n\n<script>alert(1)</script> <b>x</b>\n\n`<i>`', reader),
    );
    expect(html).toContain('<h2 id="ete-hiver">');
    expect(html).not.toMatch(/<(?:script|b|i)>/);
    expect(html).toContain('&lt;script&gt;');
  });

  it('anchors of a guide are its own, once each', () => {
    for (const language of LANGUAGES)
      for (const { text } of GUIDES) {
        const anchors = matches(withoutFences(text[language]), /^#+ (.+)$/gm).map(anchorOf);
        expect(new Set(anchors).size).toBe(anchors.length);
      }
  });
});

describe('search', () => {
  const [en, fr] = LANGUAGES.map((language) => createDocsIndex(language, { catalog }));
  const first = (query: string, index = en) => (index ? search(index, query)[0]?.href : undefined);

  it.each([
    ['webhooks', '/docs/webhooks'],
    ['WebHook', '/docs/webhooks'],
    ['daily_quota_exceeded', '/docs/errors/daily_quota_exceeded'],
    ['idempotency', '/docs/idempotency'],
    ['idempotency-key', '/docs/idempotency'],
    ['test cards', '/docs/test-cards'],
    ['3-d secure', '/docs/test-cards#3-d-secure'],
    ['prices', '/docs/plans'],
    ['retry', '/docs/retries'],
    ['verify signature', '/docs/webhooks#verify-it'],
    ['/v2/stops/nearby', '/docs/endpoints#get-v2-stops-nearby'],
  ])('%s leads to %s', (query, href) => {
    expect(first(query)).toBe(href);
  });

  it.each([
    ['requête signée', '/docs/signing'],
    ['idempotence', '/docs/idempotency'],
    ['réessayer', '/docs/retries'],
    ['REESSAYER', '/docs/retries'],
    ['forfaits', '/docs/plans'],
  ])('%s leads to %s, with accents or without', (query, href) => {
    expect(first(query, fr)?.startsWith(href)).toBe(true);
  });

  it('a word that is nowhere finds nothing; two words find what has both first', () => {
    if (!en) throw new Error('no index');
    expect(search(en, 'zanzibar')).toEqual([]);
    expect(search(en, '')).toEqual([]);
    const hits = search(en, 'nonce zanzibar');
    expect(hits.length).toBeGreaterThan(0);
    expect(search(en, 'x'.repeat(100_000))).toEqual([]);
    expect(search(en, 'a e i o u '.repeat(10_000)).length).toBeLessThanOrEqual(20);
  });

  it('an excerpt is short, and has what was asked for', () => {
    if (!fr) throw new Error('no index');
    const [hit] = search(fr, 'temps constant');
    expect(hit?.excerpt.toLowerCase()).toContain('constant');
    for (const { excerpt } of search(fr, 'clé')) expect(excerpt.length).toBeLessThan(200);
  });
});
