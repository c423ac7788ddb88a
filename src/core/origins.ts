// Origins of browsers' pages, as lists of them allow. Pure.

/** In a list: any origin. */
export const ANY_ORIGIN = '*';

export const allowsOrigin = (list: readonly string[], origin: string): boolean =>
  list.includes(origin) || list.includes(ANY_ORIGIN);
