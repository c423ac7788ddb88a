// Counts one key's calls: spends from a lease of the partner's object, or asks it for decisions, and gives back what was
// not used. Everything that was answered is in the store before the answer leaves, so a crash or an eviction loses
// nothing. Messages to the partner's object go one at a time, each with the whole truth: see partner-ledger.ts.

import { dropOldest } from '../src/core/bounded.ts';
import { DAY_MS } from '../src/core/time.ts';
import { combineGauges } from '../src/limits/gauges.ts';
import {
  advanceKey,
  endLoan,
  giveBackKey,
  isKeyOverQuota,
  type KeyLedger,
  keyDenial,
  keyGauges,
  keyLoan,
  lendKey,
  newKeyLedger,
  spendKey,
  travelKey,
} from '../src/limits/key-ledger.ts';
import {
  expectedDemand,
  holderDeadline,
  isSpendable,
  LEASE_MARGIN_MS,
  type Lease,
  noteDemand,
  WORTH_LENDING,
} from '../src/limits/lease.ts';
import type { Denial, KeyLimits } from '../src/limits/limit.ts';
import {
  advancePartner,
  type DrawReply,
  newPartnerLedger,
  type PartnerGauges,
  partnerGauges,
  type Report,
} from '../src/limits/partner-ledger.ts';
import type {
  GrantEnd,
  LimitGauges,
  LimitSubject,
  Nonce,
  Settle,
  Settled,
  TakeCall,
  TakeReply,
  Versions,
} from '../src/limits/protocol.ts';
import { dayToCountIn, NO_UNITS, since } from '../src/limits/quota.ts';
import { CallJournal, type JournalLine, type StoredJournal } from './call-journal.ts';
import { type KeyPorts, MOVED, type PartnerPort } from './counter-ports.ts';
import { Messenger } from './messenger.ts';

interface Stored {
  ledger: KeyLedger;
  versions: Versions;
  /** Its own name, and its partner's object's: known from the first call on. */
  keyId: string;
  partnerObject: string;
  /** How often the key was moved to another partner or environment, and when it was last. */
  moves: number;
  movedMs: number;
  /** Number of the last message to the partner's object. */
  seq: number;
  journal: StoredJournal;
}

interface Waiting {
  call: TakeCall;
  resolve(reply: TakeReply | Promise<TakeReply>): void;
  reject(error: unknown): void;
}

type Decided = Extract<DrawReply, { outcome: 'decided' }>;

/** Calls asked for in one draw. */
const MOST_WAITING_A_DRAW = 256;
const MOST_REFUSED = 2048;
/** After this long without a call, what is held goes back. */
const REST_AFTER_MS = 300;
/** An object that dies while it holds or owes something is made again after this long, and says so. */
const WAKE_AFTER_MS = 2000;
/** Tries to come to rest while the partner's object does not answer, each twice as late as the one before. */
const MOST_REST_TRIES = 5;
const FIRST_REST_PAUSE_MS = 200;
/** Months are reckoned from days: those of the month, and what is still open of the one before. */
const DAYS_KEPT_MS = 33 * DAY_MS;
/** Days told to the partner's object: more than are open, so that it misses none where clocks differ. */
const DAYS_TOLD_MS = 2 * DAY_MS;

const NOTHING_RESERVED = {
  units: 0,
  dayStartMs: 0,
  over: false,
  used: 0,
  lent: 0,
  lentUntilMs: 0,
} satisfies Partial<JournalLine>;

const isCount = (units: number): boolean => Number.isSafeInteger(units) && units >= 0;

/** Whether it can be what a grant came to. Isolates of before leases say nothing of what is unspent. */
const isEndOf = ({ units, lent }: JournalLine, { used, unspent = 0 }: GrantEnd): boolean =>
  isCount(used) && isCount(unspent) && unspent <= lent && used + unspent <= units;

export class KeyCounter {
  private readonly ports: KeyPorts;
  private ledger: KeyLedger = newKeyLedger();
  private versions: Versions = { key: -1, partner: -1 };
  private keyId = '';
  private partnerObject = '';
  private moves = 0;
  private movedMs = 0;
  private readonly messenger: Messenger;
  private readonly journal: CallJournal;
  private lease: Lease | undefined;
  private demand = { sinceMs: 0, units: 0, before: 0 };
  private partner: { gauges: PartnerGauges; dayStartMs: number; spent: number } | undefined;
  /** Asked for and not answered yet, by id: the same call sent twice is asked for once. */
  private readonly asking = new Map<string, Promise<TakeReply>>();
  /** Refused lately: one that was sent twice is not admitted by its copy. */
  private readonly refused = new Map<string, TakeReply>();
  private waiting: Waiting[] = [];
  private conversation: Promise<void> | undefined;
  private isResting = false;
  private willWake = false;
  private lastCallMs = 0;
  /** Limits of the newest record; unknown to an instance that was not called yet. */
  private keyLimits: KeyLimits | undefined;
  /** Something was noted that no answer may leave without. */
  private isUnwritten = false;

  constructor(ports: KeyPorts) {
    this.ports = ports;
    const stored = ports.store.get<Stored>('state');
    this.journal = new CallJournal(ports.store, stored?.journal, ports.now());
    this.messenger = new Messenger(stored?.seq ?? 0, ports.now(), ports.chance(), ports.isWorthRetrying);
    if (!stored) return;
    this.versions = stored.versions;
    // A row of before 2026-11-24: what it counted is in its partner's.
    if (!stored.journal) return;
    this.ledger = stored.ledger;
    this.keyId = stored.keyId;
    this.partnerObject = stored.partnerObject;
    this.moves = stored.moves;
    this.movedMs = stored.movedMs;
  }

  take(call: TakeCall): TakeReply | Promise<TakeReply> {
    const known = this.journal.recall(call.id);
    if (known) return this.repeat(call, known);
    const asked = this.asking.get(call.id) ?? this.refused.get(call.id);
    if (asked) return asked;
    const nowMs = this.ports.now();
    this.lastCallMs = nowMs;
    this.meet(call);
    this.hearEnds(call, nowMs);
    const lends = call.wanted !== undefined;
    const lease =
      !lends && this.waiting.length === 0 && isSpendable(this.lease, call.cost, call.versions.partner, nowMs)
        ? this.lease
        : undefined;
    const refusal = this.refuse(call, lease?.dayStartMs ?? this.dayOf(nowMs));
    if (refusal) {
      if (this.isUnwritten) this.write();
      this.rest();
      return refusal instanceof Promise ? this.awaited(call.id, refusal) : refusal;
    }
    // What edges spend by themselves is asked of the partner's object for them.
    if (!lends) this.demand = noteDemand(this.demand, call.cost, nowMs);
    if (lease) {
      this.lease = { ...lease, units: lease.units - call.cost };
      if (this.partner) this.partner.spent += call.cost;
      return this.admit(call, { over: false, atMs: nowMs, dayStartMs: lease.dayStartMs }, 0);
    }
    const reply = new Promise<TakeReply>((resolve, reject) => this.waiting.push({ call, resolve, reject }));
    this.ports.keepAlive(this.talk().catch(() => undefined));
    return this.awaited(call.id, reply);
  }

  /** Whoever asks the same meanwhile is answered the same. */
  private awaited(id: string, reply: Promise<TakeReply>): Promise<TakeReply> {
    this.asking.set(id, reply);
    const forget = () => this.asking.delete(id);
    reply.then(forget, forget);
    return reply;
  }

  /** For what takes nothing. Whether it is the first to use the nonce, of all surfaces. */
  useNonce({ value, expiresMs }: Nonce): boolean {
    if (this.ports.nonces.isUsed(value)) return false;
    this.ports.nonces.use(value, expiresMs);
    return true;
  }

  /** What a grant came to. Safe to send any number of times; answered when the partner's object knows it. */
  async settle(end: Settle): Promise<Settled> {
    const { id, used } = end;
    const nowMs = this.ports.now();
    const line = this.journal.find(id, nowMs);
    if (!isCount(used) || (line && line.units > 0 && !isEndOf(line, end)))
      return this.ignore(id, used, 'invalid');
    if (!line) {
      // It may be on its way still: then it is not to be admitted.
      this.journal.add({ ...NOTHING_RESERVED, id, atMs: nowMs, notedMs: nowMs });
      this.write();
      // It may have been asked of the partner's object, by this instance or by one that is gone.
      this.messenger.noteChange();
      await this.report();
      return this.ignore(id, used, 'unknown');
    }
    if (line.units === 0) return 'unknown';
    if (this.end(line, end, nowMs)) {
      this.lastCallMs = nowMs;
      this.write();
      this.rest();
    }
    if (this.messenger.owes) await this.report();
    return 'settled';
  }

  private hearEnds({ ended = [] }: TakeCall, nowMs: number): void {
    for (const end of ended) {
      const line = this.journal.find(end.id, nowMs);
      if (!line || !isEndOf(line, end)) this.ignore(end.id, end.used, line ? 'invalid' : 'unknown');
      else if (this.end(line, end, nowMs)) this.isUnwritten = true;
    }
  }

  /** Of what is said of a grant, the least counts: so it may be said late, twice, and in any order. Whether it is news. */
  private end(line: JournalLine, { used, unspent }: GrantEnd, nowMs: number): boolean {
    const isFirst = line.used < 0;
    const counted = isFirst ? line.units : line.used;
    if (!isFirst && used >= counted) return false;
    this.journal.add({ ...line, used });
    if (isFirst && line.lent > 0 && this.keyLimits) {
      const loan = { units: line.lent, untilMs: line.lentUntilMs };
      this.ledger = endLoan(advanceKey(this.ledger, this.keyLimits, nowMs), loan, unspent);
    }
    // Of a call before the key was moved, the partner that it was moved to has nothing to get back.
    if (used < counted && line.notedMs >= this.movedMs) {
      this.ledger = giveBackKey(this.ledger, counted - used, line.dayStartMs);
      this.messenger.noteChange();
    }
    return true;
  }

  /** Tells the partner's object what was used, and gives back what is held. @throws when it cannot be told */
  async report(): Promise<void> {
    if (this.lease) this.messenger.noteChange();
    if (this.partnerObject === '') return;
    // With the next message, whether that asks for more or not: under load there is always one.
    await Promise.race([this.messenger.whenHeard(), this.talk()]);
    if (this.messenger.owes && !this.conversation) await this.talk();
  }

  /** While it holds or owes something, this comes after a while, also to a new instance. */
  async wake(): Promise<void> {
    this.willWake = false;
    const isCalled = this.ports.now() - this.lastCallMs < WAKE_AFTER_MS;
    if (isCalled) this.rest();
    else await this.report();
  }

  /** What the limits are now, without taking anything. */
  async peek(subject: LimitSubject): Promise<LimitGauges> {
    this.meet(subject);
    if (this.lease || this.messenger.owes) await this.report();
    const gauges = await this.partnerPort().peek(subject.versions.partner, subject.partner);
    this.partner = { gauges, dayStartMs: gauges.day.resetMs - DAY_MS, spent: 0 };
    this.ledger = advanceKey(this.ledger, subject.key, this.ports.now());
    return this.gaugesOf(subject, 0);
  }

  /** Makes older versions of the key's record stale, at once and for good. */
  announce(versions: Versions): void {
    this.versions = {
      key: Math.max(versions.key, this.versions.key),
      partner: Math.max(versions.partner, this.versions.partner),
    };
    this.write();
  }

  /** A test key's day, spent or begun anew at a click. What is counted stays. */
  travel(subject: LimitSubject, to: 'spent' | 'new_day'): void {
    const nowMs = this.ports.now();
    this.ledger = travelKey(advanceKey(this.ledger, subject.key, nowMs), this.dayOf(nowMs), to);
    this.write();
  }

  /** The day to count in: the partner's object's, where that is later than this clock's. */
  private dayOf(nowMs: number): number {
    return dayToCountIn(this.partner?.dayStartMs ?? 0, nowMs);
  }

  private refuse(call: TakeCall, dayMs: number): TakeReply | Promise<TakeReply> | undefined {
    if (call.versions.key < this.versions.key || call.versions.partner < this.versions.partner)
      return { outcome: 'stale', versions: this.versions };
    this.versions = call.versions;
    this.keyLimits = call.key;
    const nowMs = this.ports.now();
    this.ledger = advanceKey(this.ledger, call.key, nowMs);
    if (call.nonce && this.ports.nonces.isUsed(call.nonce.value)) return { outcome: 'replayed' };
    const denial = keyDenial(this.ledger, call, call.cost, dayMs, nowMs);
    return denial && this.deny(call, denial);
  }

  private meet({ keyId, partnerObject }: Pick<LimitSubject, 'keyId' | 'partnerObject'>): void {
    if (this.partnerObject !== '' && partnerObject !== this.partnerObject) this.leave(this.partnerObject);
    this.keyId = keyId;
    this.partnerObject = partnerObject;
  }

  /** A key that was moved takes nothing with it: what it used stays with whom it was used for, told once more. */
  private leave(partnerObject: string): void {
    const last = this.message(0, []);
    const told = this.messenger.send((seq) => this.ports.partner(partnerObject).report({ ...last, seq }));
    this.ports.keepAlive(told.catch(() => undefined));
    this.ledger = { ...this.ledger, used: NO_UNITS, travelled: undefined };
    this.partner = undefined;
    this.moves++;
    this.movedMs = this.ports.now();
    this.write();
  }

  /** Under a name of its own with each partner that it was moved to, so that it may come back. */
  private get holder(): string {
    return this.moves === 0 ? this.keyId : `${this.keyId}${MOVED}${this.moves}`;
  }

  private partnerPort(): PartnerPort {
    return this.ports.partner(this.partnerObject);
  }

  /** One message at a time; calls that arrive meanwhile go into the next. @throws when a report came to nothing */
  private talk(): Promise<void> {
    if (!this.conversation && this.waiting.length === 0 && !this.messenger.owes) return Promise.resolve();
    this.conversation ??= this.converse();
    return this.conversation;
  }

  private async converse(): Promise<void> {
    let failures: unknown[] = [];
    do {
      failures = [];
      while (this.waiting.length > 0) await this.drawForWaiting();
      if (!this.messenger.owes) continue;
      const told = this.messenger.send((seq, lost) => this.partnerPort().report(this.message(seq, lost)));
      await told.catch((error) => failures.push(error));
    } while (this.waiting.length > 0);
    this.conversation = undefined;
    this.rest();
    if (failures.length > 0) throw failures[0];
  }

  private async drawForWaiting(): Promise<void> {
    const batch = this.waiting.splice(0, MOST_WAITING_A_DRAW);
    try {
      await this.drawFor(batch);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  private async drawFor(batch: Waiting[]): Promise<void> {
    const { call } = batch.reduce((a, b) => (b.call.versions.partner > a.call.versions.partner ? b : a));
    const { partner: limits, versions } = call;
    const costs = batch.map((each) => each.call.cost);
    let sentAtMs = 0;
    const [reply, seq] = await this.messenger.send((number, lost) => {
      sentAtMs = this.ports.now();
      const own = expectedDemand(this.demand, sentAtMs);
      const wanted = batch.reduce((sum, each) => sum + this.loanFor(each.call), own);
      const message = this.message(number, lost);
      return this.partnerPort().draw({ ...message, version: versions.partner, limits, costs, wanted });
    });
    if (reply.outcome === 'stale') {
      this.versions = { ...this.versions, partner: Math.max(this.versions.partner, reply.version) };
      if (this.isUnwritten) this.write();
      for (const { resolve } of batch) resolve({ outcome: 'stale', versions: this.versions });
      return;
    }
    const { gauges, dayStartMs, lease } = reply;
    this.partner = { gauges, dayStartMs, spent: 0 };
    if (lease) {
      const deadlineMs = holderDeadline(sentAtMs, lease.durationMs);
      this.lease = {
        seq,
        units: lease.units,
        passedOn: 0,
        deadlineMs,
        dayStartMs,
        version: versions.partner,
      };
    }
    this.answerBatch(batch, reply);
  }

  /** The whole truth at this moment. The lease is zeroed: what is left of it goes back with the message. */
  private message(seq: number, lost: readonly number[]): Report {
    const returned = this.lease && {
      seq: this.lease.seq,
      units: this.lease.units,
      passedOn: this.lease.passedOn,
    };
    this.lease = undefined;
    const used = since(this.ledger.used, this.dayOf(this.ports.now()) - DAYS_TOLD_MS);
    return { holder: this.holder, seq, used, returned, lost };
  }

  private answerBatch(batch: Waiting[], { admitted, atMs, dayStartMs, over, denial }: Decided): void {
    let later = batch.reduce((sum, { call }, i) => sum + (admitted[i] ? call.cost : 0), 0);
    batch.forEach(({ call, resolve }, i) => {
      if (!admitted[i]) {
        const why = denial ?? { type: 'per_second', limit: 0, used: 0, retryAfterMs: 1000 };
        resolve(this.deny(call, why));
        return;
      }
      later -= call.cost;
      // The key's own state may have changed while the partner was asked: look again, and give back if it refuses.
      const settled = this.journal.recall(call.id);
      const refusal = settled ? ({ outcome: 'settled' } as const) : this.refuse(call, dayStartMs);
      if (refusal) {
        this.messenger.noteChange();
        this.rest();
      }
      resolve(refusal ?? this.admit(call, { over, atMs, dayStartMs }, later));
    });
  }

  private admit(
    call: TakeCall,
    decided: { over: boolean; atMs: number; dayStartMs: number },
    later: number,
  ): TakeReply {
    const { atMs, dayStartMs } = decided;
    const over = decided.over || isKeyOverQuota(this.ledger, call.key, call.cost, dayStartMs);
    this.ledger = spendKey(this.ledger, call.cost, dayStartMs);
    const gauges = this.gaugesOf(call, (this.partner?.spent ?? 0) - later);
    const { lent, lentUntilMs } = this.lend(call, dayStartMs);
    const line = {
      id: call.id,
      units: call.cost + lent,
      dayStartMs,
      atMs,
      over,
      used: -1,
      notedMs: this.ports.now(),
      lent,
      lentUntilMs,
    };
    this.journal.add(line);
    this.write();
    if (call.nonce) this.ports.nonces.use(call.nonce.value, call.nonce.expiresMs);
    return this.admission(line, gauges);
  }

  private repeat(call: TakeCall, line: JournalLine): TakeReply {
    if (line.units === 0 || line.used >= 0) return { outcome: 'settled' };
    return this.admission(line, this.gaugesOf(call, this.partner?.spent ?? 0));
  }

  private admission(line: JournalLine, gauges: LimitGauges): TakeReply {
    const { dayStartMs, over, atMs, lent, lentUntilMs } = line;
    const durationMs = lentUntilMs - this.ports.now();
    const lease = lent > 0 && durationMs > 0 ? { units: lent, durationMs } : undefined;
    return { outcome: 'admit', gauges, dayStartMs, over, atMs, lease };
  }

  /** How many of the units that an edge wants the key's own limits have for it. */
  private loanFor({ wanted = 0, key }: TakeCall): number {
    return wanted === 0 ? 0 : keyLoan(this.ledger, key, wanted, this.dayOf(this.ports.now()));
  }

  /** Passes on, to the edge that wants it, of what the partner's object lent. It ends for both at the same moment. */
  private lend(call: TakeCall, dayMs: number): { lent: number; lentUntilMs: number } {
    const { lease } = this;
    const nowMs = this.ports.now();
    if (!isSpendable(lease, WORTH_LENDING, call.versions.partner, nowMs) || lease.dayStartMs !== dayMs)
      return { lent: 0, lentUntilMs: 0 };
    const lent = Math.min(this.loanFor(call), lease.units);
    if (lent < WORTH_LENDING) return { lent: 0, lentUntilMs: 0 };
    const left = lease.units - lent;
    this.lease = left > 0 ? { ...lease, units: left, passedOn: lease.passedOn + lent } : undefined;
    if (this.partner) this.partner.spent += lent;
    const lentUntilMs = lease.deadlineMs + LEASE_MARGIN_MS;
    this.ledger = lendKey(this.ledger, { units: lent, untilMs: lentUntilMs }, dayMs);
    return { lent, lentUntilMs };
  }

  private deny(call: TakeCall, denial: Denial): TakeReply | Promise<TakeReply> {
    const reply = (): TakeReply => {
      if (this.isUnwritten) this.write();
      const denied = {
        outcome: 'deny',
        denial,
        gauges: this.gaugesOf(call, this.partner?.spent ?? 0),
      } as const;
      this.refused.set(call.id, denied);
      dropOldest(this.refused, MOST_REFUSED);
      return denied;
    };
    if (this.partner && this.partner.dayStartMs === this.dayOf(this.ports.now())) return reply();
    // Not known since the object came back: asked for once, so that what is shown is what is.
    return this.peek(call).then(reply, reply);
  }

  private gaugesOf(subject: LimitSubject, spent: number): LimitGauges {
    const nowMs = this.ports.now();
    const dayMs = this.dayOf(nowMs);
    const unknown = () =>
      partnerGauges(
        advancePartner(newPartnerLedger(), subject.versions.partner, subject.partner, nowMs),
        nowMs,
      );
    return combineGauges(
      keyGauges(this.ledger, subject, dayMs, nowMs),
      this.partner?.gauges ?? unknown(),
      spent,
    );
  }

  /** Once calls have ended, what is held goes back, so that an eviction costs nothing. Then nothing is left running. */
  private rest(): void {
    if (!this.lease && !this.messenger.owes) return;
    if (!this.willWake) this.ports.wakeAt(this.ports.now() + WAKE_AFTER_MS);
    this.willWake = true;
    if (this.isResting) return;
    this.isResting = true;
    this.ports.keepAlive(
      this.comeToRest().finally(() => {
        this.isResting = false;
      }),
    );
  }

  private async comeToRest(): Promise<void> {
    for (;;) {
      const waitMs = this.lastCallMs + REST_AFTER_MS - this.ports.now();
      if (waitMs <= 0) break;
      await this.ports.sleep(waitMs);
    }
    for (let tried = 0; tried < MOST_REST_TRIES; tried++) {
      if (this.lease?.units === 0) this.lease = undefined;
      try {
        await this.report();
        if (this.lease || this.messenger.owes) continue;
        this.ports.wakeAt(undefined);
        this.willWake = false;
        return;
      } catch {
        await this.ports.sleep(FIRST_REST_PAUSE_MS * 2 ** tried);
      }
    }
    this.ports.log({ message: 'key cannot report', level: 'error', partner: this.partnerObject });
  }

  private ignore(id: string, used: number, why: 'unknown' | 'invalid'): Settled {
    this.ports.log({ message: 'settle ignored', why, call: id, used });
    return why;
  }

  private write(): void {
    this.isUnwritten = false;
    this.ports.store.put<Stored>('state', {
      ledger: { ...this.ledger, used: since(this.ledger.used, this.dayOf(this.ports.now()) - DAYS_KEPT_MS) },
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
