// When the lines run: the same every day, in one service. Dakar keeps UTC all year. Times are seconds of the day. Pure.

import type { Line } from './network.ts';

export type Direction = 0 | 1;
export const DIRECTIONS: readonly Direction[] = [0, 1];

export const SERVICE = {
  id: 'QUOTIDIEN',
  days: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'],
  startDate: '2024-01-01',
  endDate: '2034-12-31',
};

/** `date`: as `2026-11-29`. */
export const isActiveOn = (date: string): boolean => SERVICE.startDate <= date && date <= SERVICE.endDate;

/** A stop, and seconds from the first one of that direction. */
export type Call = readonly [stopId: string, offsetSeconds: number];

/** The calls of a line: 0 out, 1 back. */
export function callsOf({ calls }: Line, direction: Direction): readonly Call[] {
  if (direction === 0) return calls;
  const total = calls.at(-1)?.[1] ?? 0;
  return [...calls].reverse().map(([id, offset]) => [id, total - offset] as const);
}

/** First departure at or after `atSeconds` from a stop at `offsetSeconds`; undefined after the last. */
export function nextDeparture(line: Line, offsetSeconds: number, atSeconds: number): number | undefined {
  const { firstDeparture, lastDeparture, headwaySeconds } = line;
  const trips = Math.max(0, Math.ceil((atSeconds - offsetSeconds - firstDeparture) / headwaySeconds));
  const leaves = firstDeparture + trips * headwaySeconds;
  return leaves > lastDeparture ? undefined : leaves + offsetSeconds;
}

export interface Trip {
  id: string;
  line: Line;
  direction: Direction;
  calls: readonly Call[];
  /** From its first stop. */
  leaves: number;
}

/** All trips of a day, by direction and time. */
export function tripsOf(line: Line): Trip[] {
  const { firstDeparture, lastDeparture, headwaySeconds } = line;
  const count = Math.floor((lastDeparture - firstDeparture) / headwaySeconds) + 1;
  return DIRECTIONS.flatMap((direction) => {
    const calls = callsOf(line, direction);
    return Array.from({ length: count }, (_, i) => ({
      id: `${line.id}_${SERVICE.id}_${direction}_${i + 1}`,
      line,
      direction,
      calls,
      leaves: firstDeparture + i * headwaySeconds,
    }));
  });
}
