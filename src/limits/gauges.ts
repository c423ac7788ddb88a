// Folds the key's and the partner's gauges into the ones a caller sees: for each period the tighter of the two, which is
// the limit that counts.

import { type Gauge, isUnlimited } from './limit.ts';
import type { PartnerGauges } from './partner-ledger.ts';
import type { LimitGauges } from './protocol.ts';

/** With so many units spent since. */
export const reduce = (value: Gauge, spent: number): Gauge =>
  isUnlimited(value.limit)
    ? value
    : { ...value, remaining: Math.max(0, Math.min(value.limit, value.remaining - spent)) };

function tighter(a: Gauge, b: Gauge): Gauge {
  if (isUnlimited(a.limit)) return b;
  if (isUnlimited(b.limit)) return a;
  if (a.remaining !== b.remaining) return b.remaining < a.remaining ? b : a;
  return b.limit < a.limit ? b : a;
}

/** The second is 0 whenever the next call would be refused, also by the bucket; where only that limits, it is shown. */
function secondOf(second: Gauge, burst: Gauge): Gauge {
  if (isUnlimited(second.limit)) return burst;
  if (isUnlimited(burst.limit) || burst.remaining >= second.remaining) return second;
  return { ...second, remaining: burst.remaining, resetMs: burst.resetMs, level: burst.level };
}

/** `spent`: units spent here since the partner answered. */
export function combineGauges(
  key: Pick<LimitGauges, 'burst' | 'day' | 'month'>,
  partner: PartnerGauges,
  spent: number,
): LimitGauges {
  return {
    second: secondOf(reduce(partner.second, spent), key.burst),
    burst: key.burst,
    day: tighter(reduce(partner.day, spent), key.day),
    month: tighter(reduce(partner.month, spent), key.month),
  };
}

/** Where so many units were spent since, of all that they say. */
export const afterSpending = ({ second, day, month, burst }: LimitGauges, spent: number): LimitGauges => ({
  second: reduce(second, spent),
  day: reduce(day, spent),
  month: reduce(month, spent),
  burst: reduce(burst, spent),
});

/** With units that the quotas count as used and that will come back. */
export const givenBack = (gauges: LimitGauges, units: number): LimitGauges =>
  units === 0 ? gauges : { ...gauges, day: reduce(gauges.day, -units), month: reduce(gauges.month, -units) };
