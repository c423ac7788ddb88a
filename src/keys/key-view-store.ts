// Keys as they are shown: one, a partner's, or those that an operator searches for.

import { sql } from 'drizzle-orm';
import { KEY_LIMITS_ETAG } from '../audit/version-store.ts';
import { AppError } from '../core/errors.ts';
import type { Database } from '../platform/database.ts';
import { boolean, json, number, oneOf, type RowOf, row, text, texts, time, uuid } from '../platform/row.ts';
import { KEY_ID, KEY_KINDS } from './key-columns-store.ts';
import { ENVIRONMENTS, type Environment } from './key-format.ts';
import { type KeyState, keyState } from './key-state.ts';
import type { OAuthClient } from './oauth-client.ts';
import { SIGNATURE_RULES } from './signature.ts';

type OwnLimits = {
  burst_limit: number | null;
  sustained_limit: number | null;
  daily_quota: number | null;
  monthly_quota: number | null;
  overage_action: string;
};

const KeyRow = row('key as it is shown', {
  id: uuid,
  keyId: KEY_ID,
  partnerId: uuid,
  appId: uuid.nullable(),
  /** The key that made it, and with which it falls. */
  parentId: uuid.nullable(),
  parentName: text.nullable(),
  /** Of grants: the program's id. */
  grantedTo: text.nullable(),
  /** With a budget: the key whose limits it has, and in whose object it counts. */
  counterId: uuid.nullable(),
  budgetUnits: number.nullable(),
  budgetMinor: number.nullable(),
  budgetCurrency: text.nullable(),
  /** It is in money that nothing can be counted in now. */
  isBudgetVoid: boolean.notNull('EXISTS'),
  /** Of grants: the member who allowed it. */
  grantedBy: text.nullable(),
  /** Keys with budgets that it made, and that work. */
  budgetKeys: number,
  kind: oneOf(KEY_KINDS),
  environment: oneOf(ENVIRONMENTS),
  name: text,
  description: text.nullable(),
  keyPrefix: text,
  scopes: texts,
  isActive: boolean,
  createdAt: time,
  expiresAt: time.nullable(),
  lastUsedAt: time.nullable(),
  revokedAt: time.nullable(),
  revokedReason: text.nullable(),
  /** Out of use until it is rolled: it was found in public. */
  quarantinedAt: time.nullable(),
  isAppArchived: boolean,
  partnerStatus: text.notNull('every key has a partner'),
  allowedIps: texts,
  signatureRule: oneOf(SIGNATURE_RULES),
  /** Of OAuth clients that are more than their secret. */
  client: json<OAuthClient>().nullable(),
  apiVersion: text.nullable(),
  retiring: json<{ keyPrefix: string; expiresAt: string; lastUsedAt: string | null }[]>(),
  limits: json<OwnLimits>().notNull('a trigger makes the row of its quotas'),
  /** Of its limits: another whenever they were changed. */
  etag: text.notNull('a trigger makes the row of its quotas'),
});
type KeyRow = RowOf<typeof KeyRow>;
const FoundKey = row('key that was searched for', { ...KeyRow.columns, partner: text });
const Total = row('number of keys', { total: number });

/** What may be shown of a key. Never a secret. */
export interface KeyView extends Omit<KeyRow, 'isAppArchived' | 'partnerStatus'> {
  /** When it was read. */
  state: KeyState;
}

const VIEW = sql`
  SELECT k.id, k.key_id AS "keyId", k.partner_id AS "partnerId", k.app_id AS "appId", k.parent_id AS "parentId",
    (SELECT m.name FROM api_key m WHERE m.id = k.parent_id) AS "parentName",
    (SELECT g.client_id FROM oauth_grant g WHERE g.api_key_id = k.id) AS "grantedTo",
    k.counter_id AS "counterId", k.budget_units AS "budgetUnits", k.budget_minor AS "budgetMinor", k.budget_currency AS "budgetCurrency",
    EXISTS (SELECT 1 FROM budgets_of(CASE WHEN k.budget_minor IS NOT NULL THEN k.id END) b WHERE b.id = k.id AND b.cap = 0) AS "isBudgetVoid",
    (SELECT g.subject FROM oauth_grant g WHERE g.api_key_id = k.id) AS "grantedBy",
    (SELECT count(*) FROM api_key b WHERE b.parent_id = k.id AND b.counter_id IS NOT NULL AND b.is_active) AS "budgetKeys", k.kind, k.environment, k.name,
    k.description, k.key_prefix AS "keyPrefix", k.scopes, k.is_active AS "isActive", k.created_at AS "createdAt",
    k.expires_at AS "expiresAt", k.last_used_at AS "lastUsedAt", k.revoked_at AS "revokedAt",
    k.revoked_reason AS "revokedReason", k.quarantined_at AS "quarantinedAt",
    EXISTS (SELECT 1 FROM dev_apps a WHERE a.archived_at IS NOT NULL AND (a.id = k.app_id OR a.id = (SELECT c.app_id
      FROM oauth_grant g JOIN api_key c ON c.key_id = g.client_id WHERE g.api_key_id = k.id))) AS "isAppArchived",
    (SELECT p.status FROM partner p WHERE p.id = k.partner_id) AS "partnerStatus", coalesce(k.allowed_ips::text[], '{}') AS "allowedIps",
    k.signature_rule AS "signatureRule", k.client, k.api_version::text AS "apiVersion",
    coalesce((SELECT jsonb_agg(jsonb_build_object('keyPrefix', s.key_prefix, 'expiresAt', s.expires_at,
      'lastUsedAt', s.last_used_at) ORDER BY s.expires_at)
      FROM api_key_retired_secret s WHERE s.api_key_id = k.id AND s.expires_at > now()), '[]') AS retiring,
    (SELECT (to_jsonb(q) || q.chosen) - '{key_id,updated_at,chosen,granted_overage_actions}'::text[] FROM api_key_quotas q WHERE q.key_id = k.key_id) AS limits,
    (SELECT ${KEY_LIMITS_ETAG} FROM api_key_quotas q WHERE q.key_id = k.key_id) AS etag
  FROM api_key k`;

const createShown =
  (now: () => number) =>
  <R extends KeyRow>({ isAppArchived, partnerStatus, ...key }: R) => {
    const expiresMs = key.expiresAt === null ? null : Date.parse(key.expiresAt);
    const isQuarantined = key.quarantinedAt !== null;
    return {
      ...key,
      state: keyState({ ...key, isQuarantined, isAppArchived, expiresMs, partnerStatus }, now()),
    };
  };

/**
 * By the beginning of id or prefix, the last four characters that are shown of it, or the name; the latest when nothing
 * is asked for. `partnerId` null: of all partners.
 */
const createKeySearch = (database: Database, shown: ReturnType<typeof createShown>) =>
  async function search(
    partnerId: string | null,
    words: string,
    limit = 50,
  ): Promise<(KeyView & { partner: string })[]> {
    const keys = await database.rows(
      FoundKey,
      sql`SELECT v.*, p.name AS partner FROM (${VIEW}
        WHERE (${partnerId}::uuid IS NULL OR k.partner_id = ${partnerId}::uuid)
          AND (${words} = '' OR starts_with(k.key_id, ${words}) OR starts_with(k.key_prefix, ${words.slice(0, 16)})
            OR right(left(CASE k.kind WHEN 'bearer' THEN k.key_prefix ELSE k.key_id END, 16), 4) = ${words}
            OR strpos(lower(k.name), lower(${words})) > 0)
        ORDER BY k.created_at DESC LIMIT ${limit}) v
      JOIN partner p ON p.id = v."partnerId" ORDER BY v."createdAt" DESC`,
    );
    return keys.map(shown);
  };

interface KeyFilter {
  appId?: string;
  /** Those of the app, and what people allowed its clients: they stop with it. */
  stopsWithAppId?: string;
  environment?: Environment;
  /** Those with budgets that it made. */
  parentId?: string;
  /** Those that no other made with a budget. */
  isRoot?: boolean;
  /** Grants of this member. */
  grantedBy?: string;
  /** Revoked ones, or the others. */
  isActive?: boolean;
}

export function createKeyViews(database: Database, now: () => number) {
  const shown = createShown(now);

  return {
    async get(partnerId: string | null, keyId: string): Promise<KeyView> {
      const [key] = await database.rows(
        KeyRow,
        sql`${VIEW}
        WHERE (k.key_id = ${keyId} OR k.id::text = ${keyId}) AND (${partnerId}::uuid IS NULL OR k.partner_id = ${partnerId}::uuid)`,
      );
      if (!key) throw new AppError('not_found', 'No such key');
      return shown(key);
    },

    /** Newest first, revoked ones included. */
    async list(
      partnerId: string,
      filter: KeyFilter = {},
      /** `before`: the id of the last one seen. */
      page: { limit?: number; before?: string } = {},
    ): Promise<KeyView[]> {
      const keys = await database.rows(
        KeyRow,
        sql`${VIEW} WHERE k.partner_id = ${partnerId}
        AND (${filter.appId ?? null}::uuid IS NULL OR k.app_id = ${filter.appId ?? null}::uuid)
        AND (${filter.stopsWithAppId ?? null}::uuid IS NULL OR k.app_id = ${filter.stopsWithAppId ?? null}::uuid
          OR EXISTS (SELECT 1 FROM oauth_grant g JOIN api_key c ON c.key_id = g.client_id
            WHERE g.api_key_id = k.id AND c.app_id = ${filter.stopsWithAppId ?? null}::uuid))
        AND (${filter.environment ?? null}::text IS NULL OR k.environment = ${filter.environment ?? null}::text)
        AND (${filter.parentId ?? null}::uuid IS NULL OR (k.parent_id = ${filter.parentId ?? null}::uuid AND k.counter_id IS NOT NULL))
        AND (NOT ${filter.isRoot === true} OR k.counter_id IS NULL OR k.counter_id = k.id)
        AND (${filter.grantedBy ?? null}::text IS NULL OR EXISTS (SELECT 1 FROM oauth_grant g WHERE g.api_key_id = k.id AND g.subject = ${filter.grantedBy ?? null}::text))
        AND (${filter.isActive ?? null}::boolean IS NULL OR k.is_active = ${filter.isActive ?? null}::boolean)
        AND (${page.before ?? null}::uuid IS NULL OR (k.created_at, k.id) <
          (SELECT b.created_at, b.id FROM api_key b WHERE b.id = ${page.before ?? null}::uuid))
        ORDER BY k.created_at DESC, k.id DESC LIMIT ${page.limit ?? null}::int`,
      );
      return keys.map(shown);
    },

    async count(partnerId: string, environment?: Environment, parentId?: string): Promise<number> {
      const [keys] = await database.rows(
        Total,
        sql`SELECT count(*) AS total FROM api_key
        WHERE partner_id = ${partnerId} AND (${environment ?? null}::text IS NULL OR environment = ${environment ?? null}::text)
          AND (${parentId ?? null}::uuid IS NULL OR (parent_id = ${parentId ?? null}::uuid AND counter_id IS NOT NULL))`,
      );
      return keys?.total ?? 0;
    },

    search: createKeySearch(database, shown),
  };
}
