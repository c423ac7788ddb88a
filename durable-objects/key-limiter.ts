// Atom: one API key, named by its id. Storage: one row (ledger, versions, units ahead) and the nonces of signed
// requests. Shell of src/limits/key-ledger.ts; holds leases from the partner's object in memory only.

import { DurableObject } from 'cloudflare:workers';
import { dropOldest } from '../src/core/bounded.ts';
import { combineGauges } from '../src/limits/gauges.ts';
import {
  advanceKey,
  isKeyOverQuota,
  type KeyLedger,
  keyDenial,
  newKeyLedger,
  refundKey,
  restoreKey,
  spendKey,
  tokensLeft,
  travelKey,
} from '../src/limits/key-ledger.ts';
import { expectedDemand, holderDeadline, isSpendable, type Lease, noteDemand } from '../src/limits/lease.ts';
import { type Denial, gauge } from '../src/limits/limit.ts';
import type { DrawReply, DrawRequest, PartnerGauges } from '../src/limits/partner-ledger.ts';
import type {
  LimitGauges,
  LimitSubject,
  Period,
  Refund,
  TakeCall,
  TakeReply,
  Versions,
} from '../src/limits/protocol.ts';
import { dayGauge, monthGauge, quotasLeft } from '../src/limits/quota.ts';
import { watermarkUnits } from '../src/limits/watermark.ts';
import { isWorthRetrying } from '../src/platform/object-errors.ts';
import type { PartnerLimiter } from './partner-limiter.ts';

interface Stored {
  ledger: KeyLedger;
  versions: Versions;
  ahead: number;
}

interface Waiting {
  call: TakeCall;
  resolve(reply: TakeReply): void;
  reject(error: unknown): void;
}

/** Calls asked for in one draw. */
const MOST_WAITING_A_DRAW = 256;
/** Answers remembered, so that a retried request is not charged twice. */
const MOST_REMEMBERED = 512;

type Bindings = { PARTNER_LIMITER: DurableObjectNamespace<PartnerLimiter> };

export class KeyLimiter extends DurableObject<Bindings> {
  private ledger: KeyLedger = newKeyLedger();
  private versions: Versions = { key: -1, partner: -1 };
  private ahead = 0;
  /** Units that the last instance may have spent unseen; settled by the first call, which brings the limits. */
  private unseen = 0;
  private lease: Lease | undefined;
  private demand = { sinceMs: 0, units: 0, before: 0 };
  private partner: { gauges: PartnerGauges; period: Period; spent: number } | undefined;
  private waiting: Waiting[] = [];
  private drawing = false;
  private readonly answered = new Map<string, TakeReply>();

  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env);
    ctx.storage.sql.exec(
      'CREATE TABLE IF NOT EXISTS nonce (value TEXT PRIMARY KEY, expires_ms INTEGER NOT NULL) WITHOUT ROWID',
    );
    const stored = ctx.storage.kv.get<Stored>('state');
    if (!stored) return;
    this.ledger = stored.ledger;
    this.versions = stored.versions;
    this.unseen = stored.ahead;
  }

  take(call: TakeCall): TakeReply | Promise<TakeReply> {
    const known = this.answered.get(call.id);
    if (known) return known;
    const early = this.refuseEarly(call);
    if (early) return early;
    this.demand = noteDemand(this.demand, call.cost, Date.now());
    if (this.waiting.length === 0 && isSpendable(this.lease, call.cost, Date.now())) {
      this.lease = { ...this.lease, units: this.lease.units - call.cost };
      if (this.partner) this.partner.spent += call.cost;
      return this.admit(call, { over: false, atMs: Date.now() }, 0);
    }
    return new Promise<TakeReply>((resolve, reject) => {
      this.waiting.push({ call, resolve, reject });
      if (!this.drawing) this.ctx.waitUntil(this.drawForWaiting());
    });
  }

  /** What the limits are now, without taking anything. */
  async peek(subject: LimitSubject): Promise<LimitGauges> {
    this.advance(subject);
    const returned = this.lease && { holder: subject.keyId, leaseId: this.lease.id, units: this.lease.units };
    this.lease = undefined;
    const gauges = await this.partnerObject(subject).peek({
      version: subject.versions.partner,
      limits: subject.partner,
      returned,
    });
    return this.gaugesOf(subject, gauges, 0);
  }

  /** Makes older versions of the key's record stale, at once and for good. */
  announce(versions: Versions): void {
    this.versions = {
      key: Math.max(versions.key, this.versions.key),
      partner: Math.max(versions.partner, this.versions.partner),
    };
    this.write();
  }

  /** Gives back the quota of a call that was admitted and then not served. */
  async refund(refund: Refund): Promise<void> {
    this.ledger = refundKey(this.ledger, refund.units, refund.period);
    this.write();
    await this.partnerObject(refund).refund(refund.id, refund.units, refund.period);
  }

  /** A test key's day, spent or begun anew at a click. The partner's count, which is the billed one, is not touched. */
  travel(subject: LimitSubject, to: 'spent' | 'new_day'): void {
    this.advance(subject);
    this.ledger = travelKey(this.ledger, subject.key, to);
    this.write();
  }

  /** Zeroes the lease and says what was left of it. */
  surrender(leaseId: string): number {
    if (this.lease?.id !== leaseId) return 0;
    const { units } = this.lease;
    this.lease = undefined;
    return units;
  }

  private refuseEarly(call: TakeCall): TakeReply | undefined {
    if (call.versions.key < this.versions.key || call.versions.partner < this.versions.partner) {
      return { outcome: 'stale', versions: this.versions };
    }
    this.versions = call.versions;
    this.advance(call);
    if (call.nonce && this.isKnownNonce(call.nonce.value)) return { outcome: 'replayed' };
    const denial = keyDenial(this.ledger, call.key, call.cost, Date.now());
    return denial && this.deny(call, denial);
  }

  /** One draw at a time; calls that arrive meanwhile go into the next. */
  private async drawForWaiting(): Promise<void> {
    this.drawing = true;
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, MOST_WAITING_A_DRAW);
      try {
        await this.drawFor(batch);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.drawing = false;
  }

  private async drawFor(batch: Waiting[]): Promise<void> {
    const newest = batch.reduce((a, b) => (b.call.versions.partner > a.call.versions.partner ? b : a)).call;
    const returned = this.lease && { leaseId: this.lease.id, units: this.lease.units };
    this.lease = undefined;
    const sentAtMs = Date.now();
    const callIds = batch.map(({ call }) => call.id);
    const reply = await this.ask(newest, callIds, {
      id: crypto.randomUUID(),
      holder: newest.keyId,
      version: newest.versions.partner,
      limits: newest.partner,
      costs: batch.map(({ call }) => call.cost),
      wanted: expectedDemand(this.demand),
      returned,
    });
    if (reply.stale) {
      this.versions = { ...this.versions, partner: Math.max(this.versions.partner, reply.version) };
      for (const { resolve } of batch) resolve({ outcome: 'stale', versions: this.versions });
      return;
    }
    this.partner = { gauges: reply.gauges, period: reply.period, spent: 0 };
    if (reply.lease) {
      const { id, units, durationMs } = reply.lease;
      this.lease = { id, units, deadlineMs: holderDeadline(sentAtMs, durationMs), ...reply.period };
    }
    this.answerBatch(batch, reply);
  }

  /** Repeating a request for its id is free. */
  private async ask(subject: LimitSubject, callIds: string[], request: DrawRequest): Promise<DrawReply> {
    try {
      return await this.partnerObject(subject).draw(request, callIds);
    } catch (error) {
      if (!isWorthRetrying(error)) throw error;
      return this.partnerObject(subject).draw(request, callIds);
    }
  }

  private answerBatch(batch: Waiting[], reply: Exclude<DrawReply, { stale: true }>): void {
    let later = batch.reduce((sum, { call }, i) => sum + (reply.admitted[i] ? call.cost : 0), 0);
    batch.forEach(({ call, resolve }, i) => {
      if (!reply.admitted[i]) {
        const denial = reply.denial ?? { type: 'per_second', limit: 0, used: 0, retryAfterMs: 1000 };
        resolve(this.deny(call, denial));
        return;
      }
      later -= call.cost;
      // The key's own state may have changed while the partner was asked: look again, and give back if it refuses.
      const refusal = this.refuseEarly(call);
      if (refusal) this.ctx.waitUntil(this.giveBack(call, reply.period).finally(() => resolve(refusal)));
      else resolve(this.admit(call, { over: reply.over, atMs: reply.decidedMs[i] ?? Date.now() }, later));
    });
  }

  /** Answered afterwards: the caller may ask again under the same id, and is then charged anew. */
  private async giveBack(call: TakeCall, period: Period): Promise<void> {
    await this.partnerObject(call).refund(call.id, call.cost, period);
  }

  private admit(call: TakeCall, decided: { over: boolean; atMs: number }, later: number): TakeReply {
    const keyOver = isKeyOverQuota(this.ledger, call.key, call.cost);
    this.ledger = spendKey(this.ledger, call.cost);
    this.persist(call);
    if (call.nonce) this.rememberNonce(call.nonce.value, call.nonce.expiresMs);
    const { dayStartMs, monthStartMs } = this.ledger.quotas;
    const reply: TakeReply = {
      outcome: 'admit',
      gauges: this.gaugesOf(call, this.partner?.gauges, (this.partner?.spent ?? 0) - later),
      period: { dayStartMs, monthStartMs },
      over: decided.over || keyOver,
      atMs: decided.atMs,
    };
    this.answered.set(call.id, reply);
    dropOldest(this.answered, MOST_REMEMBERED);
    return reply;
  }

  private deny(call: TakeCall, denial: Denial): TakeReply {
    return {
      outcome: 'deny',
      denial,
      gauges: this.gaugesOf(call, this.partner?.gauges, this.partner?.spent ?? 0),
    };
  }

  private gaugesOf(subject: LimitSubject, partner: PartnerGauges | undefined, spent: number): LimitGauges {
    const burst = gauge(subject.key.burst, 0, Date.now());
    burst.remaining = tokensLeft(this.ledger, subject.key);
    return combineGauges(
      {
        burst,
        day: dayGauge(this.ledger.quotas, subject.key.day),
        month: monthGauge(this.ledger.quotas, subject.key.month),
      },
      partner,
      spent,
      subject,
      Date.now(),
    );
  }

  private advance(subject: LimitSubject): void {
    if (this.unseen > 0) {
      this.ledger = restoreKey(this.ledger, this.unseen, subject.key, Date.now());
      this.unseen = 0;
    }
    this.ledger = advanceKey(this.ledger, subject.key, Date.now());
  }

  private persist(call: TakeCall): void {
    if (this.ahead >= call.cost) {
      this.ahead -= call.cost;
      return;
    }
    this.ahead = watermarkUnits([call.key.burst], quotasLeft(this.ledger.quotas, call.key)) - 1;
    this.write();
  }

  private write(): void {
    const ahead = this.ahead + this.unseen;
    this.ctx.storage.kv.put<Stored>('state', { ledger: this.ledger, versions: this.versions, ahead });
  }

  private isKnownNonce(value: string): boolean {
    return this.ctx.storage.sql.exec('SELECT 1 FROM nonce WHERE value = ?', value).toArray().length > 0;
  }

  private rememberNonce(value: string, expiresMs: number): void {
    this.ctx.storage.sql.exec('DELETE FROM nonce WHERE expires_ms < ?', Date.now());
    this.ctx.storage.sql.exec('INSERT OR IGNORE INTO nonce VALUES (?, ?)', value, expiresMs);
  }

  private partnerObject({ partnerObject }: { partnerObject: string }): DurableObjectStub<PartnerLimiter> {
    return this.env.PARTNER_LIMITER.get(this.env.PARTNER_LIMITER.idFromName(partnerObject));
  }
}
