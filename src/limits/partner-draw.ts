// What a holder draws from its partner's ledger: decisions for the calls that wait, and a lease for those to come. Pure:
// ledger, holder, request and moment in, answer and new state out.

import { nextDay } from '../core/time.ts';
import { LEASE_MS, type Lent, leaseMs, leaseSize, lendable, type Room, spareUnits } from './lease.ts';
import type { Denial, PartnerLimits } from './limit.ts';
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
import { isOverQuota, quotaDenial, quotasOn, quotaToLend } from './quota.ts';
import { pruneWindow, unitsIn, unitsLent, windowWaitMs } from './sliding-window.ts';

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
      lease?: Lent;
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

const roomOf = ({ limits, window, used, dayStartMs }: PartnerLedger): Room => ({
  limit: limits.second,
  remaining: Math.max(0, limits.second - unitsIn(window)),
  quotaRemaining: quotaToLend(quotasOn(used, dayStartMs), limits),
});

/** Never into the next day. */
function lend(ledger: PartnerLedger, wanted: number, holders: number, nowMs: number): Lent | undefined {
  const { limits, window, busySinceMs, dayStartMs } = ledger;
  const leftMs = nextDay(dayStartMs) - nowMs;
  const most = Math.min(
    spareUnits(roomOf(ledger), holders),
    lendable(limits.second, unitsLent(window, nowMs), nowMs - busySinceMs),
  );
  const units = leftMs < LEASE_MS / 2 ? 0 : leaseSize(wanted, most);
  return units > 0 ? { units, durationMs: Math.min(leftMs, leaseMs(units, wanted)) } : undefined;
}

/** Units of which no more has to be known, after a crash and for a moment, than that they may have been spent. */
export const unitsUnsaid = (ledger: PartnerLedger): number => spareUnits(roomOf(ledger));

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
  const lease = denial ? undefined : lend(state[0], wanted, borrowers + 1, nowMs);
  const deadlineMs = nowMs + (lease?.durationMs ?? 0);
  if (lease) state = spend(state, lease.units, deadlineMs);
  const [ledger, holder] = state;
  return [
    ledger,
    { ...holder, grant: { seq, atMs: nowMs, units, lent: lease?.units ?? 0, deadlineMs } },
    {
      outcome: 'decided',
      atMs: nowMs,
      dayStartMs: ledger.dayStartMs,
      admitted,
      denial,
      over,
      lease,
      gauges,
    },
  ];
}
