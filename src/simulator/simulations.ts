// Both simulations, put together: of one partner, and of a plan.

import type { BillingStore } from '../billing/billing-store.ts';
import { createHolderFacts } from '../billing/holder-facts-store.ts';
import type { PlanService } from '../billing/plan-service.ts';
import { createKeyLimitsStore } from '../keys/key-limits-store.ts';
import type { Database } from '../platform/database.ts';
import { PAGE_CALLS } from './loaded-history.ts';
import { createPlanSimulationService } from './plan-simulation-service.ts';
import { createSimulationService } from './simulation-service.ts';
import { createSimulationStore } from './simulation-store.ts';

interface Ports {
  database: Database;
  billingStore: Pick<BillingStore, 'facts'>;
  plans: PlanService;
  now(): number;
  pageCalls?: number;
}

export function createSimulations({ database, billingStore, plans, now, pageCalls = PAGE_CALLS }: Ports) {
  const shared = { store: createSimulationStore(database), plans, now };
  return {
    simulations: createSimulationService({
      ...shared,
      billingStore,
      pageCalls,
      keyLimits: createKeyLimitsStore(database),
    }),
    planSimulations: createPlanSimulationService({ ...shared, factsOfHolders: createHolderFacts(database) }),
  };
}
