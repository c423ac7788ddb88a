// /dashboard/*: for partners' programs, by API key. Not limited by quota, not counted, never cached. Who calls, what a key
// sees, and the API that its routes are added to. A test key knows of test keys only.

import { isDenied } from '../../core/denied.ts';
import { sha256Hex } from '../../core/encoding.ts';
import { AppError } from '../../core/errors.ts';
import { clientIp, createApi } from '../../http/api.ts';
import { readBody } from '../../http/body.ts';
import { announceAhead, isChange } from '../../http/changes.ts';
import { idempotent } from '../../http/idempotent.ts';
import type { KeyRecord } from '../../keys/key-record.ts';
import { countedAddress } from '../../platform/counted-address.ts';
import type { Services } from '../services.ts';

const MAX_SIGNED_BODY_BYTES = 64 * 1024;

export const dashboard = createApi<Services>({ takesKeys: true });
const callers = new WeakMap<Request, KeyRecord>();

/** By what a caller is counted before anything is looked up. An id that is no secret counts for its address only. */
async function countedBy({ headers }: Request, ip: string): Promise<string> {
  const authorization = headers.get('authorization');
  if (authorization !== null) return sha256Hex(authorization);
  return `${countedAddress(ip)} ${(headers.get('x-api-key') ?? '').slice(0, 64)}`;
}

dashboard.use(async (context, next) => {
  const request = context.req.raw;
  const ip = clientIp(context) ?? '';
  context.var.services.rates.take('dashboard', await countedBy(request, ip));
  const copy = request.clone();
  const found = await context.var.services.authenticate(
    {
      request,
      rule: 'bound',
      // Nothing here looks at a header that a signature may leave out.
      isHeard: () => false,
      ip,
      keepAlive: (work) => context.executionCtx.waitUntil(work),
      body: () => readBody(copy, MAX_SIGNED_BODY_BYTES),
    },
    true,
  );
  if (isDenied(found)) {
    throw new AppError(found.denied, found.detail?.message, found.detail?.fields);
  }
  const { record, retiredHash } = found;
  if (retiredHash !== undefined && isChange(request.method))
    throw new AppError('forbidden', 'This secret was replaced: changes take the current one');
  callers.set(request, record);
  announceAhead(context);
  await context.var.services.catalogs.whole();
  const claimant = { owner: `key:${record.id}`, actor: `key:${record.keyId}` };
  return idempotent(context, next, context.var.services.idempotency, claimant);
});

/** What a test key may know of; a live key knows of both. */
export const sightOf = ({ environment }: KeyRecord) => (environment === 'test' ? environment : undefined);

export function needScope(caller: KeyRecord, ...anyOf: [string, ...string[]]): void {
  if (!anyOf.some((scope) => caller.scopes.includes(scope)))
    throw new AppError('insufficient_permissions', undefined, { required_scope: anyOf[0] });
}

export function callerOf(context: { req: { raw: Request } }): KeyRecord {
  const record = callers.get(context.req.raw);
  if (!record) throw new AppError('invalid_api_key');
  return record;
}
