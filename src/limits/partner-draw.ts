// What a holder draws from its partner's ledger: decisions for the calls that wait, and a lease for those to come. Pure:
// ledger, holder, request and moment in, answer and new state out.

import { nextDay } from '../core/time.ts';
import { LEASE_MS, leaseSize } from './lease.ts';
import { type Denial, isUnlimited, type PartnerLimits } from './limit.ts';
import {
  advancePartner,
  type Holder,
  type PartnerGauges,
  type PartnerLedger,
  partnerGauges,
  seenCatalog,
  spend,
} from './partner-ledger.ts';
import { type Report, report } from './partner-report.ts';
import { isOverQuota, quotaDenial, quotaLeft, quotasOn } from './quota.ts';
import { pruneWindow, unitsIn, windowWaitMs } from './sliding-window.ts';

export interface DrawRequest extends Report {
  version: number;
  catalog: number;
  limits: PartnerLimits;
  /** One cost for each call that waits; each is admitted whole or not at all. */
  costs: readonly number[];
  /** Units the holder is likely to need soon. */
  wanted: number;
}

export type DrawReply =
  | { outcome: 'void'; seq: number }
  | { outcome: 'stale'; version: number; catalog: number }
  | {
      outcome: 'decided';
      /** When, ms. */
      atMs: number;
      dayStartMs: number;
      admitted: boolean[];
      /** Why the refused ones were. */
      denial?: Denial;
      /** Units used beyond a quota whose overage action admits them. */
      over: boolean;
      lease?: { units: number; durationMs: number };
      gauges: PartnerGauges;
    };

function denialOf(ledger: PartnerLedger, cost: number, nowMs: number): Denial | undefined {
  const quota = quotaDenial(quotasOn(ledger.used, ledger.dayStartMs), ledger.limits, cost, nowMs, 'partner');
  if (quota) return quota;
  const limit = ledger.limits.second;
  const waitMs = windowWaitMs(ledger.window, limit, cost, nowMs);
  if (waitMs === 0) return undefined;
  return { type: 'per_second', limit, used: unitsIn(ledger.window), retryAfterMs: waitMs, level: 'partner' };
}

/** How long a lease lasts that is lent now: never into the next day. */
const leaseMs = (ledger: PartnerLedger, nowMs: number): number =>
  Math.min(LEASE_MS, nextDay(ledger.dayStartMs) - nowMs);

function unitsToLend(ledger: PartnerLedger, wanted: number, holders: number, nowMs: number): number {
  const { limits, window, used, dayStartMs } = ledger;
  if (leaseMs(ledger, nowMs) < LEASE_MS / 2) return 0;
  return leaseSize({
    wanted,
    limit: limits.second,
    remaining: isUnlimited(limits.second)
      ? Number.POSITIVE_INFINITY
      : Math.max(0, limits.second - unitsIn(window)),
    // Beyond a quota that does not block, each unit is still decided one by one.
    quotaRemaining: Math.min(
      quotaLeft(quotasOn(used, dayStartMs), limits),
      quotaLeft(quotasOn(used, dayStartMs), { ...limits, overage: 'block' }),
    ),
    holders,
  });
}

/** Units of which no more has to be known, after a crash and for a moment, than that they may have been spent. */
export const unitsUnsaid = (ledger: PartnerLedger, nowMs: number): number =>
  unitsToLend(ledger, Number.POSITIVE_INFINITY, 1, nowMs);

/**
 * Decides the waiting calls in order, then lends ahead where there is room. `borrowers`: other holders with leases.
 * The caller has seen to it that the request is newer than all before.
 */
export function draw(
  ledgerBefore: PartnerLedger,
  holderBefore: Holder,
  request: DrawRequest,
  borrowers: number,
  nowMs: number,
): [PartnerLedger, Holder, Exclude<DrawReply, { outcome: 'void' }>] {
  const { seq, version, catalog, limits, costs, wanted } = request;
  const advanced = seenCatalog(advancePartner(ledgerBefore, version, limits, nowMs), catalog);
  let state = report(
    advanced,
    { ...holderBefore, window: pruneWindow(holderBefore.window, nowMs) },
    request,
    nowMs,
  );
  if (version < advanced.version || catalog < advanced.catalog)
    return [...state, { outcome: 'stale', version: advanced.version, catalog: advanced.catalog }];
  const admitted: boolean[] = [];
  let denial: Denial | undefined;
  let over = false;
  let units = 0;
  for (const cost of costs) {
    const [ledger] = state;
    const refusal = denialOf(ledger, cost, nowMs);
    admitted.push(refusal === undefined);
    if (refusal) {
      denial ??= refusal;
      continue;
    }
    over ||= isOverQuota(quotasOn(ledger.used, ledger.dayStartMs), ledger.limits, cost);
    state = spend(state, cost, nowMs);
    units += cost;
  }
  const gauges = partnerGauges(state[0], nowMs);
  const lent = denial ? 0 : unitsToLend(state[0], wanted, borrowers + 1, nowMs);
  const durationMs = leaseMs(state[0], nowMs);
  const deadlineMs = nowMs + durationMs;
  if (lent > 0) state = spend(state, lent, deadlineMs);
  const [ledger, holder] = state;
  return [
    ledger,
    { ...holder, grant: { seq, atMs: nowMs, units, lent, deadlineMs } },
    {
      outcome: 'decided',
      atMs: nowMs,
      dayStartMs: ledger.dayStartMs,
      admitted,
      denial,
      over,
      lease: lent > 0 ? { units: lent, durationMs } : undefined,
      gauges,
    },
  ];
}
