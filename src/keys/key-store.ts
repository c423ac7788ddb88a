// Reads key records from Postgres. One statement each.

import { type SQL, sql } from 'drizzle-orm';
import { cappedUnits } from '../billing/month.ts';
import type { OverageAction } from '../limits/limit.ts';
import type { Database } from '../platform/database.ts';
import { LIMITS_OF_PARENT, limitInForce } from './key-limits-service.ts';
import type { KeyRecord } from './key-record.ts';
import type { SignatureRule } from './signature.ts';

/** How a credential names its key: the hash of a bearer key, or the id of a signing key. */
export type Lookup = { by: 'hash'; value: string } | { by: 'key_id'; value: string };

interface Row {
  id: string;
  key_id: string;
  partner_id: string;
  app_id: string | null;
  kind: 'bearer' | 'signing';
  environment: 'test' | 'live';
  is_active: boolean;
  is_quarantined: boolean;
  is_app_archived: boolean;
  expires_ms: number | null;
  status: string;
  tier: string;
  scopes: string[];
  key_ips: string[] | null;
  app_ips: string[] | null;
  partner_origins: string[] | null;
  app_origins: string[] | null;
  secrets: KeyRecord['secrets'];
  signature_rule: SignatureRule;
  key_version: number;
  partner_version: number;
  burst: number;
  sustained: number;
  key_day: number;
  key_month: number;
  key_overage: OverageAction;
  second: number;
  day: number;
  month: number;
  overage: OverageAction;
  overage_per_1000: number;
  spending_cap: number | null;
  degraded_rate: 'allow' | 'refuse';
  degraded_quota: 'allow' | 'refuse';
}

const idOf = ({ by, value }: Lookup): SQL =>
  by === 'key_id'
    ? sql`SELECT id FROM api_key WHERE key_id = ${value} AND kind = 'signing'`
    : sql`SELECT id FROM api_key WHERE key_hash = ${value} AND kind = 'bearer' UNION ALL
          SELECT api_key_id FROM api_key_retired_secret WHERE key_hash = ${value} AND secret_envelope IS NULL LIMIT 1`;

const select = (ids: SQL): SQL => sql`
  SELECT k.id, k.key_id, k.partner_id, k.app_id, k.kind, k.environment,
    k.is_active, k.quarantined_at IS NOT NULL AS is_quarantined, a.archived_at IS NOT NULL AS is_app_archived,
    floor(extract(epoch FROM k.expires_at) * 1000) AS expires_ms, p.status, p.tier, k.scopes,
    k.allowed_ips::text[] AS key_ips, a.allowed_ips::text[] AS app_ips,
    p.allowed_origins AS partner_origins, a.allowed_origins AS app_origins,
    jsonb_build_array(jsonb_build_object('hash', k.key_hash, 'envelope', k.secret_envelope, 'expiresMs', NULL)) ||
      coalesce((SELECT jsonb_agg(jsonb_build_object('hash', s.key_hash, 'envelope', s.secret_envelope,
        'expiresMs', floor(extract(epoch FROM s.expires_at) * 1000)))
        FROM api_key_retired_secret s WHERE s.api_key_id = k.id AND s.expires_at > now()), '[]') AS secrets,
    CASE WHEN 'bound' IN (k.signature_rule, p.signature_rule) THEN 'bound' ELSE 'any' END AS signature_rule,
    k.version AS key_version, p.version AS partner_version,
    ${limitInForce('burstLimit')} AS burst, ${limitInForce('sustainedLimit')} AS sustained,
    ${limitInForce('dailyQuota')} AS key_day, ${limitInForce('monthlyQuota')} AS key_month,
    CASE WHEN up.blocks THEN 'block' ELSE key_overage(q, p, t) END AS key_overage,
    p.rate_limit_per_second AS second, p.rate_limit_per_day AS day, p.rate_limit_per_month AS month,
    overage_in_force(p.overage_action, plan_price(t, p.currency, 'overage_per_1000')) AS overage,
    plan_price(t, p.currency, 'overage_per_1000') AS overage_per_1000,
    p.spending_cap_minor AS spending_cap, t.degraded_rate, t.degraded_quota
  FROM api_key k JOIN partner p ON p.id = k.partner_id JOIN tier_config t ON t.tier = p.tier
  LEFT JOIN api_key_quotas q ON q.key_id = k.key_id LEFT JOIN dev_apps a ON a.id = k.app_id ${LIMITS_OF_PARENT}
  WHERE k.id IN (${ids})`;

function toRecord(row: Row, nowMs: number): KeyRecord {
  const appOrigins = row.app_origins ?? [];
  return {
    id: row.id,
    keyId: row.key_id,
    partnerId: row.partner_id,
    appId: row.app_id,
    kind: row.kind,
    environment: row.environment,
    isActive: row.is_active,
    isQuarantined: row.is_quarantined,
    isAppArchived: row.is_app_archived,
    expiresMs: row.expires_ms,
    partnerStatus: row.status,
    tier: row.tier,
    scopes: row.scopes,
    ipLists: [row.key_ips ?? [], row.app_ips ?? []].filter((list) => list.length > 0),
    origins: appOrigins.length > 0 ? appOrigins : (row.partner_origins ?? []),
    secrets: row.secrets,
    signatureRule: row.signature_rule,
    versions: { key: row.key_version, partner: row.partner_version },
    keyLimits: {
      burst: row.burst,
      sustained: row.sustained,
      day: row.key_day,
      month: row.key_month,
      overage: row.key_overage,
    },
    partnerLimits: {
      second: row.second,
      day: row.day,
      month: row.month,
      overage: row.overage,
      monthCap: cappedUnits({
        includedUnits: row.month,
        overageAction: row.overage,
        overagePer1000Minor: row.overage_per_1000,
        spendingCapMinor: row.spending_cap,
      }),
    },
    degraded: { rate: row.degraded_rate, quota: row.degraded_quota },
    loadedMs: nowMs,
  };
}

export function createKeyStore(database: Database, now: () => number) {
  return {
    /** @throws DatabaseUnavailable */
    async find(lookup: Lookup): Promise<KeyRecord | undefined> {
      const startedMs = now();
      const [row] = await database.rows<Row>(select(idOf(lookup)));
      return row && toRecord(row, startedMs);
    },
    async findById(id: string): Promise<KeyRecord | undefined> {
      const startedMs = now();
      const [row] = await database.rows<Row>(select(sql`SELECT ${id}::uuid`));
      return row && toRecord(row, startedMs);
    },
    /** The key, and the keys that it made, and theirs. */
    async findFamily(id: string): Promise<KeyRecord[]> {
      const startedMs = now();
      const rows = await database.rows<Row>(
        select(sql`WITH RECURSIVE family AS (SELECT ${id}::uuid AS id
            UNION SELECT c.id FROM api_key c JOIN family f ON c.parent_id = f.id) SELECT id FROM family`),
      );
      return rows.map((row) => toRecord(row, startedMs));
    },
  };
}

export type KeyStore = ReturnType<typeof createKeyStore>;
