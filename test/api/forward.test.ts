// What reaches the upstream, and what comes back.

import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  call,
  control,
  inParallel,
  makeKey,
  makePartner,
  query,
  stack,
  type TestPartner,
} from '../support/api.ts';
import type { Arrived } from '../support/upstream.ts';

let partner: TestPartner;
let key = '';
beforeAll(async () => {
  partner = await makePartner();
  key = (await makeKey(partner.id)).secret;
});

const arrivedAt = (part: string): Promise<Arrived[]> => control('upstream-requests', part);

describe('the request', () => {
  it.for([
    '/v2/stops/0:PGFB/departures?mark=a1',
    '/v2/stops/0%3APGFB/departures?mark=a2',
    '/v2/stops/a;b..c/departures?mark=a3',
    '/v2/stops/caf%C3%A9%20/departures?b=2&a=1&b=1&mark=a4&x=%20+%2B',
    '/v2/stops/x/departures?mark=a5&&=&empty=',
  ])('%s arrives byte for byte', async (path) => {
    expect((await call(path, { key })).status).toBe(200);
    const mark = /mark=(a\d)/.exec(path)?.[1] ?? '';
    expect((await arrivedAt(`mark=${mark}`)).map(({ url }) => url)).toEqual([path]);
  });

  it('carries what the document allows, and neither credentials nor what overrides method, path, host or address', async () => {
    const forged = {
      cookie: 'a=b',
      'x-api-key': 'also',
      te: 'trailers',
      'x-mine': 'nobody declared it',
      'x-passerelle-partner': 'forged',
      x_passerelle_partner: 'forged',
      'x-passerelle_identity': 'forged',
      'x-passerelle-identity': 'forged',
      'x-http-method-override': 'DELETE',
      'x-original-url': '/admin',
      'x-rewrite-url': '/admin',
      forwarded: 'for=1.2.3.4;host=evil.example',
      via: '1.1 evil',
      'true-client-ip': '1.2.3.4',
      'x-client-ip': '1.2.3.4',
      'x-amz-security-token': 'x',
      'if-none-match': '"named by connection"',
      connection: 'keep-alive, If-None-Match, X-Passerelle-Identity',
    };
    const ours = {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'gopher',
      'x-real-ip': '1.2.3.4',
    };
    const harmless = { accept: 'text/plain', 'idempotency-key': 'k', 'user-agent': 'me', 'if-match': '"x"' };
    await call('/v2/stops/x/departures?mark=b1', {
      key,
      headers: {
        ...forged,
        ...ours,
        ...harmless,
        'x-forwarded-for': '1.2.3.4',
        'cf-connecting-ip': '9.9.9.9',
      },
    });
    const headers = (await arrivedAt('mark=b1'))[0]?.headers ?? {};
    expect(headers).toMatchObject({
      ...harmless,
      'x-passerelle-partner': partner.id,
      'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'x-forwarded-for': '9.9.9.9',
      'x-real-ip': '9.9.9.9',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': new URL(stack.url).host,
    });
    for (const name of ['authorization', ...Object.keys(forged)])
      if (!['x-passerelle-partner', 'x-passerelle-identity', 'connection'].includes(name))
        expect(headers[name], name).toBeUndefined();
  });

  it('carries an identity that one upstream takes, for a minute, and none can make', async () => {
    await call('/v2/stops/x/departures?mark=b1a', { key });
    await call('/v1/payments?mark=b1b', { key });
    const tokenAt = async (mark: string) =>
      String((await arrivedAt(mark))[0]?.headers['x-passerelle-identity'] ?? '');
    const published = createRemoteJWKSet(new URL('/.well-known/jwks.json', stack.url));
    const transit = await tokenAt('mark=b1a');
    const { payload } = await jwtVerify(transit, published, { issuer: 'passerelle', audience: 'transit' });
    const [row] = await query('SELECT key_id FROM api_key WHERE partner_id = $1', [partner.id]);
    expect(payload).toMatchObject({
      sub: partner.id,
      key: row?.key_id,
      tier: 'enterprise',
      env: 'live',
      jti: expect.any(String),
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60);
    expect(decodeProtectedHeader(transit)).toMatchObject({ alg: 'EdDSA', kid: 'local' });
    const payments = await tokenAt('mark=b1b');
    await expect(jwtVerify(payments, published, { audience: 'transit' })).rejects.toThrow(/aud/);
    const { json } = await call('/.well-known/jwks.json');
    expect(json.keys).toEqual([
      { kty: 'OKP', crv: 'Ed25519', kid: 'local', use: 'sig', alg: 'EdDSA', x: expect.any(String) },
    ]);
  });

  it('streams its body', async () => {
    const body = JSON.stringify({ amount: 1, filler: 'x'.repeat(200_000) });
    const { status } = await call('/v1/payments?mark=b2', { key, method: 'POST', body });
    expect(status).toBe(200);
    expect((await arrivedAt('mark=b2'))[0]?.body).toBe(body);
  });

  it('of unknown length is broken off past its bound', async () => {
    const { status, json } = await call('/v1/payments?mark=b3', {
      key,
      method: 'POST',
      body: Buffer.alloc(300_000, 'x'),
      headers: { 'transfer-encoding': 'chunked' },
    });
    expect([status, json.error]).toEqual([413, 'payload_too_large']);
    expect(await arrivedAt('mark=b3')).toEqual([]);
  });

  it('is tried again on a broken connection only when it is idempotent', async () => {
    await call('/v2/stops/x/departures?upstream=reset&mark=b4', { key });
    expect(await arrivedAt('mark=b4')).toHaveLength(2);
    await call('/v1/payments?upstream=reset&mark=b5', { key, method: 'POST', body: '{}' });
    expect(await arrivedAt('mark=b5')).toHaveLength(1);
  });
});

describe('the answer', () => {
  it('of 50 MB is streamed through', async () => {
    const { status, bytes } = await call('/v2/stops/x/departures?upstream=large', { key });
    expect([status, bytes]).toEqual([200, 50 * 1024 * 1024]);
  });

  it('that redirects is never followed, and leads to no private place', async () => {
    const { status, headers } = await call('/v2/stops/x/departures?upstream=redirect', { key });
    expect([status, headers.location]).toEqual([302, undefined]);
  });

  it('says by a header whose error it is: the upstream’s pass through unchanged, ours do not have it', async () => {
    const theirs = await call('/v2/stops/x/departures?upstream=fail', { key });
    expect([theirs.status, theirs.text, theirs.headers['x-cache-hit']]).toEqual([
      500,
      '{"error":"boom"}',
      'false',
    ]);
    const ours = [
      await call('/v2/stops/x/departures', { key: 'pk_live_none' }),
      await call('/v2/nothing', { key }),
      await call('/v2/stops/x/departures?upstream=garbage', { key }),
    ];
    expect(ours.map(({ status, headers }) => [status, headers['x-cache-hit']])).toEqual([
      [401, undefined],
      [404, undefined],
      [502, undefined],
    ]);
    for (const { json } of ours) expect(json.doc_url).toContain(`/docs/errors/${json.error}`);
  });

  const answeredWith = (headers: object, path = '/v2/stops/x/departures') =>
    call(`${path}?upstream=headers&headers=${encodeURIComponent(JSON.stringify(headers))}`, { key });

  it('neither sets our cookies nor rules our origin, nor speaks in our name, nor commands servers before us', async () => {
    const ruling = {
      'set-cookie': 'session=evil.value; Path=/',
      'clear-site-data': '"*"',
      'alt-svc': 'h3="evil.example:443"',
      refresh: '0;url=https://evil.example',
      'service-worker-allowed': '/',
      'access-control-allow-origin': '*',
      'cross-origin-opener-policy': 'unsafe-none',
      'permissions-policy': 'camera=*',
      'www-authenticate': 'Basic realm="yours"',
      server: 'Apache/2.2',
      'x-powered-by': 'PHP/5',
      'x-passerelle-identity': 'x',
      'x-accel-redirect': '/internal/secrets',
      'x-accel-expires': '86400',
      'x-accel-buffering': 'no',
      'x-sendfile': '/etc/passwd',
      'x-sendfile-temporary': '/etc/passwd',
      'x-lighttpd-send-file': '/etc/passwd',
      'x-litespeed-location': '/internal/secrets',
      'x-reproxy-url': 'http://10.0.0.1/',
      'idempotent-replayed': 'true',
      'x-quota-overage': 'true',
      'use-as-dictionary': 'match="/*"',
      'sec-session-registration': '(ES256); path="/v2/stops"; challenge="x"',
      'secure-session-registration': '(ES256); path="/v2/stops"; challenge="x"',
      'sec-session-challenge': '"x"',
      'secure-session-challenge': '"x"',
      'sec-private-state-token': 'x',
      'shared-storage-write': 'set; key=a; value=b',
      'attribution-reporting-register-source': '{"destination":"https://evil.example"}',
      'attribution-reporting-register-trigger': '{}',
      'ad-auction-signals': '[]',
      'integrity-policy': 'blocked-destinations=(script)',
      'document-isolation-policy': 'isolate-and-require-corp',
      'cdn-cache-control': 'public, max-age=86400',
      'cloudflare-cdn-cache-control': 'public, max-age=86400',
      'surrogate-control': 'max-age=86400',
      'surrogate-key': 'all',
      'cache-tag': 'all',
      'edge-control': 'cache-maxage=1d',
      'edge-cache-tag': 'all',
      'x-cache-tags': 'all',
      xkey: 'all',
    };
    const { headers } = await answeredWith({
      ...ruling,
      'strict-transport-security': 'max-age=0',
      'content-security-policy': "default-src *; script-src 'unsafe-inline'",
      'x-content-type-options': 'sniff',
      'x-request-id': 'forged',
      'content-type': 'text/html',
      'x-total-count': '7',
      link: '</v2/stops?page=2>; rel="next"',
    });
    for (const name of [...Object.keys(ruling), 'strict-transport-security'])
      expect(headers[name], name).toBeUndefined();
    expect(headers).toMatchObject({
      'content-type': 'text/html',
      'x-total-count': '7',
      link: '</v2/stops?page=2>; rel="next"',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
      'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it('leads through the gateway where it names the upstream', async () => {
    const { headers } = await answeredWith({ location: `${stack.upstream}/v2/routes/list?a=1#b` });
    expect(headers.location).toBe('/v2/routes/list?a=1#b');
  });

  it('is cached for the partner alone, and counted like any call', async () => {
    const other = await makeKey((await makePartner()).id);
    const path = '/v2/routes/list?mark=c1';
    const hit = async (secret: string, headers = {}) =>
      (await call(path, { key: secret, headers })).headers['x-cache-hit'];
    expect(await hit(key)).toBe('false');
    expect(await hit(key)).toBe('true');
    expect(await hit(other.secret)).toBe('false');
    expect(await hit(key, { 'cache-control': 'no-cache' })).toBe('false');
    expect(await hit(key, { 'accept-language': 'fr' })).toBe('false');
    expect(await arrivedAt('mark=c1')).toHaveLength(4);
  });

  it('with a cookie is never cached', async () => {
    const path = '/v2/routes/list?upstream=cookie&mark=c2';
    await inParallel(2, 1, () => call(path, { key }));
    expect(await arrivedAt('mark=c2')).toHaveLength(2);
  });

  let marks = 0;
  /** How often the upstream is asked for one address, by the callers in turn. */
  const askedFor = async (
    mark: string,
    answer: object,
    callers: Parameters<typeof call>[1][],
    path = '/v2/routes/list',
  ) => {
    const wish = encodeURIComponent(JSON.stringify(answer));
    for (const caller of callers) await call(`${path}?upstream=headers&mark=${mark}&headers=${wish}`, caller);
    return (await arrivedAt(`mark=${mark}&`)).length;
  };

  it.for([
    [{ 'cache-control': 'No-Store' }, 2],
    [{ 'cache-control': 'no-cache' }, 2],
    [{ 'cache-control': 'Private="x"' }, 2],
    [{ 'cache-control': 'max-age=0, must-revalidate' }, 2],
    [{ 'cache-control': 'max-age=100, s-maxage="0"' }, 2],
    [{ 'cache-control': 'max-age=100', age: '100' }, 2],
    [{ expires: 'Thu, 01 Jan 1970 00:00:00 GMT' }, 2],
    [{ vary: '*' }, 2],
    [{ vary: 'Accept, User-Agent' }, 2],
    [{ vary: 'X-Forwarded-For' }, 2],
    [{ 'cache-control': 'public, max-age=100', vary: 'Accept-Encoding, X-Never-Passed' }, 1],
    [{}, 1],
  ] as const)('that says %j is asked for %i times by two calls', async ([answer, times]) => {
    expect(await askedFor(`d${++marks}`, answer, [{ key }, { key }])).toBe(times);
  });

  it("is one key's, with all that the upstream is told of it, unless the document shares it", async () => {
    const other = await makeKey(partner.id);
    const both = [{ key }, { key: other.secret }, { key }, { key: other.secret }];
    expect(await askedFor('e1', {}, both, '/v2/route-search')).toBe(2);
    expect(await askedFor('e2', {}, both, '/v2/routes/list')).toBe(1);
    const varied = { vary: 'X-Passerelle-Identity' };
    expect(await askedFor('e3', varied, both, '/v2/route-search')).toBe(2);
    expect(await askedFor('e4', varied, both, '/v2/routes/list')).toBe(4);
  });

  it('from the cache says its age and what the upstream said of it, and is not given to who asks for a younger one', async () => {
    const wish = encodeURIComponent(
      JSON.stringify({ 'cache-control': 'public, max-age=100', vary: 'Accept', age: '7' }),
    );
    const path = `/v2/routes/list?upstream=headers&mark=e5&headers=${wish}`;
    await call(path, { key });
    const { headers } = await call(path, { key });
    expect(headers).toMatchObject({
      'x-cache-hit': 'true',
      'cache-control': 'public, max-age=100',
      vary: 'Accept',
    });
    expect(Number(headers.age)).toBeGreaterThanOrEqual(7);
    expect(Object.keys(headers).filter((name) => name.startsWith('x-passerelle'))).toEqual([]);
    const young = await call(path, { key, headers: { 'cache-control': 'max-age=3' } });
    expect(young.headers['x-cache-hit']).toBe('false');
  });

  it('that is compressed is only for who takes it so', async () => {
    const path = '/v2/routes/list?upstream=gzip&mark=e6';
    const takes = { 'accept-encoding': 'gzip' };
    const seen = [];
    for (const headers of [takes, {}, takes, {}]) {
      const found = await call(path, { key, headers });
      seen.push([found.headers['x-cache-hit'], found.headers['content-encoding'], found.json?.plain]);
    }
    expect(seen).toEqual([
      ['false', 'gzip', undefined],
      ['false', undefined, true],
      ['true', 'gzip', undefined],
      ['true', undefined, true],
    ]);
  });
});

it.for([
  '/v2/stops/x/departures',
  '/v2/nothing',
  '/openapi.json',
  '/openapi/operator.json',
  '/.well-known/jwks.json',
  '/.well-known/security.txt',
  '/robots.txt',
  '/health',
  '/livez',
  '/metrics',
  '/dashboard/me',
  '/api/dev/apps',
  '/api/admin/partners',
  '/docs/api',
  '/docs',
  '/sign-in',
  '/nowhere',
  '/assets/nothing.js',
])('%s says that it is what it says, and may not be framed', async (path) => {
  for (const method of ['GET', 'OPTIONS', 'POST']) {
    const { headers } = await call(path, { method });
    expect(headers['x-content-type-options'], method).toBe('nosniff');
    expect(headers['content-security-policy'], method).toContain("frame-ancestors 'none'");
  }
});
