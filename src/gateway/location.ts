// Where an answer of the upstream may send its caller. Pure.

import { hostOf, isPublicHost } from '../core/public-address.ts';

/**
 * Judged as resolved, whatever its spelling. What the upstream says of itself leads through the gateway, whose paths are
 * the same; public places are passed on; undefined for what leads elsewhere: callers would look for it in their own
 * network, or learn of the upstream's. `upstreamUrl`: what was asked.
 */
export function locationForCaller(value: string, upstreamUrl: string): string | undefined {
  const url = URL.parse(value, upstreamUrl);
  if (!url) return undefined;
  if (url.origin === new URL(upstreamUrl).origin) return url.pathname + url.search + url.hash;
  const isWeb = url.protocol === 'https:' || url.protocol === 'http:';
  return isWeb && isPublicHost(hostOf(url)) ? value : undefined;
}
