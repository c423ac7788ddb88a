import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderMetrics } from '../../src/metrics/metrics-store.ts';
import { estimateDistinct, registerOf } from '../../src/usage/distinct.ts';
import { bucketOf, mergeBuckets, percentile } from '../../src/usage/latency-buckets.ts';
import { createUsageBuffer } from '../../src/usage/usage-buffer.ts';
import type { UsageEvent, UsageMessage } from '../../src/usage/usage-event.ts';

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

describe('usage buffer', () => {
  const event = (id: number) => ({ id: String(id) }) as UsageEvent;
  function setUp(failures = 0) {
    const sent: UsageMessage[] = [];
    const lost: UsageMessage[] = [];
    const waiting: (() => void)[] = [];
    const work: Promise<unknown>[] = [];
    const clock = { nowMs: 1_000_000 };
    let left = failures;
    let ids = 0;
    const buffer = createUsageBuffer({
      send: async (message) => {
        if (left-- > 0) throw new Error('queue is down');
        sent.push(message);
      },
      newId: () => String(ids++),
      now: () => clock.nowMs,
      sleep: (ms) => (ms < 1000 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
      lost: (message) => lost.push(message),
    });
    const keepAlive = (each: Promise<unknown>) => void work.push(each);
    const tick = async () => {
      for (const resolve of waiting.splice(0)) resolve();
      await Promise.all(work.splice(0));
    };
    return { buffer, sent, lost, keepAlive, tick, clock, waiting };
  }

  it('sends one message a second, and a full one at once', async () => {
    const { buffer, sent, keepAlive, tick } = setUp();
    for (let i = 0; i < 30; i++) buffer.add(event(i), keepAlive);
    buffer.addRefusal('missing_api_key', keepAlive);
    buffer.addRefusal('missing_api_key', keepAlive);
    expect(sent).toHaveLength(0);
    await tick();
    expect(sent).toMatchObject([{ events: { length: 30 }, refusals: { missing_api_key: 2 } }]);
    for (let i = 0; i < 250; i++) buffer.add(event(i), keepAlive);
    await tick();
    expect(sent.slice(1).reduce((sum, { events }) => sum + events.length, 0)).toBe(250);
    expect(Math.max(...sent.map(({ events }) => events.length))).toBeLessThanOrEqual(100);
  });

  it('keeps a message that cannot be sent, under the same id', async () => {
    const { buffer, sent, lost, keepAlive, tick } = setUp(4);
    buffer.add(event(1), keepAlive);
    await tick();
    expect(sent).toEqual([]);
    await buffer.flush();
    expect(sent).toMatchObject([{ id: '0', events: [{ id: '1' }] }]);
    expect(lost).toEqual([]);
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
