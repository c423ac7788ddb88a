// Anybody's document as one of the catalogue, and how its paths are found.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adoptDocument, idOf } from '../../src/catalog/adopt/adopt.ts';
import { UnfitDocument } from '../../src/catalog/adopt/problems.ts';
import { loadCatalog } from '../../src/catalog/catalog.ts';
import { RouteTree } from '../../src/catalog/route-tree.ts';
import { OWN_PARTS } from '../../src/http/own-paths.ts';
import { MACHINE_PATHS } from '../../src/operator/machine-paths.ts';
import { CHANGING } from '../support/routes.ts';

const get = { responses: { 200: { description: 'ok' } } };
const document = (paths: object, more: object = {}) =>
  JSON.stringify({ openapi: '3.1.0', info: { title: 'Shop', version: '1' }, paths, ...more });
const wrongIn = (text: string): string[] => {
  try {
    adoptDocument(text);
  } catch (error) {
    if (error instanceof UnfitDocument)
      return error.problems.map(({ pointer, message }) => `${pointer} ${message}`);
    throw error;
  }
  return [];
};

describe('a tree of routes', () => {
  const treeOf = (...templates: string[]) => {
    const tree = new RouteTree<string>();
    for (const template of templates) tree.at(template, () => template);
    return tree;
  };

  it('prefers text to templates with text, and those to bare ones, and goes back where that leads nowhere', () => {
    const tree = treeOf(
      '/a/{x}',
      '/a/b',
      '/a/{x}.json',
      '/a/{x}/c',
      '/a/b/d',
      '/{y}/b/e',
      '/r/{from}...{to}',
      '/',
    );
    expect(tree.match('/a/b')).toBe('/a/b');
    expect(tree.match('/a/z')).toBe('/a/{x}');
    expect(tree.match('/a/z.json')).toBe('/a/{x}.json');
    expect(tree.match('/a/.json')).toBe('/a/{x}');
    expect(tree.match('/a/b/c')).toBe('/a/{x}/c');
    expect(tree.match('/a/b/d')).toBe('/a/b/d');
    expect(tree.match('/a/b/e')).toBe('/{y}/b/e');
    expect(tree.match('/r/v1...v2')).toBe('/r/{from}...{to}');
    expect(tree.match('/')).toBe('/');
    for (const path of ['/a', '/a/', '/a//c', '/a/b/', '/r/v1..v2', '/x'])
      expect(tree.match(path), path).toBeUndefined();
  });

  it('finds what a regular expression of the template finds, however long the path', () => {
    const part = fc.constantFrom('a', 'b', '-', '.', 'ab');
    const segment = fc
      .array(fc.oneof(part, fc.constant('{}')), { minLength: 1, maxLength: 5 })
      .map((parts) => {
        const text = parts.join('');
        return text.includes('{}{}') ? text.replaceAll('{}', 'b') : text;
      });
    const path = fc.array(
      fc.array(part, { maxLength: 6 }).map((parts) => parts.join('')),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 3 }), path, (template, asked) => {
        const text = `/${template.map((each, i) => each.replaceAll('{}', () => `{p${i}}`)).join('/')}`;
        const source = template
          .map((each) =>
            each
              .split('{}')
              .map((some) => some.replace(/[.-]/g, '\\$&'))
              .join('[^/]+'),
          )
          .join('/');
        const is = new RegExp(`^/${source}$`).test(`/${asked.join('/')}`);
        expect(treeOf(text).match(`/${asked.join('/')}`) !== undefined).toBe(is);
      }),
      { numRuns: 3000 },
    );
    const hostile = `/${'a-'.repeat(50_000)}`;
    expect(treeOf('/{a}-{b}-{c}-{d}x').match(hostile)).toBeUndefined();
  });
});

describe('a document of somebody else', () => {
  it('is offered with scopes, ids, tags, summaries, examples and a first call of its own', () => {
    const { document: offered, notes } = adoptDocument(
      document(
        {
          '/books': {
            get: {
              operationId: 'listBooks',
              responses: {
                '2XX': {
                  description: '',
                  content: { '*/*': { schema: { $ref: '#/components/schemas/Book' } } },
                },
              },
            },
            post: {
              requestBody: { $ref: '#/components/requestBodies/New' },
              responses: { default: { description: 'any' } },
            },
          },
          '/books/{id}': {
            parameters: [{ $ref: '#/components/parameters/Trace' }],
            get: { ...get, deprecated: true },
          },
        },
        {
          components: {
            schemas: {
              Book: {
                type: 'object',
                properties: {
                  title: { type: 'string', minLength: 6 },
                  next: { $ref: '#/components/schemas/Book' },
                },
              },
            },
            parameters: { Trace: { name: 'X-Trace', in: 'header', schema: { type: 'string' } } },
            requestBodies: {
              New: {
                required: true,
                content: { 'application/json': { schema: { $ref: '#/components/schemas/Book' } } },
              },
            },
          },
        },
      ),
    );
    expect(notes).toEqual([]);
    const catalog = loadCatalog([offered]);
    expect(catalog.scopes).toEqual(['read:shop', 'write:shop']);
    expect(catalog.match('POST', '/shop/books')).toMatchObject({
      route: { scope: 'write:shop', signatureRule: 'any' },
    });
    expect(catalog.match('GET', '/shop/books')).toMatchObject({
      route: { example: { status: 200, body: { title: 'textxx' } } },
    });
    const match = catalog.match('GET', '/shop/books/7');
    expect(match.found === 'route' && match.route.headers.toUpstream.has('x-trace')).toBe(true);
    expect(offered.paths['/shop/books']?.get).toMatchObject({
      operationId: 'shop.listBooks',
      summary: 'list Books',
      tags: ['Shop'],
      'x-first-call': { path: '/shop/books' },
    });
    expect(offered.paths['/shop/books/{id}']?.get?.parameters).toMatchObject([
      { name: 'X-Trace' },
      { name: 'id', in: 'path', required: true },
    ]);
    expect(Object.keys((offered.components as { schemas: object }).schemas)).toEqual(['shop.Book']);
    // As it stands, it is offered again.
    expect(adoptDocument(JSON.stringify(offered)).document.paths).toEqual(offered.paths);
  });

  it('loses what no gateway lets pass, and says so', () => {
    const { document: offered, notes } = adoptDocument(
      document({
        '/x': {
          trace: get,
          get: {
            parameters: [
              { name: 'session', in: 'cookie' },
              { name: 'X-Forwarded-For', in: 'header' },
              { name: 'Authorization', in: 'header' },
            ],
            responses: { 200: { description: 'ok', headers: { 'X-Accel-Redirect': {}, 'X-Total': {} } } },
            callbacks: { done: {} },
          },
        },
      }),
    );
    expect(notes.map(({ pointer }) => pointer).sort()).toEqual([
      '/paths/~1x/get/callbacks',
      '/paths/~1x/get/parameters/X-Forwarded-For',
      '/paths/~1x/get/parameters/session',
      '/paths/~1x/get/responses/200/headers/X-Accel-Redirect',
      '/paths/~1x/trace',
    ]);
    expect(offered.paths['/shop/x']?.get?.parameters).toEqual([]);
    expect(loadCatalog([offered]).match('GET', '/shop/x')).toMatchObject({ found: 'route' });
  });

  it.for([
    ['', ' is empty'],
    ['[]', ' must be an object'],
    ['a: 1', ' is no OpenAPI document: it has no `openapi`, nor `swagger`'],
    ['a: 1\nb: [1, 2', ' is neither JSON nor YAML, at line 2'],
    [JSON.stringify({ openapi: '4.0' }), '/openapi must be 2.0, 3.0, 3.1 or 3.2'],
    [document({}), '/paths has no operation'],
    [document({ x: { get } }), '/paths/x must begin with a slash'],
    [document({ '/x?y': { get } }), '/paths/~1x?y is left out: what follows ? or # is no path'],
    [document({ '/x/{a}{b}': { get } }), '/paths/~1x~1{a}{b} has two templates with nothing between them'],
    [
      document({ '/x/{a': { get } }),
      '/paths/~1x~1{a has a brace without its other, or a template without a name',
    ],
    [document({ '/x/{a}/{a}': { get } }), '/paths/~1x~1{a}~1{a} has the same template twice'],
    [document({ '/é': { get } }), '/paths/~1é must be printable ASCII outside of its templates'],
    [
      document({ '/x': { get } }, { 'x-passerelle': { requestHeaders: ['cookie'] } }),
      '/x-passerelle the header `cookie` may not pass to an upstream',
    ],
    [
      document({ '/x/{a}': { get }, '/x/{b}': { get } }),
      '/paths/~1x~1{b}/get matches the same paths as `GET /x/{a}`',
    ],
    [
      document({ '/x': { get: { ...get, parameters: [{ $ref: 'https://example.com/p.json' }] } } }),
      '/paths/~1x/get/parameters/0/$ref is outside of this document: put what it refers to in, first',
    ],
    [
      document({ '/x': { get: { ...get, parameters: [{ $ref: '#/components/parameters/No' }] } } }),
      '/paths/~1x/get/parameters/0/$ref refers to `#/components/parameters/No`, which is nowhere in this document',
    ],
    [`{"openapi":"3.1.0","info":${'{"a":'.repeat(70)}1${'}'.repeat(70)}}`, / is deeper than 64 levels$/],
    [
      `openapi: 3.1.0\n${Array.from({ length: 30 }, (_, i) => `a${i}: &a${i} [${i ? `*a${i - 1}, *a${i - 1}, *a${i - 1}` : '1'}]`).join('\n')}`,
      ' is no YAML that we read',
    ],
    [' '.repeat(5 * 1024 * 1024), ' is larger than 4 MiB'],
    [
      document(Object.fromEntries(Array.from({ length: 2600 }, (_, i) => [`/r${i}`, { get }]))),
      '/paths has 2600 operations: at most 2500 are offered',
    ],
  ] as const)('%#: is refused by a pointer', ([text, said]) => {
    const [first] = wrongIn(text);
    if (typeof said === 'string') expect(first).toBe(said);
    else expect(first).toMatch(said);
  });

  it('has an id of its title', () => {
    expect(idOf('Swagger Petstore - OpenAPI 3.1')).toBe('petstore');
    expect(idOf('Météo du Sénégal API')).toBe('meteo-du-senegal');
    expect(idOf('日本')).toBe('api');
    for (const title of ['API', '3', '--', 'A'.repeat(100)])
      expect(idOf(title)).toMatch(/^[a-z0-9][a-z0-9-]{0,39}$/);
  });
});

it('no API takes a path of ours', () => {
  const firstOf = (route: string) => route.split(' ').at(-1)?.split('/')[1] ?? '';
  const ours = [
    ...CHANGING.page,
    ...CHANGING.developer,
    ...CHANGING.operator,
    ...CHANGING.machine,
    ...Object.keys(MACHINE_PATHS),
  ];
  expect([...new Set(ours.map(firstOf))].filter((part) => !OWN_PARTS.has(part))).toEqual([]);
  const pages = new URL('../../src', import.meta.url).pathname;
  const files = readdirSync(pages, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.tsx?$/.test(file),
  );
  const routed = files.flatMap((file) =>
    [
      ...readFileSync(join(pages, file), 'utf8').matchAll(
        /(?:portal|operatorConsole|documents|routes|apis|oauth)\.(?:get|post|all)\(\s*['`]\/([^'`/]*)/g,
      ),
    ].map(([, part]) => part ?? ''),
  );
  expect(routed.length).toBeGreaterThan(50);
  expect(
    [...new Set(routed)].filter(
      (part) => !OWN_PARTS.has(part) && !part.startsWith('$') && !part.startsWith(':'),
    ),
  ).toEqual([]);
});
