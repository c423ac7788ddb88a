// The guard that stands before every door: whom an operator blocked is refused everywhere, and no address asks more of
// our own surfaces than its rate. From memory, before anything is parsed, looked up or logged in.

import type { Config } from '../config.ts';
import { errorResponse } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import type { DoorRates } from '../platform/door-rates.ts';
import { portalOriginOf } from './portal-origin.ts';

export interface DoorServices {
  config: Pick<Config, 'PORTAL_ORIGIN'>;
  isBlocked(ip: string, keepAlive: (work: Promise<unknown>) => void): boolean;
  rates: Pick<DoorRates, 'waitAt'>;
  log(line: Record<string, unknown>): void;
}

/** Whoever watches whether we are alive is told, wherever it is. */
const ALWAYS_OPEN: ReadonlySet<string> = new Set(['/livez', '/healthz']);

const NOT_KEPT = { 'cache-control': 'no-store' };

/** `hasRate`: a surface of our own; the offered API counts by key. */
export function refuseAtDoor(
  request: Request,
  path: string,
  { config, isBlocked, rates, log }: DoorServices,
  hasRate: boolean,
  keepAlive: (work: Promise<unknown>) => void,
): Response | undefined {
  const { headers } = request;
  const ip = headers.get('cf-connecting-ip') ?? '';
  const answered = () => ({
    requestId: newId(),
    portalOrigin: portalOriginOf(config, request.url),
    headers,
  });
  if (ALWAYS_OPEN.has(path)) return undefined;
  if (isBlocked(ip, keepAlive)) {
    const refused = answered();
    log({ message: 'blocked', request_id: refused.requestId, method: request.method, ip });
    return errorResponse('ip_not_allowed', refused, {
      message: 'This address is blocked',
      fields: { ip },
      headers: NOT_KEPT,
    });
  }
  const seconds = hasRate ? rates.waitAt('address', ip) : 0;
  if (seconds === 0) return undefined;
  const fields = { limit_type: 'address', retry_after: seconds };
  return errorResponse('rate_limit_exceeded', answered(), { fields, headers: NOT_KEPT });
}
