// What of a document may not change under the same date.

import { describe, expect, it } from 'vitest';
import { adoptDocument } from '../../src/catalog/adopt/adopt.ts';
import { breakingChanges } from '../../src/catalog/breaking-changes.ts';

type Schema = Record<string, unknown>;
const documentOf = ({ request, answer, schemas }: { request?: Schema; answer?: Schema; schemas?: Schema }) =>
  adoptDocument(
    JSON.stringify({
      openapi: '3.1.0',
      info: { title: 'Shop', version: '1' },
      components: { schemas },
      paths: {
        '/a': {
          post: {
            ...(request && { requestBody: { content: { 'application/json': { schema: request } } } }),
            responses: {
              200: { description: 'ok', content: { 'application/json': { schema: answer ?? {} } } },
            },
          },
        },
      },
    }),
  ).document;
const changed = (before: Parameters<typeof documentOf>[0], after: Parameters<typeof documentOf>[0]) =>
  breakingChanges(documentOf(before), documentOf(after));
const text = { type: 'string' };
const of = (properties: Schema, required: string[] = []) => ({ type: 'object', properties, required });

describe('what breaks', () => {
  it('is found in the parts of allOf, also where they are referred to', () => {
    const answer = { allOf: [{ $ref: '#/components/schemas/Base' }, of({ b: text }, ['b'])] };
    const before = { answer, schemas: { Base: of({ a: text }, ['a']) } };
    expect(changed(before, before)).toEqual([]);
    expect(changed(before, { ...before, schemas: { Base: of({ a: text }) } })).toEqual([
      expect.stringMatching(/\/a may now be missing$/),
    ]);
    expect(
      changed(before, { ...before, answer: { allOf: [{ $ref: '#/components/schemas/Base' }] } }),
    ).toEqual([expect.stringMatching(/\/b is removed$/)]);
    // The same, said otherwise.
    expect(changed(before, { answer: of({ a: text, b: text }, ['a', 'b']) })).toEqual([]);
  });

  it('is found at names that all objects have', () => {
    expect(changed({ answer: of({ constructor: text }) }, { answer: of({}) })).toEqual([
      expect.stringMatching(/\/constructor is removed$/),
    ]);
  });

  it('is found at once, however often schemas are made of each other, and of themselves', () => {
    const name = (i: number) => ({ $ref: `#/components/schemas/S${i}` });
    const schemas = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [`S${i}`, { allOf: [name((i + 1) % 40), name((i + 1) % 40)] }]),
    );
    const given = { request: { allOf: [name(0), of({ a: text })] }, schemas };
    expect(changed(given, { ...given, request: { allOf: [name(0), of({ a: text }, ['a'])] } })).toEqual([
      expect.stringMatching(/\/a is now required$/),
    ]);
  });

  it.for<[string, Schema, Schema, RegExp | undefined]>([
    ['an enum where none was', text, { ...text, enum: ['x'] }, /takes x alone/],
    ['fewer values', { ...text, enum: ['x', 'y'] }, { ...text, enum: ['x'] }, /no longer takes y/],
    ['more values', { ...text, enum: ['x'] }, { ...text, enum: ['x', 'y'] }, undefined],
    ['a shorter text', text, { ...text, maxLength: 1 }, /maxLength 1, and had none/],
    ['a higher minimum', { type: 'integer', minimum: 1 }, { type: 'integer', minimum: 2 }, /minimum 2/],
    ['a lower minimum', { type: 'integer', minimum: 2 }, { type: 'integer', minimum: 1 }, undefined],
    ['another pattern', text, { ...text, pattern: '^a' }, /another pattern/],
    ['a type where any was', {}, text, /was anything/],
  ])('is found in requests: %s', ([, before, after, said]) => {
    const found = changed({ request: of({ a: before }) }, { request: of({ a: after }) });
    expect(found).toEqual(said ? [expect.stringMatching(said)] : []);
  });

  it('is found where a body is not taken any more, an answer may be anything, and a scope is another', () => {
    expect(changed({ request: of({}) }, {})).toEqual([expect.stringMatching(/no longer taken/)]);
    expect(changed({ answer: of({ a: text }) }, { answer: of({ a: {} }) })).toEqual([
      expect.stringMatching(/may be anything/),
    ]);
    const scoped = (scope: string | null) => {
      const document = structuredClone(documentOf({}));
      const post = document.paths['/shop/a']?.post;
      if (post) post['x-passerelle'].scope = scope;
      return document;
    };
    expect(breakingChanges(scoped('read:a'), scoped('read:b'))).toEqual([
      expect.stringMatching(/needs the scope read:b, and needed read:a/),
    ]);
    expect(breakingChanges(scoped('read:a'), scoped(null))).toEqual([]);
  });
});
