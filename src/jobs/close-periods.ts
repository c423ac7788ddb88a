// Closes UTC days and months into `quota_usage` with their cost. Keyed by the period: running it twice, late or
// concurrently changes nothing. Late events of the last days are taken in by closing those days again.

import { monthCents, overageCents } from '../billing/cost.ts';
import type { PeriodStore } from '../billing/period-store.ts';
import { DAY_MS, dayStart, isoDay, monthStart } from '../core/time.ts';

const DAYS_CLOSED_AGAIN = 3;

export interface Closed {
  type: 'daily' | 'monthly';
  start: string;
  partners: number;
}

async function close(
  periods: PeriodStore,
  type: Closed['type'],
  start: string,
  end: string,
): Promise<Closed> {
  const open = await periods.periods(type, start);
  const costs = open.map((period) => ({
    partner_id: period.partnerId,
    // A day shows its overage against the day's quota; the month is what is billed.
    cents: type === 'monthly' ? monthCents(period.units, period) : overageCents(period.units, period),
  }));
  return { type, start, partners: await periods.close(type, start, end, costs) };
}

/** Closes the last full days, and the last month from its end on. */
export async function closePeriods(periods: PeriodStore, nowMs: number): Promise<Closed[]> {
  const closed: Closed[] = [];
  for (let ago = 1; ago <= DAYS_CLOSED_AGAIN; ago++) {
    const day = isoDay(dayStart(nowMs) - ago * DAY_MS);
    closed.push(await close(periods, 'daily', day, day));
  }
  const isEarlyInMonth = nowMs - monthStart(nowMs) <= DAYS_CLOSED_AGAIN * DAY_MS + DAY_MS;
  if (isEarlyInMonth) {
    closed.push(
      await close(periods, 'monthly', isoDay(monthStart(nowMs, -1)), isoDay(monthStart(nowMs) - DAY_MS)),
    );
  }
  return closed;
}
