// The whole data path: authenticate -> authorise -> limit -> cache -> forward -> answer, and one usage event.
// Each stage is a file in stages/; each either goes on or says which error to answer.

import type { Catalog, CatalogRoute } from '../catalog/catalog.ts';
import type { LiveCatalog } from '../catalog/live-catalog.ts';
import { type Denied, deny, isDenied } from '../core/denied.ts';
import { after, isComing, type Soon } from '../core/soon.ts';
import { toAppError } from '../http/errors.ts';
import { isOlder, REFUSES_FOR_MS } from '../keys/key-record.ts';
import { answer, refuse } from './answer.ts';
import {
  type Admitted,
  type Authenticated,
  type Exchange,
  type Matched,
  match,
  openExchange,
  passed,
} from './exchange.ts';
import type { GatewayPorts } from './ports.ts';
import { authenticate } from './stages/authenticate.ts';
import { authorise } from './stages/authorise.ts';
import { readCached, writeCached } from './stages/cache.ts';
import { forward } from './stages/forward.ts';
import { limit, peekLimits, settle } from './stages/limit.ts';
import { changedAnswer, checkAnswer, refuseByPolicy } from './stages/policies.ts';
import { isPreflight, preflight } from './stages/preflight.ts';
import { record } from './stages/record.ts';
import { chooseVersion } from './stages/version.ts';

export type Gateway = GatewayPorts & {
  /** The newest that this isolate knows. */
  readonly catalog: Catalog;
  catalogs: Pick<LiveCatalog, 'refresh' | 'confirm'>;
};

/**
 * A record may be older than what the limiter has seen, or refuse what has been allowed since: then it is read afresh and the
 * call is judged again, once.
 */
const MAX_JUDGEMENTS = 2;

/** `url`: the request's, which costs to ask for. */
export function handle(
  request: Request,
  url: string,
  gateway: Gateway,
  keepAlive: Exchange['keepAlive'],
): Promise<Response> {
  return carry(openExchange(request, url, gateway.newId(), gateway.now(), keepAlive), gateway);
}

/** What a call of somebody who proved itself elsewhere came to. */
export interface Carried {
  response: Response;
  requestId: string;
  /** That were billed. */
  units: number;
}

/** `identify`: who it is, instead of by what the request shows. Judged, limited, answered and noted as any other. */
export async function handleAs(
  identify: GatewayPorts['identify'],
  via: string,
  request: Request,
  gateway: Gateway,
  keepAlive: Exchange['keepAlive'],
): Promise<Carried> {
  const exchange = openExchange(request, request.url, gateway.newId(), gateway.now(), keepAlive);
  exchange.via = via;
  // The rest of it, as it is at each moment.
  const known: Gateway = Object.create(gateway, { identify: { value: identify } });
  const response = await carry(exchange, known);
  return { response, requestId: exchange.id, units: exchange.admission?.units ?? 0 };
}

async function carry(exchange: Exchange, gateway: Gateway): Promise<Response> {
  let response: Response;
  try {
    response = await run(exchange, gateway);
  } catch (error) {
    settle(exchange, gateway, 0);
    exchange.reason = 'thrown';
    exchange.cause = String(error);
    response = refuse(exchange, deny(toAppError(error).code), gateway);
  }
  return record(exchange, response, gateway);
}

async function run(exchange: Exchange, gateway: Gateway): Promise<Response> {
  const { catalog } = gateway;
  exchange.route = undefined;
  exchange.version = undefined;
  const found = catalog.match(exchange.method, exchange.path);
  exchange.catalogVersion = catalog.version;
  if (found.found === 'nothing')
    return refuseUnmatched(exchange, gateway, deny('not_found', { fields: { path: exchange.path } }));
  if (isPreflight(exchange.request))
    return overRate(exchange, gateway) ?? preflight(exchange, listedAt(exchange, catalog), gateway);
  if (found.found === 'path') {
    const headers = { allow: found.allow.join(', ') };
    return refuseUnmatched(exchange, gateway, deny('method_not_allowed', { headers }));
  }
  match(exchange, found.route);

  const admitted = await judge(exchange, catalog, gateway);
  if (admitted === 'other catalogue') return run(exchange, gateway);
  if (admitted instanceof Response) return admitted;

  const reading = readCached(admitted, gateway);
  const cached = isComing(reading) ? await reading : reading;
  passed(exchange, 'cache', gateway.now());
  if (cached) return answerWith(admitted, cached, gateway);

  const forwarding = forward(admitted, gateway);
  const upstream = isComing(forwarding) ? await forwarding : forwarding;
  passed(exchange, 'upstream', gateway.now());
  if (isDenied(upstream)) return refuseUnbilled(admitted, upstream, gateway);
  if (upstream.status >= 500) settle(exchange, gateway, 0);
  checkAnswer(admitted, upstream, gateway);
  return answerWith(admitted, writeCached(admitted, upstream, gateway), gateway);
}

/** Origins that a policy lists at what a preflight asks for. */
function listedAt({ request, path }: Exchange, catalog: Catalog): readonly string[] {
  const asked = catalog.match(request.headers.get('access-control-request-method') ?? '', path);
  return asked.found === 'route' ? asked.route.policies.origins : [];
}

const answerWith = (exchange: Admitted, given: Response, gateway: Gateway): Soon<Response> =>
  after(changedAnswer(exchange, given), (changed) =>
    isDenied(changed) ? refuseUnbilled(exchange, changed, gateway) : answer(exchange, changed),
  );

function refuseUnbilled(exchange: Admitted, denied: Denied, gateway: Gateway): Response {
  settle(exchange, gateway, 0);
  return refuse(exchange, denied, gateway);
}

/** Who is it, may it, how much: until the record is as new as the limiter's. */
async function judge(
  exchange: Matched,
  catalog: Catalog,
  gateway: Gateway,
): Promise<Response | Admitted | 'other catalogue'> {
  let refused: Denied | undefined;
  const offered = exchange.route;
  for (let pass = 0; pass < MAX_JUDGEMENTS; pass++) {
    const shown = authenticate(exchange, gateway, pass > 0);
    const known = isComing(shown) ? await shown : shown;
    const asked = isDenied(known) ? known : mayCall(known, offered, catalog);
    const allowed = isComing(asked) ? await asked : asked;
    passed(exchange, 'auth', gateway.now());
    if (isOutdated(exchange)) return judgeByNewer(exchange, gateway);
    if (isDenied(allowed) && !isDenied(known) && (await isOfOlder(exchange, gateway)))
      return 'other catalogue';
    if (isDenied(allowed)) {
      const { caller, nowMs } = exchange;
      if (pass === 0 && caller && isOlder(caller, REFUSES_FOR_MS, nowMs)) {
        refused = allowed;
        continue;
      }
      // Where nobody can say more, what was known holds.
      const said = allowed.denied === 'service_unavailable' ? (refused ?? allowed) : allowed;
      return refuseFree(exchange, gateway, said);
    }
    const taking = limit(allowed, gateway);
    const taken = isComing(taking) ? await taking : taking;
    passed(exchange, 'limit', gateway.now());
    if (taken !== 'stale') return isDenied(taken) ? refuse(exchange, taken, gateway) : taken;
    if (isOutdated(exchange)) return judgeByNewer(exchange, gateway);
  }
  const denied = deny('service_unavailable', undefined, 'record_older_than_limiter');
  return refuse(exchange, denied, gateway);
}

/** Its scopes, its version of the API, and what operators ask of the route as it is for this caller. `offered`: as it is for everybody. */
function mayCall(
  exchange: Authenticated,
  offered: CatalogRoute,
  catalog: Catalog,
): Soon<Denied | Authenticated> {
  const { partnerId } = exchange.caller;
  exchange.route = catalog.routeFor(offered, partnerId);
  const allowed = authorise(exchange);
  if (isDenied(allowed)) return allowed;
  const version = chooseVersion(allowed);
  if (isDenied(version)) return version;
  allowed.route = catalog.routeFor(offered, partnerId, version);
  return after(refuseByPolicy(allowed), (refused) => refused ?? allowed);
}

/** Nobody whom we know is refused by a catalogue that may be old: strangers are, and cost the database nothing. */
const isOfOlder = (exchange: Exchange, gateway: Gateway): Promise<boolean> =>
  gateway.catalogs.confirm(exchange.catalogVersion);

/** Whether somebody has seen a newer catalogue than the one by which the call is judged. */
const isOutdated = ({ catalogVersion, newestCatalog, caller }: Matched): boolean =>
  newestCatalog > catalogVersion || (caller !== undefined && caller.catalogVersion > catalogVersion);

async function judgeByNewer(exchange: Matched, gateway: Gateway): Promise<Response | 'other catalogue'> {
  const isNewer = gateway.catalog.version > exchange.catalogVersion || (await gateway.catalogs.refresh());
  if (isNewer) return 'other catalogue';
  const denied = deny('service_unavailable', undefined, 'catalogue_older_than_limiter');
  return refuse(exchange, denied, gateway);
}

/** Outside the catalogue: the key is looked at only for what its caller is told. */
async function refuseUnmatched(exchange: Exchange, gateway: Gateway, denied: Denied): Promise<Response> {
  const { headers } = exchange.request;
  if (headers.has('authorization') || exchange.via) await authenticate(exchange, gateway, false);
  if (exchange.isProven && (await isOfOlder(exchange, gateway))) return run(exchange, gateway);
  return refuseFree(exchange, gateway, denied);
}

/** Refused before the limits, and so at no cost; a known caller still sees its limits. */
async function refuseFree(exchange: Exchange, gateway: Gateway, denied: Denied): Promise<Response> {
  const refusal = overRate(exchange, gateway);
  if (refusal) return refusal;
  if (exchange.isProven) await peekLimits(exchange, gateway);
  return refuse(exchange, denied, gateway);
}

/** What costs nothing has a rate, from memory: the key's, or the address's of who has shown none. */
function overRate(exchange: Exchange, gateway: Gateway): Response | undefined {
  const { caller, isProven, ip } = exchange;
  const isKnown = caller !== undefined && isProven;
  const seconds = isKnown ? gateway.rates.wait('refused', caller.id) : gateway.rates.waitAt('stranger', ip);
  if (seconds === 0) return undefined;
  exchange.isOverRate = true;
  const fields = { limit_type: isKnown ? 'caller' : 'address', retry_after: seconds };
  const headers = { 'retry-after': String(seconds) };
  return refuse(exchange, deny('rate_limit_exceeded', { fields, headers }), gateway);
}
