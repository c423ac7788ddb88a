// The Durable Objects inside workerd: what they promise across evictions, retries and each other.

import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import type { KeyLimiter } from '../../durable-objects/key-limiter.ts';
import type { PartnerLimiter } from '../../durable-objects/partner-limiter.ts';
import type { TakeCall, TakeReply } from '../../src/limits/protocol.ts';

declare global {
  namespace Cloudflare {
    interface Env {
      KEY_LIMITER: DurableObjectNamespace<KeyLimiter>;
      PARTNER_LIMITER: DurableObjectNamespace<PartnerLimiter>;
    }
  }
}

let ids = 0;
const key = (name: string) => env.KEY_LIMITER.get(env.KEY_LIMITER.idFromName(name));
const partner = (name: string) => env.PARTNER_LIMITER.get(env.PARTNER_LIMITER.idFromName(name));

interface Wishes {
  keyId?: string;
  partnerObject?: string;
  versions?: { key: number; partner: number };
  second?: number;
  day?: number;
  keyDay?: number;
  cost?: number;
  id?: string;
  nonce?: string;
}

function callOf(name: string, wishes: Wishes = {}): TakeCall {
  return {
    id: wishes.id ?? `request-${ids++}`,
    keyId: wishes.keyId ?? `key-${name}`,
    partnerObject: wishes.partnerObject ?? `partner-${name}:live`,
    versions: wishes.versions ?? { key: 1, partner: 1 },
    key: { burst: -1, sustained: -1, day: wishes.keyDay ?? -1, month: -1, overage: 'block' },
    partner: { second: wishes.second ?? -1, day: wishes.day ?? -1, month: -1, overage: 'block' },
    cost: wishes.cost ?? 1,
    nonce: wishes.nonce === undefined ? undefined : { value: wishes.nonce, expiresMs: Date.now() + 600_000 },
  };
}
const take = async (call: TakeCall): Promise<TakeReply> => key(call.keyId).take(call);
const outcome = async (call: TakeCall) => (await take(call)).outcome;

async function evictBoth(name: string): Promise<void> {
  // One that a refusal did not reach is not running.
  for (const stub of [key(`key-${name}`), partner(`partner-${name}:live`)]) {
    await evictDurableObject(stub).catch((error: Error) =>
      expect(error.message).toContain('not currently running'),
    );
  }
}

describe('a day quota of 100, evicted between any two calls', () => {
  it('is used up exactly, and never passed', async () => {
    let admitted = 0;
    for (let i = 0; i < 130; i++) {
      if ((await outcome(callOf('quota', { day: 100 }))) === 'admit') admitted++;
      if (i % 10 === 5) await evictBoth('quota');
    }
    expect(admitted).toBe(100);
  });

  it('of the key itself too', async () => {
    let admitted = 0;
    for (let i = 0; i < 60; i++) {
      if ((await outcome(callOf('key-quota', { keyDay: 50 }))) === 'admit') admitted++;
      if (i % 7 === 3) await evictBoth('key-quota');
    }
    expect(admitted).toBe(50);
  });
});

describe('a rate, evicted in the middle of a second', () => {
  it('admits no more than the limit in that second', async () => {
    const startMs = Date.now();
    let admitted = 0;
    for (let i = 0; i < 20; i++) {
      if ((await outcome(callOf('rate', { second: 5 }))) === 'admit') admitted++;
      if (i % 4 === 1) await evictBoth('rate');
    }
    expect(admitted).toBeLessThanOrEqual(5 * (1 + Math.floor((Date.now() - startMs) / 1000)));
    expect(admitted).toBeGreaterThanOrEqual(5);
  });
});

describe('a large limit with a watermark', () => {
  it('loses at most one watermark of capacity for each eviction, and never admits one too many', async () => {
    const limit = 2000;
    let admitted = 0;
    for (let round = 0; round < 3; round++) {
      const replies = await Promise.all(
        Array.from({ length: 900 }, () => outcome(callOf('large', { day: limit }))),
      );
      admitted += replies.filter((reply) => reply === 'admit').length;
      await evictBoth('large');
    }
    expect(admitted).toBeLessThanOrEqual(limit);
    expect(admitted).toBeGreaterThanOrEqual(limit - 3 * 64);
  });

  it('writes far fewer rows than it admits', async () => {
    const writes = async (work: () => Promise<unknown>) => {
      let count = 0;
      await runInDurableObject(partner('partner-rows:live'), (_, { storage }) => {
        const put = storage.kv.put.bind(storage.kv);
        Object.defineProperty(storage.kv, 'put', {
          value: (name: string, value: unknown) => {
            count++;
            put(name, value);
          },
          configurable: true,
        });
      });
      await work();
      return count;
    };
    const written = await writes(() =>
      Promise.all(Array.from({ length: 500 }, () => take(callOf('rows', { second: 100_000 })))),
    );
    expect(written).toBeGreaterThan(0);
    expect(written).toBeLessThan(50);
  });
});

describe('many keys of one partner', () => {
  it('share its quota exactly, also when some hold leases', async () => {
    const calls = Array.from({ length: 600 }, (_, i) =>
      callOf('shared', { keyId: `shared-${i % 5}`, day: 400 }),
    );
    const replies: string[] = [];
    for (let i = 0; i < calls.length; i += 50) {
      replies.push(...(await Promise.all(calls.slice(i, i + 50).map(outcome))));
    }
    const admitted = replies.filter((reply) => reply === 'admit').length;
    expect(admitted).toBeLessThanOrEqual(400);
    const { used } = await partner('partner-shared:live').standing(1, {
      second: -1,
      day: 400,
      month: -1,
      overage: 'block',
    });
    expect(used.day).toBe(admitted);
  });

  it('lends to a busy key, and gets back what it did not spend', async () => {
    for (let i = 0; i < 60; i++) await take(callOf('lent', { second: 10_000 }));
    const quotas = await partner('partner-lent:live').usage();
    expect(quotas.dayUsed).toBe(60);
  });
});

describe('versions', () => {
  it('an older record is stale from the announcement on, also after an eviction', async () => {
    expect(await outcome(callOf('version'))).toBe('admit');
    await key('key-version').announce({ key: 2, partner: 1 });
    expect(await take(callOf('version'))).toEqual({ outcome: 'stale', versions: { key: 2, partner: 1 } });
    await evictDurableObject(key('key-version'));
    expect(await outcome(callOf('version'))).toBe('stale');
    expect(await outcome(callOf('version', { versions: { key: 2, partner: 1 } }))).toBe('admit');
  });

  it("a partner's new version reaches every key with its next draw", async () => {
    expect(await outcome(callOf('news'))).toBe('admit');
    await partner('partner-news:live').announce(7);
    expect(await outcome(callOf('news'))).toBe('stale');
    expect(await outcome(callOf('news', { versions: { key: 1, partner: 7 } }))).toBe('admit');
  });
});

describe('repetition', () => {
  it('of a request id repeats its answer and takes nothing', async () => {
    const call = callOf('again', { day: 10, id: 'same' });
    const first = await take(call);
    expect(await take(call)).toEqual(first);
    expect((await partner('partner-again:live').usage()).dayUsed).toBe(1);
  });

  it('of a call whose answer was lost in a crash repeats the moment of its decision, and takes nothing', async () => {
    const ask = (id: string, costs: number[], callIds: string[]) =>
      partner('partner-lost:live').draw(
        {
          id,
          holder: 'h',
          version: 1,
          limits: { second: 5, day: 5, month: -1, overage: 'block' },
          costs,
          wanted: 0,
        },
        callIds,
      );
    const first = await ask('d1', [1], ['call']);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const again = await ask('d2', [1, 1], ['call', 'other']);
    if (first.stale || again.stale) throw new Error('stale');
    expect(again.admitted).toEqual([true, true]);
    expect(again.decidedMs[0]).toBe(first.decidedMs[0]);
    expect(again.decidedMs[1]).toBeGreaterThan(first.decidedMs[0] ?? 0);
    expect((await partner('partner-lost:live').usage()).dayUsed).toBe(2);
  });

  it('of a call that was given back is charged anew', async () => {
    for (let round = 0; round < 20; round++) {
      const name = `back-${round}`;
      const call = callOf(name, { day: 10 });
      await Promise.all([take(call), key(call.keyId).announce({ key: 2, partner: 1 })]);
      expect(await outcome({ ...call, versions: { key: 2, partner: 1 } })).toBe('admit');
      expect((await partner(call.partnerObject).usage()).dayUsed).toBe(1);
    }
  });

  it('of a nonce is refused, also after an eviction', async () => {
    expect(await outcome(callOf('nonce', { nonce: 'n1' }))).toBe('admit');
    expect(await outcome(callOf('nonce', { nonce: 'n1' }))).toBe('replayed');
    await evictDurableObject(key('key-nonce'));
    expect(await outcome(callOf('nonce', { nonce: 'n1' }))).toBe('replayed');
    expect(await outcome(callOf('nonce', { nonce: 'n2' }))).toBe('admit');
  });

  it('of a nonce at the same moment is refused too', async () => {
    const replies = await Promise.all([1, 2, 3].map(() => outcome(callOf('race', { nonce: 'n' }))));
    expect(replies.sort()).toEqual(['admit', 'replayed', 'replayed']);
  });
});

describe('a refund', () => {
  it('gives the quota back to key and partner', async () => {
    const call = callOf('refund', { day: 5, keyDay: 5 });
    const reply = await take(call);
    if (reply.outcome !== 'admit') throw new Error(reply.outcome);
    await key(call.keyId).refund({
      id: call.id,
      keyId: call.keyId,
      partnerObject: call.partnerObject,
      units: 1,
      period: reply.period,
    });
    const gauges = await key(call.keyId).peek(call);
    expect(gauges.day.remaining).toBe(5);
  });
});

describe('costs', () => {
  it('a call is admitted whole or not at all', async () => {
    expect(await outcome(callOf('cost', { day: 10, cost: 7 }))).toBe('admit');
    expect(await take(callOf('cost', { day: 10, cost: 7 }))).toMatchObject({
      outcome: 'deny',
      denial: { type: 'per_day', used: 7 },
    });
    expect(await outcome(callOf('cost', { day: 10, cost: 3 }))).toBe('admit');
  });
});
