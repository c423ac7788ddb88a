import fc from 'fast-check';
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

  it('takes a path without parameters before one with them, in whatever order the document has them', () => {
    const operation = { 'x-passerelle': { scope: null } };
    const [sandboxed] = DOCUMENTS as readonly { 'x-passerelle': object }[];
    const ordered = loadCatalog([
      {
        ...sandboxed,
        paths: { '/v3/stops/{id}': { get: operation }, '/v3/stops/nearby': { get: operation } },
      },
    ]);
    for (const path of ['/v3/stops/nearby', '/v3/stops/{id}'])
      expect(ordered.match('GET', path)).toMatchObject({ found: 'route', route: { path } });
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
    '/v2/stops/..%25%32%66x/departures',
    '/v2/stops/a%2%66b/departures',
    '/v2/stops/a%3Fb/departures',
    '/v2/stops/a%23b/departures',
    '/v2/stops/a%u2215b/departures',
    '/v2/stops/a%25u2215b/departures',
    '/v2/stops/100%/departures',
    '/v2/stops/a%2525252541/departures',
    '/v2/routes/list/',
    '/V2/routes/list',
  ])('%s is nothing', (path) => expect(catalog.match('GET', path)).toEqual({ found: 'nothing' }));

  /** Every spelling of a character in which each part of its escape is itself escaped again or not. */
  const spellings = (character: string, times: number): string[] => {
    const [high = '', low = ''] = character.charCodeAt(0).toString(16).padStart(2, '0');
    const parts = ['%', high, low].map((part) => [part, ...(times > 1 ? spellings(part, times - 1) : [])]);
    return (parts[0] ?? []).flatMap((percent) =>
      (parts[1] ?? []).flatMap((first) => (parts[2] ?? []).map((second) => percent + first + second)),
    );
  };

  it.for(['/', '\\', '?', '#', '\0', '\n', '\x7f'])(
    'has no place for %j, however it is encoded',
    (character) => {
      const all = spellings(character, 3).flatMap((text) => [text, text.toUpperCase()]);
      expect(all.length).toBeGreaterThan(1000);
      for (const text of all)
        expect(catalog.match('GET', `/v2/stops/a${text}b/departures`), text).toEqual({ found: 'nothing' });
    },
  );

  it.for(['..', '.'])('has no place for a segment %j, however it is encoded', (segment) => {
    const dots = ['.', ...spellings('.', 2)];
    const all = segment === '.' ? dots : dots.flatMap((first) => dots.map((second) => first + second));
    for (const text of all)
      for (const end of ['', ';', '%3b', '%25%33b'])
        expect(catalog.match('GET', `/v2/stops/${text}${end}/departures`), text).toEqual({
          found: 'nothing',
        });
  });

  it('names one route, whoever decodes the path, in whatever order and how often', () => {
    const PIECES = [
      '%',
      '25',
      '2',
      'f',
      '32',
      '66',
      '5c',
      '3F',
      '23',
      '2e',
      '.',
      '..',
      '/',
      ';',
      'u2215',
      '6e',
      'a',
      '41',
    ];
    const routed = (path: string) => {
      const match = catalog.match('GET', path);
      return match.found === 'route' ? match.route.path : undefined;
    };
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 10 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (pieces, choices) => {
          const path = `/v2/stops/${pieces.join('')}/departures`;
          if (routed(path) === undefined) return;
          // Another decodes one escape at a time, wherever it likes.
          let text = path;
          for (const choice of choices) {
            const escapes = [...text.matchAll(/%[0-9a-f]{2}/gi)];
            const one = escapes[choice % Math.max(1, escapes.length)];
            if (!one) break;
            const byte = String.fromCharCode(Number.parseInt(one[0].slice(1), 16));
            text = text.slice(0, one.index) + byte + text.slice(one.index + 3);
          }
          expect(new URL(text, 'https://here.example').pathname.split('/')).toHaveLength(5);
          expect(new URL(text, 'https://here.example')).toMatchObject({ search: '', hash: '' });
        },
      ),
      { numRuns: 5000 },
    );
  });

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
    '/v2/stops/a%252eb/departures',
    '/v2/stops/.../departures',
    '/v2/stops/%E0%A4%B8/departures',
    '/v2/stops/25%25%20off/departures',
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
