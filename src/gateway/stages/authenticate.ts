// Who is it? Finds the caller's record; signed requests are read whole, within the route's bound.

import { type Denied, isDenied } from '../../core/denied.ts';
import { readBody } from '../../http/body.ts';
import type { Exchange } from '../exchange.ts';
import type { GatewayPorts } from '../ports.ts';

/** `fresh`: past memory and KV, after the limiter called the record stale. */
export async function authenticate(
  exchange: Exchange,
  gateway: GatewayPorts,
  fresh: boolean,
): Promise<Denied | undefined> {
  const { request, ip, keepAlive } = exchange;
  const found = await gateway.identify(
    {
      request,
      ip,
      rule: exchange.route?.signatureRule ?? 'bound',
      keepAlive,
      async body() {
        const body = exchange.body ?? (await readBody(request, exchange.route?.bodyBytes ?? 0));
        if (typeof body === 'string') return body;
        exchange.body = body;
        exchange.bytesIn = body.length;
        return body;
      },
    },
    fresh,
  );
  exchange.caller = found.record;
  exchange.isProven = !isDenied(found) || found.isProven === true;
  if (isDenied(found)) return found;
  exchange.signatureForm = found.form;
  exchange.nonce = found.nonce;
  exchange.retiredHash = found.retiredHash;
  return undefined;
}
