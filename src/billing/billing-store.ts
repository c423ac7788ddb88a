// Reads what a month is reckoned from, and writes what was closed: one statement, and so one transaction, each.

import { type SQL, sql } from 'drizzle-orm';
import { eventRow } from '../outbox/event-store.ts';
import type { Database } from '../platform/database.ts';
import { json, type RowOf, row, text, uuid } from '../platform/row.ts';
import type { Adjusted, Draft } from './invoice.ts';
import type { AppUnits, Sums, Terms } from './month.ts';

const OpenMonth = row('month to close', {
  partnerId: uuid,
  /** `YYYY-MM-DD`, its first day. */
  start: text,
});
export type OpenMonth = RowOf<typeof OpenMonth>;

/** What one month of a partner is reckoned from. */
export interface MonthFacts {
  start: string;
  /** Live units of the month, from `quota_usage`. */
  units: number;
  apps: AppUnits[];
  /** Units used in the month before each change of terms in it. */
  marks: { atMs: number; units: number }[];
  /** What invoices have asked for it; null while it is open. */
  billed: Sums | null;
}

export const PartnerFacts = row('facts of a partner to bill', {
  terms: json<Terms[]>().notNull('a trigger writes the first with the partner'),
  buyer: json<Record<string, unknown>>(),
  email: text,
  /** Of the account with that address, for mails. */
  language: text.nullable(),
  months: json<MonthFacts[]>(),
});
export type PartnerFacts = RowOf<typeof PartnerFacts>;
const Issued = row('number of a document', { number: text.notNull('every document has a number') });

export interface Closing {
  partnerId: string;
  start: string;
  atMs: number;
  units: number;
  billed: Sums;
  adjusted: Adjusted[];
  documents: object[];
}

const ms = (column: string) => sql.raw(`floor(extract(epoch FROM ${column}) * 1000)::bigint`);

/** Of partners p: their terms. */
export const TERMS = sql`(SELECT jsonb_agg(jsonb_build_object('effectiveMs', ${ms('t.effective_at')}, 'tier', t.tier, 'currency', t.currency,
            'isBilled', t.is_billed, 'priceMinor', t.price_minor, 'includedUnits', t.included_units,
            'overageAction', t.overage_action, 'overagePer1000Minor', t.overage_per_1000_minor,
            'spendingCapMinor', t.spending_cap_minor, 'taxBps', t.tax_bps) ORDER BY t.effective_at)
            FROM partner_terms t WHERE t.partner_id = p.id)`;

export const MONTH = (starts: readonly string[]): SQL => sql`
        month AS (
          SELECT value::date AS start, (value::date + interval '1 month')::date AS next
          FROM jsonb_array_elements_text(${JSON.stringify(starts)}::jsonb))`;

/** Of partners p: what each MONTH is reckoned from. */
export const MONTHS = sql`(SELECT coalesce(jsonb_agg(jsonb_build_object('start', m.start, 'billed', b.billed,
            'units', coalesce((SELECT q.units FROM quota_usage q WHERE q.partner_id = p.id AND q.environment = 'live'
              AND q.period_type = 'monthly' AND q.period_start = m.start), 0),
            'apps', (SELECT coalesce(jsonb_agg(a ORDER BY a.name, a."appId"), '[]') FROM (
              SELECT r.app_id AS "appId", d.name, sum(r.units) AS units FROM api_usage_rollups_day r
              LEFT JOIN dev_apps d ON d.id = r.app_id
              WHERE r.partner_id = p.id AND r.environment = 'live' AND r.day >= m.start AND r.day < m.next
              GROUP BY r.app_id, d.name) a),
            'marks', (SELECT coalesce(jsonb_agg(jsonb_build_object('atMs', ${ms('t.effective_at')}, 'units',
                (SELECT coalesce(sum(r.units), 0) FROM api_usage_rollups_day r WHERE r.partner_id = p.id
                  AND r.environment = 'live' AND r.day >= m.start AND r.day < (t.effective_at AT TIME ZONE 'UTC')::date)
                + (SELECT coalesce(sum(e.units), 0) FROM api_usage_events e WHERE e.partner_id = p.id
                  AND e.environment = 'live' AND e.day = (t.effective_at AT TIME ZONE 'UTC')::date
                  AND e.occurred_at > t.effective_at - interval '2 days'
                  AND e.occurred_at < date_trunc('milliseconds', t.effective_at))) ORDER BY t.effective_at), '[]')
              FROM partner_terms t WHERE t.partner_id = p.id AND t.effective_at >= m.start::timestamp AT TIME ZONE 'UTC'
                AND t.effective_at < m.next::timestamp AT TIME ZONE 'UTC')) ORDER BY m.start), '[]')
            FROM month m LEFT JOIN billing_period b ON b.partner_id = p.id AND b.period_start = m.start)`;

const FACTS = (partnerId: string, starts: readonly string[]): SQL => sql`
        WITH ${MONTH(starts)}
        SELECT coalesce(nullif(p.billing_email, ''), p.email) AS email,
          (SELECT a.language FROM dev_accounts a WHERE a.email = coalesce(nullif(p.billing_email, ''), p.email)) AS language,
          jsonb_build_object('name', p.name, 'company', p.company, 'email', coalesce(nullif(p.billing_email, ''), p.email),
            'address', p.billing_address, 'tax_id', p.tax_id) AS buyer,
          ${TERMS} AS terms, ${MONTHS} AS months
        FROM partner p WHERE p.id = ${partnerId}::uuid`;

export function createBillingStore(database: Database) {
  return {
    /**
     * Months that ended before `nowMs` and are not closed, oldest first; of each partner those since it has terms. One whose
     * plan can still be undone waits for that hour.
     */
    openMonths(nowMs: number, limit: number): Promise<OpenMonth[]> {
      const at = new Date(nowMs).toISOString();
      return database.rows(
        OpenMonth,
        sql`
        SELECT t.partner_id AS "partnerId", to_char(m.start, 'YYYY-MM-DD') AS start
        FROM (SELECT partner_id, date_trunc('month', min(effective_at) AT TIME ZONE 'UTC') AS first
            FROM partner_terms GROUP BY partner_id) t
          CROSS JOIN LATERAL generate_series(
            greatest(t.first, (SELECT max(b.period_start) + interval '1 month' FROM billing_period b WHERE b.partner_id = t.partner_id)),
            date_trunc('month', ${at}::timestamptz AT TIME ZONE 'UTC') - interval '1 month',
            interval '1 month') AS m(start)
        WHERE NOT EXISTS (SELECT 1 FROM partner p WHERE p.id = t.partner_id AND p.plan_before IS NOT NULL
          AND p.plan_changed_at <= ${at}::timestamptz AND p.plan_changed_at > ${at}::timestamptz - interval '1 hour')
        ORDER BY m.start, t.partner_id LIMIT ${limit}`,
      );
    },

    /** `starts`: first days of months, oldest first. */
    async facts(partnerId: string, starts: readonly string[]): Promise<PartnerFacts | undefined> {
      const [facts] = await database.rows(PartnerFacts, FACTS(partnerId, starts));
      return facts;
    },

    /** Numbers of the documents that it issued; none when the month was closed before. @throws DatabaseRejected 40001: reckon anew */
    async close({ partnerId, start, atMs, units, billed, adjusted, documents }: Closing): Promise<string[]> {
      const rows = await database.rows(
        Issued,
        sql`
        SELECT number FROM close_billing_period(${partnerId}::uuid, ${start}::date, ${new Date(atMs).toISOString()}::timestamptz,
          ${units}::bigint, ${JSON.stringify(billed)}::jsonb, ${JSON.stringify(adjusted)}::jsonb,
          ${JSON.stringify(documents)}::jsonb)`,
      );
      return rows.map(({ number }) => number);
    },

    /** Marks days as closed, and tells of each whose units are not what was told before. */
    closeDay: (day: string): Promise<number> =>
      database.run(sql`
        WITH closed AS (
          UPDATE quota_usage SET closed_at = coalesce(closed_at, now()), told_units = units
          WHERE period_type = 'daily' AND period_start = ${day}::date AND environment = 'live'
            AND told_units IS DISTINCT FROM units
          RETURNING partner_id, period_start, requests_count, successful_requests, failed_requests, units)
        ${eventRow(
          'usage.daily',
          {
            day: sql`period_start`,
            calls: sql`requests_count`,
            successful: sql`successful_requests`,
            failed: sql`failed_requests`,
            units: sql`units`,
          },
          { from: sql`closed` },
        )}`),
  };
}

export type BillingStore = ReturnType<typeof createBillingStore>;

/** The JSON that `issue_invoice` takes. */
export function documentOf(
  draft: Draft,
  about: {
    id: string;
    partnerId: string;
    start: string;
    end: string;
    issuedMs: number;
    dueMs: number;
    seller: object;
    buyer: object;
  },
): object {
  return {
    id: about.id,
    kind: 'invoice',
    partner_id: about.partnerId,
    period_start: about.start,
    period_end: about.end,
    currency: draft.currency,
    subtotal_minor: draft.subtotalMinor,
    tax_bps: draft.taxBps,
    tax_minor: draft.taxMinor,
    total_minor: draft.totalMinor,
    status: 'open',
    issued_at: new Date(about.issuedMs).toISOString(),
    due_at: new Date(about.dueMs).toISOString(),
    seller: about.seller,
    buyer: about.buyer,
    lines: draft.lines.map((line) => ({
      kind: line.kind,
      tier: line.tier,
      app_id: line.appId,
      app_name: line.appName,
      from_at: new Date(line.fromMs).toISOString(),
      to_at: new Date(line.toMs).toISOString(),
      quantity: line.quantity,
      unit_price_minor: line.unitPriceMinor,
      amount_minor: line.amountMinor,
    })),
  };
}
