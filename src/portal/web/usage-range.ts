// The range that a page shows, read from its address: 24 h, 7 d, 30 d, or days chosen. Pure.

import { DAY_MS, dayStart, HOUR_MS, isoDay } from '../../core/time.ts';

export const RANGES = ['24h', '7d', '30d', 'custom'] as const;
export type RangeName = (typeof RANGES)[number];
/** Longer ranges are cut to the latest days. */
export const MAX_DAYS = 400;
/** Days of other years are none: nothing was counted then, and Postgres has no year 0. */
const YEARS = { first: '2000', last: '2999' };

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
  /** Why it is not the one that was asked for. */
  wrong?: WrongRange;
}

/**
 * `day` and `name`: what was given is none, and the usual range is shown, as where only one day was (`half`). `order`: the days
 * were exchanged. `long`: it was cut.
 */
export interface WrongRange {
  what: 'day' | 'name' | 'half' | 'order' | 'long';
  given: string;
}

const isDay = (text: string): boolean =>
  /^\d{4}-\d\d-\d\d$/.test(text) &&
  text.slice(0, 4) >= YEARS.first &&
  text.slice(0, 4) <= YEARS.last &&
  !Number.isNaN(Date.parse(text)) &&
  isoDay(Date.parse(text)) === text;

const days = (name: RangeName, from: string, to: string): Range => ({
  name,
  from,
  to,
  fromMs: Date.parse(from),
  toMs: Date.parse(to) + DAY_MS,
  isHourly: from === to,
});

interface Asked {
  range?: string;
  from?: string;
  to?: string;
}

function wrongOf({ range = '', from = '', to = '' }: Asked): WrongRange | undefined {
  const noDay = [from, to].find((each) => each !== '' && !isDay(each));
  if (noDay !== undefined) return { what: 'day', given: noDay };
  if (from !== '' || to !== '') return from && to ? undefined : { what: 'half', given: from || to };
  const isName = range === '' || (range !== 'custom' && RANGES.some((each) => each === range));
  return isName ? undefined : { what: 'name', given: range };
}

/** Days that are days; exchanged or cut where they must be. */
function chosen(from: string, to: string): Range {
  const [first, last] = from <= to ? [from, to] : [to, from];
  const earliest = isoDay(Date.parse(last) - (MAX_DAYS - 1) * DAY_MS);
  if (first < earliest) return { ...days('custom', earliest, last), wrong: { what: 'long', given: first } };
  const wrong: WrongRange | undefined = from <= to ? undefined : { what: 'order', given: from };
  return { ...days('custom', first, last), wrong };
}

/** Where what is asked for is no range, the usual one. */
export function rangeOf(query: Asked, nowMs: number, fallback: RangeName): Range {
  const wrong = wrongOf(query);
  if (!wrong && query.from && query.to) return chosen(query.from, query.to);
  const name = RANGES.find((each) => each === query.range && each !== 'custom') ?? fallback;
  return { ...named(name, nowMs), wrong };
}

function named(name: RangeName, nowMs: number): Range {
  const today = isoDay(nowMs);
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
