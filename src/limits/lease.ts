// A lease: units that a holder may spend until a deadline. They left the parent's count before the reply, and what the
// holder did not spend comes back with its next report.

import { isUnlimited } from './limit.ts';

/** For how long what was lent may be spent at most, by whomever. Bounds how late a revocation or a suspension is noticed. */
export const LEASE_MS = 1000;
/** Clock drift over a lease, plus the longest CPU burst during which a Worker's clock stands still. */
export const LEASE_MARGIN_MS = 50;
/** What is lent of little is meant to be spent sooner, but not sooner than one can be renewed from afar. */
const SHORTEST_LEASE_MS = 500;
/** Nothing is lent while less than this share of the window is free: then every unit is a decision, and none is lost. */
const LEND_ABOVE = 0.5;
/**
 * Share of the window that all leases may hold together. So much of it may be lent and not spent yet, and as much may have
 * been spent more than a second ago and count until its lease has ended for a second: whatever the pattern of its calls, a
 * caller that stays below the rest of the limit, four fifths, is not refused for it.
 */
const SHARE_LENT = 0.1;
/** The same until calls have gone on for KNOWN_AFTER_MS: before, nobody knows how many there will be in a second. */
const SHARE_LENT_AT_FIRST = 0.05;
const KNOWN_AFTER_MS = 750;
/** Share of what is free of the rate that one lease may take (phi). An unspent one is free again after a second. */
const SHARE_OF_RATE = 0.25;
/** Share of what is left of a quota that one lease may take: it is out of others' reach until it comes back. */
const SHARE_OF_QUOTA = 0.001;
/** Holders with fewer calls per lease than this ask each time. */
export const WORTH_LENDING = 4;

/** As it is told: `durationMs` from the answer on. */
export interface Lent {
  units: number;
  durationMs: number;
}

/** As its holder has it. */
export interface Lease {
  /** Number of the draw that brought it. */
  seq: number;
  units: number;
  /** Units that an edge may spend until the end, whatever becomes of this. */
  passedOn: number;
  deadlineMs: number;
  /** The day that its units count in. It never outlives it. */
  dayStartMs: number;
  /** Version of the partner's record under which it was lent. It ends with it. */
  version: number;
}

/** The holder counts from *sending* its request, and stops a margin early, so no clocks are compared. */
export const holderDeadline = (sentAtMs: number, durationMs: number): number =>
  sentAtMs + durationMs - LEASE_MARGIN_MS;

export const isSpendable = (
  lease: Lease | undefined,
  units: number,
  version: number,
  nowMs: number,
): lease is Lease =>
  lease !== undefined && lease.version === version && lease.units >= units && nowMs < lease.deadlineMs;

export interface Room {
  /** Of a window or a bucket, and what is left of it; that says nothing where it is unlimited. */
  limit: number;
  remaining: number;
  /** Smallest remaining quota, Infinity when none. */
  quotaRemaining: number;
}

/** Units that may be lent, or spent unseen, at a time; to each of so many holders. 0 when little is left. */
export function spareUnits({ limit, remaining, quotaRemaining }: Room, holders = 1): number {
  const free = isUnlimited(limit) ? Number.POSITIVE_INFINITY : remaining;
  if (free < limit * LEND_ABOVE) return 0;
  return Math.floor(Math.min(SHARE_OF_RATE * free, SHARE_OF_QUOTA * quotaRemaining) / Math.max(1, holders));
}

/** Units that may still be lent of a window of which so many are. `busyMs`: for how long there have been calls. */
export function lendable(limit: number, lent: number, busyMs: number): number {
  if (isUnlimited(limit)) return Number.POSITIVE_INFINITY;
  return Math.floor(limit * (busyMs < KNOWN_AFTER_MS ? SHARE_LENT_AT_FIRST : SHARE_LENT)) - lent;
}

/**
 * Units to lend beyond what is waiting: 0 when the holder is slow or little is left. `wanted`: units that it is likely to
 * spend within the longest lease, from its own recent rate. `most`: what there is.
 */
export const leaseSize = (wanted: number, most: number): number =>
  Math.min(wanted, most) < WORTH_LENDING ? 0 : Math.min(wanted, most);

/** As long as so many units are likely to last a holder that wants more of them. */
export const leaseMs = (units: number, wanted: number): number =>
  Math.min(LEASE_MS, Math.max(SHORTEST_LEASE_MS, Math.ceil((LEASE_MS * units) / wanted)));

/** How much a holder was asked for, by stretches of one lease. */
export interface Demand {
  sinceMs: number;
  units: number;
  before: number;
}

export function noteDemand(demand: Demand, units: number, nowMs: number): Demand {
  const elapsedMs = nowMs - demand.sinceMs;
  if (elapsedMs < LEASE_MS) return { ...demand, units: demand.units + units };
  return { sinceMs: nowMs, units, before: elapsedMs < 2 * LEASE_MS ? demand.units : 0 };
}

/** Nothing, where the last stretch that it knows of is over for long. */
export const expectedDemand = ({ sinceMs, units, before }: Demand, nowMs: number): number =>
  nowMs - sinceMs < 2 * LEASE_MS ? Math.max(units, before) : 0;

/** A holder whose calls have just begun has no past to go by: as often as until now, but at most so many times what it had. */
const MAX_RISE = 4;

export function risingDemand(demand: Demand, nowMs: number): number {
  const rise = Math.min(MAX_RISE, LEASE_MS / Math.max(1, nowMs - demand.sinceMs));
  return Math.max(expectedDemand(demand, nowMs), demand.units * rise);
}
