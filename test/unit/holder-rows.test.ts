// The rows of a partner's object: few, and never less than what was decided, wherever it dies.

import { describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../durable-objects/counter-ports.ts';
import { PartnerCounter } from '../../durable-objects/partner-counter.ts';
import { chanceOf, VirtualTime } from '../../loadtest/simulation/virtual-time.ts';
import type { PartnerLimits } from '../../src/limits/limit.ts';
import type { DrawRequest } from '../../src/limits/partner-draw.ts';
import { memoryStore } from '../support/limited-partner.ts';

const DAY = Date.UTC(2026, 10, 22);
const NOON = DAY + 43_200_000;
const AMPLE = { second: 10_000, day: 10_000_000, month: 100_000_000, overage: 'block' } as const;

function world(limits: PartnerLimits = AMPLE) {
  const time = new VirtualTime();
  const store = memoryStore();
  let rows = 0;
  const counted: ObjectStore = {
    ...store,
    put(key, value) {
      rows++;
      store.put(key, value);
    },
  };
  /** By name, what each says that it used: whoever is asked says it. */
  const told: Record<string, number> = {};
  const asked: string[] = [];
  const wakes: number[] = [];
  const seqs: Record<string, number> = {};
  const make = (): PartnerCounter =>
    new PartnerCounter({
      now: () => NOON + time.nowMs,
      sleep: (ms) => time.sleep(ms),
      keepAlive: () => undefined,
      store: counted,
      wakeAt(atMs) {
        wakes.push(atMs ?? Number.NaN);
      },
      log: () => undefined,
      holder: (name) => ({
        async report() {
          asked.push(name);
          const used = { [DAY]: told[name] ?? 0 };
          const first = partner.report({ holder: name, seq: nextOf(name), used });
          if (first.outcome !== 'void') return;
          seqs[name] = first.seq;
          partner.report({ holder: name, seq: nextOf(name), used });
        },
      }),
    });
  let partner = make();
  const nextOf = (name: string): number => {
    seqs[name] = (seqs[name] ?? 0) + 1;
    return seqs[name];
  };
  const draw = (holder: string, wishes: Partial<DrawRequest> = {}) => {
    const used = { [DAY]: told[holder] ?? 0 };
    const request = {
      holder,
      seq: nextOf(holder),
      used,
      version: 1,
      catalog: 0,
      limits,
      costs: [1],
      wanted: 0,
    };
    const reply = partner.draw({ ...request, ...wishes });
    if (reply.outcome === 'decided')
      told[holder] = (told[holder] ?? 0) + reply.admitted.filter(Boolean).length;
    return reply;
  };
  return {
    time,
    draw,
    told,
    asked,
    seqs,
    restart() {
      partner = make();
    },
    wakes,
    wake: () => partner.wake(),
    shown: async () => (await partner.standing(1, limits)).gauges,
    rows: () => rows,
  };
}

describe('rows of holders', () => {
  it('are a fraction of the draws, once a holder has drawn several times', () => {
    const { draw, rows } = world();
    for (let i = 0; i < 100; i++) draw('busy');
    expect(rows()).toBeLessThan(20);
  });

  it('are one for each draw of holders that draw seldom', () => {
    const { draw, rows } = world();
    draw('first');
    const before = rows();
    for (const name of ['a', 'b', 'c', 'd']) draw(name);
    expect(rows() - before).toBe(4);
  });

  it('are one for each draw where little is left: nobody is refused for what a row says too much', () => {
    const { draw, rows } = world({ ...AMPLE, day: 1000 });
    draw('busy');
    const before = rows();
    for (let i = 0; i < 50; i++) draw('busy');
    expect(rows() - before).toBe(50);
  });

  it('say never less than what was decided, wherever the object dies, and what is once holders were asked', async () => {
    const chance = chanceOf(7);
    for (let history = 0; history < 50; history++) {
      const { draw, told, restart, shown, time, asked } = world();
      const draws = chance.whole(1, 60);
      for (let i = 0; i < draws; i++) {
        draw(chance.of(['a', 'b']), { costs: Array.from({ length: chance.whole(1, 3) }, () => 1) });
        if (chance.is(0.3)) await time.run(time.nowMs + chance.whole(1, 40));
      }
      const used = (told.a ?? 0) + (told.b ?? 0);
      restart();
      const reply = draw('c');
      if (reply.outcome !== 'decided') throw new Error(reply.outcome);
      const before = AMPLE.day - reply.gauges.day.remaining - 1;
      expect(before).toBeGreaterThanOrEqual(used);
      expect(before).toBeLessThanOrEqual(used + AMPLE.day / 1000);
      expect((await shown()).day.remaining).toBe(AMPLE.day - used - 1);
      expect(new Set(asked).size).toBe(asked.length);
    }
  });

  it('count what they stand for in the second of a restart', () => {
    const { draw, restart } = world({ ...AMPLE, second: 100 });
    for (let i = 0; i < 12; i++) draw('busy');
    restart();
    expect(draw('other', { costs: [89] })).toMatchObject({ admitted: [false] });
    expect(draw('other', { costs: [70] })).toMatchObject({ admitted: [true] });
  });

  it('keep a message of before the restart from being taken for a new one', async () => {
    const { draw, told, seqs, restart, shown } = world();
    for (let i = 0; i < 12; i++) draw('busy');
    restart();
    const late = { seq: (seqs.busy ?? 0) - 1, used: { [DAY]: 1 } };
    expect(draw('busy', late).outcome).toBe('void');
    expect((await shown()).day.remaining).toBe(AMPLE.day - (told.busy ?? 0));
  });

  it('say what is once it is quiet, for which it wakes, and no more after that', async () => {
    const { draw, time, restart, shown, told, asked, wake, wakes } = world();
    for (let i = 0; i < 12; i++) draw('busy');
    expect(wakes).toEqual([NOON + 20_000]);
    await time.run(20_000);
    await wake();
    expect(wakes).toHaveLength(1);
    restart();
    expect((await shown()).day.remaining).toBe(AMPLE.day - (told.busy ?? 0));
    expect(asked).toEqual([]);
  });

  it('of a holder that is quiet say what is, while others go on', async () => {
    const { draw, time, restart, shown, asked, wake } = world();
    for (let i = 0; i < 12; i++) for (const name of ['quiet', 'busy']) draw(name);
    await time.run(19_000);
    for (let i = 0; i < 12; i++) draw('busy');
    await wake();
    restart();
    await shown();
    expect(asked).toEqual(['busy']);
  });

  it('say what is as soon as little is left, by use or because a limit was lowered', async () => {
    const { draw, restart, shown, asked } = world();
    for (let i = 0; i < 12; i++) draw('busy');
    draw('other', { version: 2, limits: { ...AMPLE, day: 100 } });
    restart();
    await shown();
    expect(asked).toEqual([]);
  });

  it('of whoever died before it was quiet are put right within seconds, or when it wakes', async () => {
    const { draw, time, restart, shown, asked, wake } = world();
    for (let i = 0; i < 12; i++) draw('busy');
    restart();
    await time.run(2000);
    expect(asked).toEqual(['busy']);
    for (let i = 0; i < 12; i++) draw('busy');
    restart();
    await wake();
    expect(asked).toEqual(['busy', 'busy']);
    restart();
    await shown();
    expect(asked).toHaveLength(2);
  });

  it('of a day that is over are undone as well, also after another restart', async () => {
    const { draw, time, restart, shown, told } = world();
    for (let i = 0; i < 12; i++) draw('busy');
    restart();
    await time.run(DAY + 86_400_000 - NOON + 1000);
    draw('other', { used: {} });
    restart();
    expect((await shown()).month.remaining).toBe(AMPLE.month - (told.busy ?? 0) - 1);
  });
});
