// The calls that a key's object admitted lately, so that one asked for again repeats its answer and one that is settled
// gives back once. Written with the object's state: the newest lines are part of its row, older ones are segments.

import { dropOldest } from '../src/core/bounded.ts';
import type { Charge } from './budget-book.ts';
import type { ObjectStore } from './counter-ports.ts';

/** A call can be settled for this long after it was admitted. */
export const SETTLE_WITHIN_MS = 10 * 60_000;
/** No message arrives later than this after it was sent: callers have given up long before. */
const ON_ITS_WAY_MS = 15_000;
const LINES_A_SEGMENT = 32;
/** Lines kept in memory; older ones are looked up. */
const MAX_REMEMBERED = 4096;
/** Old segments deleted at most with each new one. */
const MAX_DELETED = 4;

/** `used`: -1 until it is settled. A call that was settled before it was asked for reserved nothing. */
export interface JournalLine {
  id: string;
  /** The call's own, and what was lent with it. */
  units: number;
  dayStartMs: number;
  /** The moment of the decision, by the clock of whoever decided. */
  atMs: number;
  over: boolean;
  used: number;
  /** When it was written here, by this object's clock. */
  notedMs: number;
  /** Units lent to the edge, and until when it may spend them. */
  lent: number;
  lentUntilMs: number;
  /** What its units took of budgets. */
  charges: readonly Charge[];
}

type Packed = [
  id: string,
  units: number,
  dayStartMs: number,
  atMs: number,
  over: number,
  used: number,
  notedMs: number,
  lent?: number,
  lentUntilMs?: number,
  charges?: readonly Charge[],
];

export interface StoredJournal {
  first: number;
  segment: number;
  lines: Packed[];
}

function pack(line: JournalLine): Packed {
  const { id, units, dayStartMs, atMs, over, used, notedMs, lent, lentUntilMs, charges } = line;
  const packed: Packed = [id, units, dayStartMs, atMs, over ? 1 : 0, used, notedMs];
  if (charges.length > 0) packed.push(lent, lentUntilMs, charges);
  else if (lent > 0) packed.push(lent, lentUntilMs);
  return packed;
}
function unpack(line: Packed): JournalLine {
  const [id, units, dayStartMs, atMs, over, used, notedMs, lent = 0, lentUntilMs = 0, charges = []] = line;
  return { id, units, dayStartMs, atMs, over: over === 1, used, notedMs, lent, lentUntilMs, charges };
}

const nameOf = (segment: number): string => `journal:${String(segment).padStart(12, '0')}`;

export class CallJournal {
  private readonly known = new Map<string, JournalLine>();
  private stored: StoredJournal;
  private readonly store: ObjectStore;

  /** With what may still be on its way: calls of the last seconds, as the instance before knew them. */
  constructor(store: ObjectStore, stored: StoredJournal | undefined, nowMs: number) {
    this.store = store;
    this.stored = stored ?? { first: 0, segment: 0, lines: [] };
    const recent: Packed[][] = [this.stored.lines];
    const maxSegments = MAX_REMEMBERED / LINES_A_SEGMENT;
    for (let i = 1; i <= maxSegments && this.stored.segment - i >= this.stored.first; i++) {
      const lines = store.get<Packed[]>(nameOf(this.stored.segment - i)) ?? [];
      recent.unshift(lines);
      if (nowMs - (lines.at(-1)?.[6] ?? 0) > ON_ITS_WAY_MS) break;
    }
    for (const line of recent.flat()) this.known.set(line[0], unpack(line));
  }

  /** What the object's row holds of it. */
  get row(): StoredJournal {
    return this.stored;
  }

  /** A call of the last moments. */
  recall(id: string): JournalLine | undefined {
    return this.known.get(id);
  }

  /** A call that may still be settled, however many came since. */
  find(id: string, nowMs: number): JournalLine | undefined {
    const line = this.known.get(id) ?? this.search(id);
    return line && nowMs - line.notedMs <= SETTLE_WITHIN_MS ? line : undefined;
  }

  /** Adds a line; a later one of the same call replaces it. To be followed by a write of the row. */
  add(line: JournalLine): void {
    this.known.delete(line.id);
    this.known.set(line.id, line);
    dropOldest(this.known, MAX_REMEMBERED);
    if (this.stored.lines.length >= LINES_A_SEGMENT) this.begin(line.notedMs);
    this.stored.lines.push(pack(line));
  }

  private search(id: string): JournalLine | undefined {
    for (let segment = this.stored.segment - 1; segment >= this.stored.first; segment--) {
      const line = this.store.get<Packed[]>(nameOf(segment))?.findLast(([other]) => other === id);
      if (line) return unpack(line);
    }
    return undefined;
  }

  private begin(nowMs: number): void {
    const { segment, lines } = this.stored;
    this.store.put(nameOf(segment), lines);
    this.stored = { ...this.stored, segment: segment + 1, lines: [] };
    for (let deleted = 0; deleted < MAX_DELETED && this.stored.first < segment; deleted++) {
      const oldest = this.store.get<Packed[]>(nameOf(this.stored.first));
      if (oldest && nowMs - (oldest.at(-1)?.[6] ?? 0) <= SETTLE_WITHIN_MS) return;
      this.store.delete(nameOf(this.stored.first));
      this.stored = { ...this.stored, first: this.stored.first + 1 };
    }
  }
}
