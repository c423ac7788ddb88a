// Where a form may send the browser next: a path of ours, never another site.

const BASE = 'https://here.invalid';

/** The path and query of `target` when it is ours, otherwise `fallback`. */
export function safePath(target: string | undefined, fallback: string): string {
  if (!target?.startsWith('/') || /[\\\t\r\n]/.test(target)) return fallback;
  try {
    const url = new URL(target, BASE);
    // `/.//host` is ours until its dot segments are gone: what is judged is what the browser will be sent to.
    const path = url.pathname + url.search;
    return url.origin === BASE && new URL(path, BASE).origin === BASE ? path : fallback;
  } catch {
    return fallback;
  }
}

/** `path` with these query parameters; empty ones are left out. */
export function withQuery(path: string, changes: Record<string, string | undefined>): string {
  const url = new URL(path, BASE);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  return url.pathname + url.search;
}
