// A partner with its keys at the counters that limit calls, by a clock that is moved by hand: what really happens to calls that
// come one after the other.

import type { ObjectStore } from '../../durable-objects/counter-ports.ts';
import { KeyCounter } from '../../durable-objects/key-counter.ts';
import { PartnerCounter } from '../../durable-objects/partner-counter.ts';
import { VirtualTime } from '../../loadtest/simulation/virtual-time.ts';
import type { KeyLimits, PartnerLimits } from '../../src/limits/limit.ts';
import type { TakeReply } from '../../src/limits/protocol.ts';

export function memoryStore(): ObjectStore {
  const rows = new Map<string, unknown>();
  return {
    get: <Value>(key: string) => structuredClone(rows.get(key)) as Value | undefined,
    put: (key, value) => void rows.set(key, structuredClone(value)),
    delete: (key) => void rows.delete(key),
    list: <Value>(prefix: string) =>
      [...rows].filter(([key]) => key.startsWith(prefix)).sort() as [string, Value][],
  };
}

export function limitedPartner(startMs: number) {
  const time = new VirtualTime();
  const common = () => ({
    now: () => startMs + time.nowMs,
    sleep: (ms: number) => time.sleep(ms),
    keepAlive: () => undefined,
    store: memoryStore(),
    wakeAt: () => undefined,
    log: () => undefined,
  });
  const keys = new Map<string, KeyCounter>();
  const partner = new PartnerCounter({
    ...common(),
    holder: (name) => ({ report: async (isAlways) => keys.get(name)?.report(isAlways) }),
  });
  const keyOf = (id: string): KeyCounter => {
    const known = keys.get(id);
    if (known) return known;
    const made = new KeyCounter({
      ...common(),
      chance: () => 0.5,
      isWorthRetrying: () => false,
      nonces: { isUsed: () => false, use: () => undefined },
      partner: () => ({
        draw: async (request) => partner.draw(request),
        report: async (report) => partner.report(report),
        peek: async (version, limits) => partner.peek(version, limits),
      }),
    });
    keys.set(id, made);
    return made;
  };
  let calls = 0;
  return {
    /** Moves the clock, which never goes back. */
    until: (atMs: number): Promise<void> => time.run(atMs - startMs),
    /** `version`: rises with each change of limits. */
    async call(
      keyId: string,
      cost: number,
      limits: { key: KeyLimits; partner: PartnerLimits; version: number },
    ): Promise<{ reply: TakeReply; giveBack(): Promise<unknown> }> {
      const id = `call-${++calls}`;
      const key = keyOf(keyId);
      const { version } = limits;
      const reply = await key.take({
        id,
        keyId,
        partnerObject: 'partner',
        cost,
        nonce: undefined,
        versions: { key: version, partner: version, catalog: 0 },
        key: limits.key,
        partner: limits.partner,
      });
      return { reply, giveBack: () => key.settle({ id, keyId, used: 0, unspent: 0 }) };
    },
  };
}
