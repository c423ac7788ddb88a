// An isolate at the edge: the real counter of what it may spend by itself, in virtual time. It ends at any moment, with
// what it holds: whatever it would have said reaches nobody.

import { type Answer, EdgeCounter, type Grant } from '../../src/gateway/edge-counter.ts';
import type { Settle, TakeCall, TakeReply } from '../../src/limits/protocol.ts';

interface Life {
  isAlive: boolean;
}

export interface IsolatePorts {
  now(): number;
  sleep(ms: number): Promise<unknown>;
  newId(): string;
  take(life: Life, call: TakeCall): Promise<TakeReply>;
  settle(life: Life, settle: Settle): Promise<void>;
  isLent: boolean;
  onLease(): void;
}

export class IsolateDied extends Error {}

export class EdgeIsolate {
  readonly life: Life = { isAlive: true };
  readonly counter: EdgeCounter;
  readonly now: () => number;
  private readonly isLent: boolean;
  /** What may be counted of what it asked for, and nobody hears of: units by call, and whose they are. */
  private readonly open = new Map<string, { keyId: string; units: number }>();
  private readonly deaths: ((error: IsolateDied) => void)[] = [];

  constructor(ports: IsolatePorts) {
    this.now = ports.now;
    this.isLent = ports.isLent;
    this.counter = new EdgeCounter({
      now: ports.now,
      sleep: ports.sleep,
      newId: ports.newId,
      take: async (call) => {
        this.open.set(call.id, { keyId: call.keyId, units: call.cost + (call.wanted ?? 0) });
        const reply = await ports.take(this.life, call);
        for (const { id } of call.ended ?? []) this.open.delete(id);
        if (reply.outcome !== 'admit' || !reply.lease) this.open.delete(call.id);
        else ports.onLease();
        return reply;
      },
      settle: async (settle) => {
        await ports.settle(this.life, settle);
        this.open.delete(settle.id);
      },
      log: () => undefined,
    });
  }

  readonly keepAlive = (work: Promise<unknown>): void => void work.catch(() => undefined);

  /** @throws CallFailed, IsolateDied */
  take(call: Omit<TakeCall, 'wanted' | 'ended'>): Promise<Answer> {
    const died = new Promise<never>((_, reject) => this.deaths.push(reject));
    died.catch(() => undefined);
    return Promise.race([this.counter.take(call, this.isLent && !call.budgets, this.keepAlive), died]);
  }

  giveBack(grant: Grant, units: number): void {
    const before = this.open.get(grant.id)?.units ?? 0;
    if (!grant.isOpen) this.open.set(grant.id, { keyId: grant.keyId, units: before + units });
    this.counter.giveBack(grant, units, this.keepAlive);
  }

  /** `bury` hears of the units that may stay counted. */
  die(bury: (keyId: string, units: number) => void): void {
    this.life.isAlive = false;
    for (const { keyId, units } of this.open.values()) bury(keyId, units);
    for (const reject of this.deaths) reject(new IsolateDied());
  }
}
