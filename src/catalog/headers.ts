// Which headers pass between a caller and an upstream. Pure.
// To the upstream: those below that say nothing but what is asked for, and those that the API's document declares. A list of
// what may pass, because what upstreams obey beside the request line has no end. To the caller: all but what would rule our
// origin, speak in our name or command a server before us, because the upstream is the owner's own; the document may declare
// some of these, too.

import { dropOldest } from '../core/bounded.ts';

/** As HTTP has them, lower case. */
const PLAIN_REQUEST_HEADERS = [
  'accept',
  'accept-charset',
  'accept-language',
  'cache-control',
  'content-digest',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-md5',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'pragma',
  'prefer',
  'priority',
  'range',
  'repr-digest',
  'user-agent',
  'want-content-digest',
  'want-repr-digest',
];

/** What the gateway itself sets, in place of whatever the caller says. Accept-Encoding, too (acceptEncodingOf). */
export const GATEWAY_HEADERS = [
  'x-request-id',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'x-passerelle-partner',
  'x-passerelle-identity',
] as const;

/** Which trace a call is in: what the gateway hears of it, and says to every upstream. Documents may show them, too. */
export const TRACE_HEADERS: ReadonlySet<string> = new Set(['traceparent', 'tracestate']);

/** What the sandbox hears beside what an upstream would: errors to order. */
export const SANDBOX_HEADER = 'x-sandbox-simulate';
/** Which of an API's dated versions a caller wants. */
export const VERSION_HEADER = 'passerelle-version';

/** By which a cached answer is kept apart for every route, beside Accept-Encoding, which the edge rewrites. */
const CONTENT_NEGOTIATION = ['accept', 'accept-language'];

export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** No document can let these pass: credentials, and what changes method, path, host, scheme, address or length. */
const NEVER_TO_UPSTREAM = new Set([
  ...HOP_BY_HOP,
  ...GATEWAY_HEADERS,
  'accept-encoding',
  'authorization',
  'cookie',
  'x-api-key',
  'x-timestamp',
  'x-nonce',
  'x-signature-headers',
  'x-signature-version',
  'content-length',
  'expect',
  'forwarded',
  'host',
  'true-client-ip',
  'via',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-host',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  SANDBOX_HEADER,
]);
const NEVER_TO_UPSTREAM_PREFIXES = [
  'cf-',
  'x-forwarded-',
  'x-original-',
  'x-passerelle-',
  'x-proxy-',
  'x-rewrite-',
];

/** What would rule our origin, or speak in our name. */
const RULING = new Set([
  'accept-ch',
  'activate-storage-access',
  'alt-svc',
  'clear-site-data',
  'critical-ch',
  'document-isolation-policy',
  'document-policy',
  'document-policy-report-only',
  'expect-ct',
  'feature-policy',
  'idempotent-replayed',
  'nel',
  'no-vary-search',
  'observe-browsing-topics',
  'origin-agent-cluster',
  'origin-trial',
  'permissions-policy',
  'permissions-policy-report-only',
  'public-key-pins',
  'public-key-pins-report-only',
  'ratelimit',
  'ratelimit-policy',
  'referrer-policy',
  'refresh',
  'report-to',
  'reporting-endpoints',
  'server',
  'server-timing',
  'service-worker-allowed',
  'set-cookie',
  'set-cookie2',
  'set-login',
  'sourcemap',
  'speculation-rules',
  'strict-transport-security',
  'supports-loading-mode',
  'timing-allow-origin',
  'use-as-dictionary',
  'via',
  'www-authenticate',
  'x-cache-hit',
  'x-client-request-id',
  'x-content-type-options',
  'x-dns-prefetch-control',
  'x-frame-options',
  'x-permitted-cross-domain-policies',
  'x-powered-by',
  'x-quota-overage',
  'x-request-id',
  'x-response-time',
  'x-sourcemap',
  'x-xss-protection',
]);
const RULING_PREFIXES = [
  'access-control-',
  'ad-auction-',
  'attribution-reporting-',
  'content-security-policy',
  'cross-origin-',
  'integrity-policy',
  // Sessions and tokens that a browser keeps for an origin. WebSockets, which have such headers too, do not pass.
  'sec-',
  'secure-session-',
  'shared-storage-',
  'x-ratelimit-',
];
/** Who may read an answer is the partner's list to say; what is ours is said by us. */
const NEVER_TO_CALLER_PREFIXES = [
  'access-control-',
  'cf-',
  'x-passerelle-',
  'x-ratelimit-',
  // With these, web servers put a file or another place's answer in place of this one.
  'x-accel-',
  'x-lighttpd-',
  'x-litespeed-',
  'x-reproxy-',
  'x-sendfile',
  // With these, caches keep an answer for as long, and under such tags, as they are told.
  'akamai-cache-control',
  'cache-tag',
  'cdn-',
  'cloudflare-',
  'edge-cache-',
  'edge-control',
  'netlify-',
  'surrogate-',
  'vercel-',
  'x-cache-tag',
  'xkey',
];

const beginsWithOne = (name: string, prefixes: readonly string[]): boolean =>
  prefixes.some((prefix) => name.startsWith(prefix));

export interface DeclaredHeaders {
  request: readonly string[];
  answer: readonly string[];
}

export interface HeaderRules {
  toUpstream: ReadonlySet<string>;
  /** Declared ones, which pass although they rule. */
  toCaller: ReadonlySet<string>;
  /** Whether a header of an answer passes. `name`: lower case. */
  passesToCaller(name: string): boolean;
  /** Request headers that an answer in the cache may depend on, beside Accept-Encoding. */
  cacheKey: readonly string[];
}

/** A name that CGI cannot read as another's: `X_Real_Ip` and `X-Real-Ip` are one there. */
const NAME = /^[a-z0-9-]+$/;

/** Whether a document may let a caller say it to an upstream. `name`: lower case. */
export const maySayToUpstream = (name: string): boolean =>
  NAME.test(name) && !NEVER_TO_UPSTREAM.has(name) && !beginsWithOne(name, NEVER_TO_UPSTREAM_PREFIXES);

/** Whether a document may let an upstream say it to a caller. `name`: lower case. */
export const maySayToCaller = (name: string): boolean =>
  NAME.test(name) && !HOP_BY_HOP.has(name) && !beginsWithOne(name, NEVER_TO_CALLER_PREFIXES);

/** What a document declares, and may never pass. */
export class RefusedHeader extends Error {
  override name = 'RefusedHeader';
}

/** @throws RefusedHeader */
export function headerRules(declared: DeclaredHeaders): HeaderRules {
  const [request, answer] = [declared.request, declared.answer].map((names) =>
    names.map((name) => name.toLowerCase()),
  ) as [string[], string[]];
  for (const name of request)
    if (!maySayToUpstream(name))
      throw new RefusedHeader(`the header \`${name}\` may not pass to an upstream`);
  for (const name of answer)
    if (!maySayToCaller(name)) throw new RefusedHeader(`the header \`${name}\` may not pass to a caller`);
  const toCaller = new Set(answer);
  const said = request.filter((name) => !TRACE_HEADERS.has(name));
  return {
    toUpstream: new Set([...PLAIN_REQUEST_HEADERS, ...said]),
    toCaller,
    passesToCaller: remembered((name) => passesToCaller(name, toCaller)),
    cacheKey: [...new Set([...CONTENT_NEGOTIATION, ...said])].sort(),
  };
}

/** Upstreams have few names, and many answers. */
const MAX_REMEMBERED = 1000;

function remembered(judge: (name: string) => boolean): (name: string) => boolean {
  const verdicts = new Map<string, boolean>();
  return (name) => {
    const known = verdicts.get(name);
    if (known !== undefined) return known;
    const verdict = judge(name);
    verdicts.set(name, verdict);
    dropOldest(verdicts, MAX_REMEMBERED);
    return verdict;
  };
}

const passesToCaller = (name: string, declared: ReadonlySet<string>): boolean =>
  !HOP_BY_HOP.has(name) &&
  !beginsWithOne(name, NEVER_TO_CALLER_PREFIXES) &&
  (declared.has(name) || !(RULING.has(name) || beginsWithOne(name, RULING_PREFIXES)));

const NONE: readonly string[] = [];
const TOKENS = /[\w!#$%&'*+.^`|~-]+/g;

/** Headers that `Connection` names are for one hop only (RFC 9110, 7.6.1). Lower case. */
export function namedByConnection(headers: Headers): readonly string[] {
  const named = headers.get('connection');
  // Nearly always: it names nothing that passes anyway.
  if (named === null || named === 'keep-alive' || named === 'close') return NONE;
  return named.toLowerCase().match(TOKENS) ?? NONE;
}
