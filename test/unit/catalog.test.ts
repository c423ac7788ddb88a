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
    '/v2/routes/list/',
    '/V2/routes/list',
  ])('%s is nothing', (path) => expect(catalog.match('GET', path)).toEqual({ found: 'nothing' }));

  it('takes a signature of the body alone where there is a body, unless the document forbids it', () => {
    const ruleOf = (own: object) => {
      const operation = { requestBody: { content: {} }, 'x-passerelle': { scope: null, ...own } };
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

  it('adding an API is adding a document', () => {
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
});
