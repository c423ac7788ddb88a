// What is signed: the canonical text, and that no message of one form is one of the other.

import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 as bytes, sha256Hex, toHex } from '../../src/core/encoding.ts';
import {
  boundText,
  hmacKey,
  readClaim,
  signedBytes,
  targetOf,
  verifySignature,
} from '../../src/keys/signature.ts';

const nowMs = 1_800_000_000_000;
const seconds = nowMs / 1000;
const NONCE = '0123456789abcdef';
const nothing = new Uint8Array();

const headersOf = (changes: Record<string, string | undefined> = {}) => {
  const all = { 'x-signature-version': '2', 'x-timestamp': String(seconds), 'x-nonce': NONCE, ...changes };
  return new Headers(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
};

describe('which form it is', () => {
  it('the bound one, with a version, a time within 5 minutes and a nonce', () => {
    for (const changes of [{}, { 'x-timestamp': String(seconds - 300) }, { 'x-nonce': 'a_-'.repeat(42) }])
      expect(readClaim(headersOf(changes), nowMs)).toMatchObject({ form: 'bound' });
    // Kept longer than any timestamp that is taken now may still be taken.
    expect(readClaim(headersOf(), nowMs)).toMatchObject({
      nonce: { value: NONCE, expiresMs: nowMs + 660_000 },
    });
  });

  it('the body one, with none of the four headers', () => {
    expect(readClaim(new Headers(), nowMs)).toEqual({ form: 'body' });
    expect(readClaim(new Headers({ 'x-signature-headers': 'prefer', prefer: 'x' }), nowMs)).toBeUndefined();
  });

  it('the bound one with a list of headers that are sent, which are signed beside those that always are', () => {
    const signedOf = (changes: Record<string, string>) => readClaim(headersOf(changes), nowMs);
    expect(signedOf({})).toMatchObject({ signed: ['content-type', 'idempotency-key'] });
    expect(
      signedOf({ 'x-signature-headers': 'if-match;prefer', prefer: '', 'if-match': '"x"' }),
    ).toMatchObject({ signed: ['content-type', 'idempotency-key', 'if-match', 'prefer'] });
  });

  it.for([
    { 'x-signature-version': undefined },
    { 'x-signature-version': '1' },
    { 'x-signature-version': '2, 2' },
    { 'x-signature-version': '' },
    { 'x-timestamp': undefined },
    { 'x-timestamp': String(seconds - 301) },
    { 'x-timestamp': String(seconds + 301) },
    { 'x-timestamp': `${seconds}.0` },
    { 'x-timestamp': '-1' },
    { 'x-nonce': undefined },
    { 'x-nonce': '' },
    { 'x-nonce': 'a'.repeat(15) },
    { 'x-nonce': 'a'.repeat(129) },
    { 'x-nonce': `${NONCE}.${NONCE}` },
    { 'x-nonce': `${NONCE} ${NONCE}` },
    { 'x-nonce': `é${NONCE}` },
    ...[
      '',
      ';',
      'a;',
      ';a',
      'a;a',
      'b;a',
      'A',
      'a; b',
      'a,b',
      'a;b;not-sent',
      'a:b',
      'nonascii',
      Array.from({ length: 33 }, (_, i) => `h${i + 10}`).join(';'),
      'h'.repeat(65),
    ].map((list) => ({ 'x-signature-headers': list, a: '1', b: '2', nonascii: 'é' })),
  ])('neither, with %j', (changes) => {
    expect(readClaim(headersOf(changes), nowMs)).toBeUndefined();
  });
});

// RFC 9421: the parts of a request that both it and our text know, by its own examples.
describe('the parts of the text are those of RFC 9421', () => {
  it.for([
    // 2.2.5: origin form.
    ['http://www.example.com/path?param=value', '/path?param=value'],
    // 2.2.6 and 2.2.7: path and query as they were sent.
    [
      'https://www.example.com/path?param=value&foo=bar&baz=bat%2Dman',
      '/path?param=value&foo=bar&baz=bat%2Dman',
    ],
    ['https://www.example.com/path?queryString', '/path?queryString'],
    ['https://www.example.com/', '/'],
    ['https://www.example.com', '/'],
    // An empty query is not none.
    ['https://www.example.com/path?', '/path?'],
    ['https://www.example.com//a//b;c?x=https://d/e', '//a//b;c?x=https://d/e'],
  ])('target of %s', ([url = '', target]) => expect(targetOf(url)).toBe(target));

  it('field values are trimmed, and joined by a comma and a space (2.1)', async () => {
    const headers = headersOf({ 'content-type': '  Leading and trailing whitespace.   ' });
    headers.append('idempotency-key', '   max-age=60');
    headers.append('idempotency-key', '    must-revalidate');
    const text = await boundText({ method: 'POST', url: 'https://www.example.com/path', headers }, nothing);
    expect(text.split('\n').slice(5, 7)).toEqual([
      'Leading and trailing whitespace.',
      'max-age=60, must-revalidate',
    ]);
  });

  it("the body's hash is that of its Content-Digest (appendix B.2, and RFC 9530)", async () => {
    const digest = Buffer.from('X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=', 'base64').toString('hex');
    expect(await sha256Hex(bytes('{"hello": "world"}'))).toBe(digest);
  });
});

const line = fc.string({
  unit: fc.constantFrom('a', 'v', '2', '/', '?', '=', ':', ' ', '.', ','),
  maxLength: 6,
});
const request = fc.record({
  method: fc.constantFrom<string[]>('GET', 'POST', 'DELETE'),
  target: line.map((text) => `/${text}`),
  timestamp: fc.integer({ min: 0, max: 999 }).map(String),
  nonce: fc.string({ unit: fc.constantFrom('a', '1', '-'), minLength: 16, maxLength: 18 }),
  type: line.map((text) => text.trim()),
  once: line.map((text) => text.trim()),
  more: fc.dictionary(
    fc.string({ unit: fc.constantFrom('a', 'b', '-'), minLength: 1, maxLength: 3 }),
    line.map((text) => text.trim()),
    { maxKeys: 3, noNullPrototype: true },
  ),
  body: fc.uint8Array({ maxLength: 3 }),
});
type Parts = typeof request extends fc.Arbitrary<infer T> ? T : never;

const listOf = (more: Record<string, string>) => Object.keys(more).toSorted().join(';') || undefined;

const textOf = ({ method, target, timestamp, nonce, type, once, more, body }: Parts) =>
  boundText(
    {
      method,
      url: `https://host${target}`,
      headers: headersOf({
        'x-timestamp': timestamp,
        'x-nonce': nonce,
        'content-type': type,
        'idempotency-key': once,
        'x-signature-headers': listOf(more),
        ...more,
      }),
    },
    new Uint8Array(body),
  );
const whole = (parts: Parts) =>
  JSON.stringify({ ...parts, more: Object.entries(parts.more).toSorted(), body: [...parts.body] });

describe('the text', () => {
  const parts = { method: 'POST', target: '/v1/a?b=1', timestamp: '1', nonce: NONCE, type: 't', once: 'k' };

  it('is eight lines, and one for each header that is listed, as the guide says', async () => {
    const hash = createHash('sha256').update('x').digest('hex');
    const eight = `v2\nPOST\n/v1/a?b=1\n1\n${NONCE}\nt\nk\n${hash}`;
    expect(await textOf({ ...parts, more: {}, body: bytes('x') })).toBe(eight);
    const more = { prefer: 'wait=5', 'if-match': '"a:b", "c"' };
    expect(await textOf({ ...parts, more, body: bytes('x') })).toBe(
      `${eight}\nif-match:"a:b", "c"\nprefer:wait=5`,
    );
  });

  it('no name and no value of a listed header moves a boundary: every two of few that look alike differ', async () => {
    const values = ['', 'a', ':', 'a:', ':a', 'a:a', ';', 'a;b', ',', 'a, a', 'v2'];
    const names = ['a', 'a-a', 'aa', 'b'];
    const one = names.flatMap((name) => values.map((value) => ({ [name]: value })));
    const two = values.flatMap((a) => values.map((b) => ({ a, b })));
    const all = [{}, ...one, ...two];
    const texts = await Promise.all(
      all.flatMap((more) => values.map((once) => textOf({ ...parts, once, more, body: nothing }))),
    );
    expect(new Set(texts).size).toBe(all.length * values.length);
  });

  it('of two different requests is never the same', async () => {
    await fc.assert(
      fc.asyncProperty(request, request, async (one, other) => {
        const isSame = whole(one) === whole(other);
        expect((await textOf(one)) === (await textOf(other))).toBe(isSame);
        // Also where only one part differs: what one gains another cannot lose.
        for (const part of Object.keys(one) as (keyof Parts)[]) {
          const mixed = { ...one, [part]: other[part] };
          expect((await textOf(mixed)) === (await textOf(one))).toBe(whole(mixed) === whole(one));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('sent as a body is no message of the body form, and a body is none of the bound form', async () => {
    await fc.assert(
      fc.asyncProperty(request, fc.string({ minLength: 1 }), async (parts, secret) => {
        const text = await textOf(parts);
        const [asBody, asBound] = [await hmacKey(secret, 'body'), await hmacKey(secret, 'bound')];
        const bound = createHmac('sha256', `v2:${secret}`).update(text).digest('hex');
        const body = createHmac('sha256', secret).update(text).digest('hex');
        expect(await verifySignature(asBound, bound, bytes(text))).toBe(true);
        expect(await verifySignature(asBody, bound, bytes(text))).toBe(false);
        expect(await verifySignature(asBody, body, bytes(text))).toBe(true);
        expect(await verifySignature(asBound, body, bytes(text))).toBe(false);
      }),
      { numRuns: 50 },
    );
  });
});

describe('the body form', () => {
  const of = (body: string) =>
    signedBytes('body', { method: 'POST', url: 'https://h/', headers: new Headers() }, bytes(body));

  it('signs the exact bytes, as HMAC-SHA256 of Node does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(), fc.string({ minLength: 1 }), async (body, secret) => {
        const signature = createHmac('sha256', secret).update(body).digest('hex');
        const key = await hmacKey(secret, 'body');
        expect(await verifySignature(key, signature, new Uint8Array(body))).toBe(true);
        expect(await verifySignature(key, signature, new Uint8Array([...body, 1]))).toBe(false);
        expect(await verifySignature(key, toHex(new Uint8Array(31)), new Uint8Array(body))).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  it.for(['', '1764000000.nonce.', '1764000000.nonce.{"amount":1000}', '000000000001.a.b', '1.'])(
    'has no message for the body %j: nothing, or what the earlier form signed',
    async (body) => expect(await of(body)).toBeUndefined(),
  );

  it.for(['{"amount":1000}', '1764000000', '1234567890123.5', 'v2\nPOST\n/', 'é'])(
    'takes the body %j',
    async (body) => expect(await of(body)).toEqual(bytes(body)),
  );
});
