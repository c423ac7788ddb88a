// The rows of a partner's object, one for each holder. The row of a holder that has drawn several times says more than was
// decided: it stands for the draws to come as well, which then write nothing. So a row may say too much and never too little;
// what it says too much is taken back once it is quiet or, when the object was made again, by what the holder says that it used.

import { LEASE_MS } from '../src/limits/lease.ts';
import type { Grant, Holder } from '../src/limits/partner-ledger.ts';
import { addUnits, type DayCounts, unitsOn } from '../src/limits/quota.ts';
import { addToWindow } from '../src/limits/sliding-window.ts';
import type { ObjectStore } from './counter-ports.ts';
import { NUMBERS_A_MS } from './messenger.ts';

/** What a row says beyond the holder as it was: messages up to a number, and units of a day. */
interface Ahead {
  seq: number;
  units: number;
  dayStartMs: number;
}

type Row = Holder & { ahead?: Ahead };

/** What is known of a row that this instance wrote. */
interface Written {
  used: DayCounts;
  ahead: Ahead | undefined;
  /** Units of `ahead` that no draw has taken. */
  left: number;
  draws: number;
}

/** Draws like the last one that a row stands for. */
const DRAWS_AHEAD = 8;
/** Whoever has drawn this often since the object was made will draw again, most likely. */
const DRAWS_BEFORE = 4;
/** Numbers of a holder rise with time. */
const NUMBERS_AHEAD = 600_000 * NUMBERS_A_MS;

const PREFIX = 'holder:';

const unitsOf = ({ units, lent }: Grant): number => units + lent;

export class HolderRows {
  private readonly store: ObjectStore;
  private readonly written = new Map<string, Written>();
  /** By how much all rows together are ahead, and whose. */
  private ahead = 0;
  private readonly areAhead = new Set<string>();
  /** Holders whose rows were ahead when the object was made, and that have not said since what they used. */
  readonly onCredit = new Set<string>();

  constructor(store: ObjectStore) {
    this.store = store;
  }

  /** Each holder as it was, or as it may have become. `second`: the limit of a second. */
  *restored(second: number, nowMs: number): Iterable<[name: string, holder: Holder]> {
    for (const [key, { ahead, ...holder }] of this.store.list<Row>(PREFIX)) {
      const name = key.slice(PREFIX.length);
      if (!ahead) yield [name, holder];
      else {
        this.onCredit.add(name);
        const { seq, units, dayStartMs } = ahead;
        const used = addUnits(holder.used, dayStartMs, units);
        // All of it may have been lent at the last moment.
        const window = addToWindow(holder.window, units, nowMs + LEASE_MS, second);
        yield [name, { ...holder, seq, used, window }];
      }
    }
  }

  /** Whether some row says more than what is known to be. */
  get isAhead(): boolean {
    return this.areAhead.size > 0 || this.onCredit.size > 0;
  }

  /** Rows say no more than what is; of those on credit that is not known. */
  catchUp(holders: ReadonlyMap<string, Holder>): void {
    for (const name of this.areAhead) {
      const holder = holders.get(name);
      if (holder && !this.onCredit.has(name)) this.write(name, holder, undefined, 0);
    }
  }

  /** A holder has said what it used. */
  hear(name: string): void {
    this.onCredit.delete(name);
  }

  /** As it is; of one on credit, as far as that is known. */
  put(name: string, holder: Holder, dayStartMs: number): void {
    const ahead = this.onCredit.has(name) ? { seq: holder.seq, units: 0, dayStartMs } : undefined;
    this.write(name, holder, ahead, this.written.get(name)?.draws ?? 0);
  }

  /** After a draw, whose grant the holder has. `room`: by how much all rows together may be ahead. */
  putDrawn(name: string, holder: Holder, dayStartMs: number, room: number): void {
    const known = this.written.get(name);
    const granted = holder.grant ? unitsOf(holder.grant) : 0;
    if (known?.ahead && this.isSaidBy(known, known.ahead, holder, granted)) {
      known.left -= granted;
      this.ahead -= granted;
      return;
    }
    const draws = (known?.draws ?? 0) + 1;
    const left = room - this.ahead + (known?.left ?? 0);
    const units = draws > DRAWS_BEFORE ? Math.min(DRAWS_AHEAD * granted, Math.floor(left)) : 0;
    const ahead = units > granted ? { seq: holder.seq + NUMBERS_AHEAD, units, dayStartMs } : undefined;
    this.write(name, holder, ahead, draws);
  }

  delete(name: string): void {
    this.ahead -= this.written.get(name)?.left ?? 0;
    this.written.delete(name);
    this.areAhead.delete(name);
    this.onCredit.delete(name);
    this.store.delete(PREFIX + name);
  }

  private isSaidBy({ used, left }: Written, ahead: Ahead, holder: Holder, granted: number): boolean {
    if (granted > left || holder.seq > ahead.seq) return false;
    for (const key of new Set([...Object.keys(used), ...Object.keys(holder.used)])) {
      const day = Number(key);
      const [before, after] = [unitsOn(used, day), unitsOn(holder.used, day)];
      if (day === ahead.dayStartMs ? after > before + ahead.units : after !== before) return false;
    }
    return true;
  }

  private write(name: string, holder: Holder, ahead: Ahead | undefined, draws: number): void {
    this.store.put<Row>(PREFIX + name, ahead ? { ...holder, ahead } : holder);
    const left = ahead?.units ?? 0;
    this.ahead += left - (this.written.get(name)?.left ?? 0);
    this.written.set(name, { used: holder.used, ahead, left, draws });
    if (ahead) this.areAhead.add(name);
    else this.areAhead.delete(name);
  }
}
