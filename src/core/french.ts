// The spaces of French: narrow ones, at which no line breaks, in numbers, before high punctuation and within guillemets.
// Writers type plain spaces. Pure.

const NARROW = '\u202f';

/** Not of a Markdown table, nor where the mark belongs to what follows: `:name`. */
const BEFORE_MARK = /(?<=[^\s|]) (?=[;:!?%»](?![\p{L}\p{N}]))/gu;
const AFTER_QUOTE = /(?<=«) /g;
const THOUSANDS = /(?<!\d)\d{1,3}(?: \d{3})+(?!\d)/g;
const CODE = /```[\s\S]*?```|`[^`\n]+`/g;

export const inFrenchType = (text: string): string =>
  text
    .replace(BEFORE_MARK, NARROW)
    .replace(AFTER_QUOTE, NARROW)
    .replace(THOUSANDS, (number) => number.replaceAll(' ', NARROW));

/** Markdown, whose code stays as it is. */
export function markdownInFrenchType(text: string): string {
  // Each space becomes one character: places are the same in both.
  const set = inFrenchType(text);
  let [whole, at] = ['', 0];
  for (const { 0: code, index } of text.matchAll(CODE)) {
    whole += set.slice(at, index) + code;
    at = index + code.length;
  }
  return whole + set.slice(at);
}

/** All texts of a catalogue, and what its functions say. */
export function typeset<Words>(words: Words): Words {
  if (typeof words === 'string') return inFrenchType(words) as Words;
  if (typeof words === 'function')
    return new Proxy(words, { apply: (say, self, given) => typeset(Reflect.apply(say, self, given)) });
  if (Array.isArray(words)) return words.map(typeset) as Words;
  if (typeof words !== 'object' || words === null) return words;
  return Object.fromEntries(Object.entries(words).map(([name, each]) => [name, typeset(each)])) as Words;
}
