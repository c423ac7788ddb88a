// Fills a migrated database with rows of every kind that triggers derive something from, as its owner.

import type pg from 'pg';

const PARTNER = '00000000-0000-4000-8000-000000000001';
const ENDPOINT = '00000000-0000-4000-8000-0000000000e1';
const PARENT = '00000000-0000-4000-8000-0000000000a1';

const STATEMENTS = [
  `UPDATE tier_config SET price_cents = 5100 WHERE tier = 'starter'`,
  `INSERT INTO partner (id, name, email, tier, allowed_origins) VALUES
    ('${PARTNER}', 'Téranga, "Mobile"', 'awa@example.com', 'starter', '{https://a.example}'),
    ('00000000-0000-4000-8000-000000000002', 'Two', 'two@example.com', 'free', NULL)`,
  `INSERT INTO tier_config (tier, price_cents, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month, features, partner_id)
    VALUES ('aux', 100, 5, 100, 1000, '{"webhooks": true}', '${PARTNER}')`,
  `UPDATE partner SET tier = 'aux', tax_bps = 1800 WHERE id = '${PARTNER}'`,
  `INSERT INTO api_key (id, partner_id, key_hash, key_prefix, name, scopes) VALUES
    ('${PARENT}', '${PARTNER}', repeat('a', 64), 'pk_live_aaaaaaaa...', 'Parent', '{read:routes,read:stops}')`,
  `INSERT INTO api_key (partner_id, parent_id, key_hash, key_prefix, name, scopes) VALUES
    ('${PARTNER}', '${PARENT}', repeat('b', 64), 'pk_live_bbbbbbbb...', 'Child', '{read:routes}')`,
  // The parent's row now lies behind its child's.
  `UPDATE api_key SET description = 'changed since' WHERE id = '${PARENT}'`,
  `UPDATE api_key_quotas SET daily_quota = 5, chosen = '{"burst_limit": 3}' WHERE key_id = '${PARENT}'`,
  `INSERT INTO api_key_retired_secret (key_hash, api_key_id, key_prefix, expires_at)
    VALUES (repeat('c', 64), '${PARENT}', 'pk_live_cccccccc...', now() + interval '1 day')`,
  `INSERT INTO dev_accounts (id, name, email, is_operator) VALUES ('op', 'Op', 'op@example.com', true)`,
  `INSERT INTO webhook_endpoint (id, partner_id, url, events, secret_envelope)
    VALUES ('${ENDPOINT}', '${PARTNER}', 'https://hooks.example', '{}', 'v1')`,
  `INSERT INTO webhook_event (partner_id, type, data) VALUES ('${PARTNER}', 'key.created', '{"n": 1}')`,
  `UPDATE webhook_delivery SET state = 'delivered', tries = 1`,
  `INSERT INTO idempotency_key (owner, key, request_hash, request_ids) VALUES ('o', 'k', 'h', '{r1}')`,
  `INSERT INTO dev_portal_audit (partner_id, actor, action, target, request_id) VALUES ('${PARTNER}', 'a', 'x.y', '{}', 'r1')`,
  `INSERT INTO dev_portal_audit (partner_id, actor, action, target) VALUES ('${PARTNER}', 'a', 'x.z', '{}'), (NULL, 'b', 'x.y', '{}')`,
  // Taken by another request since.
  `UPDATE idempotency_key SET request_ids = '{r1,r2}'`,
  `SELECT close_billing_period('${PARTNER}', date_trunc('month', now())::date, now(), 7, '{"EUR": 100}', '[]',
    jsonb_build_array(jsonb_build_object('id', gen_random_uuid(), 'kind', 'invoice', 'partner_id', '${PARTNER}', 'period_start', now()::date,
      'period_end', now()::date, 'currency', 'EUR', 'subtotal_minor', 100, 'tax_bps', 0, 'tax_minor', 0, 'total_minor', 100,
      'status', 'open', 'issued_at', now(), 'due_at', now(), 'seller', '{}'::jsonb, 'buyer', '{}'::jsonb,
      'lines', '[{"kind": "plan", "from_at": "2026-01-01", "to_at": "2026-02-01", "quantity": 7, "amount_minor": 100}]'::jsonb)))`,
  `INSERT INTO api_usage_events (id, occurred_at, day, message_id, partner_id, key_id, environment, route, method, endpoint, status_code,
      latency_ms, bytes_in, bytes_out, units, cache_hit, degraded)
    SELECT gen_random_uuid(), at, at::date, gen_random_uuid(), '${PARTNER}', 'k', 'live', 'r', 'GET', '/r', 200, 1, 0, 9, 1, false, false
    FROM (VALUES (now()), (now() - interval '2 years')) moments(at)`,
  `INSERT INTO dead_letter (id, queue, body) VALUES (gen_random_uuid(), 'q', '\\x00ff')`,
  `INSERT INTO imported_usage (partner_id, day, units, told_units) VALUES ('${PARTNER}', current_date, 9, 9)`,
];

export async function fillEveryKind(client: pg.Client): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement);
}
