// Reports degraded calls to the limiter: they were admitted while it could not be asked, and are billed. Absolute totals, as
// soon as they are folded. Fails open: the nightly comparison finds what was not reported.

import { partnerObjectName } from '../keys/key-record.ts';
import type { LimiterClient } from '../limiter/limiter-client.ts';
import type { FoldRow } from '../usage/folding.ts';
import type { UsageStore } from '../usage/usage-store.ts';

export interface DegradedPorts {
  usageStore: Pick<UsageStore, 'degradedUnits'>;
  limiter: Pick<LimiterClient, 'noteDegraded'>;
  log(line: Record<string, unknown>): void;
}

export async function reportDegraded(
  rows: readonly FoldRow[],
  { usageStore, limiter, log }: DegradedPorts,
): Promise<void> {
  try {
    const totals = await usageStore.degradedUnits(rows);
    const reports = totals.map(({ partnerId, environment, day, units }) =>
      limiter.noteDegraded(partnerObjectName(partnerId, environment), Date.parse(day), units),
    );
    await Promise.all(reports);
  } catch (error) {
    log({ message: 'degraded calls not reported', level: 'error', error: String(error) });
  }
}
