// What policies and dated versions make of a route, and what is no plain JSON.

import { describe, expect, it } from 'vitest';
import { DOCUMENTS } from '../../src/brand/brand.ts';
import { loadCatalog } from '../../src/catalog/catalog.ts';
import { moreNames } from '../../src/catalog/policies/policy.ts';
import { isDeepOrDouble } from '../../src/catalog/policies/strict-json.ts';
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
    const rules = { parameters: [], bodyRequired: false, bodies: [], schemas: {} };
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
