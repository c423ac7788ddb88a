// What all keys of a partner share: a sliding second and calendar quotas, and the part of them that each holder (a key's
// object) used. Pure. It changes by what holders report (partner-report.ts) and draw (partner-draw.ts).

import { type Gauge, gauge, type PartnerLimits } from './limit.ts';
import { addUnits, type DayCounts, dayToCountIn, NO_UNITS, quotaGauges, quotasOn } from './quota.ts';
import { addToWindow, EMPTY_WINDOW, pruneWindow, unitsIn, WINDOW_MS, type Window } from './sliding-window.ts';

export interface PartnerLedger {
  /** Highest version of the partner's record seen; its limits are the ones in force. */
  version: number;
  limits: PartnerLimits;
  /** Highest version of the catalogue seen. */
  catalog: number;
  window: Window;
  /** Since when there has always been something in the window. */
  busySinceMs: number;
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

export const newPartnerLedger = (): PartnerLedger => ({
  version: -1,
  limits: { second: 0, day: 0, month: 0, overage: 'block' },
  catalog: 0,
  window: EMPTY_WINDOW,
  busySinceMs: 0,
  dayStartMs: 0,
  used: NO_UNITS,
});

export const newHolder = (): Holder => ({ seq: 0, used: NO_UNITS, window: EMPTY_WINDOW });

/** Brings the ledger to `nowMs`, and to the limits of the newest version. */
export function advancePartner(
  ledger: PartnerLedger,
  version: number,
  limits: PartnerLimits,
  nowMs: number,
): PartnerLedger {
  const window = pruneWindow(ledger.window, nowMs);
  return {
    ...ledger,
    version: Math.max(version, ledger.version),
    limits: version >= ledger.version ? limits : ledger.limits,
    window,
    busySinceMs: window.slots.length > 0 ? ledger.busySinceMs : nowMs,
    dayStartMs: dayToCountIn(ledger.dayStartMs, nowMs),
  };
}

export const seenCatalog = (ledger: PartnerLedger, catalog: number): PartnerLedger =>
  catalog > ledger.catalog ? { ...ledger, catalog } : ledger;

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
  return { ...ledger, window, busySinceMs: nowMs, used };
}

/** What a message changes together: the ledger and its sender's share. */
export type PartnerState = [PartnerLedger, Holder];

export const putIntoWindow = ([ledger, holder]: PartnerState, units: number, atMs: number): PartnerState => [
  { ...ledger, window: addToWindow(ledger.window, units, atMs, ledger.limits.second) },
  { ...holder, window: addToWindow(holder.window, units, atMs, ledger.limits.second) },
];

export function spend(state: PartnerState, units: number, atMs: number): PartnerState {
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
