// Reads key records from Postgres. One statement each.

import { type SQL, sql } from 'drizzle-orm';
import { cappedUnits } from '../billing/month.ts';
import type { Budget } from '../limits/budget.ts';
import { OVERAGE_ACTIONS } from '../limits/limit.ts';
import type { Database } from '../platform/database.ts';
import { boolean, json, number, oneOf, type RowOf, row, text, texts, uuid } from '../platform/row.ts';
import { KEY_ID, KEY_KINDS } from './key-columns-store.ts';
import { ENVIRONMENTS } from './key-format.ts';
import { LIMITS_OF_PARENT } from './key-limits-service.ts';
import { IN_FORCE, KEY_LIMITS, toKeyLimits } from './key-limits-store.ts';
import type { KeyRecord } from './key-record.ts';
import { type OAuthClient, SECRET_CLIENT } from './oauth-client.ts';
import { SIGNATURE_RULES } from './signature.ts';
import { hasTokens } from './token-check.ts';

/** How a credential names its key: the hash of a bearer key, or the id of a signing key or an OAuth client. */
export type Lookup = { by: 'hash'; value: string } | { by: 'key_id'; value: string };

const degraded = oneOf(['allow', 'refuse']);
const Row = row('key record', {
  id: uuid,
  counter_id: uuid.nullable(),
  budgets: json<Budget[]>().nullable(),
  key_id: KEY_ID,
  partner_id: uuid,
  app_id: uuid.nullable(),
  kind: oneOf(KEY_KINDS),
  environment: oneOf(ENVIRONMENTS),
  is_active: boolean,
  is_quarantined: boolean,
  is_app_archived: boolean,
  expires_ms: number.nullable(),
  status: text,
  tier: text,
  scopes: texts,
  key_ips: texts.nullable(),
  app_ips: texts.nullable(),
  client_app_ips: texts.nullable(),
  partner_origins: texts.nullable(),
  app_origins: texts.nullable(),
  secrets: json<KeyRecord['secrets']>(),
  signature_rule: oneOf(SIGNATURE_RULES),
  client: json<OAuthClient>().nullable(),
  revoked_tokens: texts.nullable(),
  tokens_from_ms: number.nullable(),
  api_version: text.notNull('every partner came on some day'),
  key_version: number,
  partner_version: number,
  catalog_version: number.notNull('0 before the first change'),
  ...KEY_LIMITS,
  second: number,
  day: number,
  month: number,
  overage: oneOf(OVERAGE_ACTIONS).notNull('overage_in_force() of a partner is never null'),
  overage_per_1000: number.notNull('a trigger lets no partner have a currency that its plan has no price in'),
  spending_cap: number.nullable(),
  degraded_rate: degraded,
  degraded_quota: degraded,
});

const idOf = ({ by, value }: Lookup): SQL =>
  by === 'key_id'
    ? sql`SELECT id FROM api_key WHERE key_id = ${value} AND kind IN ('signing', 'oauth', 'grant')`
    : sql`SELECT id FROM api_key WHERE key_hash = ${value} AND kind = 'bearer' UNION ALL
          SELECT s.api_key_id AS id FROM api_key_retired_secret s JOIN api_key k ON k.id = s.api_key_id
          WHERE s.key_hash = ${value} AND k.kind = 'bearer' LIMIT 1`;

/** Of the app of the client that a grant `me` was given to, where that is one of ours. */
const ofClientsApp = (column: SQL): SQL =>
  sql`CASE WHEN me.kind = 'grant' THEN (SELECT ${column} FROM oauth_grant g JOIN api_key c ON c.key_id = g.client_id
      JOIN dev_apps ca ON ca.id = c.app_id WHERE g.api_key_id = me.id) END`;

/**
 * `me`: the key that calls; `k`: the one whose limits it has, which with a budget is another. What is found comes first: of so many
 * tables Postgres does not choose the order, and would read all keys for one.
 */
const select = (ids: SQL): SQL => sql`
  WITH found AS MATERIALIZED (${ids})
  SELECT me.id, me.counter_id, CASE WHEN me.counter_id IS NOT NULL THEN (
      SELECT jsonb_agg(jsonb_build_object('id', b.id, 'cap', b.cap, 'perUnit', b.per_unit) ORDER BY b.depth DESC)
      FROM budgets_of(me.id) b) END AS budgets,
    me.key_id, me.partner_id, me.app_id, me.kind, me.environment,
    me.is_active, me.quarantined_at IS NOT NULL AS is_quarantined,
    (a.archived_at IS NOT NULL OR ${ofClientsApp(sql`ca.archived_at`)} IS NOT NULL) AS is_app_archived,
    floor(extract(epoch FROM me.expires_at) * 1000) AS expires_ms, p.status, p.tier, me.scopes,
    me.allowed_ips::text[] AS key_ips, a.allowed_ips::text[] AS app_ips, ${ofClientsApp(sql`ca.allowed_ips::text[]`)} AS client_app_ips,
    p.allowed_origins AS partner_origins, a.allowed_origins AS app_origins,
    jsonb_build_array(jsonb_build_object('hash', me.key_hash, 'envelope', me.secret_envelope, 'expiresMs', NULL)) ||
      coalesce((SELECT jsonb_agg(jsonb_build_object('hash', s.key_hash, 'envelope', s.secret_envelope,
        'expiresMs', floor(extract(epoch FROM s.expires_at) * 1000)))
        FROM api_key_retired_secret s WHERE s.api_key_id = me.id AND s.expires_at > now()), '[]') AS secrets,
    CASE WHEN 'bound' IN (me.signature_rule, p.signature_rule) THEN 'bound' ELSE 'any' END AS signature_rule,
    me.client, floor(extract(epoch FROM me.tokens_from) * 1000) AS tokens_from_ms, CASE WHEN me.kind IN ('oauth', 'grant') THEN ARRAY(SELECT r.jti::text FROM revoked_token r
      WHERE r.api_key_id = me.id AND r.expires_at > now()) END AS revoked_tokens,
    coalesce(me.api_version, a.api_version, p.api_version, (p.created_at AT TIME ZONE 'UTC')::date)::text AS api_version,
    me.version AS key_version, p.version AS partner_version,
    coalesce((SELECT version FROM catalog_state), 0) AS catalog_version,
    ${IN_FORCE},
    p.rate_limit_per_second AS second, p.rate_limit_per_day AS day, p.rate_limit_per_month AS month,
    overage_in_force(p.overage_action, plan_price(t, p.currency, 'overage_per_1000')) AS overage,
    plan_price(t, p.currency, 'overage_per_1000') AS overage_per_1000,
    p.spending_cap_minor AS spending_cap, t.degraded_rate, t.degraded_quota
  FROM found JOIN api_key me ON me.id = found.id JOIN api_key k ON k.id = coalesce(me.counter_id, me.id) JOIN partner p ON p.id = me.partner_id
  JOIN tier_config t ON t.tier = p.tier
  LEFT JOIN api_key_quotas q ON q.key_id = k.key_id LEFT JOIN dev_apps a ON a.id = me.app_id ${LIMITS_OF_PARENT}`;

function toRecord(key: RowOf<typeof Row>, nowMs: number): KeyRecord {
  const appOrigins = key.app_origins ?? [];
  return {
    id: key.id,
    ...(key.counter_id !== null && { counterId: key.counter_id, budgets: key.budgets ?? [] }),
    keyId: key.key_id,
    partnerId: key.partner_id,
    appId: key.app_id,
    kind: key.kind,
    environment: key.environment,
    isActive: key.is_active,
    isQuarantined: key.is_quarantined,
    isAppArchived: key.is_app_archived,
    expiresMs: key.expires_ms,
    partnerStatus: key.status,
    tier: key.tier,
    scopes: key.scopes,
    ipLists: [key.key_ips ?? [], key.app_ips ?? [], key.client_app_ips ?? []].filter(
      (list) => list.length > 0,
    ),
    origins: appOrigins.length > 0 ? appOrigins : (key.partner_origins ?? []),
    secrets: key.secrets,
    signatureRule: key.signature_rule,
    ...(key.kind === 'oauth' && { client: key.client ?? SECRET_CLIENT }),
    ...(hasTokens(key) && {
      revokedTokens: key.revoked_tokens ?? [],
      tokensFromMs: key.tokens_from_ms ?? 0,
    }),
    versions: { key: key.key_version, partner: key.partner_version },
    apiVersion: key.api_version,
    catalogVersion: key.catalog_version,
    keyLimits: toKeyLimits(key),
    partnerLimits: {
      second: key.second,
      day: key.day,
      month: key.month,
      overage: key.overage,
      monthCap: cappedUnits({
        includedUnits: key.month,
        overageAction: key.overage,
        overagePer1000Minor: key.overage_per_1000,
        spendingCapMinor: key.spending_cap,
      }),
    },
    degraded: { rate: key.degraded_rate, quota: key.degraded_quota },
    loadedMs: nowMs,
  };
}

export function createKeyStore(database: Database, now: () => number) {
  return {
    /** @throws DatabaseUnavailable */
    async find(lookup: Lookup): Promise<KeyRecord | undefined> {
      const startedMs = now();
      const [key] = await database.rows(Row, select(idOf(lookup)));
      return key && toRecord(key, startedMs);
    },
    async findById(id: string): Promise<KeyRecord | undefined> {
      const startedMs = now();
      const [key] = await database.rows(Row, select(sql`SELECT ${id}::uuid AS id`));
      return key && toRecord(key, startedMs);
    },
    /** The key, the keys that it made, and theirs; and what people allowed it. */
    async findFamily(id: string): Promise<KeyRecord[]> {
      const startedMs = now();
      const keys = await database.rows(
        Row,
        select(sql`WITH RECURSIVE family AS (SELECT ${id}::uuid AS id
            UNION SELECT c.id FROM api_key c JOIN family f ON c.parent_id = f.id)
          SELECT id FROM family UNION SELECT g.api_key_id FROM oauth_grant g JOIN api_key k ON k.key_id = g.client_id WHERE k.id = ${id}::uuid`),
      );
      return keys.map((key) => toRecord(key, startedMs));
    },
  };
}

export type KeyStore = ReturnType<typeof createKeyStore>;
