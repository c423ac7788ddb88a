// Invoices and credit notes as they are read.

import { sql } from 'drizzle-orm';
import { AppError } from '../core/errors.ts';
import type { Database } from '../platform/database.ts';
import { json, number, oneOf, type RowOf, row, text, time, uuid } from '../platform/row.ts';

export interface InvoiceLine {
  position: number;
  kind: 'plan' | 'overage' | 'adjustment' | 'credit';
  tier: string | null;
  app_id: string | null;
  app_name: string | null;
  from_at: string;
  to_at: string;
  quantity: number;
  unit_price_minor: number | null;
  amount_minor: number;
  note: string | null;
}

/** RFC 3339; it ends where the next begins. */
export interface Stretch {
  from_at: string;
  to_at: string;
}

export interface Party {
  name: string;
  company?: string | null;
  email?: string | null;
  address?: string | null;
  tax_id?: string | null;
}

const InvoiceSummary = row('invoice in a list', {
  id: uuid,
  number: text,
  kind: oneOf(['invoice', 'credit_note']),
  partner_id: uuid,
  partner: text,
  period_start: text,
  period_end: text,
  currency: text,
  subtotal_minor: number,
  tax_bps: number,
  tax_minor: number,
  total_minor: number,
  /** What credit notes took back of it, as a positive amount. */
  credited_minor: number,
  /** The same before tax. */
  credited_net_minor: number,
  status: oneOf(['open', 'paid', 'void']),
  issued_at: time,
  due_at: time,
  settled_at: time.nullable(),
  /** Whole days since an invoice that is open was due; null when it is not overdue. */
  overdue_days: number.nullable(),
  /** Credit notes: the number of the invoice that they take back from. */
  credits: text.nullable(),
  reason: text.nullable(),
});
export type InvoiceSummary = RowOf<typeof InvoiceSummary>;

const Invoice = row('invoice', {
  ...InvoiceSummary.columns,
  seller: json<Party>(),
  buyer: json<Party>(),
  lines: json<InvoiceLine[]>().notNull('no document is without a line'),
  /** Of its period: when the account had no live access, and nothing was asked for. Empty for credit notes. */
  not_billed: json<Stretch[]>().notNull('none is an empty list'),
});
export type Invoice = RowOf<typeof Invoice>;
const Spend = row('spend of a month', { month: text, currency: text, minor: number });

const Ageing = row('ageing of overdue invoices', {
  currency: text,
  invoices: number,
  up_to_30: number.nullable(),
  up_to_60: number.nullable(),
  up_to_90: number.nullable(),
  over_90: number.nullable(),
  total: number.notNull('a group has a row'),
});
export type Ageing = RowOf<typeof Ageing>;

export interface InvoiceFilter {
  partnerId?: string;
  /** One of the states, or `overdue`. */
  status?: string;
  search?: string;
}

/** Of `invoice i`. */
const IS_OVERDUE = sql`i.kind = 'invoice' AND i.status = 'open' AND i.due_at < now()`;
const OVERDUE_DAYS = sql`CASE WHEN ${IS_OVERDUE} THEN floor(extract(epoch FROM now() - i.due_at) / 86400)::int END`;

const SUMMARY = sql`
  SELECT i.id, i.number, i.kind, i.partner_id, p.name AS partner, i.period_start::text, i.period_end::text, i.currency,
    i.subtotal_minor, i.tax_bps, i.tax_minor, i.total_minor, i.status, i.issued_at, i.due_at, i.settled_at, i.reason,
    ${OVERDUE_DAYS} AS overdue_days,
    (SELECT coalesce(-sum(c.total_minor), 0) FROM invoice c WHERE c.credits_id = i.id) AS credited_minor,
    (SELECT coalesce(-sum(c.subtotal_minor), 0) FROM invoice c WHERE c.credits_id = i.id) AS credited_net_minor,
    (SELECT o.number FROM invoice o WHERE o.id = i.credits_id) AS credits
  FROM invoice i JOIN partner p ON p.id = i.partner_id`;

/** Of `invoice i`: stretches of its period in which its partner was not billed; neighbours are one. */
const NOT_BILLED = sql`
  (SELECT coalesce(jsonb_agg(jsonb_build_object('from_at', lower(stretch), 'to_at', upper(stretch)) ORDER BY stretch), '[]')
    FROM (SELECT unnest(range_agg(tstzrange(t.effective_at, t.ends_at) * period.whole)) AS stretch
      FROM (SELECT tstzrange(i.period_start::timestamp AT TIME ZONE 'UTC', (i.period_end + 1)::timestamp AT TIME ZONE 'UTC') AS whole) period,
        (SELECT effective_at, lead(effective_at) OVER (ORDER BY effective_at) AS ends_at, is_billed
          FROM partner_terms WHERE partner_id = i.partner_id) t
      WHERE NOT t.is_billed AND i.kind = 'invoice') stretches)`;

export function createInvoiceViews(database: Database) {
  return {
    /** `partnerId` null: any partner's. */
    async get(partnerId: string | null, id: string): Promise<Invoice> {
      const [invoice] = await database.rows(
        Invoice,
        sql`
        SELECT s.*, i.seller, i.buyer, (SELECT jsonb_agg(to_jsonb(l) - 'invoice_id' ORDER BY l.position)
          FROM invoice_line l WHERE l.invoice_id = s.id) AS lines, ${NOT_BILLED} AS not_billed
        FROM (${SUMMARY} WHERE i.id = ${id}::uuid AND (${partnerId}::uuid IS NULL OR i.partner_id = ${partnerId}::uuid)) s
        JOIN invoice i ON i.id = s.id`,
      );
      if (!invoice) throw new AppError('not_found', 'No such invoice');
      return invoice;
    },

    /** Newest first. `before`: the id of the last one seen. */
    list: (limit: number, before: string | undefined, filter: InvoiceFilter): Promise<InvoiceSummary[]> =>
      database.rows(
        InvoiceSummary,
        sql`${SUMMARY}
        WHERE (${filter.partnerId ?? null}::uuid IS NULL OR i.partner_id = ${filter.partnerId ?? null}::uuid)
          AND (${filter.status ?? null}::text IS NULL OR i.status = ${filter.status ?? null}::text
            OR ${filter.status ?? null}::text = 'overdue' AND ${IS_OVERDUE})
          AND (${filter.search ?? null}::text IS NULL OR strpos(lower(i.number || ' ' || p.name), lower(${filter.search ?? null})) > 0)
          AND (${before ?? null}::uuid IS NULL OR (i.issued_at, i.id) <
            (SELECT b.issued_at, b.id FROM invoice b WHERE b.id = ${before ?? null}::uuid))
        ORDER BY i.issued_at DESC, i.id DESC LIMIT ${limit}`,
      ),

    /** What is owed of invoices that are overdue, by currency and age. */
    ageing: (): Promise<Ageing[]> =>
      database.rows(
        Ageing,
        sql`
        SELECT currency, count(*) AS invoices, sum(owed) FILTER (WHERE days <= 30) AS up_to_30,
          sum(owed) FILTER (WHERE days > 30 AND days <= 60) AS up_to_60,
          sum(owed) FILTER (WHERE days > 60 AND days <= 90) AS up_to_90, sum(owed) FILTER (WHERE days > 90) AS over_90,
          sum(owed) AS total
        FROM (SELECT i.currency, ${OVERDUE_DAYS} AS days, i.total_minor + (SELECT coalesce(sum(c.total_minor), 0)
            FROM invoice c WHERE c.credits_id = i.id) AS owed FROM invoice i WHERE ${IS_OVERDUE}) o
        GROUP BY currency ORDER BY currency`,
      ),

    /** Net amounts by month and currency, oldest first: what was spent over time. */
    spend: (partnerId: string, months: number): Promise<RowOf<typeof Spend>[]> =>
      database.rows(
        Spend,
        sql`
        SELECT to_char(i.period_start, 'YYYY-MM') AS month, i.currency, sum(i.subtotal_minor) AS minor FROM invoice i
        WHERE i.partner_id = ${partnerId}::uuid AND i.status <> 'void'
          AND i.period_start >= date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => ${months}::int)
        GROUP BY 1, 2 ORDER BY 1, 2`,
      ),
  };
}

export type InvoiceViews = ReturnType<typeof createInvoiceViews>;
