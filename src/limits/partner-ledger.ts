// What all keys of a partner share: a sliding second and calendar quotas, and the leases lent from them.
// Pure: the ledger and the moment in, the answer and the new ledger out.

import { LEASE_MS, type Lease, leaseSize } from './lease.ts';
import { type Denial, type Gauge, gauge, isUnlimited, type PartnerLimits } from './limit.ts';
import {
  dayGauge,
  isOverQuota,
  monthGauge,
  NO_QUOTAS_USED,
  type Quotas,
  quotaDenial,
  returnQuotas,
  rollQuotas,
  useQuotas,
} from './quota.ts';
import {
  addToWindow,
  EMPTY_WINDOW,
  pruneWindow,
  removeFromWindow,
  unitsIn,
  WINDOW_MS,
  type Window,
  windowWaitMs,
} from './sliding-window.ts';

export interface PartnerLedger {
  /** Highest version of the partner's record seen; its limits are the ones in force. */
  version: number;
  limits: PartnerLimits;
  window: Window;
  quotas: Quotas;
  /** Units lent and neither returned nor known to be spent, by holder (the key's id). */
  leases: Readonly<Record<string, Lease>>;
}

export interface PartnerGauges {
  second: Gauge;
  day: Gauge;
  month: Gauge;
}

export interface DrawRequest {
  /** Repeating an id repeats its answer. */
  id: string;
  holder: string;
  version: number;
  limits: PartnerLimits;
  /** One cost for each call that waits; each is admitted whole or not at all. */
  costs: readonly number[];
  /** Units the holder is likely to need soon. */
  wanted: number;
  /** What is left of the holder's last lease, after it zeroed its copy. */
  returned?: { leaseId: string; units: number };
}

export type DrawReply =
  | { stale: true; version: number }
  | {
      stale: false;
      /** When each call was decided, ms. */
      decidedMs: number[];
      admitted: boolean[];
      /** Why the refused ones were. */
      denial?: Denial;
      /** Units used beyond a quota whose overage action admits them. */
      over: boolean;
      lease?: { id: string; units: number; durationMs: number };
      gauges: PartnerGauges;
      period: Pick<Quotas, 'dayStartMs' | 'monthStartMs'>;
    };

export const newPartnerLedger = (): PartnerLedger => ({
  version: -1,
  limits: { second: 0, day: 0, month: 0, overage: 'block' },
  window: EMPTY_WINDOW,
  quotas: NO_QUOTAS_USED,
  leases: {},
});

/** Brings the ledger to `nowMs`, and to the limits of the newest version. */
export function advancePartner(
  ledger: PartnerLedger,
  version: number,
  limits: PartnerLimits,
  nowMs: number,
): PartnerLedger {
  const quotas = rollQuotas(ledger.quotas, nowMs);
  return {
    ...ledger,
    version: Math.max(version, ledger.version),
    limits: version >= ledger.version ? limits : ledger.limits,
    window: pruneWindow(ledger.window, nowMs),
    quotas,
    leases:
      quotas.dayStartMs === ledger.quotas.dayStartMs
        ? ledger.leases
        : Object.fromEntries(Object.entries(ledger.leases).filter(([, lease]) => lease.deadlineMs > nowMs)),
  };
}

/** After a restart: whatever the last write covered counts as spent, as late as it may have been. */
export const restorePartner = (ledger: PartnerLedger, ahead: number, nowMs: number): PartnerLedger =>
  spend(ledger, ahead, nowMs);

/** Takes back what a holder did not spend. Unknown or repeated returns change nothing. */
export function returnLease(
  ledger: PartnerLedger,
  holder: string,
  leaseId: string,
  units: number,
): PartnerLedger {
  const lease = ledger.leases[holder];
  if (lease?.id !== leaseId) return ledger;
  const back = Math.min(units, lease.units);
  const { [holder]: _settled, ...leases } = ledger.leases;
  return {
    ...ledger,
    leases,
    window: removeFromWindow(ledger.window, back, lease.deadlineMs, ledger.limits.second),
    quotas: returnQuotas(ledger.quotas, back, lease),
  };
}

function denialOf(ledger: PartnerLedger, cost: number, nowMs: number): Denial | undefined {
  const quota = quotaDenial(ledger.quotas, ledger.limits, cost, nowMs);
  if (quota) return quota;
  const waitMs = windowWaitMs(ledger.window, ledger.limits.second, cost, nowMs);
  if (waitMs === 0) return undefined;
  return {
    type: 'per_second',
    limit: ledger.limits.second,
    used: unitsIn(ledger.window),
    retryAfterMs: waitMs,
  };
}

const spend = (ledger: PartnerLedger, units: number, atMs: number): PartnerLedger => ({
  ...ledger,
  window: addToWindow(ledger.window, units, atMs, ledger.limits.second),
  quotas: useQuotas(ledger.quotas, units),
});

export function partnerGauges(ledger: PartnerLedger, nowMs: number): PartnerGauges {
  const used = unitsIn(ledger.window);
  const last = ledger.window.slots.at(-1)?.[0] ?? nowMs;
  return {
    second: gauge(ledger.limits.second, used, used > 0 ? last + WINDOW_MS + 1 : nowMs),
    day: dayGauge(ledger.quotas, ledger.limits.day),
    month: monthGauge(ledger.quotas, ledger.limits.month),
  };
}

const left = (limit: number, used: number): number =>
  isUnlimited(limit) ? Number.POSITIVE_INFINITY : Math.max(0, limit - used);

function lend(
  ledger: PartnerLedger,
  request: DrawRequest,
  nowMs: number,
): [PartnerLedger, Lease | undefined] {
  const { limits, quotas } = ledger;
  const units = leaseSize({
    wanted: request.wanted,
    limit: limits.second,
    remaining: left(limits.second, unitsIn(ledger.window)),
    // Over a quota that does not block, each unit is still decided one by one.
    quotaRemaining: Math.min(left(limits.day, quotas.dayUsed), left(limits.month, quotas.monthUsed)),
    holders: Object.values(ledger.leases).filter((lease) => lease.deadlineMs > nowMs).length + 1,
  });
  if (units === 0) return [ledger, undefined];
  const lease: Lease = {
    id: request.id,
    units,
    deadlineMs: nowMs + LEASE_MS,
    dayStartMs: quotas.dayStartMs,
    monthStartMs: quotas.monthStartMs,
  };
  const lent = spend(ledger, units, lease.deadlineMs);
  return [{ ...lent, leases: { ...lent.leases, [request.holder]: lease } }, lease];
}

/** Decides the waiting calls in order, then lends ahead where there is room. */
export function draw(before: PartnerLedger, request: DrawRequest, nowMs: number): [PartnerLedger, DrawReply] {
  let ledger = advancePartner(before, request.version, request.limits, nowMs);
  if (request.returned) {
    ledger = returnLease(ledger, request.holder, request.returned.leaseId, request.returned.units);
  }
  if (request.version < ledger.version) return [ledger, { stale: true, version: ledger.version }];
  const admitted: boolean[] = [];
  let denial: Denial | undefined;
  let over = false;
  for (const cost of request.costs) {
    const refusal = denialOf(ledger, cost, nowMs);
    admitted.push(refusal === undefined);
    if (refusal) {
      denial ??= refusal;
    } else {
      over ||= isOverQuota(ledger.quotas, ledger.limits, cost);
      ledger = spend(ledger, cost, nowMs);
    }
  }
  const gauges = partnerGauges(ledger, nowMs);
  const [after, lease] = denial ? [ledger, undefined] : lend(ledger, request, nowMs);
  return [
    after,
    {
      stale: false,
      decidedMs: request.costs.map(() => nowMs),
      admitted,
      denial,
      over,
      lease: lease && { id: lease.id, units: lease.units, durationMs: LEASE_MS },
      gauges,
      period: { dayStartMs: after.quotas.dayStartMs, monthStartMs: after.quotas.monthStartMs },
    },
  ];
}

/** Gives back quota units of a call that was admitted and then not served. Its place in the window stays taken. */
export const refundPartner = (
  ledger: PartnerLedger,
  units: number,
  period: Pick<Quotas, 'dayStartMs' | 'monthStartMs'>,
): PartnerLedger => ({ ...ledger, quotas: returnQuotas(ledger.quotas, units, period) });
