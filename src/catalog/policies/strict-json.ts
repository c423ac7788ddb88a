// What parsers of JSON read differently: a name that stands twice in an object. And what is so deep that walking it ends a program.
// One pass over the text; whether it is JSON at all, others say. Pure.

const MAX_DEPTH = 100;
const COLON = /[ \t\r\n]*:/y;

/** The end of a string that begins at `start`, after its last quote. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** Why it is not taken, in words; undefined where it may be. */
export function isDeepOrDouble(text: string): string | undefined {
  /** Names of each object that is open; undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '{' || character === '[') {
      if (open.push(character === '{' ? new Set() : undefined) > MAX_DEPTH)
        return `is deeper than ${MAX_DEPTH} levels`;
    } else if (character === '}' || character === ']') open.pop();
    else if (character === '"') {
      const end = endOfString(text, at);
      const names = open.at(-1);
      COLON.lastIndex = end;
      if (names && COLON.test(text)) {
        // As parsers read it: `\u0061` is `a`.
        const name = JSON.parse(text.slice(at, end)) as string;
        if (names.has(name)) return 'has a name twice in one object';
        names.add(name);
      }
      at = end - 1;
    }
  }
  return undefined;
}
