// May it? Address, origin and scope. No I/O; a refusal still shows the caller its limits.

import { type Denied, deny } from '../../core/denied.ts';
import { isInRanges } from '../../keys/ip-list.ts';
import type { Exchange } from '../exchange.ts';
import type { GatewayPorts } from '../ports.ts';
import { peekLimits } from './limit.ts';

export async function authorise(exchange: Exchange, gateway: GatewayPorts): Promise<Denied | undefined> {
  const isBlocked = gateway.isBlocked(exchange.ip, exchange.keepAlive);
  const refusal = isBlocked ? blocked(exchange) : decide(exchange);
  if (refusal) await peekLimits(exchange, gateway);
  return refusal;
}

const blocked = ({ ip }: Exchange): Denied =>
  deny('ip_not_allowed', { message: 'This address is blocked', fields: { ip } }, 'blocked by an operator');

function decide({ caller, route, request, ip }: Exchange): Denied | undefined {
  if (!caller || !route) return deny('internal_error', undefined, 'authorise before authenticate');
  if (caller.ipLists.some((list) => !isInRanges(ip, list))) return deny('ip_not_allowed', { fields: { ip } });
  const origin = request.headers.get('origin');
  if (origin !== null && !caller.origins.includes(origin)) return deny('origin_not_allowed');
  if (route.scope !== null && !caller.scopes.includes(route.scope)) {
    return deny('insufficient_permissions', { fields: { required_scope: route.scope } });
  }
  if (Number(request.headers.get('content-length') ?? 0) > route.bodyBytes) return deny('payload_too_large');
  return undefined;
}
