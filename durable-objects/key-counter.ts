// Counts one key's calls: spends from a lease of the partner's object, or asks it for decisions, and gives back what was
// not used. Everything that was answered is in the store before the answer leaves, so a crash or an eviction loses
// nothing. Decides here; partner-talk.ts asks and reports, grant-ends.ts settles, rest.ts gives back once calls have ended.

import { dropOldest } from '../src/core/bounded.ts';
import { DAY_MS } from '../src/core/time.ts';
import { budgetDenial, budgetGauge } from '../src/limits/budget.ts';
import { combineGauges } from '../src/limits/gauges.ts';
import {
  advanceKey,
  isKeyOverQuota,
  keyDenial,
  keyGauges,
  lendKey,
  spendKey,
  travelKey,
  travelledGauges,
} from '../src/limits/key-ledger.ts';
import type { Denial } from '../src/limits/limit.ts';
import { advancePartner, newPartnerLedger, partnerGauges } from '../src/limits/partner-ledger.ts';
import type {
  LimitGauges,
  LimitSubject,
  Nonce,
  RecordVersions,
  Settle,
  Settled,
  TakeCall,
  TakeReply,
  Versions,
} from '../src/limits/protocol.ts';
import type { JournalLine } from './call-journal.ts';
import type { KeyPorts } from './counter-ports.ts';
import { GrantEnds } from './grant-ends.ts';
import { KeyState } from './key-state.ts';
import { type Decided, PartnerTalk, type Waiting } from './partner-talk.ts';
import { Rest } from './rest.ts';

const MAX_REFUSED = 2048;

const isOlder = (a: Versions, b: Versions): boolean =>
  a.key < b.key || a.partner < b.partner || a.catalog < b.catalog;

export class KeyCounter {
  private readonly ports: KeyPorts;
  private readonly state: KeyState;
  private readonly talk: PartnerTalk;
  private readonly rest: Rest;
  private readonly ends: GrantEnds;
  /** Asked for and not answered yet, by id: the same call sent twice is asked for once. */
  private readonly asking = new Map<string, Promise<TakeReply>>();
  /** Refused lately: one that was sent twice is not admitted by its copy. */
  private readonly refused = new Map<string, TakeReply>();

  constructor(ports: KeyPorts) {
    this.ports = ports;
    this.state = new KeyState(ports);
    this.talk = new PartnerTalk(ports, this.state, {
      decided: (batch, reply) => this.answerBatch(batch, reply),
      silent: () => this.rest.begin(),
    });
    this.rest = new Rest(ports, this.state, this.talk);
    this.ends = new GrantEnds(ports, this.state, this.talk, this.rest);
  }

  take(call: TakeCall): TakeReply | Promise<TakeReply> {
    const { held, journal } = this.state;
    const known = journal.recall(call.id);
    if (known) return this.repeat(call, known);
    const asked = this.asking.get(call.id) ?? this.refused.get(call.id);
    if (asked) return asked;
    const nowMs = this.ports.now();
    this.rest.noteCall(nowMs);
    this.talk.meet(call);
    this.ends.hear(call.ended ?? [], nowMs);
    const lends = call.wanted !== undefined;
    const lease = lends || this.talk.isAsked ? undefined : held.leaseFor(call, nowMs);
    const refusal = this.refuse(call, lease?.dayStartMs ?? held.dayOf(nowMs));
    if (refusal) {
      this.state.writeNoted();
      this.rest.begin();
      return refusal instanceof Promise ? this.awaited(call.id, refusal) : refusal;
    }
    // What edges spend by themselves is asked of the partner's object for them.
    if (!lends) held.noteDemand(call.cost, nowMs);
    if (lease) {
      held.spend(lease, call.cost);
      return this.admit(call, { over: false, atMs: nowMs, dayStartMs: lease.dayStartMs }, 0);
    }
    return this.awaited(call.id, this.talk.ask(call));
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
  settle(end: Settle): Promise<Settled> {
    return this.ends.settle(end);
  }

  /**
   * Tells the partner's object what was used, and gives back what is held. `isAlways`: also where it was heard, by an object
   * that has died since. @throws when it cannot be told
   */
  report(isAlways = false): Promise<void> {
    if (isAlways) this.state.messenger.noteChange();
    return this.talk.report();
  }

  /** While it holds or owes something, this comes after a while, also to a new instance. */
  wake(): Promise<void> {
    return this.rest.wake();
  }

  /** What the limits are now, without taking anything. */
  async peek(subject: LimitSubject): Promise<LimitGauges> {
    const { state } = this;
    this.talk.meet(subject);
    if (state.owes) await this.talk.report();
    const gauges = await this.talk.peek(subject);
    state.held.hear(gauges, gauges.day.resetMs - DAY_MS);
    state.ledger = advanceKey(state.ledger, subject.key, this.ports.now());
    return this.gaugesOf(subject, 0);
  }

  /** Makes older versions of the key's record stale, at once and for good, and of those of keys with budgets, by their ids. */
  announce(versions: RecordVersions, ofBudgets: Readonly<Record<string, number>> = {}): void {
    this.state.raise({ ...versions, catalog: 0 });
    for (const [id, version] of Object.entries(ofBudgets)) this.state.budgets.see(id, version);
    this.state.write();
  }

  /** What was spent of budgets, by the ids of their keys: each in what its cap is in. */
  spentOf(ids: readonly string[]): number[] {
    return ids.map(this.state.budgets.spentOf);
  }

  /** A test key's day, spent or begun anew at a click. What is counted stays. */
  travel(subject: LimitSubject, to: 'spent' | 'new_day'): void {
    const { state } = this;
    const advanced = advanceKey(state.ledger, subject.key, this.ports.now());
    state.ledger = travelKey(advanced, state.today, to);
    state.write();
  }

  private refuse(call: TakeCall, dayMs: number): TakeReply | Promise<TakeReply> | undefined {
    const { state } = this;
    const seen = state.seenOf(call);
    if (isOlder(call.versions, seen)) return { outcome: 'stale', versions: seen };
    state.see(call);
    state.limits = call.key;
    const nowMs = this.ports.now();
    state.ledger = advanceKey(state.ledger, call.key, nowMs);
    if (call.nonce && this.ports.nonces.isUsed(call.nonce.value)) return { outcome: 'replayed' };
    const denial =
      budgetDenial(call.budgets ?? [], state.budgets.spentOf, call.cost) ??
      keyDenial(state.ledger, call, call.cost, dayMs, nowMs);
    return denial && this.deny(call, denial);
  }

  private answerBatch(batch: readonly Waiting[], reply: Decided): void {
    const { admitted, atMs, dayStartMs, over, denial } = reply;
    let later = batch.reduce((sum, { call }, i) => sum + (admitted[i] ? call.cost : 0), 0);
    batch.forEach(({ call, resolve }, i) => {
      if (!admitted[i]) {
        const why = denial ?? { type: 'per_second', limit: 0, used: 0, retryAfterMs: 1000, level: 'partner' };
        resolve(this.deny(call, why));
        return;
      }
      later -= call.cost;
      // The key's own state may have changed while the partner was asked: look again, and give back if it refuses.
      const settled = this.state.journal.recall(call.id);
      const refusal = settled ? ({ outcome: 'settled' } as const) : this.refuse(call, dayStartMs);
      if (refusal) {
        this.state.messenger.noteChange();
        this.rest.begin();
      }
      resolve(refusal ?? this.admit(call, { over, atMs, dayStartMs }, later));
    });
  }

  /** `later`: units of the same batch that the partner's object counted too, and that are still to be answered. */
  private admit(
    call: TakeCall,
    decided: { over: boolean; atMs: number; dayStartMs: number },
    later: number,
  ): TakeReply {
    const { state } = this;
    const { atMs, dayStartMs } = decided;
    const over = decided.over || isKeyOverQuota(state.ledger, call.key, call.cost, dayStartMs);
    state.ledger = spendKey(state.ledger, call.cost, dayStartMs);
    const charges = (call.budgets ?? []).map(({ id, perUnit }) => ({ id, perUnit }));
    state.budgets.charge(charges, call.cost);
    const gauges = this.gaugesOf(call, state.held.spent - later);
    const nowMs = this.ports.now();
    const loan = state.held.passOn(state.loanFor(call), call.versions.partner, dayStartMs, nowMs);
    if (loan) state.ledger = lendKey(state.ledger, loan, dayStartMs);
    const lent = loan?.units ?? 0;
    const line = {
      id: call.id,
      units: call.cost + lent,
      dayStartMs,
      atMs,
      over,
      used: -1,
      notedMs: Math.max(nowMs, state.movedMs),
      lent,
      lentUntilMs: loan?.untilMs ?? 0,
      charges,
    };
    state.journal.add(line);
    state.write();
    if (call.nonce) this.ports.nonces.use(call.nonce.value, call.nonce.expiresMs);
    return this.admission(line, gauges);
  }

  private repeat(call: TakeCall, line: JournalLine): TakeReply {
    if (line.units === 0 || line.used >= 0) return { outcome: 'settled' };
    return this.admission(line, this.gaugesOf(call, this.state.held.spent));
  }

  private admission(line: JournalLine, gauges: LimitGauges): TakeReply {
    const { dayStartMs, over, atMs, lent, lentUntilMs } = line;
    // Also one that is over: whoever is told of it late is to give it back.
    const durationMs = Math.max(0, lentUntilMs - this.ports.now());
    const lease = lent > 0 ? { units: lent, durationMs } : undefined;
    return { outcome: 'admit', gauges, dayStartMs, over, atMs, lease };
  }

  private deny(call: TakeCall, denial: Denial): TakeReply | Promise<TakeReply> {
    const { state } = this;
    const reply = (): TakeReply => {
      state.writeNoted();
      const gauges = this.gaugesOf(call, state.held.spent);
      const denied = { outcome: 'deny', denial, gauges } as const;
      this.refused.set(call.id, denied);
      dropOldest(this.refused, MAX_REFUSED);
      return denied;
    };
    if (state.held.isOfToday(this.ports.now())) return reply();
    // Not known since the object came back: asked for once, so that what is shown is what is.
    return this.peek(call).then(reply, reply);
  }

  private gaugesOf(subject: LimitSubject, spent: number): LimitGauges {
    const { ledger, held } = this.state;
    const nowMs = this.ports.now();
    const unknown = () =>
      partnerGauges(
        advancePartner(newPartnerLedger(), subject.versions.partner, subject.partner, nowMs),
        nowMs,
      );
    const dayMs = held.dayOf(nowMs);
    const own = keyGauges(ledger, subject.key, dayMs, nowMs);
    const combined = combineGauges(own, held.gauges ?? unknown(), spent);
    const gauges = travelledGauges(ledger, subject, combined, dayMs);
    const budget = subject.budgets && budgetGauge(subject.budgets, this.state.budgets.spentOf);
    return budget ? { ...gauges, budget } : gauges;
  }
}
