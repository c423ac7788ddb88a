// What a key's object has in its hands of its partner's object: the lease that it spends from, and what it was told last.
// In memory only: what a dead instance held was counted as used when it was lent.

import {
  type Demand,
  expectedDemand,
  isSpendable,
  LEASE_MARGIN_MS,
  type Lease,
  noteDemand,
  WORTH_LENDING,
} from '../src/limits/lease.ts';
import type { PartnerGauges } from '../src/limits/partner-ledger.ts';
import type { Report } from '../src/limits/partner-report.ts';
import type { TakeCall } from '../src/limits/protocol.ts';
import { dayToCountIn } from '../src/limits/quota.ts';
import type { Loan } from '../src/limits/token-bucket.ts';

export class Held {
  lease: Lease | undefined;
  private demand: Demand = { sinceMs: 0, units: 0, before: 0 };
  /** `spent`: units of the lease that went since. */
  private told: { gauges: PartnerGauges; dayStartMs: number; spent: number } | undefined;

  hear(gauges: PartnerGauges, dayStartMs: number): void {
    this.told = { gauges, dayStartMs, spent: 0 };
  }

  /** Of another partner nothing is known. */
  forget(): void {
    this.told = undefined;
  }

  get gauges(): PartnerGauges | undefined {
    return this.told?.gauges;
  }

  get spent(): number {
    return this.told?.spent ?? 0;
  }

  /** The day to count in: the partner's object's, where that is later than this clock's. */
  dayOf(nowMs: number): number {
    return dayToCountIn(this.told?.dayStartMs ?? 0, nowMs);
  }

  /** Whether what it was told is of the day that is counted in. */
  isOfToday(nowMs: number): boolean {
    return this.told?.dayStartMs === this.dayOf(nowMs);
  }

  noteDemand(units: number, nowMs: number): void {
    this.demand = noteDemand(this.demand, units, nowMs);
  }

  expectedDemand(nowMs: number): number {
    return expectedDemand(this.demand, nowMs);
  }

  /** The lease, where it has this call's units. */
  leaseFor({ cost, versions }: TakeCall, nowMs: number): Lease | undefined {
    return isSpendable(this.lease, cost, versions.partner, nowMs) ? this.lease : undefined;
  }

  spend(lease: Lease, units: number): void {
    this.lease = { ...lease, units: lease.units - units };
    if (this.told) this.told.spent += units;
  }

  /** Lends so many units on to an edge, or what there is. It ends for both at the same moment. */
  passOn(most: number, version: number, dayMs: number, nowMs: number): Loan | undefined {
    const { lease } = this;
    if (!isSpendable(lease, WORTH_LENDING, version, nowMs) || lease.dayStartMs !== dayMs) return undefined;
    const lent = Math.min(most, lease.units);
    if (lent < WORTH_LENDING) return undefined;
    const left = lease.units - lent;
    this.lease = left > 0 ? { ...lease, units: left, passedOn: lease.passedOn + lent } : undefined;
    if (this.told) this.told.spent += lent;
    return { units: lent, untilMs: lease.deadlineMs + LEASE_MARGIN_MS };
  }

  /** What is left of the lease, to go back with a message. It is zeroed before that is said. */
  handBack(): Report['returned'] {
    const { lease } = this;
    const returned = lease && { seq: lease.seq, units: lease.units, passedOn: lease.passedOn };
    this.lease = undefined;
    return returned;
  }

  /** Of a lease that is spent nothing goes back: no message is owed for it. */
  dropSpent(): void {
    if (this.lease?.units === 0) this.lease = undefined;
  }
}
