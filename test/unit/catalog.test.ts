// The routes of the catalogue, by raw path: no path is disguised as another's.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DOCUMENTS } from '../../src/brand/brand.ts';
import { loadCatalog } from '../../src/catalog/catalog.ts';

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
          'x-passerelle': { id: 'one', upstream: ['ONE_ORIGIN'], sandbox: 'none', defaults: settings },
          paths: { '/v3/one': { delete: operation } },
        },
      ]);
      const match = one.match('DELETE', '/v3/one');
      return match.found === 'route' ? match.route.signatureRule : match.found;
    };
    expect([ruleOf({}), ruleOf({ signatureRule: 'bound' })]).toEqual(['any', 'bound']);
    expect(() => ruleOf({ signatureRule: 'any' })).toThrow(/document 0/);
  });

  it('knows the query parameters that the document calls secret, also where it refers to them', () => {
    const settings = { cost: 1, cacheSeconds: 0, timeoutMs: 1000, bodyBytes: 10 };
    const secret = { secret: true };
    const one = loadCatalog([
      {
        openapi: '3.1.0',
        info: { title: 'One', version: '1' },
        'x-passerelle': { id: 'one', upstream: ['ONE_ORIGIN'], sandbox: 'none', defaults: settings },
        components: { parameters: { Pan: { name: 'pan', in: 'query', 'x-passerelle': secret } } },
        paths: {
          '/v3/one': {
            get: {
              parameters: [
                { name: 'iban', in: 'query', 'x-passerelle': secret },
                { $ref: '#/components/parameters/Pan' },
                { name: 'page', in: 'query' },
                { name: 'X-Pan', in: 'header', 'x-passerelle': secret },
              ],
              'x-passerelle': { scope: null },
            },
          },
        },
      },
    ]);
    const match = one.match('GET', '/v3/one');
    expect(match.found === 'route' && [...match.route.secretParameters]).toEqual(['iban', 'pan']);
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
});
