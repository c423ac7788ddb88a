// What RFC 9111 says of an answer, for a cache that keeps none longer than the document allows, serves none stale and asks
// nobody again. A small parser and no library: `http-cache-semantics` is for caches that ask again, and would be a
// Node module in the hot path of a Worker. Pure.

/** Seconds, and no more than this: nobody means more (RFC 9111, 1.2.2). */
const MAX_SECONDS = 2 ** 31;

export interface Directives {
  has(name: string): boolean;
  /** Of one that is repeated the smallest; 0 where it is no whole number (RFC 9111, 4.2.1: to be considered stale). */
  seconds(name: string): number | undefined;
}

const DIRECTIVE = /([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^,]*)))?/g;

/** `text`: of a Cache-Control header. Names without case, values as tokens or quoted. */
export function directivesOf(text: string): Directives {
  const found = new Map<string, string[]>();
  for (const [, name = '', quoted, token] of text.matchAll(DIRECTIVE)) {
    const values = found.get(name.toLowerCase()) ?? [];
    found.set(name.toLowerCase(), [...values, (quoted ?? token ?? '').trim()]);
  }
  return {
    has: (name) => found.has(name),
    seconds: (name) => {
      const values = found.get(name);
      if (!values) return undefined;
      return Math.min(MAX_SECONDS, ...values.map((value) => (/^\d+$/.test(value) ? Number(value) : 0)));
    },
  };
}

/** How old the answer was when it came: as its own clock and the caches on its way say. */
export function ageOf(headers: Headers, nowMs: number): number {
  const said = Number(headers.get('age'));
  const apparent = Math.floor((nowMs - Date.parse(headers.get('date') ?? '')) / 1000);
  return Math.max(0, Number.isFinite(said) ? said : 0, Number.isFinite(apparent) ? apparent : 0);
}

/** Of s-maxage, max-age and Expires the first that there is, as shared caches read them. */
function explicitSeconds(headers: Headers, directives: Directives, nowMs: number): number | undefined {
  const directed = directives.seconds('s-maxage') ?? directives.seconds('max-age');
  const expires = headers.get('expires');
  if (directed !== undefined || expires === null) return directed;
  const dateMs = Date.parse(headers.get('date') ?? '');
  const seconds = Math.floor((Date.parse(expires) - (Number.isNaN(dateMs) ? nowMs : dateMs)) / 1000);
  // One that is no date is past.
  return Number.isNaN(seconds) ? 0 : seconds;
}

/** Seconds for which an answer may be kept; 0 is not at all. `maxSeconds`: as the document says, and where nobody says. */
export function freshSeconds(headers: Headers, maxSeconds: number, nowMs: number): number {
  const directives = directivesOf(headers.get('cache-control') ?? '');
  // What needs to be asked about each time is of no use to a cache that does not ask.
  if (['no-store', 'private', 'no-cache'].some((name) => directives.has(name))) return 0;
  const explicit = explicitSeconds(headers, directives, nowMs);
  if (explicit === undefined) return maxSeconds;
  return Math.max(0, Math.min(maxSeconds, explicit - ageOf(headers, nowMs)));
}

/** Whether the answer depends on nothing but what `isKeyed` says. */
export function variesWithin(headers: Headers, isKeyed: (name: string) => boolean): boolean {
  const vary = headers.get('vary');
  return vary === null || vary.split(',').every((name) => isKeyed(name.trim().toLowerCase()));
}
