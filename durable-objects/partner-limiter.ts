// Atom: one partner in one environment, named `<partner id>:<test|live>`. Storage: one row, the ledger and the
// units that it is ahead. Shell of src/limits/partner-ledger.ts.

import { DurableObject } from 'cloudflare:workers';
import { dropOldest } from '../src/core/bounded.ts';
import type { PartnerLimits } from '../src/limits/limit.ts';
import {
  advancePartner,
  type DrawReply,
  type DrawRequest,
  draw,
  newPartnerLedger,
  type PartnerGauges,
  type PartnerLedger,
  partnerGauges,
  refundPartner,
  restorePartner,
  returnLease,
} from '../src/limits/partner-ledger.ts';
import type { Period } from '../src/limits/protocol.ts';
import { type Quotas, quotasLeft } from '../src/limits/quota.ts';
import { unitsIn } from '../src/limits/sliding-window.ts';
import { watermarkUnits } from '../src/limits/watermark.ts';
import type { KeyLimiter } from './key-limiter.ts';

interface Stored {
  ledger: PartnerLedger;
  ahead: number;
}

export interface PartnerPeek {
  version: number;
  limits: PartnerLimits;
  returned?: { holder: string; leaseId: string; units: number };
}

/** Exactly what was used: every holder was asked for what it had not spent. */
export interface PartnerStanding {
  gauges: PartnerGauges;
  used: { second: number; day: number; month: number };
}

const MOST_REMEMBERED = 1024;

export class PartnerLimiter extends DurableObject<{ KEY_LIMITER: DurableObjectNamespace<KeyLimiter> }> {
  private ledger: PartnerLedger;
  private ahead = 0;
  /** When calls were admitted lately: a key's object that crashed before it could answer asks for them again. */
  private readonly admitted = new Map<string, number>();
  private readonly answered = new Map<string, { id: string; reply: DrawReply }>();

  constructor(ctx: DurableObjectState, env: { KEY_LIMITER: DurableObjectNamespace<KeyLimiter> }) {
    super(ctx, env);
    const stored = ctx.storage.kv.get<Stored>('state');
    this.ledger = stored ? restorePartner(stored.ledger, stored.ahead, Date.now()) : newPartnerLedger();
  }

  /** `callIds`: of the calls that `costs` are for. One that was admitted before is admitted again, at no cost. */
  draw(asked: DrawRequest, callIds: readonly string[] = []): DrawReply {
    const last = this.answered.get(asked.holder);
    if (last?.id === asked.id) return last.reply;
    const costs = asked.costs.map((cost, i) => (this.admitted.has(callIds[i] ?? '') ? 0 : cost));
    const request = { ...asked, costs };
    const versionBefore = this.ledger.version;
    const [ledger, reply] = draw(this.ledger, request, Date.now());
    if (!reply.stale)
      reply.decidedMs = reply.decidedMs.map((ms, i) => this.admitted.get(callIds[i] ?? '') ?? ms);
    this.ledger = ledger;
    if (!reply.stale) {
      const units = reply.admitted.reduce((sum, ok, i) => sum + (ok ? (request.costs[i] ?? 0) : 0), 0);
      const lent = reply.lease?.units ?? 0;
      callIds.forEach((id, i) => {
        if (reply.admitted[i]) this.admitted.set(id, reply.decidedMs[i] ?? Date.now());
      });
      dropOldest(this.admitted, MOST_REMEMBERED);
      if (units + lent > 0) this.persist(units + lent);
      else if (ledger.version !== versionBefore) this.write();
    }
    this.answered.set(request.holder, { id: request.id, reply });
    return reply;
  }

  peek({ version, limits, returned }: PartnerPeek): PartnerGauges {
    this.ledger = advancePartner(this.ledger, version, limits, Date.now());
    if (returned) this.ledger = returnLease(this.ledger, returned.holder, returned.leaseId, returned.units);
    return partnerGauges(this.ledger, Date.now());
  }

  async standing(version: number, limits: PartnerLimits): Promise<PartnerStanding> {
    await this.settle();
    const gauges = this.peek({ version, limits });
    const { dayUsed, monthUsed } = this.ledger.quotas;
    return { gauges, used: { second: unitsIn(this.ledger.window), day: dayUsed, month: monthUsed } };
  }

  /** Units used of the current day and month, as this object counts them. */
  async usage(): Promise<Quotas> {
    await this.settle();
    return this.ledger.quotas;
  }

  /** The call is no longer an admitted one: asked for again, it is charged anew. */
  refund(callId: string, units: number, period: Period): void {
    this.admitted.delete(callId);
    this.ledger = refundPartner(this.ledger, units, period);
    this.write();
  }

  /** Makes older versions of the partner's record stale. */
  announce(version: number): void {
    if (version <= this.ledger.version) return;
    this.ledger = { ...this.ledger, version };
    this.write();
  }

  private async settle(): Promise<void> {
    const leases = Object.entries(this.ledger.leases);
    const unspent = await Promise.all(
      leases.map(([holder, lease]) =>
        this.env.KEY_LIMITER.get(this.env.KEY_LIMITER.idFromName(holder)).surrender(lease.id),
      ),
    );
    leases.forEach(([holder, lease], i) => {
      this.ledger = returnLease(this.ledger, holder, lease.id, unspent[i] ?? 0);
    });
    if (leases.length > 0) this.write();
  }

  private persist(units: number): void {
    if (this.ahead >= units) {
      this.ahead -= units;
      return;
    }
    const { limits, quotas } = this.ledger;
    this.ahead = watermarkUnits([limits.second], quotasLeft(quotas, limits)) - 1;
    this.write();
  }

  private write(): void {
    this.ctx.storage.kv.put<Stored>('state', { ledger: this.ledger, ahead: this.ahead });
  }
}
