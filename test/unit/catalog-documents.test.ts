// What a document of the catalogue says of its API: routes, slashes, and which headers pass.

import { describe, expect, it } from 'vitest';
import { DOCUMENTS } from '../../src/brand/brand.ts';
import { loadCatalog } from '../../src/catalog/catalog.ts';

describe('a document', () => {
  const extra = {
    openapi: '3.1.0',
    info: { title: 'Weather', version: '1' },
    'x-passerelle': {
      id: 'weather',
      upstream: ['WEATHER_ORIGIN'],
      sandbox: 'none',
      defaults: { cost: 1, cacheSeconds: 0, timeoutMs: 1000, bodyBytes: 0 },
    },
    paths: {
      '/v3/weather/{city}': {
        get: { 'x-passerelle': { scope: 'read:weather', cost: 5, cacheSeconds: 60 } },
      },
    },
  };

  it('adding an API is adding a document', () => {
    const more = loadCatalog([...DOCUMENTS, extra]);
    expect(more.match('GET', '/v3/weather/dakar')).toMatchObject({
      route: { cost: 5, cacheSeconds: 60, timeoutMs: 1000, upstream: { variables: ['WEATHER_ORIGIN'] } },
    });
    expect(more.scopes).toContain('read:weather');
    // Nothing is signed by its body where the document has none.
    expect(more.match('GET', '/v3/weather/dakar')).toMatchObject({ route: { signatureRule: 'bound' } });
    expect(() => loadCatalog([extra, extra])).toThrow(/offered twice/);
    expect(() => loadCatalog([{ ...extra, 'x-passerelle': undefined }])).toThrow(/document 0/);
    for (const beyond of [
      { cost: 1e7 },
      { cacheSeconds: 86_401 },
      { timeoutMs: 300_001 },
      { bodyBytes: 1e9 },
      { cost: 0 },
    ])
      expect(() =>
        loadCatalog([
          {
            ...extra,
            'x-passerelle': {
              ...extra['x-passerelle'],
              defaults: { ...extra['x-passerelle'].defaults, ...beyond },
            },
          },
        ]),
      ).toThrow(Object.keys(beyond)[0]);
  });

  const weather = (get: object, api: object = {}, components: object = {}) => {
    const more = loadCatalog([
      {
        ...extra,
        'x-passerelle': { ...extra['x-passerelle'], ...api },
        components,
        paths: { '/v3/weather/{city}': { get: { 'x-passerelle': { scope: null }, ...get } } },
      },
    ]);
    const match = more.match('GET', '/v3/weather/dakar');
    if (match.found !== 'route') throw new Error('no route');
    return { more, headers: match.route.headers };
  };

  it('a document may let slashes pass that are encoded once, and no other disguise', () => {
    const { more } = weather({ 'x-passerelle': { scope: null, encodedSlashes: true } });
    expect(more.match('GET', '/v3/weather/sn%2Fdakar')).toMatchObject({ found: 'route' });
    for (const path of ['/v3/weather/..%2fdakar', '/v3/weather/sn%2f..', '/v3/weather/a%252fb'])
      expect(more.match('GET', path), path).toEqual({ found: 'nothing' });
  });

  it('a parameter that is another route for whoever decodes it is nothing', () => {
    const get = { 'x-passerelle': { scope: null } };
    const paths = { '/v3/weather/admin': { get }, '/v3/weather/{city}': { get } };
    const more = loadCatalog([{ ...extra, paths }]);
    expect(more.match('GET', '/v3/weather/%44akar')).toMatchObject({ route: { path: '/v3/weather/{city}' } });
    for (const path of ['/v3/weather/%61dmin', '/v3/weather/%2561dmin', '/v3/weather/%25%36%31dmin'])
      expect(more.match('GET', path), path).toEqual({ found: 'nothing' });
  });

  it('headers pass that its parameters, its answers and its extension show, also by reference', () => {
    const { headers } = weather(
      {
        parameters: [
          { name: 'X-Unit', in: 'header' },
          { name: 'day', in: 'query' },
          { name: 'Authorization', in: 'header' },
          { $ref: '#/components/parameters/Locale' },
        ],
        responses: {
          200: { headers: { Refresh: {} } },
          401: { $ref: '#/components/responses/Challenge' },
        },
        'x-passerelle': { scope: null, requestHeaders: ['X-Tenant', 'traceparent'] },
      },
      { answerHeaders: ['Server'] },
      {
        parameters: { Locale: { name: 'X-Locale', in: 'header' } },
        responses: { Challenge: { headers: { 'WWW-Authenticate': {} } } },
      },
    );
    for (const name of ['x-unit', 'x-locale', 'x-tenant', 'content-type'])
      expect(headers.toUpstream.has(name), name).toBe(true);
    // The trace is the gateway's to go on with.
    for (const name of ['day', 'authorization', 'cookie', 'x-other', 'traceparent'])
      expect(headers.toUpstream.has(name), name).toBe(false);
    expect([...headers.toCaller].sort()).toEqual(['refresh', 'server', 'www-authenticate']);
    // An answer may depend on what callers can say.
    expect(headers.cacheKey).toEqual(
      expect.arrayContaining(['accept', 'accept-language', 'x-unit', 'x-locale']),
    );
  });

  it.for([
    'Cookie',
    'X-API-Key',
    'Host',
    'Forwarded',
    'X-Forwarded-Host',
    'X-Real-IP',
    'True-Client-IP',
    'X-HTTP-Method-Override',
    'X-Original-URL',
    'X-Rewrite-URL',
    'X-Passerelle-Partner',
    'X_Passerelle_Partner',
    'CF-Connecting-IP',
    'Transfer-Encoding',
  ])('no document can let %s pass', (name) => {
    expect(() => weather({ parameters: [{ name, in: 'header' }] })).toThrow(/may not pass/);
  });

  it.for([
    'X-Accel-Redirect',
    'X-Sendfile',
    'X-Lighttpd-Send-File',
    'X-Reproxy-URL',
    'CDN-Cache-Control',
    'Cloudflare-CDN-Cache-Control',
    'Surrogate-Control',
    'Cache-Tag',
    'X-RateLimit-Limit-Day',
  ])('no document can let an answer say %s', (name) =>
    expect(() => weather({ responses: { 200: { headers: { [name]: {} } } } })).toThrow(/may not pass/),
  );
});
