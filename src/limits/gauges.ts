// Folds the key's and the partner's gauges into the ones a caller sees: the tighter of the two for each period.

import { nextDay, nextMonth } from '../core/time.ts';
import { type Gauge, gauge } from './limit.ts';
import type { PartnerGauges } from './partner-ledger.ts';
import type { LimitGauges, LimitSubject } from './protocol.ts';

const reduce = (value: Gauge, spent: number): Gauge =>
  value.limit < 0
    ? value
    : { ...value, remaining: Math.max(0, Math.min(value.limit, value.remaining - spent)) };

function tighter(a: Gauge, b: Gauge): Gauge {
  if (a.limit < 0) return b;
  if (b.limit < 0) return a;
  return b.remaining < a.remaining ? b : a;
}

/**
 * `spent`: units spent here since the partner answered. The second shows the bucket's tokens when they are fewer,
 * so that it is 0 whenever the next call would be refused.
 */
export function combineGauges(
  key: Omit<LimitGauges, 'second'>,
  partner: PartnerGauges | undefined,
  spent: number,
  subject: LimitSubject,
  nowMs: number,
): LimitGauges {
  const known = partner ?? {
    second: gauge(subject.partner.second, 0, nowMs),
    day: gauge(subject.partner.day, 0, nextDay(nowMs)),
    month: gauge(subject.partner.month, 0, nextMonth(nowMs)),
  };
  const second = reduce(known.second, spent);
  const hasTokens = key.burst.limit >= 0 && (second.limit < 0 || key.burst.remaining < second.remaining);
  return {
    second: hasTokens && second.limit >= 0 ? { ...second, remaining: key.burst.remaining } : second,
    burst: key.burst,
    day: tighter(reduce(known.day, spent), key.day),
    month: tighter(reduce(known.month, spent), key.month),
  };
}
