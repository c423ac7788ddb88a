// What an isolate may spend by itself, against a key's object that lends what it is asked for.

import { describe, expect, it } from 'vitest';
import { EdgeCounter } from '../../src/gateway/edge-counter.ts';
import type { LimitGauges, Settle, TakeCall, TakeReply } from '../../src/limits/protocol.ts';

const gauge = { limit: 1000, remaining: 1000, resetMs: 0, level: 'key' } as const;
const gauges: LimitGauges = { second: gauge, day: gauge, month: gauge, burst: gauge };
const subject = (version = 1) => ({
  keyId: 'k',
  partnerObject: 'p:live',
  versions: { key: version, partner: 1, catalog: 0 },
  key: { burst: -1, sustained: -1, day: -1, month: -1, overage: 'block' } as const,
  partner: { second: -1, day: -1, month: -1, overage: 'block' } as const,
});

/** Time stands still until it is moved; whoever sleeps is woken then. */
function edge(lends = true) {
  let nowMs = 1_000_000;
  let ids = 0;
  let answers = true;
  let hears = true;
  const sleeping: { untilMs: number; wake: () => void }[] = [];
  const asked: TakeCall[] = [];
  const settled: Settle[] = [];
  /** Units taken and lent, and those that came back. */
  let used = 0;
  const counted = () => ({ ...gauge, remaining: gauge.remaining - used });
  const work: Promise<unknown>[] = [];
  const keepAlive = (promise: Promise<unknown>) => void work.push(promise.catch(() => undefined));
  const counter = new EdgeCounter({
    now: () => nowMs,
    sleep: (ms) => new Promise<void>((wake) => sleeping.push({ untilMs: nowMs + ms, wake })),
    newId: () => `renewal ${ids++}`,
    async take(call): Promise<TakeReply> {
      asked.push(call);
      if (!answers) throw new Error('lost');
      for (const { unspent = 0 } of call.ended ?? []) used -= unspent;
      used += call.cost;
      const shown = { ...gauges, day: counted(), month: counted() };
      const lease = lends && call.wanted ? { units: call.wanted, durationMs: 1000 } : undefined;
      used += lease?.units ?? 0;
      return { outcome: 'admit', gauges: shown, dayStartMs: 0, over: false, atMs: nowMs, lease };
    },
    settle(settle) {
      settled.push(settle);
      return hears ? Promise.resolve() : new Promise(() => undefined);
    },
    log: () => undefined,
  });
  const settleDown = () => new Promise((resolve) => setTimeout(resolve));
  return {
    asked,
    settled,
    lose: () => {
      answers = false;
    },
    /** As of a request that ends before it was answered. */
    cutSettlesOff: () => {
      hears = false;
    },
    /** A call as the gateway makes it: what it was given, and whether it had to ask. */
    async call({
      version = 1,
      isLent = true,
      nonce,
    }: {
      version?: number;
      isLent?: boolean;
      nonce?: TakeCall['nonce'];
    } = {}) {
      const before = asked.length;
      const of = subject(version);
      const lent = nonce ? undefined : counter.spend(of, 1, nowMs, keepAlive);
      if (lent) return { isLent: true, ...lent };
      const reply = await counter.take({ ...of, id: `call ${ids++}`, cost: 1, nonce }, isLent, keepAlive);
      expect(asked.length).toBe(before + 1);
      return { isLent: false, ...reply };
    },
    counter,
    keepAlive,
    async pass(ms: number) {
      nowMs += ms;
      for (let round = 0; round < 5; round++) {
        for (const each of sleeping.splice(0)) {
          if (each.untilMs <= nowMs) each.wake();
          else sleeping.push(each);
        }
        await settleDown();
      }
    },
  };
}

/** So many calls that there is a lease after them. */
async function hot(at: ReturnType<typeof edge>) {
  for (let i = 0; i < 40; i++) await at.call();
  expect((await at.call()).isLent).toBe(true);
}

describe('an isolate', () => {
  it('asks for each call of a key that is called seldom, and for none of one that is called often', async () => {
    const at = edge();
    for (let i = 0; i < 10; i++) {
      expect((await at.call()).isLent).toBe(false);
      await at.pass(500);
    }
    await hot(at);
    const before = at.asked.length;
    for (let i = 0; i < 5; i++) expect((await at.call()).isLent).toBe(true);
    expect(at.asked.length - before).toBeLessThanOrEqual(1);
  });

  it('shows of the quotas what is left, also where calls were decided beside its lease', async () => {
    const at = edge();
    for (let calls = 1; calls <= 60; calls++) {
      // Every fifth is signed, and asked about although there is a lease.
      const nonce = calls % 5 === 0 ? { value: String(calls), expiresMs: 0 } : undefined;
      expect(await at.call({ nonce })).toMatchObject({
        gauges: { day: { remaining: gauge.remaining - calls } },
      });
    }
  });

  it('spends nothing after the end of a lease, nor by another record', async () => {
    const at = edge();
    await hot(at);
    expect((await at.call({ version: 2 })).isLent).toBe(false);
    const late = edge();
    await hot(late);
    await late.pass(960);
    expect((await late.call()).isLent).toBe(false);
  });

  it('asks about each call that is signed, and lends nothing where that is not wanted', async () => {
    const at = edge();
    await hot(at);
    expect((await at.call({ nonce: { value: 'n', expiresMs: 9e15 } })).isLent).toBe(false);
    const test = edge();
    for (let i = 0; i < 50; i++) expect((await test.call({ isLent: false })).isLent).toBe(false);
    expect(test.asked.every(({ wanted }) => wanted === undefined)).toBe(true);
  });

  it('asks for the next lease before the end, once, and says what became of the one before', async () => {
    const at = edge();
    await hot(at);
    for (let i = 0; i < 9; i++) {
      await at.pass(100);
      await at.call();
    }
    const renewals = at.asked.filter(({ cost }) => cost === 0);
    expect(renewals.length).toBeGreaterThan(0);
    await at.pass(40);
    for (let i = 0; i < 5; i++) expect((await at.call()).isLent).toBe(true);
    await at.pass(900);
    const told = [...at.asked.flatMap(({ ended = [] }) => ended), ...at.settled];
    const leases = at.asked.filter(({ wanted }) => wanted !== undefined);
    for (const { id, cost, wanted = 0 } of leases) {
      const end = told.findLast((each) => each.id === id);
      expect(end, id).toBeDefined();
      expect((end?.used ?? 0) + (end?.unspent ?? 0)).toBe(cost + wanted);
    }
  });

  it('gives back what is left 300 ms after the last call', async () => {
    const at = edge();
    await hot(at);
    await at.pass(299);
    expect(at.settled).toEqual([]);
    await at.pass(1);
    expect(at.settled.length).toBeGreaterThan(0);
    expect((await at.call()).isLent).toBe(false);
  });

  it('says less, once more, when a call of a lease that has ended is given back', async () => {
    const at = edge();
    await hot(at);
    const spent = await at.call();
    if (!('grant' in spent)) throw new Error('not admitted');
    await at.pass(400);
    const first = at.settled.find(({ id }) => id === spent.grant.id);
    at.counter.giveBack(spent.grant, 1, at.keepAlive);
    await at.pass(1);
    const last = at.settled.findLast(({ id }) => id === spent.grant.id);
    expect(last?.used).toBe((first?.used ?? 0) - 1);
    expect(last?.unspent).toBe(first?.unspent);
  });

  it('counts what is given back while a lease lasts with its end', async () => {
    const at = edge();
    await hot(at);
    const spent = await at.call();
    if (!('grant' in spent)) throw new Error('not admitted');
    const { used } = spent.grant;
    at.counter.giveBack(spent.grant, 1, at.keepAlive);
    await at.pass(1);
    expect(at.settled).toEqual([]);
    await at.pass(400);
    expect(at.settled.find(({ id }) => id === spent.grant.id)?.used).toBe(used - 1);
  });

  it('tells of each call that is given back once, however many others are being told of', async () => {
    const at = edge();
    const calls = [];
    for (let i = 0; i < 50; i++) calls.push(await at.call({ isLent: false }));
    for (const spent of calls) if ('grant' in spent) at.counter.giveBack(spent.grant, 1, at.keepAlive);
    await at.pass(1);
    expect(new Set(at.settled.map(({ id }) => id)).size).toBe(50);
    expect(at.settled.length).toBe(50);
  });

  it('gives back whatever an answer that was lost may have given', async () => {
    const at = edge();
    at.lose();
    await expect(at.call()).rejects.toThrow('lost');
    await at.pass(1);
    expect(at.settled).toMatchObject([{ used: 0, unspent: 0 }]);
  });

  it('tells again what a request was telling when it ended', async () => {
    const at = edge();
    await hot(at);
    at.cutSettlesOff();
    await at.pass(400);
    const [cutOff] = at.settled;
    const tellings = () =>
      [...at.asked.flatMap(({ ended = [] }) => ended), ...at.settled].filter(({ id }) => id === cutOff?.id)
        .length;
    await at.call();
    expect(tellings()).toBe(1);
    await at.pass(40_000);
    await at.call();
    expect(tellings()).toBe(2);
  });

  it('asks in vain four times a second at most', async () => {
    const at = edge(false);
    for (let i = 0; i < 100; i++) {
      await at.call();
      await at.pass(10);
    }
    const wished = at.asked.filter(({ wanted }) => wanted !== undefined).length;
    expect(wished).toBeGreaterThan(0);
    expect(wished).toBeLessThanOrEqual(4);
  });
});
