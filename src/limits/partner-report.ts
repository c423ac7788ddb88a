// What a holder reports to its partner's ledger. Pure: ledger, holder and moment in, new state out.
//
// A holder reports what it used as absolute counts under a rising number. So a report may be lost, sent twice, or
// overtaken: the newest says everything, and whatever was granted and not spent comes back with it.

import {
  type Grant,
  type Holder,
  type PartnerLedger,
  type PartnerState,
  putIntoWindow,
} from './partner-ledger.ts';
import { addUnits, type DayCounts, isOpen, unitsOn } from './quota.ts';
import { removeFromWindow } from './sliding-window.ts';

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

/** `void`: a newer message came before. It changed nothing. */
export type ReportReply = { outcome: 'void'; seq: number } | { outcome: 'noted' };

function takeOutOfWindow([ledger, holder]: PartnerState, units: number, atMs: number): PartnerState {
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
): PartnerState {
  const { grant } = before;
  let state: PartnerState = [ledger, { ...before, seq, grant: undefined }];
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
