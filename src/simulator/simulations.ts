// Both simulations, put together: of one partner, and of a plan.

import type { BillingStore } from '../billing/billing-store.ts';
import { createHolderFacts } from '../billing/holder-facts-store.ts';
import type { PlanService } from '../billing/plan-service.ts';
import { createKeyLimitsStore } from '../keys/key-limits-store.ts';
import type { Database } from '../platform/database.ts';
import { CALLS_AT_ONCE } from './loaded-history.ts';
import {
  createPlanSimulationService,
  PARTNER_BOUNDS,
  type PartnerBounds,
} from './plan-simulation-service.ts';
import { createSimulationService } from './simulation-service.ts';
import { createSimulationStore } from './simulation-store.ts';

interface Ports {
  database: Database;
  billingStore: Pick<BillingStore, 'facts'>;
  plans: PlanService;
  now(): number;
  /** Others, in tests. */
  bounds?: { callsAtOnce: number; partners: PartnerBounds };
}

const BOUNDS = { callsAtOnce: CALLS_AT_ONCE, partners: PARTNER_BOUNDS };

export function createSimulations({ database, billingStore, plans, now, bounds = BOUNDS }: Ports) {
  const shared = { store: createSimulationStore(database), plans, now };
  return {
    simulations: createSimulationService({
      ...shared,
      billingStore,
      callsAtOnce: bounds.callsAtOnce,
      keyLimits: createKeyLimitsStore(database),
    }),
    planSimulations: createPlanSimulationService({
      ...shared,
      factsOfHolders: createHolderFacts(database),
      bounds: bounds.partners,
    }),
  };
}
