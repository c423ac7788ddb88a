// Compares what the limiter counted with the events, the rollups and `quota_usage`, for one day, and says so.

import type { Counted, PeriodStore } from '../billing/period-store.ts';
import { dayStart, isoDay } from '../core/time.ts';
import { partnerObjectName } from '../keys/key-record.ts';
import { MOST_UNITS } from '../limits/watermark.ts';
import type { LimiterClient } from '../platform/limiter-client.ts';

export interface ReconcilePorts {
  periods: PeriodStore;
  limiter: Pick<LimiterClient, 'partnerUsage'>;
  log(line: Record<string, unknown>): void;
}

/** Events, rollups and quotas to the unit; the limiter may be ahead by the watermark that a restart burnt. */
function agree({ eventUnits, rollupUnits, quotaUnits }: Counted, limiterUnits: number | null): boolean {
  if (eventUnits !== rollupUnits || eventUnits !== quotaUnits) return false;
  return limiterUnits === null || (limiterUnits >= eventUnits && limiterUnits <= eventUnits + MOST_UNITS);
}

/** The limiter's count is compared while its day lasts; of past days it keeps none. */
export async function reconcile(ports: ReconcilePorts, dayMs: number, nowMs: number) {
  const day = isoDay(dayMs);
  const isToday = dayStart(dayMs) === dayStart(nowMs);
  const counted = await ports.periods.counted(day);
  const rows = await Promise.all(
    counted.map(async (row) => {
      const usage = await ports.limiter
        .partnerUsage(partnerObjectName(row.partnerId, row.environment))
        .catch(() => undefined);
      const isSameDay = usage?.dayStartMs === dayStart(dayMs);
      const limiterUnits = usage && (isSameDay || isToday) ? (isSameDay ? usage.dayUsed : 0) : null;
      return { ...row, limiterUnits, agrees: agree(row, limiterUnits) };
    }),
  );
  await ports.periods.saveReconciliation(day, rows);
  const differing = rows.filter(({ agrees }) => !agrees);
  ports.log({
    message: 'reconciled',
    level: differing.length > 0 ? 'error' : 'info',
    day,
    compared: rows.length,
    differing,
  });
  return { day, compared: rows.length, differing: differing.length };
}
