// Requests that change something must come from our own pages. Browsers say where a request comes from, in
// `Origin` and `Sec-Fetch-Site`; what says neither is refused: a cookie alone is no consent.

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

export function isFromHere(request: Request, origin: string): boolean {
  if (SAFE.has(request.method)) return true;
  const sender = request.headers.get('origin');
  if (sender !== null) return sender === origin || sender === new URL(request.url).origin;
  const site = request.headers.get('sec-fetch-site');
  return site === 'same-origin';
}
