// Where an answer of the upstream may send its caller. Pure.

import { hostOf, isPublicHost } from '../core/public-address.ts';

/** Where an API is, for its upstream and for us. */
export interface Places {
  /** What was asked: `base`, and then what follows `prefix` in our path. */
  upstreamUrl: string;
  base: string;
  prefix: string;
}

/**
 * Judged as resolved, whatever its spelling. What the upstream says of itself leads through the gateway; public places are
 * passed on; undefined for what leads elsewhere: callers would look for it in their own network, or learn of the upstream's.
 */
export function locationForCaller(value: string, { upstreamUrl, base, prefix }: Places): string | undefined {
  const url = URL.parse(value, upstreamUrl);
  if (!url) return undefined;
  const { origin, pathname } = new URL(base);
  if (url.origin === origin) {
    const path = pathname.replace(/\/$/, '');
    if (!`${url.pathname}/`.startsWith(`${path}/`)) return undefined;
    return (prefix + url.pathname.slice(path.length) || '/') + url.search + url.hash;
  }
  const isWeb = url.protocol === 'https:' || url.protocol === 'http:';
  return isWeb && isPublicHost(hostOf(url)) ? value : undefined;
}
