// Which days are simulated: a month, or the last thirty days, as far as they are over and the partner was there. Pure.

import { AppError } from '../core/errors.ts';
import { DAY_MS, dayStart, isoDay, monthStart } from '../core/time.ts';
import type { Period } from './history.ts';

const LAST_DAYS = 30;
/** To choose from. */
const MAX_MONTHS = 12;

const startMsOf = (month: string): number => Date.parse(`${month}-01T00:00:00Z`);

/** `sinceMs`: since when the partner is here. `month`: `YYYY-MM`; otherwise the last thirty days. @throws AppError conflict: there is no day of it yet */
export function periodOf(nowMs: number, sinceMs: number, month?: string): Period {
  const untilMs = dayStart(nowMs);
  const startMs = month === undefined ? untilMs - LAST_DAYS * DAY_MS : startMsOf(month);
  const fromMs = Math.max(startMs, dayStart(sinceMs));
  const toMs = month === undefined ? untilMs : Math.min(untilMs, monthStart(startMs, 1));
  if (!(fromMs < toMs)) throw new AppError('conflict', 'There is no whole day in this period yet');
  return { fromMs, toMs };
}

/** Months with a day that is over, `YYYY-MM`, newest first. */
export function monthsToChoose(nowMs: number, sinceMs: number): string[] {
  const lastMs = monthStart(dayStart(nowMs) - DAY_MS);
  return Array.from({ length: MAX_MONTHS }, (_, i) => monthStart(lastMs, -i))
    .filter((ms) => ms >= monthStart(sinceMs))
    .map((ms) => isoDay(ms).slice(0, 7));
}

/** First days of the months that it touches. */
export function startsOf({ fromMs, toMs }: Period): string[] {
  const starts = [];
  for (let ms = monthStart(fromMs); ms < toMs; ms = monthStart(ms, 1)) starts.push(isoDay(ms));
  return starts;
}
