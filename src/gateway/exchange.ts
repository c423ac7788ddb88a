// One request on its way through the gateway: opened, matched, authenticated, admitted. It stays one object, to which each
// stage adds what it found; the types say how far it has come.

import type { CatalogRoute } from '../catalog/catalog.ts';
import type { RouteVersion } from '../catalog/versions.ts';
import type { Reason } from '../core/denied.ts';
import { readBody, type Unreadable } from '../http/body.ts';
import type { KeyRecord, RecordSource } from '../keys/key-record.ts';
import type { SignatureForm } from '../keys/signature.ts';
import type { Denial } from '../limits/limit.ts';
import type { LimitGauges, Nonce } from '../limits/protocol.ts';
import type { Grant } from './edge-counter.ts';

/** What the limits gave an admitted call. */
export interface Reservation {
  atMs: number;
  dayStartMs: number;
  /** Units that it reserved, and after `settle` those that it used. */
  units: number;
  over: boolean;
  /** undefined: the limiter could not be asked. */
  grant: Grant | undefined;
}

export interface Exchange {
  /** Request id, event id, and id of the grant that the limiter gives. */
  readonly id: string;
  readonly request: Request;
  /** The request's, as received. Each costs to ask for. */
  readonly method: string;
  readonly url: string;
  /** What the edge knows of it. */
  readonly cf: Request['cf'];
  readonly startedMs: number;
  /** The moment of the last step. A Worker's clock stands still between them. */
  nowMs: number;
  /** Path and query exactly as received. */
  readonly path: string;
  readonly query: string;
  readonly ip: string;
  readonly country: string | null;
  readonly keepAlive: (work: Promise<unknown>) => void;
  /** How it came, where not by itself: `mcp` of a tool's. */
  via?: string;
  /** ms by stage, in their order. */
  readonly timings: Record<string, number>;
  route?: CatalogRoute;
  /** Of a dated API: that the caller asked for, or is pinned to. */
  version?: RouteVersion;
  /** Of the catalogue by which it is judged, and the newest that anybody has seen. */
  catalogVersion: number;
  newestCatalog: number;
  /** The record of the key that was named, and where it was. */
  caller?: KeyRecord;
  recordFrom?: RecordSource;
  /** That it is the caller's, and may be used: without it the call is nobody's, whatever it names. */
  isProven: boolean;
  /** More of what costs nothing than anybody needs: it is counted, and not kept. */
  isOverRate?: boolean;
  /** The body, where somebody needed it whole; or that it could not be had. */
  body?: Uint8Array<ArrayBuffer>;
  unreadable?: Unreadable;
  /** In the body's place, as policies and versions have it. */
  upstreamBody?: Uint8Array<ArrayBuffer>;
  /** What the caller says to whoever answers: of a request that is signed whole, what is signed. */
  heard: Headers;
  /** Of a signed request. */
  signatureForm?: SignatureForm;
  /** Used up when the limiter admits the call. */
  nonce?: Nonce;
  /** The rotated secret that was used, if one was. */
  retiredHash?: string;
  gauges?: LimitGauges;
  admission?: Reservation;
  /** The limit that refused the call, and when it may be asked again: `retryAfter`, s, none where nothing comes back. */
  violated?: Omit<Denial, 'retryAfterMs'> & { retryAtMs: number; retryAfter: number | undefined };
  cacheHit?: boolean;
  /** What the cache did (RFC 9211); undefined where the route has none. */
  cacheStatus?: string;
  /** What was asked: nobody's, until an upstream was. */
  upstreamUrl: string;
  /** What of it precedes the route's own path. */
  upstreamBase: string;
  upstreamMs?: number;
  /** As the caller says, until the body was read. */
  bytesIn: number;
  error?: string;
  /** What was answered in place of an answer, or the beginning of the upstream's own error. */
  errorBody?: string;
  /** Whether the sandbox answered to order. */
  isSimulated?: boolean;
  reason?: Reason;
  /** What the reason does not say, for the log only. */
  cause?: string;
}

/** Whether it was admitted without the limiter, which was away. */
export const isDegraded = ({ admission }: Exchange): boolean =>
  admission !== undefined && admission.grant === undefined;

/** The catalogue has a route for it. */
export type Matched = Exchange & { route: CatalogRoute };
/** The key is the caller's, and may be used from there. */
export type Authenticated = Matched & { caller: KeyRecord };
/** The limits let it through: from here on it costs units. */
export type Admitted = Authenticated & { admission: Reservation };

export function match(exchange: Exchange, route: CatalogRoute): asserts exchange is Matched {
  exchange.route = route;
}

/** Also of a request that matches no route. */
export function identify<E extends Exchange>(
  exchange: E,
  caller: KeyRecord,
): asserts exchange is E & { caller: KeyRecord } {
  exchange.caller = caller;
}

export function admit(exchange: Authenticated, admission: Reservation): asserts exchange is Admitted {
  exchange.admission = admission;
}

/** Reads the whole body, once, whoever asks and however often the call is judged: what was too large stays so. */
export async function wholeBody(
  exchange: Exchange,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | Unreadable> {
  const known = exchange.unreadable ?? exchange.body;
  if (known) return known;
  const read = await readBody(exchange.request, maxBytes);
  if (typeof read === 'string') {
    exchange.unreadable = read;
    return read;
  }
  exchange.body = read;
  exchange.bytesIn = read.length;
  return read;
}

/** In place of what was asked, until an upstream was: sandboxes have our paths. */
export const NOWHERE = 'https://upstream.invalid/';

type Stage = 'auth' | 'limit' | 'cache' | 'upstream';

/** Notes how long a stage took that has ended now; of one that was passed before, how long both took. */
export function passed(exchange: Exchange, stage: Stage, nowMs: number): void {
  exchange.timings[stage] = (exchange.timings[stage] ?? 0) + nowMs - exchange.nowMs;
  exchange.nowMs = nowMs;
}

/**
 * What the caller said: the edge rewrites the header for itself, and decodes for nobody who said nothing. For the same reason
 * it cannot be signed, and whoever signs the whole request is answered plain.
 */
export function acceptEncodingOf({ cf, request, signatureForm }: Exchange): string {
  if (signatureForm === 'bound') return 'identity';
  return typeof cf?.clientAcceptEncoding === 'string'
    ? cf.clientAcceptEncoding
    : (request.headers.get('accept-encoding') ?? '');
}

export function openExchange(
  request: Request,
  url: string,
  id: string,
  nowMs: number,
  keepAlive: Exchange['keepAlive'],
): Exchange {
  const pathStart = url.indexOf('/', url.indexOf('//') + 2);
  const rest = pathStart < 0 ? '/' : url.slice(pathStart);
  const queryStart = rest.indexOf('?');
  const { headers, cf, method } = request;
  return {
    id,
    request,
    method,
    url,
    cf,
    startedMs: nowMs,
    nowMs,
    path: queryStart < 0 ? rest : rest.slice(0, queryStart),
    query: queryStart < 0 ? '' : rest.slice(queryStart),
    ip: headers.get('cf-connecting-ip') ?? '',
    country: typeof cf?.country === 'string' ? cf.country : null,
    keepAlive,
    timings: {},
    catalogVersion: 0,
    newestCatalog: 0,
    isProven: false,
    heard: headers,
    upstreamUrl: NOWHERE,
    upstreamBase: NOWHERE,
    bytesIn: Number(headers.get('content-length') ?? 0),
    // Named from the beginning what most calls come to have: an object that grows is copied with each few of them.
    route: undefined,
    version: undefined,
    caller: undefined,
    recordFrom: undefined,
    upstreamBody: undefined,
    signatureForm: undefined,
    nonce: undefined,
    retiredHash: undefined,
    gauges: undefined,
    admission: undefined,
    cacheHit: undefined,
    cacheStatus: undefined,
    upstreamMs: undefined,
  };
}
