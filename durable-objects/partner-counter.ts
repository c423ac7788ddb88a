// Counts what all keys of a partner share in one environment. Before the answer to a draw or a report leaves, its holder's row
// says what it came to: what the rows add up to is the count. Days that are closed are kept as totals until long after they have
// been compared with what was billed.

import { DAY_MS } from '../src/core/time.ts';
import { LEASE_MS } from '../src/limits/lease.ts';
import type { PartnerLimits } from '../src/limits/limit.ts';
import { type DrawReply, type DrawRequest, draw, unitsUnsaid } from '../src/limits/partner-draw.ts';
import {
  advancePartner,
  type Holder,
  newHolder,
  newPartnerLedger,
  type PartnerGauges,
  type PartnerLedger,
  partnerGauges,
  restorePartner,
  seenCatalog,
} from '../src/limits/partner-ledger.ts';
import { nonsenseIn, type Report, type ReportReply, report } from '../src/limits/partner-report.ts';
import type { PartnerStanding } from '../src/limits/protocol.ts';
import { addUnits, type DayCounts, isOpen, NO_UNITS, quotasOn, since, unitsOn } from '../src/limits/quota.ts';
import { unitsIn } from '../src/limits/sliding-window.ts';
import type { PartnerPorts } from './counter-ports.ts';
import { HolderRows } from './holder-rows.ts';

interface Stored {
  version: number;
  limits: PartnerLimits;
  /** None in rows of before 2026-11-30. */
  catalog?: number;
  dayStartMs: number;
  /** Totals that no holder's row has any more: closed days, and what a comparison corrected. May be below zero. */
  closed: DayCounts;
  /** Of them, units that were admitted without asking, by day. */
  degraded: DayCounts;
}

/** As it was written before 2026-11-24. */
interface StoredBefore {
  ledger: Pick<PartnerLedger, 'version' | 'limits'> & {
    quotas: { dayStartMs: number; dayUsed: number; monthStartMs: number; monthUsed: number };
  };
}

/** What was counted stays counted: of the month before its last day, as if on its first. */
function fromBefore({ ledger: { version, limits, quotas } }: StoredBefore): Stored {
  const { dayStartMs, dayUsed, monthStartMs, monthUsed } = quotas;
  const today = { [dayStartMs]: dayUsed };
  const closed = addUnits(today, monthStartMs, Math.max(0, monthUsed - dayUsed));
  return { version, limits, dayStartMs, closed, degraded: NO_UNITS };
}

/** This month and the one before, with what is left of the one before that. */
const DAYS_KEPT_MS = 70 * DAY_MS;
/** Holders asked at the same time. */
const MAX_ASKED_AT_ONCE = 50;
export class PartnerCounter {
  private readonly ports: PartnerPorts;
  private ledger: PartnerLedger = newPartnerLedger();
  private closed: DayCounts = NO_UNITS;
  private degraded: DayCounts = NO_UNITS;
  private readonly holders = new Map<string, Holder>();
  /** Who has a lease, until when. */
  private readonly borrowing = new Map<string, number>();
  private readonly rows: HolderRows;
  private readonly answered = new Map<string, { seq: number; reply: DrawReply }>();

  constructor(ports: PartnerPorts) {
    this.ports = ports;
    this.rows = new HolderRows(ports, this.holders, (names) => this.ask(names));
    const row = ports.store.get<Stored | StoredBefore>('state');
    if (!row) return;
    const stored = 'ledger' in row ? fromBefore(row) : row;
    const { version, limits, catalog = 0, dayStartMs, closed } = stored;
    const nowMs = ports.now();
    for (const [name, holder] of this.rows.restored(limits.second, nowMs)) {
      this.holders.set(name, holder);
      const { lent = 0, deadlineMs = 0 } = holder.grant ?? {};
      if (this.rows.onCredit.has(name)) this.borrowing.set(name, nowMs + LEASE_MS);
      else if (lent > 0) this.borrowing.set(name, deadlineMs);
    }
    this.closed = closed;
    this.degraded = stored.degraded ?? NO_UNITS;
    this.ledger = restorePartner(
      { ...this.ledger, version, limits, catalog, dayStartMs, used: closed },
      this.holders.values(),
      nowMs,
    );
  }

  draw(request: DrawRequest): DrawReply {
    const { holder: name, seq } = request;
    const nowMs = this.ports.now();
    this.beginDay(nowMs);
    const holder = this.holders.get(name) ?? newHolder();
    if (seq <= holder.seq) {
      const last = this.answered.get(name);
      return last?.seq === seq ? last.reply : this.outdated(name, seq, holder);
    }
    this.judge(holder, request);
    const { version, catalog } = this.ledger;
    const [ledger, after, reply] = draw(this.ledger, holder, request, this.borrowers(name, nowMs), nowMs);
    this.ledger = ledger;
    this.rows.hear(name);
    this.know(name, after);
    const room = unitsUnsaid(ledger);
    this.rows.putDrawn(name, after, { dayStartMs: ledger.dayStartMs, room, nowMs });
    if (ledger.version !== version || ledger.catalog !== catalog) this.write();
    this.answered.set(name, { seq, reply });
    return reply;
  }

  report(message: Report): ReportReply {
    const { holder: name, seq } = message;
    const nowMs = this.ports.now();
    this.beginDay(nowMs);
    const holder = this.holders.get(name) ?? newHolder();
    if (seq <= holder.seq) {
      const isKnown = seq === holder.seq && !this.rows.onCredit.has(name);
      return isKnown ? { outcome: 'noted' } : this.outdated(name, seq, holder);
    }
    this.judge(holder, message);
    const [ledger, after] = report(this.ledger, holder, message, nowMs);
    this.ledger = ledger;
    this.rows.hear(name);
    this.keep(name, after);
    return { outcome: 'noted' };
  }

  peek(version: number, limits: PartnerLimits): PartnerGauges {
    const nowMs = this.ports.now();
    this.beginDay(nowMs);
    // Pages know a partner's limits, and not what its cap comes to: a draw told it.
    const monthCap = limits.monthCap ?? this.ledger.limits.monthCap;
    this.ledger = advancePartner(this.ledger, version, { ...limits, monthCap }, nowMs);
    return partnerGauges(this.ledger, nowMs);
  }

  async standing(version: number, limits: PartnerLimits): Promise<PartnerStanding> {
    await this.ask([...this.borrowing.keys()]);
    const gauges = this.peek(version, limits);
    const { dayUsed, monthUsed } = quotasOn(this.ledger.used, this.ledger.dayStartMs);
    const { window, limits: plan } = this.ledger;
    return {
      gauges,
      used: { second: unitsIn(window), day: dayUsed, month: monthUsed },
      plan: { day: plan.day, month: plan.month, overage: plan.overage },
    };
  }

  /** Units of a day, after every key that was called on it has said what it used. @throws when one does not answer */
  async unitsOfDay(dayMs: number): Promise<number> {
    const called = [...this.holders].filter(([, { used }]) => dayMs in used).map(([name]) => name);
    const silent = await this.ask(called);
    if (silent > 0) throw new Error(`${silent} of ${called.length} keys did not answer`);
    return unitsOn(this.ledger.used, dayMs);
  }

  /** Units of a day that were admitted while this object could not be asked: their total, as often as it is told. */
  noteDegraded(dayMs: number, units: number): void {
    this.beginDay(this.ports.now());
    const more = units - unitsOn(this.degraded, dayMs);
    if (!Number.isSafeInteger(units) || more <= 0 || dayMs < this.ledger.dayStartMs - DAYS_KEPT_MS) return;
    this.degraded = { ...this.degraded, [dayMs]: units };
    this.closed = { ...this.closed, [dayMs]: unitsOn(this.closed, dayMs) + more };
    this.ledger = { ...this.ledger, used: addUnits(this.ledger.used, dayMs, more) };
    this.write();
  }

  /** Makes a day's count what was billed, if it is still what it was when they were compared. Whether it did. */
  correct(dayMs: number, expected: number, billed: number): boolean {
    const counted = unitsOn(this.ledger.used, dayMs);
    if (counted !== expected || !Number.isSafeInteger(billed) || billed < 0) return false;
    this.closed = { ...this.closed, [dayMs]: unitsOn(this.closed, dayMs) + billed - expected };
    this.ledger = { ...this.ledger, used: { ...this.ledger.used, [dayMs]: billed } };
    this.write();
    return true;
  }

  /** Makes older versions of the partner's record stale. */
  announce(version: number): void {
    if (version <= this.ledger.version) return;
    this.ledger = { ...this.ledger, version };
    this.write();
  }

  /** Makes calls that are judged by an older catalogue stale. */
  announceCatalog(catalog: number): void {
    if (catalog <= this.ledger.catalog) return;
    this.ledger = seenCatalog(this.ledger, catalog);
    this.write();
  }

  private borrowers(except: string, nowMs: number): number {
    let borrowers = 0;
    for (const [name, deadlineMs] of this.borrowing) if (name !== except && deadlineMs > nowMs) borrowers++;
    return borrowers;
  }

  private judge(holder: Holder, message: Report): void {
    const why = nonsenseIn(holder, message);
    // Of what it was lent before a crash, not all is known.
    if (why && !this.rows.onCredit.has(message.holder))
      this.ports.log({ message: 'part of a report ignored', why, holder: message.holder, seq: message.seq });
  }

  private outdated(holder: string, seq: number, { seq: newest }: Holder): { outcome: 'void'; seq: number } {
    // Of one on credit, whose newest is not known, this is how it is told.
    if (!this.rows.onCredit.has(holder))
      this.ports.log({ message: 'outdated message ignored', key_id: holder, seq, newest });
    return { outcome: 'void', seq: newest };
  }

  /** How many did not answer. */
  private async ask(names: readonly string[]): Promise<number> {
    let silent = 0;
    for (let i = 0; i < names.length; i += MAX_ASKED_AT_ONCE) {
      const asked = names
        .slice(i, i + MAX_ASKED_AT_ONCE)
        .map((name) => this.ports.holder(name).report(this.rows.onCredit.has(name)));
      for (const { status } of await Promise.allSettled(asked)) if (status === 'rejected') silent++;
    }
    return silent;
  }

  /** Comes while rows say more than what is. */
  wake(): Promise<void> {
    return this.rows.wake();
  }

  private keep(name: string, holder: Holder): void {
    this.know(name, holder);
    this.rows.put(name, holder, this.ledger.dayStartMs);
  }

  private know(name: string, holder: Holder): void {
    this.holders.set(name, holder);
    if (holder.grant && holder.grant.lent > 0) this.borrowing.set(name, holder.grant.deadlineMs);
    else this.borrowing.delete(name);
  }

  /** With the first message of a day, what is closed by then moves from the holders' rows into totals. */
  private beginDay(nowMs: number): void {
    const before = this.ledger.dayStartMs;
    this.ledger = advancePartner(this.ledger, this.ledger.version, this.ledger.limits, nowMs);
    const { dayStartMs } = this.ledger;
    if (dayStartMs === before) return;
    for (const [name, holder] of this.holders) {
      const used: Record<number, number> = {};
      for (const [key, units] of Object.entries(holder.used)) {
        const day = Number(key);
        if (day > dayStartMs || isOpen(day, dayStartMs)) used[day] = units;
        else this.closed = { ...this.closed, [day]: unitsOn(this.closed, day) + units };
      }
      if (Object.keys(used).length > 0) this.keep(name, { ...holder, used });
      else this.forget(name);
    }
    this.closed = since(this.closed, dayStartMs - DAYS_KEPT_MS);
    this.degraded = since(this.degraded, dayStartMs - DAYS_KEPT_MS);
    this.ledger = { ...this.ledger, used: since(this.ledger.used, dayStartMs - DAYS_KEPT_MS) };
    this.write();
  }

  private forget(name: string): void {
    this.holders.delete(name);
    this.borrowing.delete(name);
    this.answered.delete(name);
    this.rows.delete(name);
  }

  private write(): void {
    const { version, limits, catalog, dayStartMs } = this.ledger;
    const { closed, degraded } = this;
    this.ports.store.put<Stored>('state', { version, limits, catalog, dayStartMs, closed, degraded });
  }
}
