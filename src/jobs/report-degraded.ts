// Calls that were admitted while the limiter could not be asked are billed, so it is told of them as soon as they are
// folded: absolute totals, however often. Fails open: what it is not told, the nightly comparison finds.

import { partnerObjectName } from '../keys/key-record.ts';
import type { LimiterClient } from '../limiter/limiter-client.ts';
import type { FoldRow } from '../usage/folding.ts';
import type { UsageStore } from '../usage/usage-store.ts';

export interface UncountedPorts {
  usageStore: Pick<UsageStore, 'degradedUnits'>;
  limiter: Pick<LimiterClient, 'noteDegraded'>;
  log(line: Record<string, unknown>): void;
}

export async function tellUncounted(
  rows: readonly FoldRow[],
  { usageStore, limiter, log }: UncountedPorts,
): Promise<void> {
  try {
    const totals = await usageStore.degradedUnits(rows);
    const told = totals.map(({ partnerId, environment, day, units }) =>
      limiter.noteDegraded(partnerObjectName(partnerId, environment), Date.parse(day), units),
    );
    await Promise.all(told);
  } catch (error) {
    log({ message: 'limiter not told of degraded calls', level: 'error', error: String(error) });
  }
}
