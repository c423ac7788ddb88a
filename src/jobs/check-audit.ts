// Holds every audit chain against its own hashes, and against the heads that were kept the night before, outside the
// database; then keeps the heads of tonight. It looks at all entries: whoever changes an old one is found the next night.

import { createChains, type Head } from '../audit/chain.ts';
import type { ChainStore } from '../audit/chain-store.ts';
import type { HeadStore } from '../audit/head-store.ts';

export interface CheckAuditPorts {
  chains: ChainStore;
  heads: HeadStore;
  log(line: Record<string, unknown>): void;
}

/** Entries whose hashes one statement calculates: some 0.2 s. */
const PAGE_ENTRIES = 10_000;
const HEADS_AT_ONCE = 1000;
/** What the kept heads themselves are called where chains are. */
const HEADS = 'heads';

export async function checkAudit({ chains: store, heads: kept, log }: CheckAuditPorts) {
  const last = await kept.last();
  const { id: top, atMs } = await store.top();
  const chains = createChains();
  if (last === 'forged') chains.note(HEADS, 'forged');

  for (let after = 0; ; ) {
    const pieces = await store.page(after, top, PAGE_ENTRIES);
    for (const piece of pieces) chains.add(piece);
    after = Math.max(after, ...pieces.map(({ lastId }) => lastId));
    if (pieces.reduce((sum, { count }) => sum + count, 0) < PAGE_ENTRIES) break;
  }

  const before = new Map((Array.isArray(last) ? last : []).map((head) => [head.chain, head]));
  const keptMs = Math.max(0, ...[...before.values()].map((head) => head.atMs));
  // A chain that had no head is as new as the heads are old.
  const fresh = chains.chains().filter((chain) => before.size > 0 && !before.has(chain));
  const held: Head[] = [
    ...before.values(),
    ...fresh.map((chain) => ({ chain, count: 0, id: 0, hash: '', atMs: keptMs })),
  ];
  for (let i = 0; i < held.length; i += HEADS_AT_ONCE) {
    const some = held.slice(i, i + HEADS_AT_ONCE);
    const standings = new Map((await store.standing(some)).map((each) => [each.chain, each]));
    for (const head of some) chains.compare(head, standings.get(head.chain) ?? { hash: null, misdated: [] });
  }

  const breaks = chains.breaks();
  const found = {
    chains: new Set([...chains.chains(), ...before.keys()]).size,
    entries: chains.entries(),
    breaks,
  };
  await store.save(atMs, found);
  await kept.keep(chains.heads(before, atMs), atMs);
  const level = breaks.length > 0 ? 'error' : 'info';
  log({ message: 'audit checked', level, ...found, breaks: breaks.slice(0, 20), broken: breaks.length });
  return { chains: found.chains, entries: found.entries, broken: breaks.length };
}
