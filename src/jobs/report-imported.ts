// Reports imported usage to the partners' limiters: each day's total, so that it counts once however often it is reported.
// Fails open: what is not reported now is reported the next minute.

import { partnerObjectName } from '../keys/key-record.ts';
import type { LimiterClient } from '../limiter/limiter-client.ts';
import type { ImportedUsageStore, UntoldUse } from '../usage/imported-usage-store.ts';

export interface ImportedPorts {
  importedUsage: ImportedUsageStore;
  limiter: Pick<LimiterClient, 'noteDegraded'>;
}

const MAX_DAYS_A_RUN = 300;
const MAX_AT_ONCE = 25;

/** How many days were reported. @throws what failed first, after all others had their turn */
export async function reportImported({ importedUsage, limiter }: ImportedPorts): Promise<number> {
  const report = async (use: UntoldUse): Promise<void> => {
    const { partnerId, day, units } = use;
    await limiter.noteDegraded(partnerObjectName(partnerId, 'live'), Date.parse(day), units);
    await importedUsage.markTold(use);
  };
  const untold = await importedUsage.untold(MAX_DAYS_A_RUN);
  const failures: unknown[] = [];
  for (let i = 0; i < untold.length; i += MAX_AT_ONCE) {
    const results = await Promise.allSettled(untold.slice(i, i + MAX_AT_ONCE).map(report));
    for (const result of results) if (result.status === 'rejected') failures.push(result.reason);
  }
  if (failures.length > 0) throw failures[0];
  return untold.length;
}
