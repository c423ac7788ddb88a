// Reads what is moved out of a database that the original's migrations made: in one snapshot, and nothing is written.
// Its times have no zone, and are UTC.

import pg from 'pg';
import * as z from 'zod';
import type { Original } from '../partners/import-sides.ts';

const limit = { second: z.int(), day: z.int(), month: z.int() };
const text = z.string();
const nullable = z.string().nullable();
const count = z.coerce.number().int().min(0);

const tiers = z.array(
  z.object({ tier: text, priceCents: z.int(), ...limit, features: z.record(z.string(), z.unknown()) }),
);
const partners = z.array(
  z.object({
    id: z.guid(),
    name: text,
    email: text,
    company: nullable,
    status: text,
    tier: text,
    ...limit,
    origins: z.array(text).nullable(),
    webhookUrl: nullable,
    createdAt: text,
    lastActiveAt: nullable,
    contactName: nullable,
    contactPhone: nullable,
    billingEmail: nullable,
    billingAddress: nullable,
  }),
);
const keys = z.array(
  z.object({
    id: z.guid(),
    partnerId: z.guid(),
    hash: text,
    prefix: text,
    name: text,
    description: nullable,
    scopes: z.array(text),
    isActive: z.boolean(),
    createdAt: text,
    expiresAt: nullable,
    lastUsedAt: nullable,
    ips: z.array(text).nullable(),
  }),
);
const use = z.array(
  z.object({
    partnerId: z.guid(),
    period: z.enum(['daily', 'monthly']),
    start: text,
    calls: count,
    failed: count,
  }),
);

/** Only ours have it. Their other tables have the same names. */
const OURS = `SELECT 1 WHERE to_regclass('partner_terms') IS NOT NULL`;
const LIMITS = `rate_limit_per_second AS second, rate_limit_per_day AS day, rate_limit_per_month AS month`;
const utc = (column: string, name: string): string => `(${column} AT TIME ZONE 'UTC')::text AS "${name}"`;

const TIERS = `SELECT tier, price_cents AS "priceCents", ${LIMITS}, features FROM tier_config ORDER BY tier`;
const PARTNERS = `SELECT id, name, email, company, status, tier, ${LIMITS}, allowed_origins AS origins, webhook_url AS "webhookUrl",
  ${utc('created_at', 'createdAt')}, ${utc('last_active_at', 'lastActiveAt')}, contact_name AS "contactName",
  contact_phone AS "contactPhone", billing_email AS "billingEmail", billing_address AS "billingAddress"
  FROM partner ORDER BY created_at, id`;
const KEYS = `SELECT id, partner_id AS "partnerId", key_hash AS hash, key_prefix AS prefix, name, description, scopes,
  is_active AS "isActive", ${utc('created_at', 'createdAt')}, ${utc('expires_at', 'expiresAt')},
  ${utc('last_used_at', 'lastUsedAt')}, allowed_ips::text[] AS ips FROM api_key ORDER BY created_at, id`;
const USE = `SELECT partner_id AS "partnerId", period_type AS period, period_start::text AS start, requests_count AS calls,
  failed_requests AS failed FROM quota_usage WHERE period_type IN ('daily', 'monthly')
    AND period_start >= date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 month'`;

/** @throws when it cannot be reached, or is not the original's */
export async function readOriginal(url: string): Promise<Original> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`SET TIME ZONE 'UTC'`);
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const rows = async (statement: string): Promise<unknown> => (await client.query(statement)).rows;
    const { rowCount } = await client.query(OURS);
    if (rowCount)
      throw new Error("--from is a database of Passerelle's own: npm run import moves from the original");
    return {
      tiers: tiers.parse(await rows(TIERS)),
      partners: partners.parse(await rows(PARTNERS)),
      keys: keys.parse(await rows(KEYS)),
      use: use.parse(await rows(USE)),
    };
  } finally {
    await client.end();
  }
}
