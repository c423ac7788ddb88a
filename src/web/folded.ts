// Text as a search compares it: case and accents make no difference. Pure.

/** Lower case, without accents, character for character. */
export const folded = (text: string): string =>
  text.normalize('NFC').replace(/[^a-z0-9]/g, (each) => each.normalize('NFD').charAt(0).toLowerCase());

/** Whether every word of what was typed is somewhere in the text. */
export const fits = (text: string, typed: string): boolean => {
  const within = folded(text);
  return folded(typed)
    .split(/\s+/)
    .every((word) => within.includes(word));
};
