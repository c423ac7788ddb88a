// Whatever bytes a caller sends, its event is one that the schema takes, that Postgres takes, and that fits a message.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/core/encoding.ts';
import {
  MAX_AGENT_BYTES,
  MAX_BODY_BYTES,
  MAX_ENDPOINT_BYTES,
  MAX_QUERY_BYTES,
} from '../../src/usage/event-columns.ts';
import { storable, storableText } from '../../src/usage/storable.ts';
import type { UsageEvent } from '../../src/usage/usage-event.ts';
import { usageEvent } from '../../src/usage/usage-schema.ts';

/** UTF-16 units of any kind: halves of pairs, NUL, controls. */
const anyText = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0xd83d, 0xde00, 0, 65, 0x4e2d)), {
    maxLength: 400,
  })
  .map((units) => String.fromCharCode(...units));
const anyNumber = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(Number.NaN, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 53),
);

const made: UsageEvent = {
  id: '0198aaaa-0000-7000-8000-000000000001',
  occurredMs: 1_800_000_000_000,
  day: '2027-01-15',
  partnerId: '0198aaaa-0000-7000-8000-000000000002',
  keyId: 'ak_live_x',
  appId: null,
  environment: 'live',
  route: '/v2/routes/list',
  method: 'GET',
  endpoint: '/v2/routes/list',
  status: 200,
  error: null,
  latencyMs: 12,
  upstreamMs: 10,
  bytesIn: 0,
  bytesOut: 100,
  units: 1,
  cacheHit: false,
  degraded: false,
  country: 'SN',
  ip: '192.0.2.1',
  userAgent: 'curl/8',
  timings: { auth: 0, limit: 2 },
  remaining: { second: 1, day: -1, month: 7 },
  retiredHash: undefined,
  query: '?q=hann',
  failure: { limit_type: 'burst', level: 'key', limit: 5, used: 5, cost: 1, headers: { 'retry-after': '1' } },
  errorBody: '{"error":"rate_limit_exceeded"}',
};

describe('text', () => {
  it('of any units becomes well-formed, without NUL, within its bytes', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 0, max: 256 }), (text, most) => {
        const stored = storableText(text, most);
        expect(stored.isWellFormed()).toBe(true);
        expect(stored).not.toContain('\0');
        expect(utf8(stored).length).toBeLessThanOrEqual(most);
        expect(storableText(stored, most)).toBe(stored);
      }),
    );
  });
  it('that is well-formed and short stays as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        expect(storableText(text, 256)).toBe(text.replaceAll('\0', '\ufffd'));
      }),
    );
  });
  it.for([
    ['a pair at the border is left out whole', `${'a'.repeat(199)}😀`, 'a'.repeat(199)],
    ['a pair that fits stays', `${'a'.repeat(196)}😀b`, `${'a'.repeat(196)}😀`],
    ['half a pair is replaced', 'a\ud83d', 'a\ufffd'],
    ['three-byte letters are cut by bytes', '中'.repeat(200), '中'.repeat(66)],
  ] as const)('%s', ([, text, stored]) => expect(storableText(text, 200)).toBe(stored));
});

describe('an event', () => {
  it('that is as usual stays as it is', () => expect(storable(made)).toEqual(made));

  it('of any strings and numbers is taken by the schema, is bounded, and bills the same', () => {
    const wild = fc.record({
      occurredMs: anyNumber,
      day: fc.oneof(anyText, fc.constant('2027-01-15')),
      environment: anyText,
      route: anyText,
      method: fc.oneof(anyText, fc.constantFrom('GET', 'UNSUBSCRIBE', 'get', 'BASELINE-CONTROL')),
      endpoint: anyText,
      status: anyNumber,
      error: fc.option(fc.oneof(anyText, fc.constantFrom('not_found', 'constructor', '__proto__'))),
      latencyMs: anyNumber,
      upstreamMs: fc.option(anyNumber),
      bytesIn: anyNumber,
      bytesOut: anyNumber,
      country: fc.option(fc.oneof(anyText, fc.constantFrom('SN', 'T1', 'sn', 'SNX', ''))),
      ip: fc.option(fc.oneof(anyText, fc.ipV4(), fc.ipV4Extended(), fc.ipV6())),
      userAgent: fc.option(anyText),
      query: fc.option(anyText, { nil: undefined }),
      failure: fc.option(fc.record({ origin: anyText, headers: fc.record({ 'retry-after': anyText }) }), {
        nil: undefined,
      }),
      errorBody: fc.option(anyText, { nil: undefined }),
      timings: fc.option(fc.dictionary(anyText, anyNumber, { maxKeys: 4 }), { nil: undefined }),
      remaining: fc.option(fc.record({ second: anyNumber, day: anyNumber, month: anyNumber }), {
        nil: undefined,
      }),
    });
    fc.assert(
      fc.property(wild, (wishes) => {
        const event = storable({ ...made, ...wishes });
        expect(usageEvent.safeParse(event).error).toBeUndefined();
        expect(utf8(event.endpoint).length).toBeLessThanOrEqual(MAX_ENDPOINT_BYTES);
        expect(utf8(event.userAgent ?? '').length).toBeLessThanOrEqual(MAX_AGENT_BYTES);
        expect(utf8(event.query ?? '').length).toBeLessThanOrEqual(MAX_QUERY_BYTES);
        expect(utf8(event.errorBody ?? '').length).toBeLessThanOrEqual(MAX_BODY_BYTES);
        expect(utf8(event.failure?.origin ?? '').length).toBeLessThanOrEqual(200);
        expect([event.status <= 32_767, event.latencyMs < 2 ** 31, event.bytesOut <= 2 ** 36]).toEqual([
          true,
          true,
          true,
        ]);
        const { id, units, partnerId, keyId } = event;
        expect({ id, units, partnerId, keyId }).toEqual({
          id: made.id,
          units: made.units,
          partnerId: made.partnerId,
          keyId: made.keyId,
        });
      }),
      { numRuns: 500 },
    );
  });

  it.for([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:DB8::1', '2001:db8::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['fe80::1%eth0', null],
    ['010.0.0.1', null],
    ['127.1', null],
    ['2130706433', null],
    ['192.0.2.1, 192.0.2.2', null],
    ['', null],
  ] as const)('from %j has the address %j', ([ip, stored]) =>
    expect(storable({ ...made, ip }).ip).toBe(stored),
  );
});
