// What is known of each day: which may be replayed call by call, within a bound, and which are reckoned from their sums. Pure.

import type { Terms } from '../billing/month.ts';
import { DAY_MS, isoDay } from '../core/time.ts';
import { type Basis, type DayFacts, type Period, type Reason, type Refusals, termsAt } from './history.ts';
import type { DayEvents, DaySums } from './simulation-store.ts';

/** Calls that one simulation replays: some seconds of work, and pages of Postgres. Of more, the last days are replayed. */
export const MAX_CALLS = 500_000;

const present = (counts: Partial<Record<Reason, number>>): Refusals =>
  Object.fromEntries(Object.entries(counts).filter(([, calls]) => calls > 0));

/** Sums know no more of a rate than that it was one; and where a quota does not block, only the cap refuses. */
const refusedBySums = ({ rate, perDay, perMonth }: DaySums, overage: string | undefined): Refusals =>
  present({ rate, per_day: perDay, [overage === 'block' ? 'per_month' : 'cap']: perMonth });

const refusedByEvents = ({ perSecond, burst, perDay, perMonth, cap }: DayEvents): Refusals =>
  present({ per_second: perSecond, burst, per_day: perDay, per_month: perMonth, cap });

/** From which moment on there are not more calls than may be replayed: a midnight. */
export function replayFrom(sums: readonly DaySums[], { fromMs, toMs }: Period, most = MAX_CALLS): number {
  const callsOf = new Map(sums.map(({ day, calls }) => [day, calls]));
  let left = most;
  for (let dayMs = toMs - DAY_MS; dayMs >= fromMs; dayMs -= DAY_MS) {
    left -= callsOf.get(isoDay(dayMs)) ?? 0;
    if (left < 0) return dayMs + DAY_MS;
  }
  return fromMs;
}

function basisOf(sums: DaySums, events: DayEvents | undefined, isWithin: boolean): Basis {
  if (sums.isImported) return 'imported';
  if (!isWithin) return 'too_many';
  if (!events) return 'not_kept';
  return events.calls === sums.calls && events.units === sums.units ? 'calls' : 'incomplete';
}

/** Every day from `firstMs` to the end of the period. `events`: of those that may be replayed; none where no call matters. */
export function dayFactsOf(
  firstMs: number,
  { fromMs, toMs }: Period,
  terms: readonly Terms[],
  sums: readonly DaySums[],
  events?: { of: readonly DayEvents[]; fromMs: number },
): DayFacts[] {
  const sumsOf = new Map(sums.map((each) => [each.day, each]));
  const eventsOf = new Map(events?.of.map((each) => [each.day, each]));
  const days: DayFacts[] = [];
  for (let dayMs = firstMs; dayMs < toMs; dayMs += DAY_MS) {
    const ofDay = sumsOf.get(isoDay(dayMs));
    if (!ofDay) {
      days.push({ dayMs, units: 0, refused: {}, basis: 'calls' });
      continue;
    }
    const known = eventsOf.get(isoDay(dayMs));
    const basis = basisOf(ofDay, known, events !== undefined && dayMs >= Math.max(fromMs, events.fromMs));
    const refused =
      basis === 'calls' && known
        ? refusedByEvents(known)
        : refusedBySums(ofDay, termsAt(terms, dayMs)?.overageAction);
    days.push({ dayMs, units: ofDay.units, refused, basis });
  }
  return days;
}
