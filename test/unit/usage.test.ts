import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderMetrics } from '../../src/metrics/metrics-store.ts';
import { estimateDistinct, registerOf } from '../../src/usage/distinct.ts';
import { bucketOf, mergeBuckets, percentile } from '../../src/usage/latency-buckets.ts';
import { openMessage } from '../../src/usage/open-message.ts';
import { unpack } from '../../src/usage/packed-events.ts';
import { draftMessage } from '../../src/usage/sealed-message.ts';
import { createUsageBuffer } from '../../src/usage/usage-buffer.ts';
import type { UsageEvent, UsageMessage } from '../../src/usage/usage-event.ts';
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
  const FIELDS = Object.keys(usageEventOf('0198aaaa-0000-7000-8000-000000000002', { retiredHash: 'h' }));
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

describe('usage buffer', () => {
  const PARTNER = '0198aaaa-0000-7000-8000-000000000002';
  const idOf = (n: number) => `0198aaaa-0000-7000-8000-${String(n).padStart(12, '0')}`;
  const event = (n: number, over: Partial<UsageEvent> = {}): UsageEvent =>
    usageEventOf(PARTNER, { id: idOf(n), occurredMs: 1_800_000_000_000 + n, day: '2027-01-15', ...over });
  function setUp(refuses: (text: string, tries: number) => string | undefined = () => undefined) {
    const sent: UsageMessage[] = [];
    const bytes: number[] = [];
    const lines: Record<string, unknown>[] = [];
    const waiting: (() => void)[] = [];
    const pauses: number[] = [];
    const work: Promise<unknown>[] = [];
    const clock = { nowMs: 1_000_000 };
    let ids = 0;
    let tries = 0;
    const buffer = createUsageBuffer({
      send: async (text) => {
        const refusal = refuses(text, tries++);
        if (refusal) throw new Error(refusal);
        bytes.push(Buffer.byteLength(text));
        const { shared, rows, ...rest } = JSON.parse(text);
        sent.push({ ...rest, events: unpack({ shared, rows }) });
      },
      newId: () => `m${ids++}`,
      now: () => clock.nowMs,
      sleep: (ms) => {
        if (ms === 1000) return new Promise((resolve) => waiting.push(resolve));
        pauses.push(ms);
        return Promise.resolve();
      },
      log: (line) => lines.push(line),
    });
    const keepAlive = (each: Promise<unknown>) => void work.push(each);
    const tick = async () => {
      for (const resolve of waiting.splice(0)) resolve();
      await Promise.all(work.splice(0));
    };
    return { buffer, sent, bytes, lines, pauses, keepAlive, tick, clock, waiting };
  }

  it('sends one message a second, and a full one at once', async () => {
    const { buffer, sent, keepAlive, tick } = setUp();
    for (let i = 0; i < 30; i++) buffer.add(event(i), keepAlive);
    buffer.addRefusal('missing_api_key', keepAlive);
    buffer.addRefusal('missing_api_key', keepAlive);
    buffer.addRefusal('invalid_signature', keepAlive, 'p');
    expect(sent).toHaveLength(0);
    await tick();
    expect(sent).toMatchObject([
      { events: { length: 30 }, refusals: { missing_api_key: 2 }, unproven: { p: { invalid_signature: 1 } } },
    ]);
    for (let i = 0; i < 1250; i++) buffer.add(event(i), keepAlive);
    await tick();
    expect(sent.slice(1).reduce((sum, { events }) => sum + events.length, 0)).toBe(1250);
    expect(Math.max(...sent.map(({ events }) => events.length))).toBeLessThanOrEqual(500);
  });

  it('any events and refusals: each is sent once, in messages of at most 64,000 bytes', async () => {
    const wish = fc.oneof(
      fc.record({ userAgent: fc.string({ unit: 'binary', maxLength: 3000 }) }),
      fc.record({ endpoint: fc.constantFrom('中'.repeat(15_000), '"'.repeat(20_000), 'a'.repeat(50_000)) }),
      fc.record({ code: fc.constantFrom('invalid_api_key', 'missing_api_key'), partner: fc.uuid() }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(wish, { maxLength: 60 }), async (wishes) => {
        const { buffer, sent, bytes, keepAlive, tick } = setUp();
        wishes.forEach((each, n) => {
          if ('code' in each) buffer.addRefusal(each.code, keepAlive, each.partner);
          else buffer.add(event(n, each), keepAlive);
        });
        await tick();
        expect(Math.max(0, ...bytes)).toBeLessThanOrEqual(64_000);
        const events = wishes.flatMap((each, n) => ('code' in each ? [] : [event(n, each)]));
        expect(sent.flatMap((message) => message.events).sort((a, b) => a.id.localeCompare(b.id))).toEqual(
          events,
        );
        const refused = sent
          .flatMap(({ unproven }) => Object.values(unproven ?? {}).flatMap((counts) => Object.values(counts)))
          .reduce((sum, calls) => sum + calls, 0);
        expect(refused).toBe(wishes.length - events.length);
      }),
      { numRuns: 60 },
    );
  });

  it('halves what a queue finds too large, down to single events, and loses none but what is too large alone', async () => {
    const { buffer, sent, lines, keepAlive, tick } = setUp((text) =>
      text.length > 700 ? 'Queue send failed: Payload Too Large' : undefined,
    );
    for (let i = 0; i < 40; i++)
      buffer.add(event(i, i === 17 ? { userAgent: 'x'.repeat(900) } : {}), keepAlive);
    buffer.addRefusal('missing_api_key', keepAlive);
    await tick();
    expect(
      sent.flatMap(({ events }) => events.map(({ id }) => Number(id.slice(-12)))).sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 40 }, (_, i) => i).filter((i) => i !== 17));
    expect(sent.filter(({ refusals }) => refusals.missing_api_key === 1)).toHaveLength(1);
    expect(new Set(sent.map(({ id }) => id)).size).toBe(sent.length);
    expect(lines).toMatchObject([
      { message: 'usage lost', events: 1, units: 1, bill: [expect.arrayContaining([idOf(17)])] },
    ]);
  });

  it('keeps what cannot be sent under its id, after growing pauses, and says so once', async () => {
    const { buffer, sent, lines, pauses, keepAlive, tick } = setUp((_, tries) =>
      tries < 7 ? 'Queue send failed: Service Unavailable' : undefined,
    );
    buffer.add(event(1), keepAlive);
    await tick();
    expect([sent, pauses]).toEqual([[], [50, 200, 800, 3200]]);
    await buffer.flush();
    await buffer.flush();
    expect(sent.find(({ id }) => id === 'm0')).toMatchObject({ events: [{ id: idOf(1) }] });
    expect(lines).toMatchObject([{ message: 'usage not sent', usage_message: 'm0', units: 1 }]);
    await buffer.flush();
    const counted = sent.reduce((sum, { refusals }) => sum + (refusals.usage_not_sent ?? 0), 0);
    expect(counted).toBeGreaterThan(0);
  });

  it('holds at most some 16 MB: what is over is lost by name, and counted when the queue is back', async () => {
    let isDown = true;
    const { buffer, sent, lines, keepAlive, tick } = setUp(() => (isDown ? 'down' : undefined));
    const wide = { userAgent: 'x'.repeat(90_000) };
    for (let i = 0; i < 300; i++) buffer.add(event(i, wide), keepAlive);
    await tick();
    const lost = lines.filter(({ message }) => message === 'usage lost');
    expect(lost.length).toBeGreaterThan(100);
    expect(lost[0]).toMatchObject({
      level: 'error',
      events: 1,
      units: 1,
      bill: [expect.arrayContaining([expect.any(String)])],
    });
    isDown = false;
    await buffer.flush();
    await buffer.flush();
    const arrived = sent.reduce((sum, { events }) => sum + events.length, 0);
    expect(arrived + lost.length).toBe(300);
    expect(sent.reduce((sum, { refusals }) => sum + (refusals.usage_lost ?? 0), 0)).toBe(lost.length);
  });

  it('another request sends what the one that died was sending', async () => {
    let isDead = true;
    const sent: string[] = [];
    let nowMs = 0;
    const buffer = createUsageBuffer({
      send: async (text) => {
        if (isDead) await new Promise(() => undefined);
        sent.push(text);
      },
      newId: () => 'm',
      now: () => nowMs,
      sleep: async () => undefined,
      log: () => undefined,
    });
    buffer.add(event(1), () => undefined);
    await Promise.race([buffer.flush(), Promise.resolve()]);
    isDead = false;
    await buffer.flush();
    expect(sent).toEqual([]);
    nowMs += 41_000;
    await buffer.flush();
    expect(sent).toHaveLength(1);
  });

  it('another request takes over when the one that was to flush died', () => {
    const { buffer, keepAlive, clock, waiting } = setUp();
    buffer.add(event(1), keepAlive);
    buffer.add(event(2), keepAlive);
    expect(waiting).toHaveLength(1);
    clock.nowMs += 3000;
    buffer.add(event(3), keepAlive);
    expect(waiting).toHaveLength(2);
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
