// Whether a key may be used now, and if not, why: one answer for the gateway, for pages and for APIs.

import type { Environment } from './key-format.ts';

export const KEY_STATES = [
  'active',
  'revoked',
  'quarantined',
  'app_archived',
  'expired',
  'partner_not_active',
] as const;
export type KeyState = (typeof KEY_STATES)[number];

export interface KeyFacts {
  /** Not revoked. */
  isActive: boolean;
  isQuarantined: boolean;
  isAppArchived: boolean;
  expiresMs: number | null;
  environment: Environment;
  partnerStatus: string;
}

/** Partners in these states may use keys of the environment. */
const ADMITTED = { live: ['active'], test: ['active', 'pending', 'sandbox_only'] };

/** Where several hold, the one that is hardest to undo. */
export function keyState(key: KeyFacts, nowMs: number): KeyState {
  if (!key.isActive) return 'revoked';
  if (key.isQuarantined) return 'quarantined';
  if (key.isAppArchived) return 'app_archived';
  if (key.expiresMs !== null && key.expiresMs <= nowMs) return 'expired';
  if (!ADMITTED[key.environment].includes(key.partnerStatus)) return 'partner_not_active';
  return 'active';
}
