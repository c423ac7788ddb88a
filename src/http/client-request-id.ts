// X-Client-Request-Id: the caller's own name for its request, logged and sent back, on every surface. What is none is ignored.

const HEADER = 'x-client-request-id';
/** Printable ASCII, of at most so many characters. */
const VALID = /^[ -~]{1,128}$/;

export function clientRequestId(headers: Headers): string | undefined {
  const id = headers.get(HEADER);
  return id !== null && VALID.test(id) ? id : undefined;
}

/** `response`: one whose headers can be set. */
export function withClientRequestId(response: Response, headers: Headers): Response {
  const id = clientRequestId(headers);
  if (id !== undefined) response.headers.set(HEADER, id);
  return response;
}
