// The range that a page shows, read from its address: 24 h, 7 d, 30 d, or days chosen. Pure.

import { DAY_MS, dayStart, HOUR_MS, isoDay } from '../../core/time.ts';

export const RANGES = ['24h', '7d', '30d', 'custom'] as const;
export type RangeName = (typeof RANGES)[number];
/** Longer ranges are cut to the latest days. */
const MAX_DAYS = 400;

export interface Range {
  name: RangeName;
  /** First and last day, `YYYY-MM-DD`, UTC. */
  from: string;
  to: string;
  fromMs: number;
  /** The first moment after. */
  toMs: number;
  /** By the hour, from events; otherwise by the day, from rollups. */
  isHourly: boolean;
}

const isDay = (text: string | undefined): text is string =>
  text !== undefined && /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text));

const days = (name: RangeName, from: string, to: string): Range => ({
  name,
  from,
  to,
  fromMs: Date.parse(from),
  toMs: Date.parse(to) + DAY_MS,
  isHourly: from === to,
});

export function rangeOf(
  query: { range?: string; from?: string; to?: string },
  nowMs: number,
  fallback: RangeName,
): Range {
  const today = isoDay(nowMs);
  if (isDay(query.from) && isDay(query.to)) {
    const [first = today, last = today] = [query.from, query.to].sort();
    const earliest = isoDay(Date.parse(last) - (MAX_DAYS - 1) * DAY_MS);
    return days('custom', first.localeCompare(earliest) < 0 ? earliest : first, last);
  }
  const name = RANGES.find((each) => each === query.range && each !== 'custom') ?? fallback;
  if (name === '24h') {
    const toMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS + HOUR_MS;
    const fromMs = toMs - DAY_MS;
    return { name, from: isoDay(fromMs), to: today, fromMs, toMs, isHourly: true };
  }
  return days(name, isoDay(dayStart(nowMs) - (name === '7d' ? 6 : 29) * DAY_MS), today);
}

/** The range of the same length just before. */
export function rangeBefore(range: Range): Range {
  const lengthMs = range.toMs - range.fromMs;
  const fromMs = range.fromMs - lengthMs;
  return { ...range, fromMs, toMs: range.fromMs, from: isoDay(fromMs), to: isoDay(range.fromMs - 1) };
}
