// Closes UTC days of `quota_usage`, and tells of them. Late events of the last days are taken in by closing those days
// again: a day whose units changed since is told anew, with its new total.

import type { BillingStore } from '../billing/billing-store.ts';
import { DAY_MS, dayStart, isoDay } from '../core/time.ts';

const DAYS_CLOSED_AGAIN = 3;

export interface ClosedDay {
  day: string;
  /** Partners whose day was told, or told anew. */
  partners: number;
}

export async function closeDays(store: Pick<BillingStore, 'closeDay'>, nowMs: number): Promise<ClosedDay[]> {
  const closed: ClosedDay[] = [];
  for (let ago = DAYS_CLOSED_AGAIN; ago >= 1; ago--) {
    const day = isoDay(dayStart(nowMs) - ago * DAY_MS);
    closed.push({ day, partners: await store.closeDay(day) });
  }
  return closed;
}
