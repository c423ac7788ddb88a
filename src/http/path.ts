// The path of a request, without parsing its whole URL.

/** The path of `https://host/path?query`. */
export const pathOf = (url: string): string => {
  const start = url.indexOf('/', url.indexOf('://') + 3);
  const end = url.indexOf('?', start);
  return end < 0 ? url.slice(start) : url.slice(start, end);
};

/** `v2` of `/v2/things`: by which surfaces are told apart. */
export const firstPart = (path: string): string => {
  const end = path.indexOf('/', 1);
  return end < 0 ? path.slice(1) : path.slice(1, end);
};
