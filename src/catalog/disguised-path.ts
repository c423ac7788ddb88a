// Paths that another parser could read as other paths: an upstream that decodes once more than we do would answer for what
// the caller's scopes do not name. Pure.

/** Whatever was encoded again keeps its percent sign as `%25`. */
const PERCENT = '%(?:25)*';
const DOT = `(?:\\.|${PERCENT}2e)`;
const SEPARATOR = `(?:/|\\\\|${PERCENT}(?:2f|5c))`;
/** Some servers cut a segment at its `;`: `/..;/` is `/../` there. */
const PARAMETERS = `(?:;|${PERCENT}3b)`;

const DISGUISES = [
  // Dot segments, however they are written.
  `(?:^|${SEPARATOR})${DOT}{1,2}(?:${SEPARATOR}|${PARAMETERS}|$)`,
  // Backslashes, which URL parsers turn into slashes.
  `\\\\|${PERCENT}5c`,
  // Control characters: an end to C's strings, a new line to a log or a header.
  `${PERCENT}(?:[01][0-9a-f]|7f)`,
  // A slash or a dot that was encoded twice.
  '%(?:25)+2[ef]',
  // Bytes that no UTF-8 has: dots and slashes in more bytes than they need.
  `${PERCENT}(?:c[01]|f[5-9a-f]|e0${PERCENT}[89])`,
];
const DISGUISED = new RegExp(DISGUISES.join('|'), 'i');
const ENCODED_SLASH = /%2f/i;

/** `path`: as received. */
export const isDisguised = (path: string): boolean => DISGUISED.test(path);
/** One parameter here, two segments for whoever decodes before routing. */
export const hasEncodedSlash = (path: string): boolean => ENCODED_SLASH.test(path);
