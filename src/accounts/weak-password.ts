// Passwords that whoever tries would try first: common ones, simple ones, and what stands on the door. Pure.

import { COMMON_PASSWORDS } from './common-passwords.ts';

/** `common`: on the list; `simple`: a few characters again and again; `own`: the product's or the person's own words. */
export type Weakness = 'common' | 'simple' | 'own';

const FEWEST_DIFFERENT = 5;
const FEWEST_LETTERS_OF_A_WORD = 4;
/** Of a password without the words that anybody would guess, this much has to be left. */
const FEWEST_LEFT = 6;

/** Digits and signs that are put around a word: a year, an order of keys. More than that is no decoration. */
const MAX_AROUND = 6;

interface Common {
  whole: ReadonlySet<string>;
  /** Their words, without what stands around them. */
  words: ReadonlySet<string>;
}
let common: Common | undefined;

const LOOKALIKES: Record<string, string> = {
  '0': 'o',
  '1': 'l',
  '!': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
};
const plain = (text: string): string => text.replace(/[013457@$!]/g, (sign) => LOOKALIKES[sign] ?? sign);

/** `pa$$w0rd2026!` -> `pa$$w0rd`. */
const wordOf = (text: string): string => text.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '');

function readCommon(): Common {
  const all = COMMON_PASSWORDS.trim().split(/\s+/);
  const words = all.map(wordOf).filter((word) => word.length >= FEWEST_LETTERS_OF_A_WORD);
  return { whole: new Set(all), words: new Set(words) };
}

/** As it is, or a common one's word with letters that digits stand for, and with digits and signs around it. */
function isCommon(text: string): boolean {
  common ??= readCommon();
  const { whole, words } = common;
  if (whole.has(text)) return true;
  const word = wordOf(text);
  if (text.length - word.length > MAX_AROUND) return false;
  return [word, plain(word), plain(word.replaceAll('1', 'i'))].some((form) => words.has(form));
}

const wordsOf = (text: string): string[] =>
  text
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length >= FEWEST_LETTERS_OF_A_WORD);

/** `own`: the product's name, and the person's name and address. */
export function weaknessOf(password: string, own: readonly string[]): Weakness | undefined {
  const text = password.toLowerCase();
  if (new Set(text).size < FEWEST_DIFFERENT) return 'simple';
  if (isCommon(text)) return 'common';
  // Longest first: "passerelle" goes before "passe".
  const words = own.flatMap(wordsOf).sort((a, b) => b.length - a.length);
  for (const form of [text, plain(text)]) {
    let left = form;
    for (const word of words) left = left.replaceAll(word, '');
    if (left.length < form.length && left.length < FEWEST_LEFT) return 'own';
  }
  return undefined;
}
