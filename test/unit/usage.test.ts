// Usage in small: latency buckets, distinct callers, packed events, metrics.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderMetrics } from '../../src/metrics/metrics-store.ts';
import { estimateDistinct, registerOf } from '../../src/usage/distinct.ts';
import { bucketOf, mergeBuckets, percentile } from '../../src/usage/latency-buckets.ts';
import { openMessage } from '../../src/usage/open-message.ts';
import { unpack } from '../../src/usage/packed-events.ts';
import { draftMessage } from '../../src/usage/sealed-message.ts';
import type { UsageEvent } from '../../src/usage/usage-event.ts';
import { usageEventOf } from '../support/events.ts';

describe('latency percentiles', () => {
  it('are within 1 per cent of the exact ones, also merged', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 1, maxLength: 400 }),
        fc.constantFrom(0.5, 0.95, 0.99),
        (latencies, share) => {
          const halves = [0, 1].map((half) => {
            const buckets: Record<string, number> = {};
            latencies.forEach((ms, i) => {
              if (i % 2 === half) buckets[bucketOf(ms)] = (buckets[bucketOf(ms)] ?? 0) + 1;
            });
            return buckets;
          });
          const sorted = [...latencies].sort((a, b) => a - b);
          const exact = sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] ?? 0;
          const read = percentile(mergeBuckets(halves), share) ?? 0;
          expect(Math.abs(read - exact)).toBeLessThanOrEqual(exact * 0.01 + 0.06);
        },
      ),
    );
  });
  it('of nothing are null', () => expect(percentile({}, 0.5)).toBeNull());
});

describe('distinct callers', () => {
  it.for([1, 10, 100, 1000, 20_000])('%i are estimated within 10 per cent, each counted once', (count) => {
    const registers: Record<string, number> = {};
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < count; i++) {
        const { register, rank } = registerOf(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
        registers[register] = Math.max(registers[register] ?? 0, rank);
      }
    }
    expect(Math.abs(estimateDistinct(registers) - count)).toBeLessThanOrEqual(Math.max(1, count * 0.1));
  });
});

describe('packed events', () => {
  const anyEvent = fc
    .record({
      keyId: fc.constantFrom('k1', 'k2', 'null', ''),
      appId: fc.option(fc.uuid()),
      error: fc.option(fc.constantFrom('not_found', 'upstream_error')),
      status: fc.constantFrom(200, 404, 502),
      units: fc.constantFrom(0, 1, 5),
      cacheHit: fc.boolean(),
      degraded: fc.boolean(),
      country: fc.option(fc.constantFrom('SN', 'FR')),
      ip: fc.option(fc.ipV6()),
      userAgent: fc.option(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', 'null'))),
      endpoint: fc.string({ unit: 'binary' }),
      upstreamMs: fc.option(fc.nat()),
      timings: fc.option(fc.dictionary(fc.constantFrom('auth', 'limit', 'upstream'), fc.nat()), {
        nil: undefined,
      }),
      remaining: fc.option(fc.record({ second: fc.integer(), day: fc.integer(), month: fc.integer() }), {
        nil: undefined,
      }),
      retiredHash: fc.option(fc.constantFrom('h1', 'h2'), { nil: undefined }),
      query: fc.option(fc.string({ unit: 'binary' }), { nil: undefined }),
      failure: fc.option(
        fc.record({ used: fc.nat(3), headers: fc.record({ 'retry-after': fc.constantFrom('1', '2') }) }),
        { nil: undefined },
      ),
      errorBody: fc.option(fc.constantFrom('', '{"error":"a"}', '{"error":"b"}'), { nil: undefined }),
    })
    .map((over) => usageEventOf('0198aaaa-0000-7000-8000-000000000002', over));

  it('are the same when they are opened', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 30 }), (events) => {
        const draft = draftMessage();
        for (const event of events) expect(draft.add(event)).toBe(true);
        const { text, bytes } = draft.seal('0198aaaa-0000-7000-8000-00000000000a');
        expect(unpack(JSON.parse(text))).toEqual(events);
        expect(bytes).toBe(Buffer.byteLength(text));
      }),
    );
  });

  it('are judged one by one: a row that is damaged takes no other with it', () => {
    const draft = draftMessage();
    for (let i = 0; i < 3; i++) draft.add(usageEventOf('0198aaaa-0000-7000-8000-000000000002'));
    const { shared, rows, ...rest } = JSON.parse(draft.seal('0198aaaa-0000-7000-8000-00000000000a').text);
    const damaged = [rows[0], [...rows[1].slice(0, 2), 7, ...rows[1].slice(3)], 'no row', rows[2]];
    const { message, bad } = openMessage(JSON.stringify({ ...rest, shared, rows: damaged }));
    expect(message.events.map(({ id }) => id)).toEqual([rows[0][3], rows[2][3]]);
    expect(bad.map(({ letter }) => letter)).toEqual(damaged.slice(1, 3));
  });

  const NASTY = [
    ...[null, true, '', 'x', 'a\0b', '\ud800', 'x'.repeat(65), '2026-02-30', '2026-02-28', 'live', 'LIVE'],
    ...['0198AAAA-0000-7000-8000-000000000002', '0198aaaa-0000-7000-8000-00000000000g', 'GET', '203.0.113.7'],
    ...['203.0.113.256', '2001:db8::1', '2001:db8::1%1', 0, -1, 1.5, 2 ** 53, 1e300, [], [1, 2, 3], {}],
    ...[{ auth: 1 }, { auth: 'x' }, { 'a\0b': 1 }, { auth: null }, { second: 1, day: 2, month: 3 }],
    { second: 1, day: 2 },
  ];
  const FIELDS = Object.keys(
    usageEventOf('0198aaaa-0000-7000-8000-000000000002', {
      retiredHash: 'h',
      query: '?q',
      failure: { used: 1 },
      errorBody: '{}',
    }),
  );
  const damaged = (field: string, value: unknown): Partial<UsageEvent> => {
    if (field === 'remaining') return Object.fromEntries([[field, { second: value, day: 1, month: 1 }]]);
    if (field === 'stage') return { timings: { [String(value)]: 1 } };
    return Object.fromEntries([[field, field === 'timings' ? { auth: 0, limit: value } : value]]);
  };
  it.for([...new Set([...FIELDS, 'timings', 'stage', 'remaining'])])(
    'are judged by column as the schema judges each, whatever stands for %s',
    (field) => {
      const draft = draftMessage();
      for (const value of NASTY)
        draft.add(usageEventOf('0198aaaa-0000-7000-8000-000000000002', damaged(field, value)));
      const { shared, rows, ...rest } = JSON.parse(draft.seal('0198aaaa-0000-7000-8000-00000000000a').text);
      const packed = openMessage({ ...rest, shared, rows });
      const plain = openMessage({ ...rest, events: unpack({ shared, rows }) });
      expect(packed).toEqual(plain);
      expect(packed.bad.length).toBeGreaterThan(0);
    },
  );

  it('of a busy key take less than a third of what they were', () => {
    const draft = draftMessage();
    const events = Array.from({ length: 300 }, (_, n) =>
      usageEventOf('0198aaaa-0000-7000-8000-000000000002', {
        latencyMs: n,
        userAgent: 'okhttp/4.12.0',
        timings: { auth: 0, limit: 2, cache: 0, upstream: 4 },
        remaining: { second: 10, day: 1_000_000 - n, month: -1 },
      }),
    );
    for (const event of events) draft.add(event);
    expect(draft.seal('m').bytes).toBeLessThan(JSON.stringify(events).length / 3);
  });
});

it('metrics are cumulative histograms', () => {
  const text = renderMetrics([
    { name: 'api_request_duration_seconds_bucket', labels: 'route="/a",le="0.005"', value: 2 },
    { name: 'api_request_duration_seconds_bucket', labels: 'route="/a",le="+Inf"', value: 1 },
    { name: 'api_request_duration_seconds_sum', labels: 'route="/a"', value: 20.5 },
  ]);
  expect(text).toContain('api_request_duration_seconds_bucket{route="/a",le="0.01"} 2');
  expect(text).toContain('api_request_duration_seconds_bucket{route="/a",le="+Inf"} 3');
  expect(text).toContain('http_request_duration_seconds_count 3');
  expect(text).toContain('api_request_duration_seconds_sum{route="/a"} 20.5');
});
