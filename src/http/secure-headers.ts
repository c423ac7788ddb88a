// What every answer tells browsers, whoever made it: the one place for it. What is no page may do nothing: not run, not be
// framed, not be taken for another type. Pages bring a policy of their own.

const ONE_YEAR_SECONDS = 31_536_000;
const NO_PAGE = "default-src 'none'; frame-ancestors 'none'; sandbox";

/** `response`: one whose headers can be set, as are all that are made here. `url`: the request's. */
export function withSecureHeaders(response: Response, url: string): Response {
  const { headers } = response;
  headers.set('x-content-type-options', 'nosniff');
  if (!headers.has('content-security-policy')) headers.set('content-security-policy', NO_PAGE);
  // RFC 6797, 7.2: never over plain HTTP, which is for your machine alone.
  if (url.startsWith('https:')) headers.set('strict-transport-security', `max-age=${ONE_YEAR_SECONDS}`);
  return response;
}
