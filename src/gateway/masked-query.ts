// The query of a call that failed, as its people may see it again: without the values that the catalogue's document calls
// secret, those whose names say so, and keys. Pure, and never throws: what cannot be read is masked.

/** Longer ones are cut before they are read. */
const MAX_CHARS = 4096;
const MASK = '***';

/** Without case and punctuation; `access_token` ends with one of them as well. */
const SECRET_NAME =
  /(?:token|secret|password|passwd|passphrase|pwd|apikey|authorization|credentials?|signature|jwt|otp|cvc|cvv)$|^(?:auth|key|pass|pin|sid|sig|session|sessionid)$/;
/** Keys of ours, whatever they are sent as. */
const KEY = /(?:pk|sk|ak|whsec)_(?:test|live)_/;

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

function masked(part: string, secrets: ReadonlySet<string>): string {
  const equals = part.indexOf('=');
  const name = decoded(equals < 0 ? part : part.slice(0, equals));
  if (name === undefined || KEY.test(name)) return MASK;
  if (equals < 0) return part;
  const value = decoded(part.slice(equals + 1));
  const isSecret =
    secrets.has(name) ||
    SECRET_NAME.test(name.toLowerCase().replace(/[^a-z]/g, '')) ||
    value === undefined ||
    KEY.test(value);
  return isSecret ? `${part.slice(0, equals)}=${MASK}` : part;
}

/**
 * `query`: as received, with its question mark. `secrets`: names of parameters that the document marks.
 * @example maskedQuery('?q=hann&token=abc', new Set()) // '?q=hann&token=***'
 */
export function maskedQuery(query: string, secrets: ReadonlySet<string>): string {
  const parts = query.slice(1, MAX_CHARS).split('&');
  return `?${parts.map((part) => masked(part, secrets)).join('&')}`;
}
