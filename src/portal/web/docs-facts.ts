// What the documentation knows from elsewhere: the catalogue, and the plans as they are now. Strangers read these pages, so
// the plans are read from the database once a minute at most; while it does not answer, the page on plans does not either.

import type { Plan } from '../../billing/plan-store.ts';
import type { Services } from '../services.ts';
import type { DocsFacts } from './docs-blocks.ts';

const KEPT_MS = 60_000;
const kept = new WeakMap<Services['plans'], { atMs: number; plans: readonly Plan[] }>();

async function offeredPlans({
  plans: service,
  now,
}: Pick<Services, 'plans' | 'now'>): Promise<readonly Plan[]> {
  const known = kept.get(service);
  if (known && now() - known.atMs < KEPT_MS) return known.plans;
  const everybodys = (await service.plans()).filter(({ partnerId }) => partnerId === null);
  // Those that can be chosen come first; the store has them by price.
  const plans = everybodys.toSorted((a, b) => Number(b.selfServe) - Number(a.selfServe));
  kept.set(service, { atMs: now(), plans });
  return plans;
}

export const factsOf = (services: Services): DocsFacts => ({
  catalog: services.gateway.catalog,
  plans: () => offeredPlans(services),
});
