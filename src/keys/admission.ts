// Who, and from where: the only way in for a key, on every surface that takes one. A key that is not refused here is
// its caller's, may be used now, and is used from an address and an origin that its owner allows.

import { type Denied, deny, isDenied, replayed } from '../core/denied.ts';
import { isInRanges } from '../core/ip-list.ts';
import { LimiterUnavailable } from '../core/object-errors.ts';
import { allowsOrigin } from '../core/origins.ts';
import { after } from '../core/soon.ts';
import type { Nonce } from '../limits/protocol.ts';
import type { Authenticated, Identifier, Presented, Unauthenticated } from './authenticator.ts';
import type { KeyRecord } from './key-record.ts';

/** Nothing is left to use up. */
export type Authenticator = (caller: Presented, fresh: boolean) => Promise<Authenticated | Unauthenticated>;

/** What a caller is told that may use the key, but not from there. */
export function fromWhere(
  { ipLists, origins }: Pick<KeyRecord, 'ipLists' | 'origins'>,
  ip: string,
  origin: string | null,
): Denied | undefined {
  if (ipLists.some((list) => !isInRanges(ip, list))) return deny('ip_not_allowed', { fields: { ip } });
  if (origin !== null && !allowsOrigin(origins, origin)) return deny('origin_not_allowed');
  return undefined;
}

export interface Admission {
  /** For the gateway, whose limiter uses the nonce up with the units. */
  identify: Identifier;
  /** For surfaces that take nothing from the limiter. Fails closed when the nonce cannot be used up. */
  authenticate: Authenticator;
}

/**
 * @param useNonce Whether the nonce of the key was unused. @throws LimiterUnavailable
 * @param portalOrigin Of a request's URL: the portal's own pages call with the keys of whoever reads them.
 */
export function createAdmission(
  identifyCaller: Identifier,
  useNonce: (keyId: string, nonce: Nonce) => Promise<boolean>,
  portalOrigin: (url: string) => string,
): Admission {
  const identify: Identifier = (caller, fresh) =>
    after(identifyCaller(caller, fresh), (found) => {
      if (isDenied(found)) return found;
      const { record } = found;
      const { request } = caller;
      const origin = request.headers.get('origin');
      const foreign = origin !== null && origin === portalOrigin(request.url) ? null : origin;
      const refusal = fromWhere(record, caller.ip, foreign);
      return refusal ? { ...refusal, record, from: found.from, isProven: true } : found;
    });

  const authenticate: Authenticator = async (caller, fresh) => {
    const found = await identify(caller, fresh);
    if (isDenied(found)) return found;
    const { nonce, record } = found;
    try {
      if (nonce && !(await useNonce(record.id, nonce)))
        return { ...replayed(found.form !== undefined), record };
    } catch (error) {
      if (!(error instanceof LimiterUnavailable)) throw error;
      return { ...deny('limiter_unavailable', undefined, 'limiter_unavailable', error.message), record };
    }
    return { ...found, nonce: undefined };
  };

  return { identify, authenticate };
}
