// Writes an import into our database, in one transaction that no other import runs beside. A partner that the database
// refuses is left out whole, with its reason.

import { randomUUID } from 'node:crypto';
import pg from 'pg';
import * as z from 'zod';
import {
  type ImportPlan,
  type KeyMove,
  type Move,
  type PartnerMove,
  planImport,
  type Remark,
  type TierMove,
} from '../partners/import-plan.ts';
import type { Here, Original } from '../partners/import-sides.ts';
import { daysOfMonth } from '../partners/import-use.ts';
import { IMPORTED } from '../usage/scope-reports.ts';

const text = z.string();
const count = z.coerce.number().int();
const limit = { second: z.int(), day: z.int(), month: z.int() };
const tiersHere = z.array(
  z.object({
    tier: text,
    priceCents: z.int(),
    ...limit,
    features: z.record(z.string(), z.unknown()),
    maxKeys: z.int(),
    burst: z.int(),
    sustained: z.int(),
    keyDay: count,
    partners: count,
  }),
);
const partnersHere = z.array(z.object({ id: text, email: text, status: text, tier: text, ...limit }));
const keysHere = z.array(z.object({ id: text, partnerId: text, hash: text, isActive: z.boolean() }));
const useHere = z.array(z.object({ partnerId: text, day: text, units: count, failed: count }));

const LIMITS = 'rate_limit_per_second AS second, rate_limit_per_day AS day, rate_limit_per_month AS month';

async function readHere(
  client: pg.Client,
  { scopes, scopesOfAll }: Pick<Here, 'scopes' | 'scopesOfAll'>,
  todayMs: number,
): Promise<Here> {
  const rows = async (statement: string, values: unknown[] = []): Promise<unknown> =>
    (await client.query(statement, values)).rows;
  const { from, to } = daysOfMonth(todayMs);
  return {
    scopes,
    scopesOfAll,
    tiers: tiersHere.parse(
      await rows(`SELECT tier, price_cents AS "priceCents", ${LIMITS}, features, max_keys AS "maxKeys", burst_limit AS burst,
        sustained_limit AS sustained, key_daily_quota AS "keyDay",
        (SELECT count(*) FROM partner p WHERE t.tier IN (p.tier, p.next_tier)) AS partners FROM tier_config t`),
    ),
    partners: partnersHere.parse(await rows(`SELECT id, email, status, tier, ${LIMITS} FROM partner`)),
    keys: keysHere.parse(
      await rows(`SELECT id, partner_id AS "partnerId", key_hash AS hash, is_active AS "isActive" FROM api_key
        UNION ALL SELECT k.id, k.partner_id, s.key_hash, k.is_active FROM api_key_retired_secret s JOIN api_key k ON k.id = s.api_key_id`),
    ),
    use: useHere.parse(
      await rows(
        `SELECT partner_id AS "partnerId", day::text, units, failed FROM imported_usage WHERE day BETWEEN $1 AND $2`,
        [from, to],
      ),
    ),
  };
}

const writeTier = (client: pg.Client, move: TierMove) =>
  client.query(
    move.isNew
      ? `INSERT INTO tier_config (tier, price_cents, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month, features,
          max_keys, self_serve) VALUES ($1, $2, $3, $4, $5, $6, coalesce($7, -1), false)`
      : `UPDATE tier_config SET price_cents = $2, rate_limit_per_second = $3, rate_limit_per_day = $4, rate_limit_per_month = $5,
          features = $6, max_keys = coalesce($7, max_keys) WHERE tier = $1`,
    [
      move.tier,
      move.priceCents,
      move.second,
      move.day,
      move.month,
      JSON.stringify(move.features),
      move.maxKeys,
    ],
  );

const writePartner = (client: pg.Client, partner: PartnerMove) =>
  client.query(
    `INSERT INTO partner (id, name, email, company, status, tier, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month,
      custom_limits, allowed_origins, webhook_url, created_at, last_active_at, contact_name, contact_phone, billing_email, billing_address)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
    [
      partner.id,
      partner.name,
      partner.email,
      partner.company,
      partner.status,
      partner.tier,
      partner.second,
      partner.day,
      partner.month,
      partner.hasOwnLimits,
      partner.origins,
      partner.webhookUrl,
      partner.createdAt,
      partner.lastActiveAt,
      partner.contactName,
      partner.contactPhone,
      partner.billingEmail,
      partner.billingAddress,
    ],
  );

async function writeKey(client: pg.Client, key: KeyMove): Promise<void> {
  await client.query(
    `INSERT INTO api_key (id, partner_id, key_id, environment, key_hash, key_prefix, name, description, scopes, is_active, created_at,
      expires_at, last_used_at, allowed_ips, revoked_reason)
    VALUES ($1::uuid, $2, $1::uuid::text, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::text[]::inet[],
      CASE WHEN NOT $9 THEN 'revoked before it was moved' END)`,
    [
      key.id,
      key.partnerId,
      key.environment,
      key.hash,
      key.prefix,
      key.name,
      key.description,
      key.scopes,
      key.isActive,
      key.createdAt,
      key.expiresAt,
      key.lastUsedAt,
      key.ips,
    ],
  );
  if (key.burst === null && key.sustained === null && key.day === null) return;
  await client.query(
    'UPDATE api_key_quotas SET burst_limit = $2, sustained_limit = $3, daily_quota = $4 WHERE key_id = $1',
    [key.id, key.burst, key.sustained, key.day],
  );
}

const revokeKeys = (client: pg.Client, ids: readonly string[]) =>
  client.query(
    `UPDATE api_key SET is_active = false, revoked_at = now(), revoked_reason = 'revoked where it was moved from'
    WHERE id = ANY ($1::uuid[]) AND is_active`,
    [ids],
  );

/**
 * What is new of each day, in all places that count: an event that stands for the day's calls, its rollup, and the quotas that
 * invoices are calculated from. `degraded`, as what this limiter was not asked for: it is told the day's total of these.
 */
export const writeUse = (client: pg.Client, use: Move['use']) =>
  client.query(
    `WITH use AS (
      SELECT * FROM jsonb_to_recordset($1::jsonb) AS u("partnerId" uuid, day date, units bigint, failed bigint, "moreUnits" bigint,
        "moreFailed" bigint)),
    imported AS (
      INSERT INTO imported_usage (partner_id, day, units, failed) SELECT "partnerId", day, units, failed FROM use
      ON CONFLICT (partner_id, day) DO UPDATE SET units = excluded.units, failed = excluded.failed, imported_at = now()),
    event AS (
      INSERT INTO api_usage_events (id, occurred_at, day, message_id, partner_id, key_id, environment, route, method, endpoint,
        status_code, latency_ms, bytes_in, bytes_out, units, cache_hit, degraded)
      SELECT gen_random_uuid(), day::timestamp AT TIME ZONE 'UTC', day, $2, "partnerId", $3, 'live', $3, 'GET', $3, 200, 0, 0, 0, "moreUnits",
        false, true FROM use),
    rollup AS (
      INSERT INTO api_usage_rollups_day AS r (key_id, day, route, partner_id, environment, calls, errors, units, billed_calls)
      SELECT $3, day, $3, "partnerId", 'live', "moreUnits", "moreFailed", "moreUnits", "moreUnits" FROM use ORDER BY day
      ON CONFLICT (key_id, day, route, partner_id, environment, app_id) DO UPDATE SET calls = r.calls + excluded.calls,
        errors = r.errors + excluded.errors, units = r.units + excluded.units, billed_calls = r.billed_calls + excluded.billed_calls)
    INSERT INTO quota_usage AS q (partner_id, environment, period_type, period_start, period_end, requests_count, successful_requests,
      failed_requests, units)
    SELECT "partnerId", 'live', period_type, period_start, period_end, calls, calls - failed, failed, calls FROM (
      SELECT "partnerId", 'daily' AS period_type, day AS period_start, day AS period_end, "moreUnits" AS calls, "moreFailed" AS failed FROM use
      UNION ALL SELECT "partnerId", 'monthly', date_trunc('month', day)::date,
        (date_trunc('month', day) + interval '1 month' - interval '1 day')::date, sum("moreUnits"), sum("moreFailed") FROM use GROUP BY 1, 3, 4
    ) period ORDER BY period_type, period_start
    ON CONFLICT (partner_id, environment, period_type, period_start) DO UPDATE SET
      requests_count = q.requests_count + excluded.requests_count,
      successful_requests = q.successful_requests + excluded.successful_requests,
      failed_requests = q.failed_requests + excluded.failed_requests, units = q.units + excluded.units, updated_at = now()`,
    [JSON.stringify(use), randomUUID(), IMPORTED],
  );

const writeAudit = (client: pg.Client, { id, keys, revoked, use }: Move) =>
  client.query(
    `INSERT INTO dev_portal_audit (partner_id, actor, action, target, details) VALUES ($1::uuid, 'job:import', 'partner.imported',
      jsonb_build_object('partner_id', $1::uuid), $2)`,
    [
      id,
      JSON.stringify({
        keys: keys.length,
        revoked: revoked.length,
        calls: use.reduce((units, day) => units + day.moreUnits, 0),
      }),
    ],
  );

async function writeMove(client: pg.Client, move: Move): Promise<void> {
  if (move.partner) await writePartner(client, move.partner);
  for (const key of move.keys) await writeKey(client, key);
  if (move.revoked.length > 0) await revokeKeys(client, move.revoked);
  if (move.use.length > 0) await writeUse(client, move.use);
  await writeAudit(client, move);
}

/** What was written. What the database refused is no part of the plan any more. */
export interface Written {
  plan: ImportPlan;
  failed: Remark[];
}

async function write(client: pg.Client, plan: ImportPlan): Promise<Written> {
  for (const tier of plan.tiers) await writeTier(client, tier);
  const moves: Move[] = [];
  const failed: Remark[] = [];
  for (const move of plan.moves) {
    await client.query('SAVEPOINT partner');
    try {
      await writeMove(client, move);
      await client.query('RELEASE SAVEPOINT partner');
      moves.push(move);
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error;
      await client.query('ROLLBACK TO SAVEPOINT partner');
      failed.push({ who: `partner ${move.id} (${move.email})`, what: error.message });
    }
  }
  return { plan: { ...plan, moves }, failed };
}

export interface ImportOptions {
  /** Of our database, as its owner. */
  url: string;
  /** Scopes that a key can have here. */
  scopes: readonly string[];
  scopesOfAll: readonly string[];
  nowMs: number;
  /** Does all of it, and takes it back. */
  isDryRun: boolean;
}

/** @throws when the database cannot be reached, or lacks migrations: nothing was written then */
export async function writeOriginal(
  original: Original,
  { url, nowMs, isDryRun, ...scopes }: ImportOptions,
): Promise<Written> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('import', 0))`);
    const plan = planImport(original, await readHere(client, scopes, nowMs), nowMs);
    const written = await write(client, plan);
    await client.query(isDryRun ? 'ROLLBACK' : 'COMMIT');
    return written;
  } finally {
    await client.end();
  }
}
