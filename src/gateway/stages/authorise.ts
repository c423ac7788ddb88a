// May it? The key's scopes against the route's, and the size that the caller declares.

import { type Denied, deny } from '../../core/denied.ts';
import type { Authenticated } from '../exchange.ts';

export function authorise(exchange: Authenticated): Denied | Authenticated {
  const { caller, route, bytesIn } = exchange;
  if (route.scope !== null && !caller.scopes.includes(route.scope)) {
    return deny('insufficient_permissions', { fields: { required_scope: route.scope } });
  }
  if (bytesIn > route.bodyBytes) return deny('payload_too_large');
  return exchange;
}
