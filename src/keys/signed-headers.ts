// Of a request that is signed whole, whoever answers hears what is signed and nothing else. Pure.

import { namedByConnection } from '../catalog/headers.ts';

/** What clients and proxies add by themselves: left out when it is not signed. Everything else that is not signed refuses. */
const ADDED_ON_THE_WAY = new Set([
  'accept',
  'accept-charset',
  'accept-language',
  'baggage',
  'cache-control',
  'dnt',
  'origin',
  'pragma',
  'priority',
  'referer',
  'save-data',
  'traceparent',
  'tracestate',
  'user-agent',
]);

const isAddedOnTheWay = (name: string): boolean => ADDED_ON_THE_WAY.has(name) || name.startsWith('sec-');

/**
 * A header that would be heard without being signed, or was signed and would not be heard, because `Connection` takes it
 * away; undefined when there is none. `isHeard`: whether whoever answers is told a header of this name, lower case.
 */
export function unsignedHeader(
  headers: Headers,
  signed: readonly string[],
  isHeard: (name: string) => boolean,
): string | undefined {
  const takenAway = namedByConnection(headers).find((name) => signed.includes(name));
  const added = [...headers.keys()].find(
    (name) => isHeard(name) && !signed.includes(name) && !isAddedOnTheWay(name),
  );
  return takenAway ?? added;
}

/** What of the headers is signed. */
export const signedOnly = (headers: Headers, signed: readonly string[]): Headers =>
  new Headers([...headers].filter(([name]) => signed.includes(name)));
