// Hosts an object as the platform does: made when it is called, evicted when it is idle, gone when it crashes. What it put
// is durable at once; what a dead instance does reaches nobody. And the network between: messages are late, lost, doubled
// and overtaken, and answers are lost after the work was done.

import type { ObjectStore } from '../../durable-objects/counter-ports.ts';
import { Overtaken } from '../../durable-objects/messenger.ts';
import type { Chance, VirtualTime } from './virtual-time.ts';

export class CallFailed extends Error {
  readonly retryable: boolean;
  constructor(message: string, retryable: boolean) {
    super(message);
    this.retryable = retryable;
  }
}

/** One that crashed is made again in a later moment of its clock, also where that stands still for some ms. */
const RESTART_MS = 6;

function copy<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copy) as T;
  if (typeof value !== 'object' || value === null) return value;
  const result: Record<string, unknown> = {};
  for (const key in value) result[key] = copy(value[key]);
  return result as T;
}

/** The life of one instance: everything that it may reach asks whether it is still alive. */
export interface Life {
  isAlive: boolean;
  store: ObjectStore;
  /** Work that keeps it from being evicted. */
  working: number;
  keepAlive(work: Promise<unknown>): void;
  /** In so many ms. */
  wakeIn(ms: number | undefined): void;
}

export class ObjectHost<T extends object> {
  readonly rows = new Map<string, unknown>();
  deaths = 0;
  private running: { instance: T; life: Life; abort: ((error: CallFailed) => void)[] } | undefined;
  private readonly make: (life: Life) => T;
  private readonly time: VirtualTime;
  private readonly wake: ((instance: T) => Promise<void>) | undefined;
  private alarm = { atMs: Number.NaN };
  private crashedMs = Number.NEGATIVE_INFINITY;

  constructor(time: VirtualTime, make: (life: Life) => T, wake?: (instance: T) => Promise<void>) {
    this.time = time;
    this.make = make;
    this.wake = wake;
  }

  /** A durable alarm: it goes off whatever instance there is then, and again when that fails. */
  private setAlarm(atMs: number | undefined): void {
    const alarm = { atMs: atMs ?? Number.NaN };
    this.alarm = alarm;
    if (atMs === undefined) return;
    const { wake } = this;
    this.time.after(atMs - this.time.nowMs, () => {
      if (this.alarm !== alarm || !wake) return;
      this.alarm = { atMs: Number.NaN };
      this.call(wake).catch(() => {
        if (Number.isNaN(this.alarm.atMs)) this.setAlarm(this.time.nowMs + 2000);
      });
    });
  }

  async call<Result>(work: (instance: T) => Result | Promise<Result>): Promise<Result> {
    const restartMs = this.crashedMs + RESTART_MS - this.time.nowMs;
    if (restartMs > 0) await this.time.sleep(restartMs);
    this.running ??= this.start();
    const { instance, life, abort } = this.running;
    life.working++;
    const broken = new Promise<never>((_, reject) => abort.push(reject));
    broken.catch(() => undefined);
    try {
      return await Promise.race([work(instance), broken]);
    } finally {
      life.working--;
    }
  }

  /** Memory is lost, calls under way fail, rows stay. */
  crash(): void {
    const { running } = this;
    if (!running) return;
    running.life.isAlive = false;
    this.deaths++;
    this.crashedMs = this.time.nowMs;
    this.running = undefined;
    for (const abort of running.abort) abort(new CallFailed('crashed', true));
  }

  /** As idle objects are. Whether it was: one that works is not. */
  evict(): boolean {
    if (!this.running || this.running.life.working > 0) return false;
    this.running.life.isAlive = false;
    this.deaths++;
    this.running = undefined;
    return true;
  }

  get isRunning(): boolean {
    return this.running !== undefined;
  }
  get isWorking(): boolean {
    return (this.running?.life.working ?? 0) > 0;
  }

  private start() {
    const { rows } = this;
    const life: Life = {
      isAlive: true,
      working: 0,
      keepAlive: (work) => {
        life.working++;
        const done = () => {
          life.working--;
        };
        work.then(done, done);
      },
      wakeIn: (ms) => {
        if (life.isAlive) this.setAlarm(ms === undefined ? undefined : this.time.nowMs + ms);
      },
      store: {
        get: <Value>(key: string) => copy(rows.get(key)) as Value | undefined,
        put(key, value) {
          if (life.isAlive) rows.set(key, copy(value));
        },
        delete(key) {
          if (life.isAlive) rows.delete(key);
        },
        list: <Value>(prefix: string) =>
          [...rows.keys()]
            .filter((key) => key.startsWith(prefix))
            .sort()
            .map((key): [string, Value] => [key, copy(rows.get(key)) as Value]),
      },
    };
    return { instance: this.make(life), life, abort: [] as ((error: CallFailed) => void)[] };
  }
}

export interface Weather {
  mostDelayMs: number;
  requestLost: number;
  replyLost: number;
  doubled: number;
  /** Messages that arrive only after their sender has given up. */
  veryLate: number;
  crash: number;
}

export const CALM: Weather = {
  mostDelayMs: 5,
  requestLost: 0,
  replyLost: 0,
  doubled: 0,
  veryLate: 0,
  crash: 0,
};

export class Network {
  weather = CALM;
  private readonly time: VirtualTime;
  private readonly chance: Chance;

  constructor(time: VirtualTime, chance: Chance) {
    this.time = time;
    this.chance = chance;
  }

  /** One call. `from`: a dead sender's messages go on, and their answers reach nobody. */
  send<T extends object, Result>(
    from: { isAlive: boolean },
    to: ObjectHost<T>,
    work: (instance: T) => Result | Promise<Result>,
    timeoutMs: number,
  ): Promise<Result> {
    const { time, chance, weather } = this;
    const delayMs = () => Math.floor(chance.next() * weather.mostDelayMs);
    if (!from.isAlive) return new Promise(() => undefined);
    return new Promise((resolve, reject) => {
      const answer = (act: () => void, inMs = delayMs()) =>
        time.after(inMs, () => {
          if (from.isAlive) act();
        });
      // That nothing will come is noticed at once, or shortly before it would be given up.
      const noticedMs = () => (chance.is(0.2) ? chance.whole(0, timeoutMs - 1) : delayMs());
      const fail = (why: string) => answer(() => reject(new CallFailed(why, chance.is(0.8))), noticedMs());
      time.after(timeoutMs, () => reject(new CallFailed('over its time bound', false)));
      if (chance.is(weather.requestLost)) return fail('request lost');
      const isVeryLate = chance.is(weather.veryLate);
      const isReplyLost = chance.is(weather.replyLost);
      const arrive = async (isCopy: boolean) => {
        try {
          const called = to.call(work);
          // Between the write and the answer.
          if (chance.is(weather.crash)) to.crash();
          const result = await called;
          if (isCopy) return;
          if (isReplyLost) fail('answer lost');
          else answer(() => resolve(result));
        } catch (error) {
          if (isCopy) return;
          // What an object is expected to throw reaches its caller as a failed call.
          answer(() => reject(error instanceof Overtaken ? new CallFailed(error.message, false) : error));
        }
      };
      time.after(isVeryLate ? timeoutMs + chance.whole(10, 2500) : delayMs(), () => void arrive(false));
      // A copy goes to the instance that was there: with it, its connections end.
      const { deaths } = to;
      if (chance.is(weather.doubled))
        time.after(chance.whole(0, 3000), () => {
          if (to.deaths === deaths) void arrive(true);
        });
    });
  }
}
