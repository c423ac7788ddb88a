// Search over the documentation: an index of words, made once in each isolate from the guides' Markdown, the error codes and
// the endpoints' summaries. Pure. A query is cut to MAX_QUERY_CHARS and MAX_TERMS; accents and case make no difference.

import type { Catalog } from '../../catalog/catalog.ts';
import { translated } from '../../catalog/document-words.ts';
import { ERRORS } from '../../core/errors.ts';
import { folded } from '../../web/folded.ts';
import type { Language } from '../../web/format.ts';
import { messagesOf } from '../../web/messages/messages.ts';
import { CHANGELOG_PATH, CHANGELOGS } from './changelog/changelog.ts';
import type { DocsFacts } from './docs-blocks.ts';
import { anchorOf } from './docs-markdown.ts';
import { CODES } from './docs-text.ts';
import { endpointLink, endpointName } from './endpoints-text.ts';
import { guidesFor } from './guides/guides.ts';

export const MAX_QUERY_CHARS = 100;
const MAX_TERMS = 8;
const MAX_HITS = 20;
const EXCERPT_CHARS = 180;
/** Of a word in the title, in a section's heading, and in the text, where the third time adds nothing any more. */
const WEIGHTS = { title: 12, heading: 6, text: 1 };
const MAX_TEXT_WEIGHT = 2;
/** Of a word that begins with the query's, and of another form of it: retry, retries; réessayer, réessayez. */
const PREFIX_SHARE = 0.4;
const FORM_SHARE = 0.3;
const MIN_STEM_CHARS = 4;
const MAX_ENDING_CHARS = 3;

interface Entry {
  href: string;
  title: string;
  heading: string;
  text: string;
  /** What is explained elsewhere: comes after that. */
  isNews?: boolean;
}

export interface Hit {
  href: string;
  title: string;
  heading: string;
  excerpt: string;
}

export interface DocsIndex {
  entries: readonly Entry[];
  /** By word: weight by entry. */
  words: ReadonlyMap<string, ReadonlyMap<number, number>>;
}

const wordsOf = (text: string): string[] => folded(text).match(/[a-z0-9]+/g) ?? [];

/** What is read of Markdown: without its programs and marks. */
const readable = (markdown: string): string =>
  markdown
    .replace(/^```[\s\S]*?^```$|^[| -]+$|\{\{[^}]+\}\}/gm, ' ')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[`*|]|^#+ |^ *(?:-|\d+\.) /gm, '')
    .replace(/\s+/g, ' ')
    .trim();

function guideEntries(language: Language, catalog: Catalog): Entry[] {
  return guidesFor(catalog).flatMap(({ slug, title, text }) => {
    const [first = '', ...sections] = text[language].replace(/^# .*$/m, '').split(/^## /m);
    const page = { href: `/docs/${slug}`, title: title[language], heading: '', text: readable(first) };
    const parts = sections.map((section) => {
      const [heading = '', ...lines] = section.split('\n');
      const href = `${page.href}#${anchorOf(heading)}`;
      return { href, title: page.title, heading: readable(heading), text: readable(lines.join('\n')) };
    });
    return [page, ...parts];
  });
}

function changelogEntries(language: Language): Entry[] {
  const { title, about, changes } = CHANGELOGS[language];
  return [
    { href: CHANGELOG_PATH, title, heading: '', text: readable(about) },
    ...changes.map((change) => ({
      href: `${CHANGELOG_PATH}#${anchorOf(change.title)}`,
      title,
      heading: change.title,
      text: readable(change.text),
      isNews: true,
    })),
  ];
}

function entriesOf(language: Language, { catalog }: Pick<DocsFacts, 'catalog'>): Entry[] {
  const { errorGuide } = messagesOf(language);
  const errors = CODES.map((code) => ({
    href: `/docs/errors/${code}`,
    title: code,
    heading: '',
    text: `${ERRORS[code][0]}. ${errorGuide[code].what} ${errorGuide[code].fix}`,
  }));
  const endpoints = catalog.documents.flatMap(({ paths }) =>
    Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, { summary = '' }]) => ({
        href: endpointLink(method, path),
        title: endpointName(method, path),
        heading: '',
        text: translated(catalog, summary, language),
      })),
    ),
  );
  return [...guideEntries(language, catalog), ...errors, ...endpoints, ...changelogEntries(language)];
}

export function createDocsIndex(language: Language, facts: Pick<DocsFacts, 'catalog'>): DocsIndex {
  const entries = entriesOf(language, facts);
  const words = new Map<string, Map<number, number>>();
  const add = (text: string, entry: number, weight: number, most: number): void => {
    for (const word of wordsOf(text)) {
      const weights = words.get(word) ?? new Map<number, number>();
      const before = weights.get(entry) ?? 0;
      words.set(word, weights.set(entry, Math.max(before, Math.min(before + weight, most))));
    }
  };
  entries.forEach(({ title, heading, text, isNews }, i) => {
    add(text, i, WEIGHTS.text, MAX_TEXT_WEIGHT);
    // A guide's title is that of its first part; the others are found by their own headings.
    add(title, i, heading === '' ? WEIGHTS.title : WEIGHTS.text, WEIGHTS.title + MAX_TEXT_WEIGHT);
    add(heading, i, isNews ? WEIGHTS.text : WEIGHTS.heading, WEIGHTS.title);
  });
  return { entries, words };
}

/** How near a word is to a term, from 0 to 1. */
function nearness(word: string, term: string): number {
  if (word === term) return 1;
  if (word.startsWith(term)) return PREFIX_SHARE;
  const stem = Math.max(MIN_STEM_CHARS, term.length - 2);
  const isForm = word.length - stem <= MAX_ENDING_CHARS && term.slice(0, stem) === word.slice(0, stem);
  return isForm && term.length > stem ? FORM_SHARE : 0;
}

/** How well each entry fits one term. Rare words count for more. */
function fits({ entries, words }: DocsIndex, term: string): Map<number, number> {
  const scores = new Map<number, number>();
  for (const [word, weights] of words) {
    const share = nearness(word, term);
    if (share === 0) continue;
    const rarity = Math.log(1 + entries.length / weights.size) * share;
    for (const [entry, weight] of weights)
      scores.set(entry, Math.max(scores.get(entry) ?? 0, weight * rarity));
  }
  return scores;
}

/** Some words around the first that was asked for. */
function excerptOf(text: string, terms: readonly string[]): string {
  const plain = text.normalize('NFC');
  const at = terms.map((term) => folded(plain).indexOf(term)).filter((position) => position >= 0);
  const near = at.length > 0 ? Math.max(0, Math.min(...at) - EXCERPT_CHARS / 3) : 0;
  const start = near === 0 ? 0 : plain.indexOf(' ', near) + 1;
  const cut = plain.slice(start, start + EXCERPT_CHARS);
  const end = start + EXCERPT_CHARS < plain.length ? cut.lastIndexOf(' ') : cut.length;
  return `${start > 0 ? '…' : ''}${cut.slice(0, end)}${end < cut.length ? '…' : ''}`;
}

/** Best first: those with most of the words, and of these those where they weigh most. */
export function search(index: DocsIndex, query: string): Hit[] {
  const terms = [...new Set(wordsOf(query.slice(0, MAX_QUERY_CHARS)))].slice(0, MAX_TERMS);
  const found = new Map<number, { terms: number; score: number }>();
  for (const term of terms)
    for (const [entry, score] of fits(index, term)) {
      const before = found.get(entry) ?? { terms: 0, score: 0 };
      found.set(entry, { terms: before.terms + 1, score: before.score + score });
    }
  return [...found]
    .sort(([a, one], [b, other]) => other.terms - one.terms || other.score - one.score || a - b)
    .slice(0, MAX_HITS)
    .flatMap(([i]) => {
      const entry = index.entries[i];
      return entry ? [{ ...entry, excerpt: excerptOf(entry.text, terms) }] : [];
    });
}
