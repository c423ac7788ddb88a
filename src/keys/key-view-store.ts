// Keys as they are shown: one, a partner's, or those that an operator searches for.

import { sql } from 'drizzle-orm';
import { AppError } from '../core/errors.ts';
import type { Database } from '../platform/database.ts';
import type { Environment } from './key-format.ts';
import { type KeyState, keyState } from './key-state.ts';
import type { SignatureRule } from './signature.ts';

/** What may be shown of a key. Never a secret. */
export interface KeyView {
  id: string;
  keyId: string;
  partnerId: string;
  appId: string | null;
  /** The key that made it, and with which it falls. */
  parentId: string | null;
  kind: 'bearer' | 'signing';
  environment: Environment;
  name: string;
  description: string | null;
  keyPrefix: string;
  scopes: string[];
  isActive: boolean;
  createdAt: string;
  expiresAt: string | null;
  lastUsedAt: string | null;
  revokedAt: string | null;
  revokedReason: string | null;
  /** Out of use until it is rolled: it was found in public. */
  quarantinedAt: string | null;
  /** When it was read. */
  state: KeyState;
  allowedIps: string[];
  signatureRule: SignatureRule;
  retiring: { keyPrefix: string; expiresAt: string; lastUsedAt: string | null }[];
  limits: {
    burst_limit: number | null;
    sustained_limit: number | null;
    daily_quota: number | null;
    monthly_quota: number | null;
    overage_action: string;
  };
}

type Row = Omit<KeyView, 'state'> & { isAppArchived: boolean; partnerStatus: string };

const VIEW = sql`
  SELECT k.id, k.key_id AS "keyId", k.partner_id AS "partnerId", k.app_id AS "appId", k.parent_id AS "parentId", k.kind, k.environment, k.name,
    k.description, k.key_prefix AS "keyPrefix", k.scopes, k.is_active AS "isActive", k.created_at AS "createdAt",
    k.expires_at AS "expiresAt", k.last_used_at AS "lastUsedAt", k.revoked_at AS "revokedAt",
    k.revoked_reason AS "revokedReason", k.quarantined_at AS "quarantinedAt",
    EXISTS (SELECT 1 FROM dev_apps a WHERE a.id = k.app_id AND a.archived_at IS NOT NULL) AS "isAppArchived",
    (SELECT p.status FROM partner p WHERE p.id = k.partner_id) AS "partnerStatus", coalesce(k.allowed_ips::text[], '{}') AS "allowedIps",
    k.signature_rule AS "signatureRule",
    coalesce((SELECT jsonb_agg(jsonb_build_object('keyPrefix', s.key_prefix, 'expiresAt', s.expires_at,
      'lastUsedAt', s.last_used_at) ORDER BY s.expires_at)
      FROM api_key_retired_secret s WHERE s.api_key_id = k.id AND s.expires_at > now()), '[]') AS retiring,
    (SELECT (to_jsonb(q) || q.chosen) - '{key_id,updated_at,chosen,granted_overage_actions}'::text[] FROM api_key_quotas q WHERE q.key_id = k.key_id) AS limits
  FROM api_key k`;

export function createKeyViews(database: Database, now: () => number) {
  const shown = <R extends Row>({ isAppArchived, partnerStatus, ...key }: R) => {
    const expiresMs = key.expiresAt === null ? null : Date.parse(key.expiresAt);
    const isQuarantined = key.quarantinedAt !== null;
    return {
      ...key,
      state: keyState({ ...key, isQuarantined, isAppArchived, expiresMs, partnerStatus }, now()),
    };
  };

  return {
    async get(partnerId: string | null, keyId: string): Promise<KeyView> {
      const [key] = await database.rows<Row>(sql`${VIEW}
        WHERE (k.key_id = ${keyId} OR k.id::text = ${keyId}) AND (${partnerId}::uuid IS NULL OR k.partner_id = ${partnerId}::uuid)`);
      if (!key) throw new AppError('not_found', 'No such key');
      return shown(key);
    },

    /** Newest first, revoked ones included. */
    async list(
      partnerId: string,
      filter: { appId?: string; environment?: Environment } = {},
      /** `before`: the id of the last one seen. */
      page: { limit?: number; before?: string } = {},
    ): Promise<KeyView[]> {
      const keys = await database.rows<Row>(sql`${VIEW} WHERE k.partner_id = ${partnerId}
        AND (${filter.appId ?? null}::uuid IS NULL OR k.app_id = ${filter.appId ?? null}::uuid)
        AND (${filter.environment ?? null}::text IS NULL OR k.environment = ${filter.environment ?? null}::text)
        AND (${page.before ?? null}::uuid IS NULL OR (k.created_at, k.id) <
          (SELECT b.created_at, b.id FROM api_key b WHERE b.id = ${page.before ?? null}::uuid))
        ORDER BY k.created_at DESC, k.id DESC LIMIT ${page.limit ?? null}::int`);
      return keys.map(shown);
    },

    async count(partnerId: string, environment?: Environment): Promise<number> {
      const [row] = await database.rows<{ total: number }>(sql`SELECT count(*) AS total FROM api_key
        WHERE partner_id = ${partnerId} AND (${environment ?? null}::text IS NULL OR environment = ${environment ?? null}::text)`);
      return row?.total ?? 0;
    },

    /** Of all partners, by the beginning of id or prefix, or by name; the latest when nothing is asked for. */
    async search(text: string): Promise<(KeyView & { partner: string })[]> {
      const keys = await database.rows<
        Row & { partner: string }
      >(sql`SELECT v.*, p.name AS partner FROM (${VIEW}
          WHERE ${text} = '' OR starts_with(k.key_id, ${text}) OR starts_with(k.key_prefix, ${text.slice(0, 16)})
            OR strpos(lower(k.name), lower(${text})) > 0 ORDER BY k.created_at DESC LIMIT 50) v
        JOIN partner p ON p.id = v."partnerId" ORDER BY v."createdAt" DESC`);
      return keys.map(shown);
    },
  };
}
