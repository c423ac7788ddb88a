// Compares what the limiter counted with the events, the rollups, `quota_usage` and the month that is invoiced, for one day,
// and says so. It tolerates nothing. Where a day differs that has been closed for long, what was billed is the truth.

import type { Compared, Counted, PeriodStore } from '../billing/period-store.ts';
import { DAY_MS, dayStart, isoDay } from '../core/time.ts';
import { partnerObjectName } from '../keys/key-record.ts';
import type { LimiterClient } from '../limiter/limiter-client.ts';

export interface ReconcilePorts {
  periods: Pick<PeriodStore, 'counted' | 'saveReconciliation'>;
  limiter: Pick<LimiterClient, 'unitsOfDay' | 'correct'>;
  sleep(ms: number): Promise<unknown>;
  log(line: Record<string, unknown>): void;
}

/** Limiters asked at the same time. */
const MAX_ASKED_AT_ONCE = 50;
/** Calls of the last moments are not folded yet: what differs is looked at again after this long. */
const ON_ITS_WAY_MS = 5000;
/** From this long after a day's end, nothing of it is on its way any more: not in the queue, nor among the dead letters. */
const SETTLED_AFTER_MS = DAY_MS;

function agree(row: Counted, limiterUnits: number | null): boolean {
  const { eventUnits, rollupUnits, quotaUnits, monthUnits, invoiceUnits } = row;
  const isBilledAsCounted = eventUnits === rollupUnits && eventUnits === quotaUnits;
  return isBilledAsCounted && monthUnits === invoiceUnits && limiterUnits === eventUnits;
}

async function compare(ports: ReconcilePorts, dayMs: number): Promise<Compared[]> {
  const counted = await ports.periods.counted(isoDay(dayMs));
  const rows: Compared[] = [];
  for (let i = 0; i < counted.length; i += MAX_ASKED_AT_ONCE) {
    const asked = counted.slice(i, i + MAX_ASKED_AT_ONCE).map(async (row): Promise<Compared> => {
      const object = partnerObjectName(row.partnerId, row.environment);
      const limiterUnits = await ports.limiter.unitsOfDay(object, dayMs).catch(() => null);
      return { ...row, limiterUnits, agrees: agree(row, limiterUnits), correctedUnits: 0 };
    });
    rows.push(...(await Promise.all(asked)));
  }
  return rows.filter(
    ({ limiterUnits, eventUnits, rollupUnits, quotaUnits }) =>
      limiterUnits === null || limiterUnits + eventUnits + rollupUnits + quotaUnits > 0,
  );
}

const nameOf = ({ partnerId, environment }: Counted): string => partnerObjectName(partnerId, environment);

/** A second look at what differs: rows that moved meanwhile are under way, and say nothing yet. */
async function lookAgain(ports: ReconcilePorts, dayMs: number, rows: Compared[]): Promise<Compared[]> {
  if (rows.every(({ agrees }) => agrees)) return rows;
  await ports.sleep(ON_ITS_WAY_MS);
  const again = new Map((await compare(ports, dayMs)).map((row) => [nameOf(row), row]));
  return rows.flatMap((row) => {
    const now = again.get(nameOf(row)) ?? row;
    const stands = now.limiterUnits === row.limiterUnits && now.eventUnits === row.eventUnits;
    return now.agrees || stands ? [now] : [];
  });
}

async function correct(ports: ReconcilePorts, dayMs: number, row: Compared): Promise<Compared> {
  const { limiterUnits, eventUnits, rollupUnits, quotaUnits } = row;
  const isBilledOnce = eventUnits === rollupUnits && eventUnits === quotaUnits;
  if (limiterUnits === null || limiterUnits === eventUnits || !isBilledOnce) return row;
  const done = await ports.limiter.correct(nameOf(row), dayMs, limiterUnits, eventUnits).catch(() => false);
  return done ? { ...row, correctedUnits: eventUnits - limiterUnits } : row;
}

export async function reconcile(ports: ReconcilePorts, atMs: number, nowMs: number) {
  const dayMs = dayStart(atMs);
  const day = isoDay(dayMs);
  let rows = await lookAgain(ports, dayMs, await compare(ports, dayMs));
  if (nowMs - (dayMs + DAY_MS) >= SETTLED_AFTER_MS)
    rows = await Promise.all(rows.map((row) => (row.agrees ? row : correct(ports, dayMs, row))));
  await ports.periods.saveReconciliation(day, rows);
  const differing = rows.filter(({ agrees }) => !agrees);
  ports.log({
    message: 'reconciled',
    level: differing.length > 0 ? 'error' : 'info',
    day,
    compared: rows.length,
    differing: differing.slice(0, 20),
  });
  return { day, compared: rows.length, differing: differing.length };
}
