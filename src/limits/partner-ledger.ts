// What all keys of a partner share: a sliding second, calendar quotas, and the leases lent from them. Pure: ledger, holder
// and moment in, answer and new state out.
//
// A holder (a key's object) reports what it used as absolute counts under a rising number. So a report may be lost, sent
// twice, or overtaken: the newest says everything, and whatever was granted and not spent comes back with it.

import { nextDay } from '../core/time.ts';
import { LEASE_MS, leaseSize } from './lease.ts';
import { type Denial, type Gauge, gauge, isUnlimited, type PartnerLimits } from './limit.ts';
import {
  addUnits,
  type DayCounts,
  dayToCountIn,
  isOpen,
  isOverQuota,
  NO_UNITS,
  quotaDenial,
  quotaGauges,
  quotaLeft,
  quotasOn,
  unitsOn,
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
  /** The day that is counted in. */
  dayStartMs: number;
  /** Units of all holders, by day. */
  used: DayCounts;
}

/** The last draw that gave a holder something. */
export interface Grant {
  seq: number;
  atMs: number;
  units: number;
  /** Units lent beyond the calls that waited; 0 when none. */
  lent: number;
  /** Until when they may be spent. */
  deadlineMs: number;
}

/** What is known of one holder. */
export interface Holder {
  /** Number of its newest message. */
  seq: number;
  /** Its share of the open days: what it reported, and what it was granted since. */
  used: DayCounts;
  /** Its share of the window. */
  window: Window;
  grant?: Grant;
}

export interface PartnerGauges {
  second: Gauge;
  day: Gauge;
  month: Gauge;
}

export interface Report {
  holder: string;
  /** Rises with each message of the holder, also across its crashes. */
  seq: number;
  /** Units it used and did not give back, of each open day; a day left out is 0. */
  used: DayCounts;
  /** What is left of the lease that came with draw `seq`, after it zeroed its copy, and what others may still spend of it. */
  returned?: { seq: number; units: number; passedOn?: number };
  /** Draws whose answers never arrived: nothing was or will be admitted by them. */
  lost?: readonly number[];
}

export interface DrawRequest extends Report {
  version: number;
  limits: PartnerLimits;
  /** One cost for each call that waits; each is admitted whole or not at all. */
  costs: readonly number[];
  /** Units the holder is likely to need soon. */
  wanted: number;
}

/** `void`: a newer message came before. It changed nothing. */
export type ReportReply = { outcome: 'void'; seq: number } | { outcome: 'noted' };

export type DrawReply =
  | { outcome: 'void'; seq: number }
  | { outcome: 'stale'; version: number }
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

export const newPartnerLedger = (): PartnerLedger => ({
  version: -1,
  limits: { second: 0, day: 0, month: 0, overage: 'block' },
  window: EMPTY_WINDOW,
  dayStartMs: 0,
  used: NO_UNITS,
});

export const newHolder = (): Holder => ({ seq: 0, used: NO_UNITS, window: EMPTY_WINDOW });

/** Brings the ledger to `nowMs`, and to the limits of the newest version. */
export const advancePartner = (
  ledger: PartnerLedger,
  version: number,
  limits: PartnerLimits,
  nowMs: number,
): PartnerLedger => ({
  ...ledger,
  version: Math.max(version, ledger.version),
  limits: version >= ledger.version ? limits : ledger.limits,
  window: pruneWindow(ledger.window, nowMs),
  dayStartMs: dayToCountIn(ledger.dayStartMs, nowMs),
});

/** Adds up what was stored of each holder: the ledger as it was, to the unit. */
export function restorePartner(
  ledger: PartnerLedger,
  holders: Iterable<Holder>,
  nowMs: number,
): PartnerLedger {
  let { window, used } = ledger;
  for (const holder of holders) {
    for (const [day, units] of Object.entries(holder.used)) used = addUnits(used, Number(day), units);
    for (const [atMs, units] of pruneWindow(holder.window, nowMs).slots)
      window = addToWindow(window, units, atMs, ledger.limits.second);
  }
  return { ...ledger, window, used };
}

type State = [PartnerLedger, Holder];

const putIntoWindow = ([ledger, holder]: State, units: number, atMs: number): State => [
  { ...ledger, window: addToWindow(ledger.window, units, atMs, ledger.limits.second) },
  { ...holder, window: addToWindow(holder.window, units, atMs, ledger.limits.second) },
];

function takeOutOfWindow([ledger, holder]: State, units: number, atMs: number): State {
  if (units === 0) return [ledger, holder];
  const { second } = ledger.limits;
  return [
    { ...ledger, window: removeFromWindow(ledger.window, units, atMs, second) },
    { ...holder, window: removeFromWindow(holder.window, units, atMs, second) },
  ];
}

const isReturnOf = (
  grant: Grant | undefined,
  { seq, units, passedOn = 0 }: NonNullable<Report['returned']>,
): grant is Grant => grant?.seq === seq && units >= 0 && passedOn >= 0 && units + passedOn <= grant.lent;

const isCount = (units: number): boolean => Number.isSafeInteger(units) && units >= 0;

/** What of a report changes nothing because it cannot be; undefined when all of it can. */
export function nonsenseIn({ grant }: Holder, { used, returned }: Report): string | undefined {
  if (!Object.values(used).every(isCount)) return 'no count';
  if (returned && !isReturnOf(grant, returned)) return 'no return of what was lent';
  return undefined;
}

/** A report that is newer than all before. Counts of days that are closed, or that are no counts, change nothing. */
export function report(
  ledger: PartnerLedger,
  before: Holder,
  { seq, used, returned, lost }: Report,
  nowMs: number,
): State {
  const { grant } = before;
  let state: State = [ledger, { ...before, seq, grant: undefined }];
  if (grant && lost?.includes(grant.seq)) {
    state = takeOutOfWindow(state, grant.units, grant.atMs);
    state = takeOutOfWindow(state, grant.lent, grant.deadlineMs);
  } else if (returned && isReturnOf(grant, returned)) {
    // Whatever was spent was spent by now, and no later.
    const spent = nowMs < grant.deadlineMs ? grant.lent - returned.units - (returned.passedOn ?? 0) : 0;
    state = takeOutOfWindow(state, returned.units + spent, grant.deadlineMs);
    state = putIntoWindow(state, spent, nowMs);
  }
  let [after, holder] = state;
  for (const key of new Set([...Object.keys(before.used), ...Object.keys(used)])) {
    const day = Number(key);
    const units = unitsOn(used, day);
    if (!isOpen(day, ledger.dayStartMs) || !isCount(units)) continue;
    const change = units - unitsOn(holder.used, day);
    after = { ...after, used: addUnits(after.used, day, change) };
    holder = { ...holder, used: { ...holder.used, [day]: units } };
  }
  return [after, holder];
}

function denialOf(ledger: PartnerLedger, cost: number, nowMs: number): Denial | undefined {
  const quota = quotaDenial(quotasOn(ledger.used, ledger.dayStartMs), ledger.limits, cost, nowMs);
  if (quota) return quota;
  const limit = ledger.limits.second;
  const waitMs = windowWaitMs(ledger.window, limit, cost, nowMs);
  if (waitMs === 0) return undefined;
  return { type: 'per_second', limit, used: unitsIn(ledger.window), retryAfterMs: waitMs };
}

function spend(state: State, units: number, atMs: number): State {
  const [ledger, holder] = putIntoWindow(state, units, atMs);
  return [
    { ...ledger, used: addUnits(ledger.used, ledger.dayStartMs, units) },
    { ...holder, used: addUnits(holder.used, ledger.dayStartMs, units) },
  ];
}

export function partnerGauges(ledger: PartnerLedger, nowMs: number): PartnerGauges {
  const used = unitsIn(ledger.window);
  const last = ledger.window.slots.at(-1)?.[0] ?? nowMs;
  return {
    second: gauge(ledger.limits.second, used, used > 0 ? last + WINDOW_MS + 1 : nowMs, 'partner'),
    ...quotaGauges(quotasOn(ledger.used, ledger.dayStartMs), ledger.limits, 'partner'),
  };
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
  const { seq, version, limits, costs, wanted } = request;
  const advanced = advancePartner(ledgerBefore, version, limits, nowMs);
  let state = report(
    advanced,
    { ...holderBefore, window: pruneWindow(holderBefore.window, nowMs) },
    request,
    nowMs,
  );
  if (version < advanced.version) return [...state, { outcome: 'stale', version: advanced.version }];
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
