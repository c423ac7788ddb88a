// Exact sliding window: a log of admitted units by time slot. In any window of WINDOW_MS, at most N units.
// A slot is counted until its *last* moment is more than a window ago (n + 1 slots for n): summing only n admits
// up to 2 N across a boundary.

import { isUnlimited, NEVER_RETRY_MS } from './limit.ts';

export const WINDOW_MS = 1000;
/** Limits above this are logged in wider slots: half a per cent of the window, to bound the log at 201 entries. */
const FINE_LIMIT = 200;
const COARSE_SLOT_MS = 5;

export interface Window {
  /** [last moment of the slot in ms, units], ascending. A lease's slot is its deadline: it may be spent then. */
  slots: readonly (readonly [atMs: number, units: number])[];
}

export const EMPTY_WINDOW: Window = { slots: [] };

const slotEnd = (atMs: number, limit: number): number =>
  limit <= FINE_LIMIT ? atMs : atMs - (atMs % COARSE_SLOT_MS) + COARSE_SLOT_MS - 1;

/** Drops what no longer counts at `nowMs`. */
export function pruneWindow(window: Window, nowMs: number): Window {
  const first = window.slots.findIndex(([atMs]) => atMs + WINDOW_MS >= nowMs);
  if (first === 0) return window;
  return first < 0 ? EMPTY_WINDOW : { slots: window.slots.slice(first) };
}

export function unitsIn(window: Window): number {
  let units = 0;
  for (const slot of window.slots) units += slot[1];
  return units;
}

/** Units of leases that may still be spent, or were and were not told. */
export function unitsLent(window: Window, nowMs: number): number {
  let units = 0;
  for (const [atMs, logged] of window.slots) if (atMs >= nowMs + COARSE_SLOT_MS) units += logged;
  return units;
}

/** Logs units that may be spent as late as `atMs`. */
export function addToWindow(window: Window, units: number, atMs: number, limit: number): Window {
  if (units === 0 || isUnlimited(limit)) return window;
  const at = slotEnd(atMs, limit);
  const slots = [...window.slots];
  let i = slots.length;
  while (i > 0 && (slots[i - 1]?.[0] ?? 0) > at) i--;
  const before = slots[i - 1];
  if (before?.[0] === at) slots[i - 1] = [at, before[1] + units];
  else slots.splice(i, 0, [at, units]);
  return { slots };
}

/** Takes back units that were logged for `atMs` and were never spent. */
export function removeFromWindow(window: Window, units: number, atMs: number, limit: number): Window {
  const at = slotEnd(atMs, limit);
  return {
    slots: window.slots.flatMap((slot) => {
      if (slot[0] !== at) return [slot];
      return slot[1] > units ? [[at, slot[1] - units] as const] : [];
    }),
  };
}

/** 0 when `units` fit into a pruned window now; otherwise the wait in ms until they do. */
export function windowWaitMs(window: Window, limit: number, units: number, nowMs: number): number {
  if (isUnlimited(limit)) return 0;
  if (units > limit) return NEVER_RETRY_MS;
  let over = unitsIn(window) + units - limit;
  for (const [atMs, logged] of window.slots) {
    if (over <= 0) return 0;
    over -= logged;
    if (over <= 0) return atMs + WINDOW_MS + 1 - nowMs;
  }
  return 0;
}
