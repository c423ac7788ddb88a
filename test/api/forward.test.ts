// What reaches the upstream, and what comes back.

import { jwtVerify } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { call, control, inParallel, makeKey, makePartner, type TestPartner } from '../support/api.ts';
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
    '/v2/stops/a%2Fb/departures?mark=a3',
    '/v2/stops/caf%C3%A9%20/departures?b=2&a=1&b=1&mark=a4&x=%20+%2B',
    '/v2/stops/x/departures?mark=a5&&=&empty=',
  ])('%s arrives byte for byte', async (path) => {
    expect((await call(path, { key })).status).toBe(200);
    const mark = /mark=(a\d)/.exec(path)?.[1] ?? '';
    expect((await arrivedAt(`mark=${mark}`)).map(({ url }) => url)).toEqual([path]);
  });

  it('carries a signed identity, and neither credentials nor hop-by-hop headers nor forged identity', async () => {
    await call('/v2/stops/x/departures?mark=b1', {
      key,
      headers: {
        cookie: 'a=b',
        'x-passerelle-partner': 'forged',
        'x-passerelle-identity': 'forged',
        te: 'trailers',
        'x-mine': 'kept',
        'x-api-key': 'also',
      },
    });
    const headers = (await arrivedAt('mark=b1'))[0]?.headers ?? {};
    for (const name of ['authorization', 'cookie', 'x-api-key', 'te']) expect(headers[name]).toBeUndefined();
    expect(headers).toMatchObject({
      'x-passerelle-partner': partner.id,
      'x-mine': 'kept',
      'x-request-id': expect.any(String),
    });
    const token = String(headers['x-passerelle-identity']);
    await expect(jwtVerify(token, new Uint8Array(32))).rejects.toThrow();
    expect(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())).toMatchObject({
      iss: 'passerelle',
      sub: partner.id,
    });
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

  it('that redirects is passed on, never followed', async () => {
    const { status, headers } = await call('/v2/stops/x/departures?upstream=redirect', { key });
    expect([status, headers.location]).toEqual([302, 'http://169.254.169.254/']);
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
});
