// Keys with budgets that a key makes by itself: with itself as their maker.

import type { Actor } from '../audit/audit-store.ts';
import { AppError } from '../core/errors.ts';
import type { KeyBudget } from '../keys/key-budget-service.ts';
import type { KeyRecord } from '../keys/key-record.ts';
import type { Services } from './services.ts';

export interface WantedBudgetKey {
  name: string;
  description?: string | null;
  budget: KeyBudget;
  scopes?: string[];
  environment?: string;
  /** RFC 3339. */
  expires_at?: string | null;
}

/** @throws AppError insufficient_permissions where it gives more than it has */
export function requireOwnScopes({ keys }: Services, caller: KeyRecord, scopes: readonly string[]): void {
  const beyond = scopes.find((scope) => !caller.scopes.includes(scope));
  if (beyond === undefined) return;
  throw new AppError('insufficient_permissions', 'A key can give only scopes that it has itself', {
    required_scope: keys.knownScopes().includes(beyond) ? beyond : undefined,
  });
}

/** `caller`: has keys:write. What it makes does not make keys in turn, unless that is said. */
export async function makeBudgetKey(
  services: Services,
  caller: KeyRecord,
  wanted: WantedBudgetKey,
  actor: Actor,
) {
  const { keys } = services;
  // A token may have fewer than its key.
  const { scopes = caller.scopes.filter((scope) => scope !== 'keys:write') } = wanted;
  requireOwnScopes(services, caller, scopes);
  if ((wanted.environment ?? caller.environment) !== caller.environment)
    throw new AppError('forbidden', 'A key with a budget is of the environment of the key that makes it');
  const { name, description, budget, expires_at: expiresAt } = wanted;
  const maker = await keys.get(caller.partnerId, caller.id);
  return keys.budgets.make(maker, { name, description, budget, scopes, expiresAt }, actor);
}
