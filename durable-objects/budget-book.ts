// What was spent of the budgets that are counted in a key's object: its own and those of the keys that it made. A row of each,
// written together with the object's.

import { dropOldest } from '../src/core/bounded.ts';
import type { Budget } from '../src/limits/budget.ts';
import type { ObjectStore } from './counter-ports.ts';

interface Line {
  /** In what its cap is in. */
  spent: number;
  /** Of the record of its key: the highest that was seen. */
  version: number;
}

/** What a grant took of a budget: for each unit so much. */
export type Charge = Pick<Budget, 'id' | 'perUnit'>;

const MAX_REMEMBERED = 1024;
const nameOf = (id: string): string => `budget:${id}`;

export class BudgetBook {
  private readonly store: ObjectStore;
  private readonly known = new Map<string, Line>();
  private readonly unwritten = new Set<string>();

  constructor(store: ObjectStore) {
    this.store = store;
  }

  readonly spentOf = (id: string): number => this.lineOf(id).spent;

  versionOf(id: string): number {
    return this.lineOf(id).version;
  }

  /** Units that a grant reserved, or, below zero, that came back. */
  charge(charges: readonly Charge[], units: number): void {
    for (const { id, perUnit } of charges) {
      const line = this.lineOf(id);
      this.change(id, { ...line, spent: Math.max(0, line.spent + units * perUnit) });
    }
  }

  /** Older records of the key are stale from now on. */
  see(id: string, version: number): void {
    const line = this.lineOf(id);
    if (version > line.version) this.change(id, { ...line, version });
  }

  write(): void {
    for (const id of this.unwritten) this.store.put(nameOf(id), this.lineOf(id));
    this.unwritten.clear();
    dropOldest(this.known, MAX_REMEMBERED);
  }

  private lineOf(id: string): Line {
    const line = this.known.get(id) ?? this.store.get<Line>(nameOf(id)) ?? { spent: 0, version: -1 };
    this.known.set(id, line);
    return line;
  }

  private change(id: string, line: Line): void {
    this.known.set(id, line);
    this.unwritten.add(id);
  }
}
