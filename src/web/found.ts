// What a search offers: places to go to and choices to make, in groups. The palette and the page of a search show the same.

import type { NavItem } from './components/layout.tsx';
import { fits } from './folded.ts';
import type { View } from './view.ts';

export const MAX_WORDS_CHARS = 200;
/** Of each group that is searched for. */
export const MAX_FOUND = 5;

/** A preference that the browser keeps. */
export interface Choice {
  name: 'language' | 'theme' | 'environment';
  value: string;
}

export interface Found {
  title: string;
  detail?: string;
  /** An address, or what is chosen. */
  to: string | Choice;
  /** Other words that people look for it by. */
  also?: string;
}

export interface FoundGroup {
  title: string;
  found: readonly Found[];
}

export const wordsOf = (typed: string | undefined): string => (typed ?? '').trim().slice(0, MAX_WORDS_CHARS);

/** Those that have all the words; everything where there are none. */
export const fitting = (found: readonly Found[], words: string): Found[] =>
  found.filter(({ title, detail = '', also = '' }) => fits(`${title} ${detail} ${also}`, words));

export const withoutEmpty = (groups: readonly FoundGroup[]): FoundGroup[] =>
  groups.filter(({ found }) => found.length > 0);

export const pagesFound = (items: readonly NavItem[]): Found[] =>
  items.map(({ href, text }) => ({ title: text, to: href }));

/** Appearance and language, as they are not now. */
export function choicesFound({ m, language, theme }: View): Found[] {
  const { common, search } = m;
  const themes = [
    { title: search.dark, value: 'dark' },
    { title: search.light, value: 'light' },
  ];
  return [
    ...themes
      .filter(({ value }) => value !== theme)
      .map(({ title, value }): Found => ({ title, to: { name: 'theme', value }, also: common.theme })),
    language === 'fr'
      ? { title: 'English', to: { name: 'language', value: 'en' }, also: 'anglais langue language' }
      : { title: 'Français', to: { name: 'language', value: 'fr' }, also: 'french language langue' },
  ];
}
