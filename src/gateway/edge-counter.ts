// What this isolate may spend of each key by itself. A key that is called often is lent units by its object; calls spend
// them here, at once, and what they came to is told with the next question, or when calls have ended. A key that is called
// seldom, and one whose limits are nearly used up, is asked about call by call.
//
// Nobody waits for another request's question: that may end with its caller.

import { dropOldest } from '../core/bounded.ts';
import type { KeepAlive } from '../core/deadlines.ts';
import { afterSpending, givenBack } from '../limits/gauges.ts';
import {
  type Demand,
  expectedDemand,
  holderDeadline,
  LEASE_MS,
  noteDemand,
  risingDemand,
  WORTH_LENDING,
} from '../limits/lease.ts';
import type { Gauge } from '../limits/limit.ts';
import type {
  GrantEnd,
  LimitGauges,
  LimitSubject,
  Settle,
  TakeCall,
  TakeReply,
  Versions,
} from '../limits/protocol.ts';

export interface EdgePorts {
  now(): number;
  sleep(ms: number): Promise<unknown>;
  newId(): string;
  take(call: TakeCall, keepAlive: KeepAlive): Promise<TakeReply>;
  settle(settle: Settle): Promise<unknown>;
  log(line: Record<string, unknown>): void;
}

/** What one answer of a key's object gave: the units of a call, and those that were lent with it. */
export interface Grant {
  readonly id: string;
  readonly keyId: string;
  /** Units that no call took, and units that calls took and did not give back. */
  left: number;
  used: number;
  /** Calls may spend what is left. What it came to is told once they may not any more. */
  isOpen: boolean;
}

interface Lease extends Grant {
  readonly lent: number;
  readonly versions: Versions;
  readonly dayStartMs: number;
  readonly deadlineMs: number;
  /** From when on, and below how many units, the next one is asked for. */
  readonly renewAtMs: number;
  readonly renewBelow: number;
  /** As they were when it was lent; less of the quotas, where other calls were decided since. */
  gauges: LimitGauges;
}

/** A call that may go on. */
export interface Admission {
  grant: Grant;
  atMs: number;
  dayStartMs: number;
  over: boolean;
  gauges: LimitGauges;
}

type Call = Omit<TakeCall, 'wanted' | 'ended'>;
/** A key's object's answer; with the grant that an admitted call spends from. */
export type Answer = Exclude<TakeReply, { outcome: 'admit' }> | ({ outcome: 'admit' } & Admission);

interface Held {
  demand: Demand;
  lease: Lease | undefined;
  /** Ended, and the key's object has not heard what they came to; until when somebody is telling it. */
  readonly ended: Map<Grant, number>;
  /** One question about a lease at a time, and after a refusal none for a while. */
  asksAfterMs: number;
  lastCallMs: number;
}

/** More than the demand that was seen, so that a lease lasts for its time. */
const AHEAD = 1.25;
/** A question that has no answer by then ended with its request: another is asked. */
const MAX_ASKING_MS = 5000;
/** Where nothing was lent, a lease is asked for again after this long. */
const PAUSE_MS = LEASE_MS / 4;
/** After this long without a call, what is held goes back. */
const REST_AFTER_MS = 300;
/** The next lease is asked for this long before the end, ms, and twice as long as a question takes. */
const RENEW_EARLY_MS = 20;
const MAX_EARLY_MS = LEASE_MS / 3;
/** It is asked for, too, when only this share is left: calls may have become more. */
const RENEW_SHARE = 0.25;
const MAX_KEYS = 10_000;
/** Longer than anybody tells of a grant: by then that was heard, or it ended with its request. */
const MAX_TELLING_MS = 35_000;
/** Of what ended, told with one question. */
const MAX_TOLD = 100;

const isSame = (a: Versions, b: Versions): boolean =>
  a.key === b.key && a.partner === b.partner && a.catalog === b.catalog;

export class EdgeCounter {
  private readonly ports: EdgePorts;
  private readonly keys = new Map<string, Held>();

  constructor(ports: EdgePorts) {
    this.ports = ports;
  }

  /** Admits a call from what was lent; undefined where the key's object is to be asked. */
  spend(subject: LimitSubject, cost: number, nowMs: number, keepAlive: KeepAlive): Admission | undefined {
    const held = this.keys.get(subject.keyId);
    const lease = held?.lease;
    if (!held || !lease || lease.left < cost) return undefined;
    if (nowMs >= lease.deadlineMs || !isSame(lease.versions, subject.versions)) return undefined;
    lease.left -= cost;
    lease.used += cost;
    held.lastCallMs = nowMs;
    held.demand = noteDemand(held.demand, cost, nowMs);
    if ((nowMs >= lease.renewAtMs || lease.left < lease.renewBelow) && this.mayAsk(held, nowMs))
      keepAlive(this.renew(held, subject, keepAlive));
    const gauges = afterSpending(lease.gauges, lease.lent - lease.left);
    return { grant: lease, atMs: nowMs, dayStartMs: lease.dayStartMs, over: false, gauges };
  }

  /** Asks the key's object about a call, and for a lease where that is worth it. @throws LimiterUnavailable */
  take(call: Call, isLent: boolean, keepAlive: KeepAlive): Promise<Answer> {
    const nowMs = this.ports.now();
    const held = this.held(call.keyId, nowMs);
    held.lastCallMs = nowMs;
    held.demand = noteDemand(held.demand, call.cost, nowMs);
    return this.ask(held, call, isLent && !call.nonce && this.mayAsk(held, nowMs), keepAlive);
  }

  /** Units of an admitted call that were not used after all. They go back to the quotas; the call was made. */
  giveBack(grant: Grant, units: number, keepAlive: KeepAlive): void {
    grant.used -= units;
    if (grant.isOpen) return;
    keepAlive(this.tell(this.held(grant.keyId, this.ports.now()), grant));
  }

  /** What the key's limits are, as far as that is known here. */
  gauges(keyId: string): LimitGauges | undefined {
    const lease = this.keys.get(keyId)?.lease;
    return lease && this.ports.now() < lease.deadlineMs
      ? afterSpending(lease.gauges, lease.lent - lease.left)
      : undefined;
  }

  private held(keyId: string, nowMs: number): Held {
    const known = this.keys.get(keyId);
    if (known) return known;
    const held: Held = {
      demand: { sinceMs: nowMs, units: 0, before: 0 },
      lease: undefined,
      ended: new Map(),
      asksAfterMs: 0,
      lastCallMs: nowMs,
    };
    this.keys.set(keyId, held);
    // Whoever is forgotten while it holds something still gives it back.
    dropOldest(this.keys, MAX_KEYS);
    return held;
  }

  private mayAsk(held: Held, nowMs: number): boolean {
    return nowMs >= held.asksAfterMs && expectedDemand(held.demand, nowMs) >= WORTH_LENDING;
  }

  private async ask(held: Held, call: Call, wantsLease: boolean, keepAlive: KeepAlive): Promise<Answer> {
    const sentMs = this.ports.now();
    const told = untold(held, sentMs)
      .slice(0, MAX_TOLD)
      .map((grant) => ({ grant, end: endOf(grant) }));
    const wanted = wantsLease ? Math.ceil(risingDemand(held.demand, sentMs) * AHEAD) : undefined;
    if (wantsLease) held.asksAfterMs = sentMs + MAX_ASKING_MS;
    let isLent = false;
    try {
      const reply = await this.ports.take({ ...call, wanted, ended: told.map(({ end }) => end) }, keepAlive);
      for (const { grant, end } of told) if (grant.used === end.used) held.ended.delete(grant);
      isLent = reply.outcome === 'admit' && reply.lease !== undefined;
      if (reply.outcome !== 'admit') return reply;
      // What is left of a lease counts as used until its end is heard.
      const gauges = givenBack(reply.gauges, held.lease?.left ?? 0);
      const grant = { id: call.id, keyId: call.keyId, left: 0, used: call.cost, isOpen: false };
      if (!reply.lease) {
        if (held.lease) held.lease.gauges = lessOf(held.lease, reply.gauges);
        return { ...reply, gauges, grant };
      }
      const lease = this.open(held, { ...grant, gauges, versions: call.versions }, reply, sentMs);
      keepAlive(this.rest(held, lease));
      return { ...reply, gauges, grant: lease };
    } catch (error) {
      // It may have been counted, with only the answer lost: nothing was spent of it.
      keepAlive(this.tell(held, { id: call.id, keyId: call.keyId, left: 0, used: 0, isOpen: false }));
      throw error;
    } finally {
      if (wantsLease) held.asksAfterMs = isLent ? 0 : this.ports.now() + PAUSE_MS;
    }
  }

  private open(
    held: Held,
    grant: Grant & Pick<Lease, 'gauges' | 'versions'>,
    { lease, dayStartMs }: Extract<TakeReply, { outcome: 'admit' }>,
    sentMs: number,
  ): Lease {
    const units = lease?.units ?? 0;
    const deadlineMs = holderDeadline(sentMs, lease?.durationMs ?? 0);
    const earlyMs = Math.min(MAX_EARLY_MS, RENEW_EARLY_MS + 2 * (this.ports.now() - sentMs));
    const opened: Lease = {
      ...grant,
      left: units,
      isOpen: true,
      lent: units,
      dayStartMs,
      deadlineMs,
      renewAtMs: deadlineMs - earlyMs,
      renewBelow: Math.max(units * RENEW_SHARE, (risingDemand(held.demand, sentMs) * earlyMs) / LEASE_MS),
    };
    end(held);
    held.lease = opened;
    return opened;
  }

  /** Asks for the next lease while calls still spend this one. */
  private async renew(held: Held, subject: LimitSubject, keepAlive: KeepAlive): Promise<void> {
    const call = { ...subject, id: this.ports.newId(), cost: 0, nonce: undefined };
    // Whoever finds no lease asks itself, and is told why.
    await this.ask(held, call, true, keepAlive).catch(() => undefined);
  }

  /** Once calls have ended, what it came to is told. While they go on, whoever asks for the next lease tells it. */
  private async rest(held: Held, lease: Lease): Promise<void> {
    for (;;) {
      if (held.lease && held.lease !== lease) return;
      const nowMs = this.ports.now();
      if (held.lease && nowMs >= lease.deadlineMs) end(held);
      const restMs = held.lastCallMs + REST_AFTER_MS;
      if (nowMs >= restMs) break;
      await this.ports.sleep((held.lease ? Math.min(lease.deadlineMs, restMs) : restMs) - nowMs);
    }
    end(held);
    await Promise.all(untold(held, this.ports.now()).map((grant) => this.tell(held, grant)));
  }

  /** Tells what one grant came to. What is not heard is told with the next question, or when calls have ended again. */
  private async tell(held: Held, grant: Grant): Promise<void> {
    held.ended.set(grant, this.ports.now() + MAX_TELLING_MS);
    const said = endOf(grant);
    try {
      await this.ports.settle({ ...said, keyId: grant.keyId });
      if (grant.used === said.used) held.ended.delete(grant);
    } catch (error) {
      held.ended.set(grant, 0);
      const { id, keyId, used } = grant;
      this.ports.log({
        message: 'settle not heard',
        level: 'error',
        request_id: id,
        key_id: keyId,
        used,
        error: String(error),
      });
    }
  }
}

/** What nobody is telling of. */
const untold = ({ ended }: Held, nowMs: number): Grant[] =>
  [...ended].filter(([, untilMs]) => untilMs <= nowMs).map(([grant]) => grant);

/** As it stands. */
const endOf = ({ id, used, left }: Grant): GrantEnd => ({ id, used, unspent: left });

/** From here on nothing of it is spent. */
function end(held: Held): void {
  if (!held.lease) return;
  held.lease.isOpen = false;
  held.ended.set(held.lease, 0);
  held.lease = undefined;
}

/** What calls that spend of the lease are shown, after others that were decided while it was open. */
function lessOf({ gauges, lent }: Lease, said: LimitGauges): LimitGauges {
  const now = givenBack(said, lent);
  const lower = (a: Gauge, b: Gauge) => (b.remaining < a.remaining ? b : a);
  return { ...gauges, day: lower(gauges.day, now.day), month: lower(gauges.month, now.month) };
}
