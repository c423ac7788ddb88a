// JSON pointers (RFC 6901). Pure.

const escaped = (part: PropertyKey): string => String(part).replaceAll('~', '~0').replaceAll('/', '~1');

/** `''`: the whole. */
export const pointerTo = (...path: readonly PropertyKey[]): string =>
  path.map((part) => `/${escaped(part)}`).join('');

/** One part, as it stands in a pointer -> the name that it means. */
export const nameOfPart = (part: string): string => part.replaceAll('~1', '/').replaceAll('~0', '~');

export const partsOf = (pointer: string): string[] => pointer.split('/').slice(1).map(nameOfPart);
