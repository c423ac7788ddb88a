// May it? Scope and size. No I/O.

import { type Denied, deny } from '../../core/denied.ts';
import type { Exchange } from '../exchange.ts';

export function authorise({ caller, route, bytesIn }: Exchange): Denied | undefined {
  if (!caller || !route) return deny('internal_error', undefined, 'authorise before authenticate');
  if (route.scope !== null && !caller.scopes.includes(route.scope)) {
    return deny('insufficient_permissions', { fields: { required_scope: route.scope } });
  }
  if (bytesIn > route.bodyBytes) return deny('payload_too_large');
  return undefined;
}
