// What one key's object knows. What it must not lose is one row, written before any answer leaves: its count, the calls
// that it admitted lately, who it is, and the number of its last message.

import { DAY_MS } from '../src/core/time.ts';
import { type KeyLedger, keyLoan, newKeyLedger } from '../src/limits/key-ledger.ts';
import type { KeyLimits } from '../src/limits/limit.ts';
import type { LimitSubject, TakeCall, Versions } from '../src/limits/protocol.ts';
import { since } from '../src/limits/quota.ts';
import { BudgetBook } from './budget-book.ts';
import { CallJournal, type StoredJournal } from './call-journal.ts';
import type { KeyPorts } from './counter-ports.ts';
import { Held } from './held.ts';
import { Messenger } from './messenger.ts';

interface Stored {
  ledger: KeyLedger;
  versions: Versions;
  /** Its own name, and its partner's object's: known from the first call on. */
  keyId: string;
  partnerObject: string;
  /** How often the key was moved to another partner or environment, and when last: later than all calls before. */
  moves: number;
  movedMs: number;
  /** Number of the last message to the partner's object. */
  seq: number;
  journal: StoredJournal;
}

/** Months are calculated from days: those of the month, and what is still open of the one before. */
const DAYS_KEPT_MS = 33 * DAY_MS;

export class KeyState {
  private readonly ports: KeyPorts;
  ledger: KeyLedger = newKeyLedger();
  versions: Versions = { key: -1, partner: -1, catalog: 0 };
  keyId = '';
  partnerObject = '';
  moves = 0;
  movedMs = 0;
  readonly messenger: Messenger;
  readonly journal: CallJournal;
  readonly budgets: BudgetBook;
  /** Not in the row: an instance begins with nothing in its hands. */
  readonly held = new Held();
  /** Limits of the newest record; unknown to an instance that was not called yet. */
  limits: KeyLimits | undefined;
  /** Something was noted that no answer may leave without. */
  isUnwritten = false;

  constructor(ports: KeyPorts) {
    this.ports = ports;
    const stored = ports.store.get<Stored>('state');
    this.budgets = new BudgetBook(ports.store);
    this.journal = new CallJournal(ports.store, stored?.journal, ports.now());
    this.messenger = new Messenger(stored?.seq ?? 0, ports.now(), ports.chance(), ports.isWorthRetrying);
    if (!stored) return;
    // A row of before 2026-11-30 knows no catalogue.
    this.versions = { ...this.versions, ...stored.versions };
    // A row of before 2026-11-24: what it counted is in its partner's.
    if (!stored.journal) return;
    this.ledger = stored.ledger;
    this.keyId = stored.keyId;
    this.partnerObject = stored.partnerObject;
    this.moves = stored.moves;
    this.movedMs = stored.movedMs;
  }

  /** Whether the partner's object is to be told something, or given something back. */
  get owes(): boolean {
    return this.held.lease !== undefined || this.messenger.owes;
  }

  /** Older versions of the records are stale from now on. */
  raise(versions: Versions): void {
    this.versions = {
      key: Math.max(versions.key, this.versions.key),
      partner: Math.max(versions.partner, this.versions.partner),
      catalog: Math.max(versions.catalog, this.versions.catalog),
    };
  }

  /** The highest that were seen of the records that a call is judged by. */
  seenOf({ budgets }: LimitSubject): Versions {
    const own = budgets?.at(-1);
    return own ? { ...this.versions, key: this.budgets.versionOf(own.id) } : this.versions;
  }

  /** A call's, which are no older. */
  see({ versions, budgets }: LimitSubject): void {
    const own = budgets?.at(-1);
    if (own) this.budgets.see(own.id, versions.key);
    this.versions = own ? { ...versions, key: this.versions.key } : versions;
  }

  /** The day to count in: the partner's object's, where that is later than this clock's. */
  get today(): number {
    return this.held.dayOf(this.ports.now());
  }

  /** How many of the units that an edge wants the key's own limits have for it. Of a budget, each is decided here. */
  loanFor({ wanted = 0, key, budgets }: TakeCall): number {
    return wanted === 0 || budgets ? 0 : keyLoan(this.ledger, key, wanted, this.today);
  }

  writeNoted(): void {
    if (this.isUnwritten) this.write();
  }

  write(): void {
    this.isUnwritten = false;
    this.budgets.write();
    this.ports.store.put<Stored>('state', {
      ledger: { ...this.ledger, used: since(this.ledger.used, this.today - DAYS_KEPT_MS) },
      versions: this.versions,
      keyId: this.keyId,
      partnerObject: this.partnerObject,
      moves: this.moves,
      movedMs: this.movedMs,
      seq: this.messenger.seq,
      journal: this.journal.row,
    });
  }
}
