// The clock jumps to just before the end of a day and of a month, runs over it, and is once put back across midnight.

import { DAY_MS, dayStart } from '../../src/core/time.ts';
import type { Limiter } from './agreement.ts';
import type { Fault, Moment } from './fault.ts';
import type { Scene } from './scene.ts';

const AHEAD_MS = 3500;
/** Past the months for which the database has partitions. */
const MONTHS_AHEAD = 6;

let shiftMs = 0;

async function jumpTo(scene: Scene, atMs: number): Promise<void> {
  shiftMs = atMs - Date.now();
  await scene.shiftClock(shiftMs);
}

/** The days on both sides of where the clock is. */
const daysAround = (): number[] => [-1, 0, 1].map((days) => dayStart(Date.now() + shiftMs) + days * DAY_MS);

const unitsAround =
  (scene: Scene): Limiter =>
  async ({ partnerId }) =>
    (await scene.unitsOn(partnerId, daysAround())).reduce((sum, units) => sum + units, 0);

/** The nightly comparison, made now: of these partners' days it has to find none that differs. */
async function compareNightly({ scene, parties }: Moment): Promise<string[]> {
  const at = Date.now() + shiftMs;
  await scene.stack.fireCron('10 2 * * *', at);
  const { rows } = await scene.database.query<{ day: string; agrees: boolean }>(
    `SELECT day::text, agrees FROM reconciliation WHERE partner_id = ANY ($1) AND day >= $2::date`,
    [parties.map(({ partnerId }) => partnerId), new Date(at - 2 * DAY_MS).toISOString().slice(0, 10)],
  );
  shiftMs = 0;
  await scene.shiftClock(shiftMs);
  const found = rows
    .filter(({ agrees }) => !agrees)
    .map(({ day }) => `the nightly comparison differs on ${day}`);
  const days = new Set(rows.map(({ day }) => day)).size;
  return days === 2 ? found : [...found, `calls of two days are compared on ${days}`];
}

const endOfMonth = (monthsAhead: number): number => {
  const now = new Date();
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1 + monthsAhead, 1);
};

let midnightMs = 0;

const overMidnight: Fault = {
  name: 'clock over midnight',
  promise:
    'Every unit counts in one day, the same in the limiter and on the bill, also when the clock is put back.',
  brokenMs: 9000,
  isBrokenFirst: true,
  break({ scene }) {
    midnightMs = dayStart(Date.now()) + DAY_MS;
    return jumpTo(scene, midnightMs - AHEAD_MS);
  },
  again: { everyMs: 4500, act: ({ scene }) => jumpTo(scene, midnightMs - AHEAD_MS) },
  heal: () => undefined,
  trace: () => shiftMs,
  limiter: unitsAround,
  checkLast: compareNightly,
};

const overMonth: Fault = {
  name: 'clock over the end of a month',
  promise: 'The old month is billed what was called in it and the new one begins at zero, partition or none.',
  brokenMs: 5000,
  isBrokenFirst: true,
  break: ({ scene }) => jumpTo(scene, endOfMonth(MONTHS_AHEAD) - AHEAD_MS),
  heal: () => undefined,
  trace: () => shiftMs,
  limiter: unitsAround,
  checkLast: compareNightly,
};

export const CLOCK_FAULTS = [overMidnight, overMonth];
