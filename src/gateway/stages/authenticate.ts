// Who is it? Finds the caller's record; signed requests are read whole, within the route's bound.

import { SANDBOX_HEADER, VERSION_HEADER } from '../../catalog/headers.ts';
import { type Denied, isDenied } from '../../core/denied.ts';
import { after, type Soon } from '../../core/soon.ts';
import type { Identified, Unauthenticated } from '../../keys/authenticator.ts';
import type { KeyRecord } from '../../keys/key-record.ts';
import { signedOnly } from '../../keys/signed-headers.ts';
import { type Exchange, identify, wholeBody } from '../exchange.ts';
import type { GatewayPorts } from '../ports.ts';

/** `fresh`: past memory and KV, after the limiter called the record stale. */
export function authenticate<E extends Exchange>(
  exchange: E,
  gateway: GatewayPorts,
  fresh: boolean,
): Soon<Denied | (E & { caller: KeyRecord })> {
  const { request, ip, keepAlive, route } = exchange;
  const found = gateway.identify(
    {
      request,
      ip,
      rule: route?.signatureRule ?? 'bound',
      isHeard: (name) =>
        route?.headers.toUpstream.has(name) === true ||
        name === SANDBOX_HEADER ||
        (name === VERSION_HEADER && route?.versions !== undefined),
      keepAlive,
      body: () => wholeBody(exchange, route?.bodyBytes ?? 0),
    },
    fresh,
  );
  return after(found, (each) => told(exchange, each));
}

function told<E extends Exchange>(
  exchange: E,
  found: Identified | Unauthenticated,
): Denied | (E & { caller: KeyRecord }) {
  exchange.isProven = !isDenied(found) || found.isProven === true;
  exchange.recordFrom = found.from;
  if (isDenied(found)) {
    exchange.caller = found.record;
    return found;
  }
  identify(exchange, found.record);
  exchange.signatureForm = found.form;
  const { headers } = exchange.request;
  exchange.heard = found.signed ? signedOnly(headers, found.signed) : headers;
  exchange.nonce = found.nonce;
  exchange.retiredHash = found.retiredHash;
  return exchange;
}
