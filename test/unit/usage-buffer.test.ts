// The isolate's buffer of usage events: sent in few messages, kept when the queue fails, bounded.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unpack } from '../../src/usage/packed-events.ts';
import { createUsageBuffer } from '../../src/usage/usage-buffer.ts';
import type { UsageEvent, UsageMessage } from '../../src/usage/usage-event.ts';
import { usageEventOf } from '../support/events.ts';

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
    const waits: number[] = [];
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
        if (ms === 1000 || ms === 3000) {
          waits.push(ms);
          return new Promise((resolve) => waiting.push(resolve));
        }
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
    return { buffer, sent, bytes, lines, pauses, keepAlive, tick, clock, waiting, waits };
  }

  it('sends one message for many calls, and a full one at once', async () => {
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

  it('sends what comes after a pause within a second, and every three seconds while calls go on', async () => {
    const { buffer, keepAlive, tick, clock, waits } = setUp();
    for (const pauseMs of [0, 50, 2900, 3000]) {
      clock.nowMs += pauseMs;
      buffer.add(event(pauseMs), keepAlive);
      await tick();
    }
    expect(waits).toEqual([1000, 3000, 3000, 1000]);
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
