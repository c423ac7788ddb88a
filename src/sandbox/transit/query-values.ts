// The parts of a query as the live API reads and refuses them. It is a Go program: where it says why a number cannot be
// read, it says so in the words of `strconv`. Limits it never refuses. Pure.

import type { Point } from './network.ts';

/** What was read, or what the answer says is wrong. */
export type Read<T> = { value: T } | { problem: string };

/** Decimal, with or without a fraction or an exponent; undefined where it is none. */
export const readNumber = (text: string): number | undefined =>
  /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;

/** undefined where it is no whole number. */
export function readWhole(text: string | null): number | undefined {
  const value = text !== null && /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}

/** What is no number or out of bounds counts as left out. */
export function readLimit(text: string | null, max: number, otherwise: number): number {
  const limit = readWhole(text) ?? otherwise;
  return limit >= 1 && limit <= max ? limit : otherwise;
}

const notRead = (call: string, text: string): string =>
  `strconv.${call}: parsing ${JSON.stringify(text)}: invalid syntax`;

/** `lat,lon`. */
export function readPoint(text: string): Read<Point> {
  const parts = text.split(',').map((part) => part.trim());
  const [latText = '', lonText = ''] = parts;
  if (parts.length !== 2) return { problem: 'expected format: lat,lon' };
  const [lat, lon] = [readNumber(latText), readNumber(lonText)];
  if (lat === undefined) return { problem: `invalid latitude: ${notRead('ParseFloat', latText)}` };
  if (lon === undefined) return { problem: `invalid longitude: ${notRead('ParseFloat', lonText)}` };
  if (Math.abs(lat) > 90) return { problem: 'latitude must be between -90 and 90' };
  if (Math.abs(lon) > 180) return { problem: 'longitude must be between -180 and 180' };
  return { value: { lat, lon } };
}

/** `HH:MM` or `HH:MM:SS`, in seconds of the day. Hours may pass 24, as timetables have them. */
export function readTime(text: string): Read<number> {
  const parts = text.split(':');
  if (parts.length < 2 || parts.length > 3) return { problem: 'expected HH:MM or HH:MM:SS' };
  const numbers = parts.map((part) => readWhole(part));
  const wrong = numbers.indexOf(undefined);
  if (wrong >= 0) return { problem: notRead('Atoi', parts[wrong] ?? '') };
  const [hours = 0, minutes = 0, seconds = 0] = numbers;
  return { value: hours * 3600 + minutes * 60 + seconds };
}

/** Whether it is a day of the calendar, as `2026-11-29`. */
export function isDate(text: string): boolean {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

const DAY_SECONDS = 86_400;
export const secondsOfDay = (nowMs: number): number => Math.floor(nowMs / 1000) % DAY_SECONDS;

const twoDigits = (value: number): string => String(Math.floor(value)).padStart(2, '0');

/** `HH:MM`, of any day. */
export const hourMinute = (seconds: number): string =>
  `${twoDigits((seconds % DAY_SECONDS) / 3600)}:${twoDigits((seconds % 3600) / 60)}`;

/** `HH:MM:SS`, of the day that the trip began. */
export const clockTime = (seconds: number): string =>
  [seconds / 3600, (seconds % 3600) / 60, seconds % 60].map(twoDigits).join(':');
