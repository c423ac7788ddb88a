// Passwords that whoever tries would try first: common ones, simple ones, and what stands on the door. Pure.

import { COMMON_PASSWORDS } from './common-passwords.ts';

/** `common`: on the list; `simple`: a few characters again and again; `own`: the product's or the person's own words. */
export type Weakness = 'common' | 'simple' | 'own';

const FEWEST_DIFFERENT = 5;
const FEWEST_LETTERS_OF_A_WORD = 4;
/** Of a password without the words that anybody would guess, this much has to be left. */
const FEWEST_LEFT = 6;

let common: ReadonlySet<string> | undefined;

const LOOKALIKES: Record<string, string> = {
  '0': 'o',
  '1': 'l',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
};
const plain = (text: string): string => text.replace(/[013457@$]/g, (sign) => LOOKALIKES[sign] ?? sign);

const wordsOf = (text: string): string[] =>
  text
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length >= FEWEST_LETTERS_OF_A_WORD);

/** `own`: the product's name, and the person's name and address. */
export function weaknessOf(password: string, own: readonly string[]): Weakness | undefined {
  const text = password.toLowerCase();
  if (new Set(text).size < FEWEST_DIFFERENT) return 'simple';
  common ??= new Set(COMMON_PASSWORDS.trim().split(/\s+/));
  if (common.has(text)) return 'common';
  // Longest first: "passerelle" goes before "passe".
  const words = own.flatMap(wordsOf).sort((a, b) => b.length - a.length);
  for (const form of [text, plain(text)]) {
    let left = form;
    for (const word of words) left = left.replaceAll(word, '');
    if (left.length < form.length && left.length < FEWEST_LEFT) return 'own';
  }
  return undefined;
}
