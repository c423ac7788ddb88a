// What policies and dated versions make of a route, and what is no plain JSON.

import { describe, expect, it } from 'vitest';
import { DOCUMENTS } from '../../src/brand/brand.ts';
import { adoptDocument } from '../../src/catalog/adopt/adopt.ts';
import { loadCatalog } from '../../src/catalog/catalog.ts';
import { NO_SCHEMAS, routeRules, ruleSchemas } from '../../src/catalog/policies/document-rules.ts';
import { moreNames } from '../../src/catalog/policies/policy.ts';
import { isDeepOrDouble } from '../../src/catalog/policies/strict-json.ts';
import { wrongAnswer } from '../../src/catalog/policies/validate.ts';
import { type RouteVersion, routeOfVersion } from '../../src/catalog/versions.ts';
import { isJsonType } from '../../src/core/encoding.ts';

describe('changes of names', () => {
  it('of the later one have the last word', () => {
    const first = { set: [['a', '1'] as const, ['b', '1'] as const], remove: ['c'] };
    expect(moreNames(first, { set: [['a', '2']], remove: ['b'] })).toEqual({
      set: [['a', '2']],
      remove: ['c', 'b'],
    });
  });
});

describe('a route of an older version', () => {
  const found = loadCatalog(DOCUMENTS).match('GET', '/v2/routes/list');
  const newest: RouteVersion = {
    date: '2026-06-01',
    request: [],
    query: { set: [], remove: [] },
    answer: [],
    brownouts: [],
  };
  const oldest = { ...newest, date: '2026-01-01' };
  const routeWith = (change: Partial<RouteVersion>) => {
    if (found.found !== 'route') throw new Error('no route');
    const rules = { parameters: [], bodyRequired: false, bodies: [], answers: [], schemas: NO_SCHEMAS };
    return routeOfVersion({ ...found.route, rules, versions: [oldest, { ...newest, ...change }] }, oldest);
  };
  it('is held against the document of the newest only where its requests are as they were', () => {
    expect(routeWith({ answer: [{ op: 'remove', pointer: '/x' }] }).rules).toBeDefined();
    expect(routeWith({ request: [{ op: 'remove', pointer: '/x' }] }).rules).toBeUndefined();
    expect(routeWith({ query: { set: [], remove: ['x'] } }).rules).toBeUndefined();
  });
});

describe('JSON that is read twice', () => {
  it.for([
    ['{"a":1,"b":{"a":1}}', undefined],
    ['["a","a"]', undefined],
    ['{"a":"a"}', undefined],
    ['{"a":1,"a":2}', 'has a name twice in one object'],
    ['{"a":1,"\\u0061":2}', 'has a name twice in one object'],
    [`{"a"${' '.repeat(500)}:1,"a"${'\n'.repeat(500)}:2}`, 'has a name twice in one object'],
  ] as const)('%s', ([text, said]) => {
    expect(isDeepOrDouble(text)).toBe(said);
  });
});

describe('a media type', () => {
  it.for([
    ['application/json', true],
    ['Application/JSON; charset=utf-8', true],
    ['application/problem+json', true],
    ['application/vnd.api+json ;v=1', true],
    ['application/json-seq', false],
    ['text/json', false],
    ['text/plain; a=application/json', false],
    ['', false],
  ] as const)('%s is JSON: %s', ([type, is]) => {
    expect(isJsonType(type)).toBe(is);
  });
});

describe('an answer', () => {
  const document = adoptDocument(
    JSON.stringify({
      openapi: '3.1.0',
      info: { title: 'Shop', version: '1' },
      components: {
        schemas: {
          Thing: {
            type: 'object',
            required: ['id', 'secret', 'size'],
            properties: {
              id: { type: 'integer', readOnly: true },
              secret: { type: 'string', writeOnly: true },
              size: { type: 'integer' },
            },
          },
        },
      },
      paths: {
        '/a': {
          post: {
            requestBody: {
              content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } },
            },
            responses: {
              201: {
                description: 'made',
                content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } },
              },
              '4XX': {
                description: 'wrong',
                content: { 'application/json': { schema: { type: 'object', required: ['error'] } } },
              },
              204: { description: 'gone' },
            },
          },
        },
      },
    }),
  ).document;
  const operation = document.paths['/shop/a']?.post;
  const rules = operation && { ...routeRules(document, operation), schemas: ruleSchemas(document) };
  const wrong = async (status: number, body: string, type = 'application/json') => {
    if (!rules) throw new Error('no rules');
    const found = await wrongAnswer(
      rules,
      { status, headers: new Headers({ 'content-type': type }) },
      new TextEncoder().encode(body),
    );
    return found.map(({ field }) => field);
  };

  it.for<[number, string, string, string[]]>([
    // What is only written is not asked for here, and what is only read is.
    [201, '{"id": 1, "size": 2}', 'application/json; charset=utf-8', []],
    [201, '{"size": 2}', 'application/json', ['body']],
    [201, '{"id": 1, "size": "2"}', 'application/json', ['body/size']],
    [201, '{', 'application/json', ['body']],
    [201, 'text', 'text/plain', []],
    [201, '{}', 'application/problem+json', ['content-type']],
    [404, '{"error": "x"}', 'application/json', []],
    [404, '{}', 'application/json', ['body']],
    [204, '', '', []],
    [500, '{}', 'application/json', ['status']],
  ])('%s %s of %s: %j', async ([status, body, type, fields]) => {
    expect(await wrong(status, body, type)).toEqual(fields);
  });

  it('of a request asks for what is only written', () => {
    const { request } = ruleSchemas(document);
    expect(Object.values(request)[0]).toMatchObject({ required: ['secret', 'size'] });
  });
});
