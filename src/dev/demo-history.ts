// Three months of the demo partners' past, so that every page has something to show: usage, an invoice of each kind, an
// endpoint that fails, alerts. Months that are over only: of this month, what is counted is what the limiter counted.

import type pg from 'pg';
import { uuidv7 } from 'uuidv7';
import { createBillingStore } from '../billing/billing-store.ts';
import { closeMonths } from '../billing/close-month.ts';
import { createInvoiceService, type InvoiceService } from '../billing/invoice-service.ts';
import { isoDay, MINUTE_MS, monthStart, nextMonth } from '../core/time.ts';
import { type KeyEncryptionKeys, sealEnvelope } from '../crypto/envelope.ts';
import { openDatabase } from '../platform/database.ts';
import { newSecret } from '../webhooks/signature.ts';

const MONTHS = 3;
const JOB = { name: 'job:demo', ip: null, requestId: null };
/** A custom plan, in francs. */
const CUSTOM = { tier: 'sunu-2026', price: 250_000, per1000: 900, included: 40_000 };

export interface HistoryPorts {
  client: pg.Client;
  databaseUrl: string;
  /** The SQL endpoint. */
  endpoint: string;
  keks: KeyEncryptionKeys;
  partnerId: string;
  enterpriseId: string;
  appId: string;
}

/**
 * Calls of a partner on each day of a month, more on working days, as rollups and quotas. None on the two days before the running month:
 * on its first day the nightly comparison looks at them, and there are no events of them.
 */
async function useMonth(
  client: pg.Client,
  partnerId: string,
  apps: readonly (string | null)[],
  start: string,
  callsADay: number,
): Promise<void> {
  await client.query(
    `WITH line AS (
       SELECT d::date AS day, a.app_id, k.key_id, r.route,
         greatest(1, round($4 * r.share * a.share * (CASE WHEN extract(isodow FROM d) > 5 THEN 0.55 ELSE 1.1 END)
           * (0.85 + 0.3 * ((hashtext(d::text || r.route) & 1023) / 1023.0))))::bigint AS calls
       FROM generate_series($2::date, least($2::date + interval '1 month' - interval '1 day',
         date_trunc('month', now() AT TIME ZONE 'UTC') - interval '3 days')::date, interval '1 day') d
       CROSS JOIN (SELECT nullif(value, '')::uuid AS app_id, 1.0 / ordinality / 1.5 AS share FROM unnest($3::text[]) WITH ORDINALITY u(value, ordinality)) a
       CROSS JOIN LATERAL (SELECT key_id FROM api_key WHERE partner_id = $1 AND environment = 'live' ORDER BY created_at LIMIT 1) k
       CROSS JOIN (VALUES ('/v2/stops/search', 0.45), ('/v2/route-search', 0.3), ('/v2/stops/{id}/departures', 0.25)) r(route, share)),
     rollup AS (
       INSERT INTO api_usage_rollups_day (day, key_id, route, partner_id, app_id, environment, calls, errors, units, billed_calls,
         latency_ms_sum, bytes_out, cache_hits, latency_buckets, statuses, error_codes, countries)
       SELECT day, key_id, route, $1, app_id, 'live', calls, calls / 40, calls - calls / 80, calls - calls / 80, calls * 38, calls * 1400,
         calls / 5, jsonb_build_object('170', calls - calls / 20, '215', calls / 20),
         jsonb_strip_nulls(jsonb_build_object('200', calls - calls / 40, '404', nullif(calls / 80, 0), '502', nullif(calls / 40 - calls / 80, 0))),
         jsonb_strip_nulls(jsonb_build_object('upstream_error', nullif(calls / 40 - calls / 80, 0))), jsonb_build_object('SN', calls - calls / 4, 'FR', calls / 4)
       FROM line ON CONFLICT DO NOTHING RETURNING day, calls, errors, units)
     INSERT INTO quota_usage (partner_id, environment, period_type, period_start, period_end, requests_count, successful_requests,
       failed_requests, units, closed_at, told_units)
     SELECT $1, 'live', 'daily', day, day, sum(calls), sum(calls - errors), sum(errors), sum(units), now(), sum(units) FROM rollup GROUP BY day
     UNION ALL SELECT $1, 'live', 'monthly', $2::date, ($2::date + interval '1 month' - interval '1 day')::date, sum(calls),
       sum(calls - errors), sum(errors), sum(units), NULL, NULL FROM rollup
     ON CONFLICT DO NOTHING`,
    [partnerId, start, apps.map((app) => app ?? ''), callsADay],
  );
}

/** Terms as they were: the first from the first day, the last is the one of now. */
async function setTerms(
  client: pg.Client,
  partnerId: string,
  terms: { at: string; tier: string; price: number; included: number }[],
): Promise<void> {
  await client.query(
    `WITH now AS (DELETE FROM partner_terms WHERE partner_id = $1 RETURNING *),
       last AS (SELECT * FROM now ORDER BY effective_at DESC LIMIT 1)
     INSERT INTO partner_terms SELECT l.partner_id, t.at::timestamptz, t.tier, l.currency, true, t.price, t.included,
       l.overage_action, l.overage_per_1000_minor, l.spending_cap_minor, l.tax_bps
     FROM last l, jsonb_to_recordset($2::jsonb) AS t(at text, tier text, price bigint, included bigint)`,
    [partnerId, JSON.stringify(terms)],
  );
}

async function addMessages({ client, keks, partnerId }: HistoryPorts): Promise<void> {
  const secretOf = (id: string) =>
    sealEnvelope(
      keks,
      newSecret((length) => crypto.getRandomValues(new Uint8Array(length))),
      id,
    );
  const [failing, paused] = [uuidv7(), uuidv7()];
  for (const [id, url, description, state] of [
    [failing, 'http://127.0.0.1:9/webhooks', 'Switched off server', 'active'],
    [paused, 'https://hooks.teranga-mobile.example/passerelle', 'Old accounting', 'paused'],
  ] as const)
    await client.query(
      `INSERT INTO webhook_endpoint (id, partner_id, url, description, events, secret_envelope, state, failing_since, last_success_at, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7::text, CASE WHEN $7::text = 'active' THEN now() - interval '50 minutes' END, now() - interval '2 days', now() - interval '60 days')`,
      [
        id,
        partnerId,
        url,
        description,
        state === 'active' ? [] : ['invoice.finalised'],
        await secretOf(id),
        state,
      ],
    );
  await client.query(
    `INSERT INTO webhook_event (partner_id, type, data, occurred_at, only_endpoint_id)
     SELECT $1::uuid, t.type, t.data::jsonb, now() - t.ago, $2::uuid FROM (VALUES
       ('key.created', '{"name": "Demo test", "environment": "test"}', interval '26 hours'),
       ('key.created', '{"name": "Demo live", "environment": "live"}', interval '50 minutes')) t(type, data, ago)`,
    [partnerId, failing],
  );
  await client.query(
    `INSERT INTO webhook_attempt (delivery_id, started_at, status, error, latency_ms, response)
     SELECT d.id, e.occurred_at + n * interval '5 seconds', CASE n WHEN 2 THEN 503 END, CASE n WHEN 1 THEN 'unreachable' END, 12,
       CASE n WHEN 2 THEN 'Service Unavailable' END
     FROM webhook_delivery d JOIN webhook_event e ON e.id = d.event_id, generate_series(1, 2) n WHERE d.endpoint_id = $1
     ON CONFLICT DO NOTHING`,
    [failing],
  );
  await client.query(
    `UPDATE webhook_delivery d SET tries = 3, created_at = e.occurred_at, state = CASE WHEN e.type = 'key.created' THEN 'pending' ELSE 'failed' END,
       due_at = now() + interval '25 minutes' FROM webhook_event e WHERE e.id = d.event_id AND d.endpoint_id = $1`,
    [failing],
  );
  await client.query(
    `INSERT INTO alert_episode (id, owner, rule, subject, label, fired_at, resolved_at, value, peak, threshold) VALUES
       (gen_random_uuid(), $1::text, 'webhook_failing', $2::text, 'http://127.0.0.1:9/webhooks', now() - interval '20 minutes', NULL, 31, 50, 30),
       (gen_random_uuid(), $1::text, 'error_rate', $1::text, NULL, now() - interval '9 days', now() - interval '9 days' + interval '14 minutes', 6.2, 11.4, 5),
       (gen_random_uuid(), 'operator', 'gateway_latency_p95', 'operator', NULL, now() - interval '9 days', now() - interval '9 days' + interval '12 minutes', 1180, 2410, 1000)`,
    [partnerId, failing],
  );
}

/** A plan of the second partner's own, and what invoices say of both. */
async function setUpBilling({ client, partnerId, enterpriseId }: HistoryPorts): Promise<void> {
  await client.query(
    `INSERT INTO tier_config (tier, price_cents, overage_price_per_1000_cents, prices, rate_limit_per_second, rate_limit_per_day,
       rate_limit_per_month, features, burst_limit, sustained_limit, max_keys, self_serve, partner_id)
     VALUES ($1, 38000, 140, $2, 1000, -1, $3, '{"support": "dedicated", "sla": "99.95%", "webhooks": true}', 2000, 60000, -1, false, $4) ON CONFLICT DO NOTHING`,
    [
      CUSTOM.tier,
      JSON.stringify({ XOF: { price: CUSTOM.price, overage_per_1000: CUSTOM.per1000 } }),
      CUSTOM.included,
      enterpriseId,
    ],
  );
  await client.query(
    `UPDATE partner SET tier = $2, currency = 'XOF', tax_bps = 1800, overage_action = 'charge', spending_cap_minor = 50000,
       rate_limit_per_month = $3, billing_address = E'Zone industrielle\\nDakar' WHERE id = $1`,
    [enterpriseId, CUSTOM.tier, CUSTOM.included],
  );
  await client.query(
    `UPDATE partner SET tax_bps = 1800, billing_address = E'12, rue Carnot\\nDakar', tax_id = 'SN-4711' WHERE id = $1`,
    [partnerId],
  );
}

/** What both used in each of the months, which are closed as they end. */
async function passMonths(
  { client, partnerId, enterpriseId, appId }: HistoryPorts,
  starts: readonly string[],
  close: (nowMs: number) => Promise<unknown>,
): Promise<void> {
  const [first = '', second = ''] = starts;
  const other = uuidv7();
  await client.query(
    `INSERT INTO dev_apps (id, partner_id, name, description) VALUES ($1, $2, 'Tournées', 'Delivery rounds')`,
    [other, enterpriseId],
  );
  // Teranga moved up in the middle of the second month.
  await setTerms(client, partnerId, [
    { at: `${first}T00:00:00Z`, tier: 'starter', price: 4900, included: 300_000 },
    { at: `${second.slice(0, 8)}16T00:00:00Z`, tier: 'business', price: 19_900, included: 1_500_000 },
  ]);
  await setTerms(client, enterpriseId, [
    { at: `${first}T00:00:00Z`, tier: CUSTOM.tier, price: CUSTOM.price, included: CUSTOM.included },
  ]);
  for (const [i, start] of starts.entries()) {
    await useMonth(client, partnerId, [appId], start, 220 + 40 * i);
    await useMonth(client, enterpriseId, [other, null], start, 1200 + 250 * i);
    await close(nextMonth(Date.parse(start)) + 5 * MINUTE_MS);
    // After the second month was closed, some of its calls arrive late.
    if (start === second)
      await client.query(
        `UPDATE quota_usage SET units = units + 4000, requests_count = requests_count + 4000
         WHERE partner_id = $1 AND period_type = 'monthly' AND period_start = $2`,
        [enterpriseId, second],
      );
  }
}

/** An invoice of each kind: paid, credited, overdue, void, open. */
async function settleInvoices(
  invoices: InvoiceService,
  { partnerId, enterpriseId }: HistoryPorts,
): Promise<void> {
  const of = async (id: string) => (await invoices.list(10, undefined, { partnerId: id })).reverse();
  const [oldest] = await of(partnerId);
  const [paid, wrong] = await of(enterpriseId);
  if (oldest) await invoices.pay(oldest.id, JOB);
  if (oldest) await invoices.credit(oldest.id, { netMinor: 1500, reason: 'Outage of 12 minutes' }, JOB);
  if (paid) await invoices.pay(paid.id, JOB);
  if (wrong) await invoices.void(wrong.id, 'Sent to the wrong entity', JOB);
}

/** Once: nothing when the demo has a past. */
export async function ensureHistory(ports: HistoryPorts): Promise<void> {
  const { client, partnerId, databaseUrl, endpoint } = ports;
  const { rowCount } = await client.query('SELECT 1 FROM billing_period WHERE partner_id = $1 LIMIT 1', [
    partnerId,
  ]);
  if (rowCount) return;
  const nowMs = Date.now();
  const starts = Array.from({ length: MONTHS }, (_, i) => isoDay(monthStart(nowMs, i - MONTHS)));
  const database = openDatabase(databaseUrl, endpoint);
  const store = createBillingStore(database);
  const closing = {
    seller: { name: 'Passerelle', address: 'Plateau\nDakar', tax_id: 'SN-0001' },
    dueDays: 30,
    tell: async () => undefined,
    log: () => undefined,
  };
  await setUpBilling(ports);
  await passMonths(ports, starts, (atMs) => closeMonths({ ...closing, store, newId: uuidv7 }, atMs));
  const notices = {
    invoiceOverdue: async () => false,
    invoiceVoided: async () => undefined,
    creditIssued: async () => undefined,
  };
  const invoices = createInvoiceService({
    database,
    store,
    now: () => nowMs,
    newId: uuidv7,
    closing,
    notices,
    reminderDays: [],
  });
  await settleInvoices(invoices, ports);
  await addMessages(ports);
}
