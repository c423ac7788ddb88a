// What is wrong with the chains of the audit trail, from what was read of them and from the heads that were kept of them
// outside the database. Pure.

import { json, number, type RowOf, row, text } from '../platform/row.ts';

/** The chain of what belongs to no partner. */
export const NOBODYS = 'none';

/** A chain as it was at some moment: whoever changes, cuts or makes up what was before can no longer arrive at its hash. */
export interface Head {
  /** A partner's id, or `none`. */
  chain: string;
  /** Entries up to it. */
  count: number;
  id: number;
  hash: string;
  atMs: number;
}

/** What one page of the trail, in the order of ids, holds of one chain. */
export const Piece = row('piece of an audit chain', {
  chain: text.notNull('a partner, or nobody'),
  count: number,
  firstId: number,
  /** What its first entry says that it continues. */
  previous: text.notNull('the first of a group'),
  lastId: number,
  lastHash: text.notNull('the last of a group'),
  /** Entries whose hash is not that of their content, or that do not continue the one before. */
  wrong: json<number[]>(),
});
export type Piece = RowOf<typeof Piece>;

/** How the database stands to a kept head. */
export const Standing = row('standing of an audit chain', {
  chain: text.notNull('a head names its chain'),
  /** Of the entry with the head's id; null when there is none. */
  hash: text.nullable(),
  /** Entries after it whose time is before it, or has not come. */
  misdated: json<number[]>(),
});
export type Standing = RowOf<typeof Standing>;

/** `cut`: entries are gone. `rewritten`: whole, but not what it was. `forged`: kept heads that we did not sign. */
export type BreakReason = 'changed' | 'cut' | 'rewritten' | 'misdated' | 'forged';

export interface Break {
  chain: string;
  reasons: BreakReason[];
  /** Where it was noticed. */
  entries: number[];
}

const MAX_ENTRIES = 20;

export function createChains() {
  const tips = new Map<string, Omit<Head, 'atMs'>>();
  const breaks = new Map<string, Break>();

  function note(chain: string, reason: BreakReason, entries: readonly number[] = []): void {
    const known = breaks.get(chain) ?? { chain, reasons: [], entries: [] };
    const reasons = known.reasons.includes(reason) ? known.reasons : [...known.reasons, reason];
    breaks.set(chain, { chain, reasons, entries: [...known.entries, ...entries].slice(0, MAX_ENTRIES) });
  }

  return {
    note,
    /** The next piece of a chain. */
    add({ chain, count, firstId, previous, lastId, lastHash, wrong }: Piece): void {
      const tip = tips.get(chain);
      const before = tip?.hash ?? '';
      if (wrong.length > 0 || previous !== before)
        note(chain, 'changed', previous === before ? wrong : [firstId, ...wrong]);
      tips.set(chain, { chain, count: (tip?.count ?? 0) + count, id: lastId, hash: lastHash });
    },
    /** Holds a chain against its kept head. */
    compare(head: Head, { hash, misdated }: Omit<Standing, 'chain'>): void {
      if (head.count > 0 && hash === null) note(head.chain, 'cut', [head.id]);
      else if (head.count > 0 && hash !== head.hash) note(head.chain, 'rewritten', [head.id]);
      if (misdated.length > 0) note(head.chain, 'misdated', misdated);
    },
    chains: (): string[] => [...tips.keys()],
    entries: (): number => [...tips.values()].reduce((sum, { count }) => sum + count, 0),
    breaks: (): Break[] => [...breaks.values()],
    /** Heads to keep. A chain that is broken stays held against the last head that it had when it was whole. */
    heads(before: ReadonlyMap<string, Head>, atMs: number): Head[] {
      const held = [...before.values()].filter(({ chain }) => breaks.has(chain));
      const whole = [...tips.values()].filter(({ chain }) => !breaks.has(chain));
      return [...held, ...whole.map((tip) => ({ ...tip, atMs }))];
    },
  };
}
