// Paths that another parser could read as other paths: an upstream that decodes once more than we do would answer for what
// the caller's scopes do not name. Pure.
// Escapes never overlap, and what one of them stands for is part of no other that begins before it: in whatever order and
// how often somebody decodes, the last text is the same, and has every separator that any text on the way there had. So it
// is enough to judge that one.

/** Nobody encodes more often; each further time would cost a walk over the path. */
const MAX_ENCODINGS = 4;
const ESCAPE = /%([0-9a-f]{2})/gi;
const MALFORMED_ESCAPE = /%(?![0-9a-f]{2})/i;
/** RFC 3986, 3.3: a path is printable ASCII, and ends at its query or fragment. */
const NO_PATH = /[^\x21-\x7e]|[?#]/;

const MISREAD = new RegExp(
  [
    // Dot segments. Some servers cut a segment at its `;`: `/..;/` is `/../` there.
    '(?:^|/)\\.{1,2}(?:[/;]|$)',
    // Backslashes, which URL parsers turn into slashes, and what ends a path.
    '[\\\\?#]',
    // Control characters: an end to C's strings, a new line to a log or a header.
    '[\\x00-\\x1f\\x7f]',
    // Another way to escape, of JavaScript and of IIS.
    '%[uU]',
    // Bytes that no UTF-8 has: dots and slashes in more bytes than they need.
    '[\\xc0\\xc1\\xf5-\\xff]|\\xe0[\\x80-\\x9f]',
  ].join('|'),
);

/** Byte by byte, until nothing is encoded any more. undefined: that takes too often. */
export function decodedWholly(path: string): string | undefined {
  let text = path;
  for (let encodings = 0; encodings <= MAX_ENCODINGS; encodings++) {
    const decoded = text.replace(ESCAPE, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    if (decoded === text) return text;
    text = decoded;
  }
  return undefined;
}

const slashes = (text: string): number => text.split('/').length;
const ENCODED_SLASH = /%2f/gi;

/** One parameter here, two segments for whoever decodes before routing. */
export const hasEncodedSlash = (path: string): boolean => path.search(ENCODED_SLASH) >= 0;

/**
 * `path`: as received. Slashes that are encoded once are not judged here (`hasEncodedSlash`).
 * @example isDisguised('/stops/..%25%32%66x') // true
 */
export function isDisguised(path: string): boolean {
  if (NO_PATH.test(path) || MALFORMED_ESCAPE.test(path)) return true;
  if (!path.includes('%')) return MISREAD.test(path);
  const text = decodedWholly(path);
  return (
    text === undefined || MISREAD.test(text) || slashes(text) > slashes(path.replace(ENCODED_SLASH, '/'))
  );
}
