// The Durable Objects inside workerd: what they promise across evictions, retries and each other.

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import type { KeyLimiter } from '../../durable-objects/key-limiter.ts';
import type { PartnerLimiter } from '../../durable-objects/partner-limiter.ts';
import type { TakeCall, TakeReply, Versions } from '../../src/limits/protocol.ts';

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
  versions?: Versions;
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
    versions: wishes.versions ?? { key: 1, partner: 1, catalog: 0 },
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

/** Ends the object as a crash does: calls under way fail, memory is gone, storage stays. */
async function crash(stub: DurableObjectStub<KeyLimiter> | DurableObjectStub<PartnerLimiter>): Promise<void> {
  await runInDurableObject(stub, (_, ctx) => ctx.abort('crashed to order')).catch((error: Error) =>
    expect(error.message).toContain('crashed to order'),
  );
}

async function crashBoth(name: string): Promise<void> {
  await crash(key(`key-${name}`));
  await crash(partner(`partner-${name}:live`));
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

/** Nothing under way: whatever is held goes back within a moment of the last call. */
const rest = () => new Promise((resolve) => setTimeout(resolve, 700));
const dayUsed = async (name: string): Promise<number> =>
  (await partner(`partner-${name}:live`).standing(1, { second: -1, day: -1, month: -1, overage: 'block' }))
    .used.day;

describe('a large limit', () => {
  it('is used up to the last unit, whatever is evicted or crashes between bursts', async () => {
    const limit = 2000;
    let admitted = 0;
    for (let round = 0; round < 6; round++) {
      const replies = await Promise.all(
        Array.from({ length: 450 }, () => outcome(callOf('large', { day: limit }))),
      );
      admitted += replies.filter((reply) => reply === 'admit').length;
      if (round % 2 === 0) await evictBoth('large');
      else await crashBoth('large');
    }
    expect(admitted).toBe(limit);
    expect(await dayUsed('large')).toBe(limit);
  });

  it('a lease that its holder lost in a crash comes back, to the unit', async () => {
    for (let i = 0; i < 60; i++) await take(callOf('crash', { second: 10_000 }));
    await crash(key('key-crash'));
    expect(await dayUsed('crash')).toBe(60);
    await crashBoth('crash');
    expect(await dayUsed('crash')).toBe(60);
  });
});

describe('an idle object', () => {
  it('has given back what it held and has nothing running: no timer, no alarm, no open call', async () => {
    for (let i = 0; i < 60; i++) await take(callOf('idle', { second: 10_000 }));
    await rest();
    // Its partner's object asks nobody for this.
    const used = await runInDurableObject(partner('partner-idle:live'), (_, { storage }) =>
      storage.kv.get<{ used: Record<string, number> }>('holder:key-idle'),
    );
    expect(Object.values(used?.used ?? {})).toEqual([60]);
    for (const stub of [key('key-idle'), partner('partner-idle:live')]) {
      const alarm = await runInDurableObject(stub, (_, { storage }) => storage.getAlarm());
      expect(alarm).toBeNull();
    }
    // An object with a timer or a call under way is not evicted by this; one that is idle is.
    await evictDurableObject(key('key-idle'));
    await evictDurableObject(partner('partner-idle:live'));
    expect(await dayUsed('idle')).toBe(60);
  });

  it('whose rows stood for draws to come says within an alarm what is, also if it was evicted before', async () => {
    const ofPartner = partner('partner-slow:live');
    const row = () =>
      runInDurableObject(ofPartner, (_, { storage }) =>
        storage.kv.get<{ used: Record<string, number>; ahead?: object }>('holder:key-slow'),
      );
    // So seldom that nothing is lent.
    for (let i = 0; i < 9; i++) {
      await take(callOf('slow', { second: 10_000 }));
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
    expect((await row())?.ahead).toBeDefined();
    await evictDurableObject(ofPartner);
    expect(await runDurableObjectAlarm(ofPartner)).toBe(true);
    const { used, ahead } = (await row()) ?? {};
    expect([Object.values(used ?? {}), ahead]).toEqual([[9], undefined]);
    expect(await runInDurableObject(ofPartner, (_, { storage }) => storage.getAlarm())).toBeNull();
  });

  it.for([1, 5, 6, 10, 13, 24, 100, 200])(
    'costs nothing: bursts of %i, evicted after each',
    async (calls) => {
      const name = `pause-${calls}`;
      for (let burst = 1; burst <= 2; burst++) {
        for (let i = 0; i < calls; i++) await take(callOf(name, { second: 1000, day: 50_000 }));
        await rest();
        await evictBoth(name);
        const next = await take(callOf(name, { second: 1000, day: 50_000, id: `${name}-${burst}` }));
        expect(next).toMatchObject({
          outcome: 'admit',
          gauges: { day: { remaining: 50_000 - burst * (calls + 1) } },
        });
      }
    },
  );
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
    expect(await dayUsed('shared')).toBe(admitted);
  });

  it('lends to a busy key, and gets back what it did not spend', async () => {
    for (let i = 0; i < 60; i++) await take(callOf('lent', { second: 10_000 }));
    expect(await dayUsed('lent')).toBe(60);
  });
});

describe('versions', () => {
  it('an older record is stale from the announcement on, also after an eviction', async () => {
    expect(await outcome(callOf('version'))).toBe('admit');
    await key('key-version').announce({ key: 2, partner: 1 });
    expect(await take(callOf('version'))).toEqual({
      outcome: 'stale',
      versions: { key: 2, partner: 1, catalog: 0 },
    });
    await evictDurableObject(key('key-version'));
    expect(await outcome(callOf('version'))).toBe('stale');
    expect(await outcome(callOf('version', { versions: { key: 2, partner: 1, catalog: 0 } }))).toBe('admit');
  });

  it("a partner's new version reaches every key with its next draw", async () => {
    expect(await outcome(callOf('news'))).toBe('admit');
    await partner('partner-news:live').announce(7);
    expect(await outcome(callOf('news'))).toBe('stale');
    expect(await outcome(callOf('news', { versions: { key: 1, partner: 7, catalog: 0 } }))).toBe('admit');
  });
});

describe('the catalogue', () => {
  const judgedBy = (catalog: number) =>
    callOf('offer', { second: 10_000, day: 1_000_000, versions: { key: 1, partner: 1, catalog } });

  it('makes calls stale that are judged by an older one, as soon as the partner has heard of it', async () => {
    expect(await outcome(judgedBy(3))).toBe('admit');
    await partner('partner-offer:live').announceCatalog(4);
    expect(await take(judgedBy(3))).toEqual({
      outcome: 'stale',
      versions: { key: 1, partner: 1, catalog: 4 },
    });
    expect(await outcome(judgedBy(4))).toBe('admit');
    await evictDurableObject(key('key-offer'));
    await crash(partner('partner-offer:live'));
    expect(await outcome(judgedBy(3))).toBe('stale');
    // One that is older than what is known is no news.
    await partner('partner-offer:live').announceCatalog(2);
    expect(await outcome(judgedBy(4))).toBe('admit');
  });

  it('is heard within a lease, also by a key that asks nobody', async () => {
    for (let i = 0; i < 60; i++) await take(judgedBy(10));
    await partner('partner-offer:live').announceCatalog(11);
    const heardMs = Date.now();
    while ((await outcome(judgedBy(10))) === 'admit') expect(Date.now() - heardMs).toBeLessThan(1000);
    expect(await outcome(judgedBy(11))).toBe('admit');
  });
});

describe('a lease', () => {
  it('ends with the record that it was lent under, also for callers who know the older one', async () => {
    const busy = (versions?: Versions) => callOf('lower', { second: 10_000, day: 1_000_000, versions });
    for (let i = 0; i < 60; i++) await take(busy());
    const lowered = { ...busy({ key: 1, partner: 2, catalog: 0 }) };
    lowered.partner = { ...lowered.partner, day: 10 };
    expect(await take(lowered)).toMatchObject({
      outcome: 'deny',
      denial: { type: 'per_day', limit: 10, used: 60 },
    });
    await key('key-lower').announce({ key: 1, partner: 3 });
    expect(await outcome(busy())).toBe('stale');
  });
});

describe('rows of before', () => {
  it('are read: what was counted stays counted, and keys go on', async () => {
    const DAY_MS = 86_400_000;
    const today = Date.now() - (Date.now() % DAY_MS);
    const month = Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth());
    // On the first of a month there are no days before in it.
    const before = today === month ? 0 : 23;
    const quotas = { dayStartMs: today, dayUsed: 7, monthStartMs: month, monthUsed: before + 7 };
    const limits = { second: -1, day: 10, month: 1000, overage: 'block' as const };
    const old = { version: 1, limits, window: { slots: [] }, leases: {}, quotas };
    await runInDurableObject(partner('partner-older:live'), (_, { storage }) =>
      storage.kv.put('state', { ledger: old, ahead: 0 }),
    );
    await runInDurableObject(key('key-older'), (_, { storage }) =>
      storage.kv.put('state', {
        ledger: { bucket: undefined, quotas },
        versions: { key: 1, partner: 1, catalog: 0 },
        ahead: 3,
      }),
    );
    await crashBoth('older');
    const outcomes = [];
    for (let i = 0; i < 4; i++) outcomes.push(await outcome(callOf('older', { day: 10 })));
    expect(outcomes).toEqual(['admit', 'admit', 'admit', 'deny']);
    expect((await partner('partner-older:live').standing(1, limits)).used).toMatchObject({
      day: 10,
      month: before + 10,
    });
  });
});

describe('a key that is moved', () => {
  it('leaves what it used with whom it was used for, and may come back', async () => {
    const at = (name: string) => callOf(name, { keyId: 'key-mover', second: 10_000, day: 1000 });
    for (let i = 0; i < 22; i++) await take(at('moved-from'));
    const failed = at('moved-from');
    await take(failed);
    for (let i = 0; i < 5; i++) await take(at('moved-to'));
    await key('key-mover').settle({ id: failed.id, keyId: 'key-mover', used: 0, unspent: 0 });
    await rest();
    expect([await dayUsed('moved-from'), await dayUsed('moved-to')]).toEqual([23, 5]);
    await crash(key('key-mover'));
    for (let i = 0; i < 3; i++) await take(at('moved-from'));
    await rest();
    expect([await dayUsed('moved-from'), await dayUsed('moved-to')]).toEqual([26, 5]);
  });
});

describe('repetition', () => {
  it('of a request id repeats its answer and takes nothing', async () => {
    const call = callOf('again', { day: 10, id: 'same' });
    const first = await take(call);
    expect(await take(call)).toEqual(first);
    expect(await dayUsed('again')).toBe(1);
  });

  it('at the same moment too, and after a crash', async () => {
    const call = callOf('twice', { day: 10, id: 'same-moment' });
    const [one, two] = await Promise.all([take(call), take(call)]);
    expect(two).toEqual(one);
    await crash(key('key-twice'));
    expect(await take(call)).toMatchObject({
      outcome: 'admit',
      atMs: one.outcome === 'admit' ? one.atMs : 0,
    });
    expect(await dayUsed('twice')).toBe(1);
  });

  it('of a message is noted once, and one that was overtaken changes nothing', async () => {
    const stub = () => partner('partner-message:live');
    const limits = { second: 5, day: 5, month: -1, overage: 'block' as const };
    const message = { holder: 'h', seq: 2, used: {}, version: 1, catalog: 0, limits, costs: [1], wanted: 0 };
    const first = await stub().draw(message);
    expect(await stub().draw(message)).toEqual(first);
    expect(await stub().draw({ ...message, seq: 1, costs: [1, 1] })).toEqual({ outcome: 'void', seq: 2 });
    await crash(stub());
    // It knows that it has answered, and not what: the holder asks anew.
    expect(await stub().draw(message)).toEqual({ outcome: 'void', seq: 2 });
    const again = { ...message, seq: 3, lost: [2] };
    expect(await stub().draw(again)).toMatchObject({ outcome: 'decided', admitted: [true] });
    expect((await stub().peek(1, limits)).day.remaining).toBe(4);
  });

  it('of a call that was given back is charged anew', async () => {
    for (let round = 0; round < 20; round++) {
      const name = `back-${round}`;
      const call = callOf(name, { day: 10 });
      await Promise.all([take(call), key(call.keyId).announce({ key: 2, partner: 1 })]);
      await outcome({ ...call, versions: { key: 2, partner: 1, catalog: 0 } });
    }
    await rest();
    for (let round = 0; round < 20; round++) expect(await dayUsed(`back-${round}`)).toBe(1);
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

  it('of a nonce that was used where nothing is taken, at the same moment or before, is refused', async () => {
    const use = async (value: string) =>
      key('key-surfaces').useNonce({ value, expiresMs: Date.now() + 600_000 });
    const taken = async () => (await outcome(callOf('surfaces', { nonce: 'both' }))) === 'admit';
    const first = await Promise.all([taken(), use('both'), taken(), use('both')]);
    expect(first.filter(Boolean)).toHaveLength(1);
    expect([await use('one'), await use('one')]).toEqual([true, false]);
    await evictDurableObject(key('key-surfaces'));
    expect([await use('one'), await outcome(callOf('surfaces', { nonce: 'one' }))]).toEqual([
      false,
      'replayed',
    ]);
  });
});

describe('settling', () => {
  const settle = (call: TakeCall, used: number, keyId = call.keyId) =>
    key(keyId).settle({ id: call.id, keyId, used, unspent: 0 });
  const shown = async (call: TakeCall) => {
    const { day } = await key(call.keyId).peek(call);
    return day.limit - day.remaining;
  };

  it('gives back what was not used, to key and partner, once', async () => {
    const call = callOf('settle', { day: 50, keyDay: 20, cost: 7 });
    await take(call);
    expect(await settle(call, 3)).toBe('settled');
    for (const used of [3, 5, 7]) expect(await settle(call, used)).toBe('settled');
    expect([await dayUsed('settle'), await shown(call)]).toEqual([3, 3]);
    await crashBoth('settle');
    // Less is news, more is old: whatever order it comes in, the least counts.
    for (const used of [5, 1, 3]) expect(await settle(call, used)).toBe('settled');
    expect([await dayUsed('settle'), await shown(call)]).toEqual([1, 1]);
  });

  it('is remembered across evictions and however many calls came since', async () => {
    const call = callOf('late', { day: 1000 });
    await take(call);
    await Promise.all(Array.from({ length: 300 }, () => take(callOf('late', { day: 1000 }))));
    await rest();
    await evictBoth('late');
    expect(await settle(call, 0)).toBe('settled');
    expect(await settle(call, 0)).toBe('settled');
    expect(await dayUsed('late')).toBe(300);
  });

  it('before the call arrives keeps it from being admitted', async () => {
    const call = callOf('before', { day: 10 });
    expect(await settle(call, 0)).toBe('unknown');
    expect(await outcome(call)).toBe('settled');
    expect(await dayUsed('before')).toBe(0);
  });

  it('while the call is being decided gives it back', async () => {
    for (let round = 0; round < 10; round++) {
      const call = callOf('during', { day: 100 });
      await Promise.all([take(call), settle(call, 0)]);
      await settle(call, 0);
    }
    await rest();
    expect(await dayUsed('during')).toBe(0);
  });

  it.for<[string, number, string]>([
    ['more than was reserved', 3, 'invalid'],
    ['a negative number', -1, 'invalid'],
    ['half a unit', 0.5, 'invalid'],
    ['no number', Number.NaN, 'invalid'],
  ])('with %s changes nothing', async ([what, used, answer]) => {
    const call = callOf(`bad ${what}`, { day: 10, cost: 2 });
    await take(call);
    expect(await settle(call, used)).toBe(answer);
    expect(await dayUsed(`bad ${what}`)).toBe(2);
    expect(await settle(call, 1)).toBe('settled');
    expect(await dayUsed(`bad ${what}`)).toBe(1);
  });

  it('of a call that nobody reserved, or of another key, changes nothing', async () => {
    const call = callOf('mine', { day: 10 });
    await take(call);
    await take(callOf('mine', { day: 10, keyId: 'key-other' }));
    expect(await settle({ ...call, id: 'nobody' }, 0)).toBe('unknown');
    expect(await settle(call, 0, 'key-other')).toBe('unknown');
    expect(await dayUsed('mine')).toBe(2);
  });

  it('of a call of ten days ago changes nothing', async () => {
    const call = callOf('old', { day: 10 });
    await take(call);
    await runInDurableObject(key(call.keyId), (_, { storage }) => {
      const state = storage.kv.get<{
        journal: { lines: (string | number)[][] };
      }>('state');
      for (const line of state?.journal.lines ?? []) line[6] = Number(line[6]) - 10 * 86_400_000;
      storage.kv.put('state', state);
    });
    await evictDurableObject(key(call.keyId));
    expect(await settle(call, 0)).toBe('unknown');
    expect(await dayUsed('old')).toBe(1);
  });
});

describe('a closed day', () => {
  const DAY_MS = 86_400_000;
  const unlimited = { second: -1, day: -1, month: -1, overage: 'block' as const };
  const today = () => Date.now() - (Date.now() % DAY_MS);

  it('keeps its total, and takes no more reports', async () => {
    const stub = () => partner('partner-closed:live');
    const yesterday = today() - DAY_MS;
    const before = yesterday - DAY_MS;
    await stub().report({ holder: 'h', seq: 1, used: { [yesterday]: 5, [today()]: 2 } });
    await runInDurableObject(stub(), (_, { storage }) => {
      const holder = storage.kv.get<{ used: Record<number, number> }>('holder:h');
      storage.kv.put('holder:h', { ...holder, used: { ...holder?.used, [before]: 9 } });
      storage.kv.put('state', { version: 1, limits: unlimited, dayStartMs: yesterday, closed: {} });
    });
    await crash(stub());
    await stub().report({ holder: 'h', seq: 2, used: { [before]: 1, [yesterday]: 4, [today()]: 2 } });
    expect([
      await stub().unitsOfDay(before),
      await stub().unitsOfDay(yesterday),
      await stub().unitsOfDay(today()),
    ]).toEqual([9, 4, 2]);
    await crash(stub());
    expect([
      await stub().unitsOfDay(before),
      await stub().unitsOfDay(yesterday),
      await stub().unitsOfDay(today()),
    ]).toEqual([9, 4, 2]);
  });

  it('is corrected to what was billed only if it still is what was compared', async () => {
    const stub = () => partner('partner-correct:live');
    await stub().report({ holder: 'h', seq: 1, used: { [today()]: 5 } });
    expect(await stub().correct(today(), 4, 3)).toBe(false);
    expect(await stub().correct(today(), 5, 3)).toBe(true);
    await stub().report({ holder: 'h', seq: 2, used: { [today()]: 6 } });
    await crash(stub());
    expect((await stub().standing(1, unlimited)).used.day).toBe(4);
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
