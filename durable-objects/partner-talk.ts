// A key's object talks to its partner's object: one message at a time, each with the whole truth (see partner-report.ts).
// Calls that arrive meanwhile wait, and go into the next. What is decided is the listener's to answer.

import { DAY_MS } from '../src/core/time.ts';
import { holderDeadline } from '../src/limits/lease.ts';
import type { DrawReply } from '../src/limits/partner-draw.ts';
import type { PartnerGauges } from '../src/limits/partner-ledger.ts';
import type { Report } from '../src/limits/partner-report.ts';
import type { LimitSubject, TakeCall, TakeReply } from '../src/limits/protocol.ts';
import { NO_UNITS, since } from '../src/limits/quota.ts';
import { type KeyPorts, MOVED, type PartnerPort } from './counter-ports.ts';
import type { KeyState } from './key-state.ts';

export interface Waiting {
  call: TakeCall;
  resolve(reply: TakeReply | Promise<TakeReply>): void;
  reject(error: unknown): void;
}

export type Decided = Extract<DrawReply, { outcome: 'decided' }>;

export interface Listener {
  /** Answers all of a batch, in the same turn. */
  decided(batch: readonly Waiting[], reply: Decided): void;
  /** Nobody waits any more, and nothing is under way. */
  silent(): void;
}

/** Calls asked for in one draw. */
const MAX_WAITING_A_DRAW = 256;
/** Days told to the partner's object: more than are open, so that it misses none where clocks differ. */
const DAYS_TOLD_MS = 2 * DAY_MS;

export class PartnerTalk {
  private readonly ports: KeyPorts;
  private readonly state: KeyState;
  private readonly listener: Listener;
  private waiting: Waiting[] = [];
  private conversation: Promise<void> | undefined;

  constructor(ports: KeyPorts, state: KeyState, listener: Listener) {
    this.ports = ports;
    this.state = state;
    this.listener = listener;
  }

  get isAsked(): boolean {
    return this.waiting.length > 0;
  }

  ask(call: TakeCall): Promise<TakeReply> {
    const reply = new Promise<TakeReply>((resolve, reject) => this.waiting.push({ call, resolve, reject }));
    this.ports.keepAlive(this.talk().catch(() => undefined));
    return reply;
  }

  /** What is known there, without taking anything. */
  peek({ versions, partner }: LimitSubject): Promise<PartnerGauges> {
    return this.port().peek(versions.partner, partner);
  }

  /** Tells the partner's object what was used, and gives back what is held. @throws when it cannot be told */
  async report(): Promise<void> {
    const { held, messenger, partnerObject } = this.state;
    if (held.lease) messenger.noteChange();
    if (partnerObject === '') return;
    // With the next message, whether that asks for more or not: under load there is always one.
    await Promise.race([messenger.whenHeard(), this.talk()]);
    if (messenger.owes && !this.conversation) await this.talk();
  }

  meet({ keyId, partnerObject }: Pick<LimitSubject, 'keyId' | 'partnerObject'>): void {
    const { state } = this;
    if (state.partnerObject !== '' && partnerObject !== state.partnerObject) this.leave(state.partnerObject);
    state.keyId = keyId;
    state.partnerObject = partnerObject;
  }

  /** A key that was moved takes nothing with it: what it used stays with whom it was used for, told once more. */
  private leave(partnerObject: string): void {
    const { state } = this;
    const last = this.message(0, []);
    const told = state.messenger.send((seq) => this.ports.partner(partnerObject).report({ ...last, seq }));
    this.ports.keepAlive(told.catch(() => undefined));
    state.ledger = { ...state.ledger, used: NO_UNITS, travelled: undefined };
    state.held.forget();
    state.moves++;
    // After all calls so far, also where the clock stands still.
    state.movedMs = Math.max(this.ports.now(), state.movedMs) + 1;
    state.write();
  }

  private port(): PartnerPort {
    return this.ports.partner(this.state.partnerObject);
  }

  /** @throws when a report came to nothing */
  private talk(): Promise<void> {
    if (!this.conversation && !this.isAsked && !this.state.messenger.owes) return Promise.resolve();
    this.conversation ??= this.converse();
    return this.conversation;
  }

  private async converse(): Promise<void> {
    const { messenger } = this.state;
    let failures: unknown[] = [];
    do {
      failures = [];
      while (this.isAsked) await this.drawForWaiting();
      if (!messenger.owes) continue;
      const told = messenger.send((seq, lost) => this.port().report(this.message(seq, lost)));
      await told.catch((error) => failures.push(error));
    } while (this.isAsked);
    this.conversation = undefined;
    this.listener.silent();
    if (failures.length > 0) throw failures[0];
  }

  private async drawForWaiting(): Promise<void> {
    const batch = this.waiting.splice(0, MAX_WAITING_A_DRAW);
    try {
      await this.drawFor(batch);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  private async drawFor(batch: Waiting[]): Promise<void> {
    const { state } = this;
    const { held } = state;
    const { call } = batch.reduce((a, b) => (b.call.versions.partner > a.call.versions.partner ? b : a));
    const { partner: limits, versions } = call;
    const costs = batch.map((each) => each.call.cost);
    let sentAtMs = 0;
    const [reply, seq] = await state.messenger.send((number, lost) => {
      sentAtMs = this.ports.now();
      const own = held.expectedDemand(sentAtMs);
      // What edges want they were asked for until now, most likely; but what begins has no past.
      const loans = batch.reduce((sum, each) => sum + state.loanFor(each.call), 0);
      const wanted = Math.max(own, loans);
      const message = this.message(number, lost);
      const { catalog } = state.versions;
      return this.port().draw({ ...message, version: versions.partner, catalog, limits, costs, wanted });
    });
    if (reply.outcome === 'stale') {
      state.raise({ key: state.versions.key, partner: reply.version, catalog: reply.catalog });
      state.writeNoted();
      for (const { resolve } of batch) resolve({ outcome: 'stale', versions: state.versions });
      return;
    }
    const { gauges, dayStartMs, lease } = reply;
    held.hear(gauges, dayStartMs);
    if (lease) {
      const deadlineMs = holderDeadline(sentAtMs, lease.durationMs);
      held.lease = {
        seq,
        units: lease.units,
        passedOn: 0,
        deadlineMs,
        dayStartMs,
        version: versions.partner,
      };
    }
    this.listener.decided(batch, reply);
  }

  /** The whole truth at this moment: nothing is held while it is under way. */
  private message(seq: number, lost: readonly number[]): Report {
    const { state } = this;
    const returned = state.held.handBack();
    const used = since(state.ledger.used, state.today - DAYS_TOLD_MS);
    return { holder: this.name, seq, used, returned, lost };
  }

  /** Under a name of its own with each partner that it was moved to, so that it may come back. */
  private get name(): string {
    const { keyId, moves } = this.state;
    return moves === 0 ? keyId : `${keyId}${MOVED}${moves}`;
  }
}
