import { describe, expect, it } from 'vitest';
import { loadCatalog } from '../../src/catalog/catalog.ts';
import { DOCUMENTS } from '../../src/catalog/documents.ts';

const catalog = loadCatalog(DOCUMENTS);

describe('the catalogue', () => {
  it('matches raw paths, and says which methods a path has', () => {
    expect(catalog.match('GET', '/v2/stops/0%3APGFB/departures')).toMatchObject({
      found: 'route',
      route: { path: '/v2/stops/{id}/departures', scope: 'read:stops', cost: 1 },
    });
    expect(catalog.match('GET', '/v2/stops/nearby')).toMatchObject({ route: { path: '/v2/stops/nearby' } });
    expect(catalog.match('HEAD', '/v2/routes/list')).toMatchObject({ found: 'route' });
    expect(catalog.match('PUT', '/v1/payments')).toEqual({
      found: 'path',
      allow: ['POST', 'GET', 'HEAD', 'OPTIONS'],
    });
  });

  it.for([
    '/',
    '/v2',
    '/v2/stops/../x/departures',
    '/v2/stops/%2E./departures',
    '/v2/stops/..',
    '/v2/stops/a\\b/departures',
    '/v2/stops/%5c/departures',
    '/v2/stops/a%2Fb/departures',
    '/v2/stops/..%2f..%2fadmin/departures',
    '/v2/stops/..;/departures',
    '/v2/stops/..;x=1/departures',
    '/v2/stops/.%3B/departures',
    '/v2/stops/%252e%252e/departures',
    '/v2/stops/%25252e./departures',
    '/v2/stops/a%252fb/departures',
    '/v2/stops/a%255cb/departures',
    '/v2/stops/a%00/departures',
    '/v2/stops/a%2500/departures',
    '/v2/stops/a%0d%0ab/departures',
    '/v2/stops/%c0%ae%c0%ae/departures',
    '/v2/stops/a%e0%80%afb/departures',
    '/v2/routes/list/',
    '/V2/routes/list',
  ])('%s is nothing', (path) => expect(catalog.match('GET', path)).toEqual({ found: 'nothing' }));

  it('takes a signature of the body alone where there is a body, unless the document forbids it', () => {
    const ruleOf = (own: object) => {
      const operation = {
        requestBody: { required: true, content: {} },
        'x-passerelle': { scope: null, ...own },
      };
      const settings = { cost: 1, cacheSeconds: 0, timeoutMs: 1000, bodyBytes: 10 };
      const one = loadCatalog([
        {
          openapi: '3.1.0',
          info: { title: 'One', version: '1' },
          'x-passerelle': { id: 'one', upstream: ['ONE'], sandbox: 'none', defaults: settings },
          paths: { '/v3/one': { delete: operation } },
        },
      ]);
      const match = one.match('DELETE', '/v3/one');
      return match.found === 'route' ? match.route.signatureRule : match.found;
    };
    expect([ruleOf({}), ruleOf({ signatureRule: 'bound' })]).toEqual(['any', 'bound']);
    expect(() => ruleOf({ signatureRule: 'any' })).toThrow(/document 0/);
  });

  it.for([
    '/v2/stops/caf%C3%A9%20/departures',
    '/v2/stops/100%25/departures',
    '/v2/stops/a;b/departures',
    '/v2/stops/a..b/departures',
    '/v2/stops/.../departures',
    '/v2/stops/%E2%82%AC/departures',
  ])('%s is a stop', (path) => expect(catalog.match('GET', path)).toMatchObject({ found: 'route' }));

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
      route: { cost: 5, cacheSeconds: 60, timeoutMs: 1000, upstream: ['WEATHER_ORIGIN'] },
    });
    expect(more.scopes).toContain('read:weather');
    // Nothing is signed by its body where the document has none.
    expect(more.match('GET', '/v3/weather/dakar')).toMatchObject({ route: { signatureRule: 'bound' } });
    expect(() => loadCatalog([extra, extra])).toThrow(/offered twice/);
    expect(() => loadCatalog([{ ...extra, 'x-passerelle': undefined }])).toThrow(/document 0/);
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
        'x-passerelle': { scope: null, requestHeaders: ['traceparent'] },
      },
      { answerHeaders: ['Server'] },
      {
        parameters: { Locale: { name: 'X-Locale', in: 'header' } },
        responses: { Challenge: { headers: { 'WWW-Authenticate': {} } } },
      },
    );
    for (const name of ['x-unit', 'x-locale', 'traceparent', 'content-type'])
      expect(headers.toUpstream.has(name), name).toBe(true);
    for (const name of ['day', 'authorization', 'cookie', 'x-other'])
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
});
