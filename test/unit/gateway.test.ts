// The gateway's pure parts, and its time bound.

import { describe, expect, it } from 'vitest';
import { VirtualTime } from '../../loadtest/simulation/virtual-time.ts';
import type { CatalogRoute } from '../../src/catalog/catalog.ts';
import { headerRules } from '../../src/catalog/headers.ts';
import { NO_POLICIES } from '../../src/catalog/policies/policy.ts';
import { createDeadlines } from '../../src/core/deadlines.ts';
import { createAtOnce } from '../../src/gateway/at-once.ts';
import { createBreakers } from '../../src/gateway/breakers.ts';
import { ageOf, directivesOf, freshSeconds } from '../../src/gateway/cache-rules.ts';
import { admit, identify, match, openExchange } from '../../src/gateway/exchange.ts';
import { locationForCaller } from '../../src/gateway/location.ts';
import { maskedQuery } from '../../src/gateway/masked-query.ts';
import type { GatewayPorts } from '../../src/gateway/ports.ts';
import { forward } from '../../src/gateway/stages/forward.ts';
import { createUpstreams } from '../../src/gateway/upstreams.ts';
import { withSecureHeaders } from '../../src/http/secure-headers.ts';
import type { KeyRecord } from '../../src/keys/key-record.ts';

describe('how long an answer is kept', () => {
  const nowMs = Date.parse('2026-11-24T12:00:00Z');
  const http = (offsetSeconds: number) => new Date(nowMs + offsetSeconds * 1000).toUTCString();
  it.for<[Record<string, string>, number]>([
    [{}, 300],
    [{ 'cache-control': 'public' }, 300],
    [{ 'cache-control': 'max-age=60' }, 60],
    [{ 'cache-control': 'MAX-AGE=60' }, 60],
    [{ 'cache-control': 'max-age="60"' }, 60],
    [{ 'cache-control': 'max-age=100000' }, 300],
    [{ 'cache-control': 'max-age=60, s-maxage=20' }, 20],
    [{ 'cache-control': 's-maxage=20,max-age=0' }, 20],
    [{ 'cache-control': 'max-age=60, max-age=10' }, 10],
    [{ 'cache-control': 'max-age=soon' }, 0],
    [{ 'cache-control': 'max-age=-1' }, 0],
    [{ 'cache-control': 'max-age=1.5' }, 0],
    [{ 'cache-control': 'max-age' }, 0],
    [{ 'cache-control': 'max-age=0, must-revalidate' }, 0],
    [{ 'cache-control': 'max-age=60, must-revalidate' }, 60],
    [{ 'cache-control': 'No-Store' }, 0],
    [{ 'cache-control': 'public, no-cache="set-cookie"' }, 0],
    [{ 'cache-control': 'PRIVATE' }, 0],
    [{ 'cache-control': 'extension="no-store, private", max-age=5' }, 5],
    [{ 'cache-control': 'max-age=60', age: '20' }, 40],
    [{ 'cache-control': 'max-age=60', age: '61' }, 0],
    [{ 'cache-control': 'max-age=60', age: 'old' }, 60],
    [{ 'cache-control': 'max-age=60', date: http(-50) }, 10],
    [{ expires: http(30) }, 30],
    [{ expires: http(30), date: http(0) }, 30],
    [{ expires: http(-30) }, 0],
    [{ expires: '0' }, 0],
    [{ expires: http(-30), 'cache-control': 'max-age=60' }, 60],
  ])('%j: %i s', ([headers, seconds]) =>
    expect(freshSeconds(new Headers(headers), 300, nowMs)).toBe(seconds),
  );

  it('ages are counted from the clock that says more', () => {
    expect(ageOf(new Headers({ age: '5', date: http(-9) }), nowMs)).toBe(9);
    expect(ageOf(new Headers({ age: '5', date: http(9) }), nowMs)).toBe(5);
    expect(ageOf(new Headers(), nowMs)).toBe(0);
  });

  it('long and broken directives are read in time', () => {
    for (const text of ['a="'.repeat(20_000), '"\\'.repeat(20_000), ','.repeat(60_000), 'x='.repeat(30_000)])
      expect(directivesOf(text).has('no-store')).toBe(false);
  });
});

it.for([
  ['/v2/next?a=1#b', '/v2/next?a=1#b'],
  ['next', '/v2/stops/next'],
  ['http://10.0.0.5:8080/v2/x', '/v2/x'],
  ['HTTP://10.0.0.5:8080/v2/x', '/v2/x'],
  ['//10.0.0.5:8080/v2/x', '/v2/x'],
  ['/\t/10.0.0.5:8080/v2/x', '/v2/x'],
  ['https://docs.partner.com/x', 'https://docs.partner.com/x'],
  ['http://10.0.0.6/x', undefined],
  ['http://10.0.0.5/x', undefined],
  ['//169.254.169.254/', undefined],
  ['/\\169.254.169.254/', undefined],
  ['http://0x7f.1/', undefined],
  ['http://[::ffff:10.0.0.1]/', undefined],
  ['http://core.internal/', undefined],
  ['http://localhost:3000/', undefined],
  ['javascript:alert(1)', undefined],
  ['http://', undefined],
] as const)('a redirect to %s leads to %s', ([value, led]) =>
  expect(
    locationForCaller(value, {
      upstreamUrl: 'http://10.0.0.5:8080/v2/stops/x?y=1',
      base: 'http://10.0.0.5:8080',
      prefix: '',
    }),
  ).toBe(led),
);

describe('what every answer tells browsers', () => {
  it('no types but ours, no frames, no scripts; HSTS where it came by https', () => {
    const { headers } = withSecureHeaders(new Response('{}'), 'https://api.example.com/v2/x');
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
      'strict-transport-security': 'max-age=31536000',
    });
    const local = withSecureHeaders(new Response('{}'), 'http://127.0.0.1:8787/');
    expect(local.headers.has('strict-transport-security')).toBe(false);
  });
  it('a page keeps its own policy', () => {
    const page = new Response('', { headers: { 'content-security-policy': "script-src 'self'" } });
    expect(withSecureHeaders(page, 'http://x/').headers.get('content-security-policy')).toBe(
      "script-src 'self'",
    );
  });
});

describe('the query of a call that failed', () => {
  const key = `pk_live_${'a'.repeat(48)}`;
  it.for<[string, string]>([
    ['?q=hann&limit=5', '?q=hann&limit=5'],
    ['?card=4242&q=hann', '?card=***&q=hann'],
    ['?c%61rd=4242', '?c%61rd=***'],
    ['?token=abc&access_token=abc&id-token=abc', '?token=***&access_token=***&id-token=***'],
    ['?API_KEY=abc&api.key=abc&Signature=abc', '?API_KEY=***&api.key=***&Signature=***'],
    ['?keyword=a&design=b&tokens_of=c', '?keyword=a&design=b&tokens_of=c'],
    [`?x=${key}&y=a%20${key}`, '?x=***&y=***'],
    [`?${key}`, '?***'],
    ['?q=%zz&%zz=1&flag&=&', '?q=***&***&flag&=&'],
    ['?', '?'],
    [`?token=${'a'.repeat(100_000)}`, '?token=***'],
  ])('%s', ([query, shown]) => expect(maskedQuery(query, new Set(['card']))).toBe(shown));
});

it("the route's time bound is for all tries together", async () => {
  // The first try breaks within the bound, the second would break after it.
  const BREAKS_MS = 60;
  const route: CatalogRoute = {
    path: '/v3/slow',
    method: 'GET',
    api: 'slow',
    scope: null,
    cost: 1,
    cacheSeconds: 0,
    timeoutMs: 100,
    bodyBytes: 0,
    signatureRule: 'bound',
    upstream: { prefix: '', targets: [], variables: ['SLOW'] },
    sandbox: 'none',
    example: { status: 200, body: {} },
    cacheSharedBy: 'key',
    encodedSlashes: false,
    headers: headerRules({ request: [], answer: [] }),
    secretParameters: new Set(),
    policies: NO_POLICIES,
  };
  const time = new VirtualTime();
  const now = () => time.nowMs;
  let tries = 0;
  const gateway = {
    now,
    upstreams: createUpstreams({
      originIn: () => 'https://upstream.test',
      open: async () => '',
      now,
      chance: Math.random,
    }),
    breakers: createBreakers(now),
    atOnce: createAtOnce(),
    deadlines: createDeadlines({ now, sleep: (ms) => time.sleep(ms) }),
    log: () => undefined,
    chance: () => 0,
    sandboxForLive: false,
    identityToken: async () => 'token',
    fetchUpstream: () => {
      tries++;
      return new Promise((_, reject) => time.after(BREAKS_MS, () => reject(new Error('broken'))));
    },
    // The stage asks for no more than these.
  } as unknown as GatewayPorts;
  const exchange = openExchange(
    new Request('https://here.test/v3/slow'),
    'https://here.test/v3/slow',
    'id',
    now(),
    () => undefined,
  );
  match(exchange, route);
  identify(exchange, { environment: 'live', partnerId: 'p' } as KeyRecord);
  admit(exchange, { atMs: 0, dayStartMs: 0, units: 1, over: false, grant: undefined });
  const answered = forward(exchange, gateway);
  await time.run();
  expect(await answered).toMatchObject({ denied: 'upstream_timeout' });
  expect(tries).toBe(2);
});
