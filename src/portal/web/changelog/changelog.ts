// What changed for partners, newest first: a Markdown file in each language, `## YYYY-MM-DD: Title` before each change. Files
// that do not tell of the same days fail at start.

import { markdownInFrenchType } from '../../../core/french.ts';
import type { Language } from '../../../web/format.ts';
import type { Reader } from '../docs-blocks.ts';
import en from './en.md';
import fr from './fr.md';

export const CHANGELOG_PATH = '/docs/changelog';

export interface Change {
  /** `YYYY-MM-DD`. */
  day: string;
  title: string;
  /** Markdown. */
  text: string;
}

interface Changelog {
  title: string;
  about: string;
  changes: readonly Change[];
}

const BEGINNING = /^# (.+)\n\n(.+)\n/;
const CHANGE = /^(\d{4}-\d{2}-\d{2}): (.+)\n\n/;

function read(text: string): Changelog {
  const [first = '', ...sections] = text.split(/^## /m);
  const [, title = '', about = ''] = BEGINNING.exec(first) ?? [];
  const changes = sections.map((section) => {
    const [heading, day = '', name = ''] = CHANGE.exec(section) ?? [];
    if (!heading) throw new Error(`changelog: “${section.split('\n')[0]}” has no day or no title`);
    return { day, title: name, text: section.slice(heading.length).trim() };
  });
  return { title, about, changes };
}

export const CHANGELOGS: Readonly<Record<Language, Changelog>> = {
  en: read(en),
  fr: read(markdownInFrenchType(fr)),
};

const days = (language: Language): string => CHANGELOGS[language].changes.map(({ day }) => day).join();
if (days('en') !== days('fr')) throw new Error('changelog: both languages tell of the same days');

/** The page: each day once, as its reader writes it. */
export function changelogText({ language, format }: Reader): string {
  const { title, about, changes } = CHANGELOGS[language];
  const parts = changes.map(({ day, title: name, text }) => `## ${name}\n\n*${format.date(day)}*\n\n${text}`);
  return [`# ${title}`, about, ...parts].join('\n\n');
}
