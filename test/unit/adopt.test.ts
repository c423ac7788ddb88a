// What adoption makes of the parts of a document: schemas as 2020-12 has them, names that are nobody else's, examples that fit.

import { Validator } from '@seriousme/openapi-schema-validator';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adoptDocument } from '../../src/catalog/adopt/adopt.ts';
import { exampleOfSchema } from '../../src/catalog/adopt/example.ts';
import { textFor } from '../../src/catalog/adopt/pattern-text.ts';
import { Schemas } from '../../src/catalog/adopt/schemas.ts';
import { plainLine } from '../../src/core/plain-text.ts';
import { exampleOf } from '../../src/openapi/examples.ts';
import { offeredDocument } from '../../src/portal/api/openapi.ts';

type Json = Record<string, unknown>;

const schemaOf = (given: unknown, schemas: Json = {}) => {
  const made = new Schemas({ components: { schemas } }, 'shop');
  return { schema: made.schema(given), components: made.components() };
};

describe('a schema', () => {
  it.for<[string, Json, Json]>([
    ['null, of 3.0', { type: 'string', nullable: true }, { type: ['string', 'null'] }],
    [
      'null, of choices',
      { nullable: true, oneOf: [{ type: 'string' }] },
      { oneOf: [{ type: 'string' }, { type: 'null' }] },
    ],
    [
      'null, of values',
      { type: 'string', nullable: true, enum: ['a'] },
      { type: ['string', 'null'], enum: ['a', null] },
    ],
    [
      'bounds of draft 4',
      { minimum: 1, exclusiveMinimum: true, maximum: 5, exclusiveMaximum: false },
      { exclusiveMinimum: 1, maximum: 5 },
    ],
    ['types that are none', { type: 'float' }, { type: 'number' }],
    ['types that nobody knows', { type: 'any', minLength: '3' }, { minLength: 3 }],
    [
      'values of another type',
      { type: 'string', enum: [1, true, 'a', 'a', null] },
      { type: 'string', enum: ['1', 'true', 'a'] },
    ],
    ['a flag that is required', { required: true, type: 'string' }, { type: 'string' }],
    [
      'a list of items',
      { type: 'array', items: [{ type: 'string' }] },
      { type: 'array', prefixItems: [{ type: 'string' }] },
    ],
    ['one example', { example: { $id: 1, a: 1 } }, { examples: [{ $id: 1, a: 1 }] }],
    ['an example that refers', { example: { a: { $ref: '#/x' } } }, {}],
    ['what its owner keeps there', { 'x-internal': 'http://10.0.0.1', $id: 'x', definitions: {} }, {}],
    [
      'names that look like keywords',
      { properties: { $ref: { type: 'string' }, example: { nullable: false } } },
      { properties: { $ref: { type: 'string' }, example: {} } },
    ],
    ['what a list cannot have', { type: 'array', properties: {}, items: {} }, { type: 'array', items: {} }],
  ])('%s', ([, given, expected]) => {
    expect(schemaOf(given).schema).toEqual(expected);
  });

  it('refers to components under names of its API alone, also to parts of others, and to itself', () => {
    const schemas = {
      'A b': { type: 'object', properties: { next: { $ref: '#/components/schemas/A%20b' } } },
      A_b: { type: 'object', properties: { part: { $ref: '#/components/schemas/A b/properties/next' } } },
    };
    const { schema, components } = schemaOf(
      { allOf: [{ $ref: '#/components/schemas/A b' }, { $ref: '#/components/schemas/A_b' }] },
      schemas,
    );
    expect(schema).toEqual({
      allOf: [{ $ref: '#/components/schemas/shop.A_b' }, { $ref: '#/components/schemas/shop.A_b-2' }],
    });
    expect(Object.keys(components).sort()).toEqual(['shop.A_b', 'shop.A_b-2', 'shop.A_b-3', 'shop.Part']);
  });

  it('says which values mean which of its choices, by their new names', () => {
    const schemas = { Cat: { type: 'object' }, Dog: { type: 'object' } };
    const choices = [{ $ref: '#/components/schemas/Cat' }, { $ref: '#/components/schemas/Dog' }];
    const { schema } = schemaOf(
      { oneOf: choices, discriminator: { propertyName: 'kind', mapping: { miaow: 'Cat', none: 'Nobody' } } },
      schemas,
    );
    expect(schema).toMatchObject({
      discriminator: {
        propertyName: 'kind',
        mapping: { miaow: '#/components/schemas/shop.Cat', Dog: '#/components/schemas/shop.Dog' },
      },
    });
  });

  it('may be the last of a long chain', () => {
    const schemas = Object.fromEntries(
      Array.from({ length: 20_000 }, (_, i) => [
        `S${i}`,
        { properties: { next: { $ref: `#/components/schemas/S${i + 1}` } } },
      ]),
    );
    const { components } = schemaOf({ $ref: '#/components/schemas/S0' }, { ...schemas, S20000: {} });
    expect(Object.keys(components)).toHaveLength(20_001);
  });
});

describe('an example', () => {
  it.for<[string, Json, unknown]>([
    [
      'of what all parts say',
      {
        allOf: [
          { properties: { kind: { type: 'string' } } },
          { properties: { kind: { enum: ['cat'] } }, required: ['kind', 'tail'] },
        ],
      },
      { kind: 'cat', tail: {} },
    ],
    [
      'of the least and the most',
      {
        type: 'object',
        properties: {
          n: { type: 'integer', exclusiveMinimum: 4, multipleOf: 3 },
          t: { type: 'string', minLength: 6, maxLength: 6 },
        },
      },
      { n: 9, t: 'textxx' },
    ],
    ['of a list that has a least', { type: 'array', minItems: 2, items: { type: 'boolean' } }, [true, true]],
    ['of one of several', { oneOf: [{ type: 'null' }, { const: 7 }] }, 7],
    ['of a pattern', { type: 'string', pattern: '^[A-Z]{2}-(?:a|b)\\d+$' }, 'AA-a1'],
  ])('%s', ([, schema, expected]) => {
    expect(exampleOfSchema(schema, {})).toEqual(expected);
  });

  it('ends where schemas contain themselves, and is none where it must be without end', () => {
    const node = {
      type: 'object',
      properties: {
        next: { $ref: '#/components/schemas/Node' },
        all: { type: 'array', items: { $ref: '#/components/schemas/Node' } },
        id: { type: 'integer' },
      },
    };
    const reference = { $ref: '#/components/schemas/Node' };
    expect(exampleOfSchema(reference, { Node: node })).toEqual({ id: 1 });
    expect(exampleOfSchema(reference, { Node: { ...node, required: ['next'] } })).toBeUndefined();
    expect(exampleOfSchema(reference, { Node: reference })).toBeUndefined();
    // The same of our own.
    expect(exampleOf(reference, () => node)).toEqual({ all: [], id: 1 });
    expect(exampleOf(reference, () => reference)).toBeUndefined();
    const wide = Object.fromEntries(
      Array.from({ length: 9 }, (_, i) => [
        `S${i}`,
        {
          type: 'object',
          properties: Object.fromEntries(
            Array.from({ length: 9 }, (_, n) => [`p${n}`, { $ref: `#/components/schemas/S${i + 1}` }]),
          ),
        },
      ]),
    );
    expect(exampleOfSchema({ $ref: '#/components/schemas/S0' }, wide)).toBeUndefined();
  });

  it('is a text that a pattern takes, or none, whatever the pattern', () => {
    for (const pattern of [
      '^\\d{4}-\\d{2}$',
      '[a-f\\d]{24}',
      '^(?<year>\\d+)|x$',
      '^[^a]+$',
      '\\p{L}+',
      '(?:ab){3}',
      '^\\$\\.[\\w-]+\\/(v1|v2)?$',
    ])
      expect(new RegExp(pattern, 'u').test(textFor(pattern) ?? '\0'), pattern).toBe(true);
    expect(textFor('(((a{999}){999}){999})')).toBeUndefined();
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab1^$.|?*+()[]{}\\-,d<=!:') }), (pattern) => {
        const text = textFor(pattern);
        if (text !== undefined) expect(new RegExp(pattern, 'u').test(text)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});

it('names are one line of plain text', () => {
  expect(plainLine('<p>Retrieves an <a href="/x">account</a>.</p>', 120)).toBe('Retrieves an account.');
  expect(plainLine('## All [lines](https://x.example)\n\n`of` **it**', 120)).toBe('All lines of it');
  expect(plainLine('one two three', 10)).toBe('one two…');
});

describe('a document', () => {
  const answer = (media: Json, more: Json = {}) =>
    JSON.stringify({
      openapi: '3.0.0',
      info: { title: 'Shop', version: 1, contact: { email: 'nobody', url: 'x' }, license: { url: 'y' } },
      tags: [{ name: 'unused' }],
      paths: {
        '/a': {
          get: {
            tags: ['said'],
            'x-internal': 'secret',
            responses: { 200: { content: { 'application/json': media } } },
            ...more,
          },
        },
        '/a?b=1': { get: { responses: {} } },
      },
    });
  const adopted = (text: string) => {
    const { document, notes } = adoptDocument(text);
    const { get } = document.paths['/shop/a'] as unknown as {
      get: { responses: Record<string, { content?: Record<string, Json> }> };
    };
    return {
      document,
      notes: notes.map(({ pointer }) => pointer),
      media: get.responses['200']?.content?.['application/json'],
      get,
    };
  };
  const schema = { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } };
  const LEFT_OUT = '/paths/~1a?b=1';

  it('has no id under which a document of our own is served', () => {
    const named = (more: object, title = 'Shop') =>
      adoptDocument(
        JSON.stringify({
          openapi: '3.1.0',
          info: { title, version: '1' },
          paths: { '/a': { get: {} } },
          ...more,
        }),
      ).document['x-passerelle'].id;
    for (const id of ['developer', 'operator'])
      expect(() => named({ 'x-passerelle': { id } })).toThrow('is the name of a document of our own');
    expect(named({}, 'Developer API')).toBe('developer-api');
    expect(named({}, 'Developers')).toBe('developers');
  });

  it('shows the first call where it is offered', () => {
    const firstCall = (more: object, path: string) => {
      const get = { 'x-first-call': { path: `${path}?a=1` } };
      const given = { openapi: '3.1.0', info: { title: 'Shop', version: '1' }, paths: { [path]: { get } } };
      const { document } = adoptDocument(JSON.stringify({ ...given, ...more }));
      return Object.values(document.paths)[0]?.get?.['x-first-call']?.path;
    };
    expect(firstCall({}, '/x')).toBe('/shop/x?a=1');
    expect(firstCall({ 'x-passerelle': { prefix: '/p' } }, '/p/x')).toBe('/p/x?a=1');
    expect(firstCall({}, '/shop')).toBe('/shop/shop?a=1');
    // No prefix, and not one that is empty.
    expect(firstCall({ 'x-passerelle': { prefix: null } }, '/x')).toBe('/shop/x?a=1');
  });

  it('shows no first call of something else', () => {
    const given = (path: string) => {
      const get = { 'x-first-call': { path } };
      const paths = { '/x/{a}': { get } };
      const { document, notes } = adoptDocument(
        JSON.stringify({ openapi: '3.1.0', info: { title: 'Shop', version: '1' }, paths }),
      );
      return [document.paths['/shop/x/{a}']?.get?.['x-first-call']?.path, notes.length];
    };
    expect(given('/x/1?b=2')).toEqual(['/shop/x/1?b=2', 0]);
    expect(given('/shop/x/1')).toEqual(['/shop/x/1', 0]);
    for (const path of ['/y', 'https://evil.example/x/1', '/x/1/2', '/x/'])
      expect([path, ...given(path)]).toEqual([path, undefined, 1]);
  });

  it('may use the names that all objects have', () => {
    const schema = { type: 'string', format: 'constructor' };
    expect(exampleOfSchema(schema, {})).toBe('text');
    expect(schemaOf({ type: 'constructor' }).schema).toEqual({});
  });

  it('keeps examples that fit, and says which did not', () => {
    expect(adopted(answer({ schema, example: { n: 5 } }))).toMatchObject({
      media: { example: { n: 5 } },
      notes: [LEFT_OUT],
    });
    expect(adopted(answer({ schema, examples: { one: { value: { n: 6 } } } })).media).toEqual({
      schema,
      example: { n: 6 },
    });
    expect(adopted(answer({ schema, example: { n: 'x' } }))).toMatchObject({
      media: { example: { n: 1 } },
      notes: [LEFT_OUT, '/paths/~1a/get/responses/200'],
    });
    expect(adopted(answer({ example: 'text' })).media).toEqual({ example: 'text' });
  });

  it('keeps nothing that its owner’s tools have put there, and nothing that is no address', () => {
    const { document, get } = adopted(
      answer({ schema }, { externalDocs: { url: 'https://example.com', 'x-a': 1 }, 'x-codeSamples': [] }),
    );
    expect(document.info).toEqual({ title: 'Shop', version: '1', description: '' });
    expect(document.tags).toEqual([{ name: 'said', description: 'Shop' }]);
    expect(Object.keys(get).filter((name) => name.startsWith('x-'))).toEqual([
      'x-first-call',
      'x-passerelle',
    ]);
    expect(get).toMatchObject({ externalDocs: { url: 'https://example.com' } });
  });

  it('is valid as it is served, however odd its parts', async () => {
    const parameters = [
      {
        name: 'q',
        in: 'query',
        style: 'simple',
        allowReserved: 'yes',
        schema: { type: 'date', nullable: true },
      },
      { name: 'x', in: 'path' },
      { name: 'h', in: 'header', allowReserved: true, content: { 'a/b': {}, 'c/d': {} } },
      { name: 'Trace', in: 'header', examples: ['a'] },
      { name: 'odd', in: 'body' },
    ];
    const responses = {
      '2xx': { description: 7, headers: { A: {}, 'Content-Type': {} } },
      ok: {},
      404: { description: 'Error' },
    };
    const { document } = adopted(
      answer({}, { parameters, responses, deprecated: 'no', tags: [1], requestBody: {} }),
    );
    const served = JSON.parse(JSON.stringify(offeredDocument(document, 'Ours')));
    expect((await new Validator().validate(served)).errors).toBeUndefined();
    expect(Object.keys(served.paths['/shop/a'].get.responses)).toEqual(
      expect.arrayContaining(['200', '404']),
    );
    // Of the author, not one of ours that is like any other.
    expect(served.paths['/shop/a'].get.responses['404']).toMatchObject({ description: 'Error' });
  });
});
