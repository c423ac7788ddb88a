// The rows of a partner's object, one for each holder. The row of a holder that draws again and again says more than was
// decided: it stands for the draws to come as well, which then write nothing. So a row may say too much and never too little;
// what it says too much is taken back once the holder is quiet or, when the object was made again, by what the holder says
// that it used.

import { LEASE_MS } from '../src/limits/lease.ts';
import type { Grant, Holder } from '../src/limits/partner-ledger.ts';
import { addUnits, type DayCounts, unitsOn } from '../src/limits/quota.ts';
import { addToWindow } from '../src/limits/sliding-window.ts';
import type { PartnerPorts } from './counter-ports.ts';
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
  /** Draws without a pause, and the moment of the last. */
  draws: number;
  drawnMs: number;
}

/** Draws like the last one that a row stands for. */
const DRAWS_AHEAD = 8;
/** Whoever has drawn this often without a pause will draw again, most likely. */
const DRAWS_BEFORE = 4;
const PAUSE_MS = 5000;
/** Numbers of a holder rise with time. */
const NUMBERS_AHEAD = 600_000 * NUMBERS_A_MS;
/** While rows are ahead the object wakes this often: a row for each time. */
const WAKE_AFTER_MS = 20_000;
/** When it was made again, whoever is called has said by then what it used; the others are asked. */
const ASK_AFTER_MS = 2000;
/** A holder that has not said by then what it used cannot, or counts for another partner. */
const MAX_ASKED = 5;

const PREFIX = 'holder:';

const unitsOf = ({ units, lent }: Grant): number => units + lent;

export class HolderRows {
  private readonly ports: PartnerPorts;
  /** As they are. */
  private readonly holders: ReadonlyMap<string, Holder>;
  /** Asks holders what they used. */
  private readonly ask: (names: readonly string[]) => Promise<unknown>;
  private readonly written = new Map<string, Written>();
  /** Whose rows are ahead, and by how much at most all together. */
  private readonly areAhead = new Set<string>();
  private unitsAhead = 0;
  /** Holders whose rows were ahead when the object was made, and that have not said since what they used. */
  readonly onCredit = new Set<string>();
  private timesAsked = 0;
  private willWake = false;

  constructor(
    ports: PartnerPorts,
    holders: ReadonlyMap<string, Holder>,
    ask: (names: readonly string[]) => Promise<unknown>,
  ) {
    this.ports = ports;
    this.holders = holders;
    this.ask = ask;
  }

  /** Each holder as it was, or as it may have become. `second`: the limit of a second. */
  restored(second: number, nowMs: number): [name: string, holder: Holder][] {
    const rows = [...this.ports.store.list<Row>(PREFIX)];
    const holders = rows.map(([key, { ahead, ...holder }]): [name: string, holder: Holder] => {
      const name = key.slice(PREFIX.length);
      if (!ahead) return [name, holder];
      this.onCredit.add(name);
      const { seq, units, dayStartMs } = ahead;
      const used = addUnits(holder.used, dayStartMs, units);
      // All of it may have been lent at the last moment.
      const window = addToWindow(holder.window, units, nowMs + LEASE_MS, second);
      return [name, { ...holder, seq, used, window }];
    });
    if (this.onCredit.size > 0) {
      // An alarm was set with the first of these rows.
      this.willWake = true;
      this.ports.keepAlive(this.askSoon());
    }
    return holders;
  }

  /** A holder has said what it used. */
  hear(name: string): void {
    this.onCredit.delete(name);
  }

  /** As it is; of one on credit, as far as that is known. */
  put(name: string, holder: Holder, dayStartMs: number): void {
    const ahead = this.onCredit.has(name) ? { seq: holder.seq, units: 0, dayStartMs } : undefined;
    this.write(name, holder, ahead, this.written.get(name));
    this.wakeWhileAhead();
  }

  /** After a draw, whose grant the holder has. `room`: by how much all rows together may be ahead now. */
  putDrawn(
    name: string,
    holder: Holder,
    { dayStartMs, room, nowMs }: { dayStartMs: number; room: number; nowMs: number },
  ): void {
    const isOver = this.unitsAhead > room;
    if (isOver) this.catchUp((_, other) => other !== name);
    const known = this.written.get(name);
    const granted = holder.grant ? unitsOf(holder.grant) : 0;
    const draws = known && nowMs - known.drawnMs < PAUSE_MS ? known.draws + 1 : 1;
    if (!isOver && known?.ahead && isSaidBy(known, known.ahead, holder, granted)) {
      Object.assign(known, { left: known.left - granted, draws, drawnMs: nowMs });
      return;
    }
    const left = room - this.unitsAhead + (known?.ahead?.units ?? 0);
    const units = draws > DRAWS_BEFORE ? Math.min(DRAWS_AHEAD * granted, Math.floor(left)) : 0;
    const ahead = units > granted ? { seq: holder.seq + NUMBERS_AHEAD, units, dayStartMs } : undefined;
    this.write(name, holder, ahead, { draws, drawnMs: nowMs });
    this.wakeWhileAhead();
  }

  delete(name: string): void {
    this.unitsAhead -= this.written.get(name)?.ahead?.units ?? 0;
    this.written.delete(name);
    this.areAhead.delete(name);
    this.onCredit.delete(name);
    this.ports.store.delete(PREFIX + name);
  }

  /** Comes while rows are ahead: what they say too much is taken back. */
  async wake(): Promise<void> {
    this.willWake = false;
    await this.askOnCredit();
    const nowMs = this.ports.now();
    this.catchUp(({ drawnMs }) => nowMs - drawnMs >= PAUSE_MS);
    this.wakeWhileAhead();
  }

  private async askSoon(): Promise<void> {
    await this.ports.sleep(ASK_AFTER_MS);
    await this.askOnCredit();
    this.wakeWhileAhead();
  }

  private async askOnCredit(): Promise<void> {
    const { onCredit, ports } = this;
    if (onCredit.size > 0) {
      await this.ask([...onCredit]);
      this.timesAsked++;
    }
    if (this.timesAsked >= MAX_ASKED && onCredit.size > 0) {
      ports.log({ message: 'keys did not say what they used', level: 'error', keys: [...onCredit] });
      onCredit.clear();
    }
  }

  /** Rows of such holders say no more than what is; of those on credit that is not known. */
  private catchUp(isWanted: (row: Written, name: string) => boolean): void {
    for (const name of [...this.areAhead]) {
      const holder = this.holders.get(name);
      const row = this.written.get(name);
      if (holder && row && !this.onCredit.has(name) && isWanted(row, name))
        this.write(name, holder, undefined, row);
    }
  }

  private wakeWhileAhead(): void {
    const isAhead = this.areAhead.size > 0 || this.onCredit.size > 0;
    if (this.willWake === isAhead) return;
    this.willWake = isAhead;
    this.ports.wakeAt(isAhead ? this.ports.now() + WAKE_AFTER_MS : undefined);
  }

  private write(
    name: string,
    holder: Holder,
    ahead: Ahead | undefined,
    { draws, drawnMs }: Pick<Written, 'draws' | 'drawnMs'> = { draws: 0, drawnMs: 0 },
  ): void {
    this.ports.store.put<Row>(PREFIX + name, ahead ? { ...holder, ahead } : holder);
    const units = ahead?.units ?? 0;
    this.unitsAhead += units - (this.written.get(name)?.ahead?.units ?? 0);
    this.written.set(name, { used: holder.used, ahead, left: units, draws, drawnMs });
    if (ahead) this.areAhead.add(name);
    else this.areAhead.delete(name);
  }
}

function isSaidBy({ used, left }: Written, ahead: Ahead, holder: Holder, granted: number): boolean {
  if (granted > left || holder.seq > ahead.seq) return false;
  for (const key of new Set([...Object.keys(used), ...Object.keys(holder.used)])) {
    const day = Number(key);
    const [before, after] = [unitsOn(used, day), unitsOn(holder.used, day)];
    if (day === ahead.dayStartMs ? after > before + ahead.units : after !== before) return false;
  }
  return true;
}
