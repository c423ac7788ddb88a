// A key as /api/dev shows it.

import * as z from 'zod';
import { budgetShape, KEY_TYPES, keyLimits } from '../../http/key-schemas.ts';
import { type BudgetStanding, budgetOf } from '../../keys/key-budget-service.ts';
import { KEY_STATES } from '../../keys/key-state.ts';
import type { KeyView } from '../../keys/key-view-store.ts';
import { clientShape, SECRET_CLIENT } from '../../keys/oauth-client.ts';

export const keyShape = z.object({
  key_id: z.string(),
  key_type: z.string(),
  app_id: z.string().nullable(),
  environment: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  key_prefix: z.string(),
  scopes: z.array(z.string()),
  allowed_ips: z.array(z.string()),
  /** Of keys that sign: `any`, or `bound`, which refuses signatures of the body alone. */
  signature_rule: z.string(),
  /** Day of the version of dated APIs that it is pinned to; null: its app's. */
  api_version: z.string().nullable(),
  /** Of OAuth clients: how they prove themselves; null of other keys. */
  client: clientShape.nullable(),
  /** Whether calls with it are let in now; `state` says why not. */
  is_active: z.boolean(),
  state: z.enum(KEY_STATES),
  created_at: z.string(),
  expires_at: z.string().nullable(),
  last_used_at: z.string().nullable(),
  revoked_at: z.string().nullable(),
  revoked_reason: z.string().nullable(),
  /** Rotated secrets that still work, with their end. */
  retiring: z.array(
    z.object({ key_prefix: z.string(), expires_at: z.string(), last_used_at: z.string().nullable() }),
  ),
  limits: keyLimits,
  /** Id of the key that made it, and with which it ends; null of others. */
  parent_id: z.string().nullable(),
  budget: budgetShape,
});

/** As it is answered once. */
export const withSecret = keyShape.extend({
  secret: z.string().nullable().describe('Null of a client that proves itself by key or certificate'),
  warning: z.string(),
});
export const SECRET_WARNING = 'The secret is shown once. Save it now.';

/** `budget`: where its limiter was asked. */
export const showKey = (
  key: KeyView,
  budget: BudgetStanding | null = budgetOf(key, undefined),
): z.infer<typeof keyShape> => ({
  key_id: key.keyId,
  key_type: KEY_TYPES[key.kind],
  app_id: key.appId,
  environment: key.environment,
  name: key.name,
  description: key.description,
  key_prefix: key.keyPrefix,
  scopes: key.scopes,
  allowed_ips: key.allowedIps,
  signature_rule: key.signatureRule,
  api_version: key.apiVersion,
  client: key.kind === 'oauth' ? (key.client ?? SECRET_CLIENT) : null,
  is_active: key.state === 'active',
  state: key.state,
  created_at: key.createdAt,
  expires_at: key.expiresAt,
  last_used_at: key.lastUsedAt,
  revoked_at: key.revokedAt,
  revoked_reason: key.revokedReason,
  retiring: key.retiring.map(({ keyPrefix, expiresAt, lastUsedAt }) => ({
    key_prefix: keyPrefix,
    expires_at: expiresAt,
    last_used_at: lastUsedAt,
  })),
  limits: key.limits,
  parent_id: key.parentId,
  budget,
});
