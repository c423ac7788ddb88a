// Calendar periods in UTC. No clock here: every function takes the moment, in ms since the epoch.

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export const dayStart = (nowMs: number): number => nowMs - (((nowMs % DAY_MS) + DAY_MS) % DAY_MS);
export const nextDay = (nowMs: number): number => dayStart(nowMs) + DAY_MS;

export function monthStart(nowMs: number, offset = 0): number {
  const date = new Date(nowMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + offset, 1);
}
export const nextMonth = (nowMs: number): number => monthStart(nowMs, 1);

/** The last that was asked for: each call asks, and mostly for the same. */
let known = { startMs: Number.NaN, text: '' };

/** `YYYY-MM-DD` of a moment, in UTC. */
export function isoDay(nowMs: number): string {
  const startMs = dayStart(nowMs);
  if (startMs !== known.startMs) known = { startMs, text: new Date(nowMs).toISOString().slice(0, 10) };
  return known.text;
}
/** RFC 3339 in UTC, without fractions: `2026-11-22T00:00:00Z`. */
export const rfc3339 = (nowMs: number): string => new Date(nowMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
export const unixSeconds = (nowMs: number): number => Math.ceil(nowMs / SECOND_MS);
