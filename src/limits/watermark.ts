// Persist ahead of what is spent: one write covers the next k units, and a restart takes all k as spent.
// So a crash loses at most k units and never admits one too many. k = 1 for small limits: then nothing is lost.

const SHARE_OF_RATE = 50;
const SHARE_OF_QUOTA = 1000;
/** How far a count may be ahead after a restart. */
export const MOST_UNITS = 64;

/** Units that one write covers, the unit being spent included. `rates` and `quotasLeft`: -1 or Infinity is unlimited. */
export function watermarkUnits(rates: readonly number[], quotasLeft: readonly number[]): number {
  let units = MOST_UNITS;
  for (const rate of rates) if (rate >= 0) units = Math.min(units, Math.floor(rate / SHARE_OF_RATE));
  for (const left of quotasLeft) if (left >= 0) units = Math.min(units, Math.floor(left / SHARE_OF_QUOTA));
  return Math.max(1, units);
}
