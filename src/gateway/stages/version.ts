// Which version of a dated API: the one that the caller names, or is pinned to. One that has ended is refused, at no cost.

import { VERSION_HEADER } from '../../catalog/headers.ts';
import { endedAt, pinnedVersion, type RouteVersion } from '../../catalog/versions.ts';
import { type Denied, deny } from '../../core/denied.ts';
import type { Authenticated, Exchange } from '../exchange.ts';

/** undefined where the API has no dates. */
export function chooseVersion(exchange: Authenticated): Denied | RouteVersion | undefined {
  const { route, caller, heard, nowMs } = exchange;
  const { versions } = route;
  if (!versions) return undefined;
  const asked = heard.get(VERSION_HEADER);
  const version =
    asked === null ? pinnedVersion(versions, caller.apiVersion) : versions.find(({ date }) => date === asked);
  if (!version) {
    const known = versions.map(({ date }) => date);
    return deny('invalid_request', {
      message: 'Passerelle-Version names no version of this API',
      fields: { versions: known },
    });
  }
  exchange.version = version;
  const ended = endedAt(version, nowMs);
  if (!ended) return version;
  const newer = versions.filter(({ date }) => date > version.date).map(({ date }) => date);
  const fields = { version: version.date, versions: newer, brownout: ended.until !== undefined };
  if (ended.until === undefined) return deny('version_sunset', { fields });
  const seconds = Math.max(1, Math.ceil((ended.until - nowMs) / 1000));
  return deny('version_sunset', {
    message: 'This version of the API is off for a while, before it ends',
    fields: { ...fields, retry_after: seconds },
    headers: { 'retry-after': String(seconds) },
  });
}

/** What to do about it. */
const EXPLAINED = '/docs/errors/version_sunset';

/** RFC 9745 and 8594: when a version is no longer advised, and when it ends. */
export function setVersionHeaders({ version, route }: Exchange, headers: Headers): void {
  if (!version) return;
  headers.set('Passerelle-Version', version.date);
  headers.append('Vary', 'Passerelle-Version');
  const { deprecatedMs, sunsetMs } = version;
  if (deprecatedMs !== undefined) {
    headers.set('Deprecation', `@${Math.floor(deprecatedMs / 1000)}`);
    headers.append('Link', `<${EXPLAINED}>; rel="deprecation"`);
  }
  if (sunsetMs !== undefined) {
    headers.set('Sunset', new Date(sunsetMs).toUTCString());
    headers.append('Link', `<${EXPLAINED}>; rel="sunset"`);
  }
  if (deprecatedMs !== undefined || sunsetMs !== undefined)
    headers.append('Link', `</openapi/${route?.api}.json>; rel="successor-version"`);
}
