// Time that passes only when something happens in it, and random numbers that anybody can repeat.

/** Far more than a history has. */
const MOST_EVENTS = 1_000_000;

export class VirtualTime {
  nowMs = 0;
  private order = 0;
  private readonly due: { atMs: number; order: number; act: () => void }[] = [];

  /** Calls `act` after that long. */
  after(ms: number, act: () => void): void {
    const event = { atMs: this.nowMs + Math.max(0, ms), order: this.order++, act };
    let i = this.due.length;
    this.due.push(event);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = this.due[parent];
      if (!above || !isEarlier(event, above)) break;
      this.due[i] = above;
      i = parent;
    }
    this.due[i] = event;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Runs until nothing is due any more, or until then. */
  async run(untilMs = Number.POSITIVE_INFINITY): Promise<void> {
    await settled();
    let events = 0;
    for (let next = this.due[0]; next && next.atMs <= untilMs; next = this.due[0]) {
      if (++events > MOST_EVENTS) throw new Error('never comes to rest');
      this.takeFirst();
      this.nowMs = next.atMs;
      next.act();
      // What is due at the same moment needs no pause between.
      await settled();
    }
    if (Number.isFinite(untilMs)) this.nowMs = Math.max(this.nowMs, untilMs);
  }

  private takeFirst(): void {
    const last = this.due.pop();
    if (!last || this.due.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      const [left, right] = [this.due[child], this.due[child + 1]];
      if (!left) break;
      if (right && isEarlier(right, left)) child++;
      const least = this.due[child];
      if (!least || !isEarlier(least, last)) break;
      this.due[i] = least;
      i = child;
    }
    this.due[i] = last;
  }
}

const isEarlier = (a: { atMs: number; order: number }, b: { atMs: number; order: number }): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** Until every promise that can go on has gone on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export interface Chance {
  /** From 0 to 1. */
  next(): number;
  /** From `least` to `most`, whole. */
  whole(least: number, most: number): number;
  is(probability: number): boolean;
  of<T>(values: readonly T[]): T;
}

/** Mulberry32. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
  return {
    next,
    whole,
    is: (probability) => next() < probability,
    of: <T>(values: readonly T[]): T => values[whole(0, values.length - 1)] as T,
  };
}
