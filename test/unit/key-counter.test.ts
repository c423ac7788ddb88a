// A key's object, by a clock that stands still until it is moved: a Worker's does between its inputs.

import { expect, it } from 'vitest';
import { KeyCounter } from '../../durable-objects/key-counter.ts';
import { Messenger, Overtaken } from '../../durable-objects/messenger.ts';
import { PartnerCounter } from '../../durable-objects/partner-counter.ts';
import { VirtualTime } from '../../loadtest/simulation/virtual-time.ts';
import { memoryStore } from '../support/limited-partner.ts';

const START = Date.UTC(2026, 10, 22, 12);
const LIMITS = { second: 100, day: 1_000_000, month: -1, overage: 'block' } as const;

function world() {
  const time = new VirtualTime();
  const common = () => ({
    now: () => START + time.nowMs,
    sleep: (ms: number) => time.sleep(ms),
    keepAlive: () => undefined,
    store: memoryStore(),
    wakeAt: () => undefined,
    log: () => undefined,
  });
  const partnerOf = () =>
    new PartnerCounter({ ...common(), holder: () => ({ report: async () => undefined }) });
  const partners = { from: partnerOf(), to: partnerOf() };
  const isName = (name: string): name is keyof typeof partners => name in partners;
  const key = new KeyCounter({
    ...common(),
    chance: () => 0.5,
    isWorthRetrying: () => false,
    nonces: { isUsed: () => false, use: () => undefined },
    partner(name) {
      const partner = isName(name) ? partners[name] : partners.from;
      return {
        draw: async (request) => partner.draw(request),
        report: async (report) => partner.report(report),
        peek: async (version, limits) => partner.peek(version, limits),
      };
    },
  });
  const take = (id: string, partnerObject: keyof typeof partners, wanted?: number) =>
    key.take({
      id,
      wanted,
      keyId: 'key',
      partnerObject,
      cost: 1,
      nonce: undefined,
      versions: { key: 1, partner: 1, catalog: 0 },
      key: { burst: 100, sustained: 6000, day: -1, month: -1, overage: 'block' },
      partner: LIMITS,
    });
  const used = async () => [
    (await partners.from.standing(1, LIMITS)).used.day,
    (await partners.to.standing(1, LIMITS)).used.day,
  ];
  return { time, key, take, used };
}

it('what was admitted before the move gives nothing back to whom it was moved to', async () => {
  const { time, key, take, used } = world();
  expect(await take('before', 'from')).toMatchObject({ outcome: 'admit' });
  expect(await take('after', 'to')).toMatchObject({ outcome: 'admit' });
  await key.settle({ id: 'before', keyId: 'key', used: 0, unspent: 0 });
  await time.run();
  expect(await used()).toEqual([1, 1]);
});

it('what was admitted after the move comes back from whom it was moved to', async () => {
  const { time, key, take, used } = world();
  await take('before', 'from');
  await take('after', 'to');
  await key.settle({ id: 'after', keyId: 'key', used: 0, unspent: 0 });
  await time.run();
  expect(await used()).toEqual([1, 0]);
});

it('a lease whose answer was lost is told again, also when it is over: or nobody gave it back', async () => {
  const { time, key, take, used } = world();
  const first = await take('asked twice', 'from', 20);
  if (first.outcome !== 'admit' || !first.lease) throw new Error('nothing was lent');
  const { units } = first.lease;
  expect(await used()).toEqual([1 + units, 0]);
  await time.run(5000);
  expect(await take('asked twice', 'from', 20)).toMatchObject({ lease: { units, durationMs: 0 } });
  await key.settle({ id: 'asked twice', keyId: 'key', used: 1, unspent: units });
  await time.run();
  expect(await used()).toEqual([1, 0]);
});

it('an instance repeats no number of one that died in the same second after it wrote its row', async () => {
  const nowMs = Date.UTC(2026, 10, 30);
  for (const chance of [0, 0.2, 0.5, 0.999]) {
    const sent: number[] = [];
    const send = (messenger: Messenger) =>
      messenger.send(async (seq) => {
        sent.push(seq);
        return { outcome: 'noted' };
      });
    const dead = new Messenger(0, nowMs, 0.5, () => false);
    await send(dead);
    const written = dead.seq;
    await send(dead);
    await send(dead);
    await send(new Messenger(written, nowMs + 300, chance, () => false));
    expect(sent).toEqual([...new Set(sent)].sort((a, b) => a - b));
  }
});

it('that a message came after a newer one costs none of its tries, and is no endless talk', async () => {
  const answers = (...outcomes: ('void' | 'lost' | 'noted')[]) => {
    const messenger = new Messenger(0, START, 0.5, () => true);
    return messenger.send(async (seq) => {
      const outcome = outcomes.shift() ?? 'void';
      if (outcome === 'lost') throw new Error('lost');
      return { outcome, seq: seq + 1000 };
    });
  };
  await expect(answers('void', 'lost', 'lost', 'noted')).resolves.toMatchObject([
    { outcome: 'noted' },
    expect.any(Number),
  ]);
  await expect(answers('lost', 'void', 'lost', 'lost')).rejects.toThrow('lost');
  await expect(answers()).rejects.toThrow(Overtaken);
});
