// Billing handed on: final documents and daily usage as CloudEvents 1.0 (JSON batch), with ids that say what they are
// of, so that taking the same export twice changes nothing.

import { sql } from 'drizzle-orm';
import type { Database } from '../platform/database.ts';
import { json, type RowOf, row, text, time, uuid } from '../platform/row.ts';

export interface CloudEvent {
  specversion: '1.0';
  id: string;
  source: string;
  type: string;
  subject: string;
  time: string;
  datacontenttype: 'application/json';
  data: Record<string, unknown>;
}

const Document = row('document to export', {
  id: uuid,
  type: text,
  subject: uuid,
  time,
  data: json<Record<string, unknown>>(),
});
const Day = row('day to export', {
  ...Document.columns,
  id: text,
  time: time.notNull('told units are those of a closed day'),
});

export function createExportStore(database: Database, source: string) {
  const toEvent = (event: RowOf<typeof Document>): CloudEvent => ({
    specversion: '1.0',
    id: event.id,
    source,
    type: `passerelle.${event.type}`,
    subject: event.subject,
    time: event.time,
    datacontenttype: 'application/json',
    data: event.data,
  });
  return {
    /** Documents issued from `from` on, before `to` (RFC 3339), oldest first. `after`: the id of the last one taken. */
    async documents(from: string, to: string, limit: number, after?: string): Promise<CloudEvent[]> {
      const rows = await database.rows(
        Document,
        sql`
        SELECT i.id, CASE i.kind WHEN 'credit_note' THEN 'credit_note.issued' ELSE 'invoice.finalised' END AS type,
          i.partner_id AS subject, i.issued_at AS time, to_jsonb(i) - '{status,settled_at,idempotency_key}'::text[] || jsonb_build_object('lines',
            (SELECT jsonb_agg(to_jsonb(l) - 'invoice_id' ORDER BY l.position) FROM invoice_line l WHERE l.invoice_id = i.id)) AS data
        FROM invoice i WHERE i.issued_at >= ${from}::timestamptz AND i.issued_at < ${to}::timestamptz
          AND (${after ?? null}::uuid IS NULL OR (i.issued_at, i.id) > (SELECT b.issued_at, b.id FROM invoice b WHERE b.id = ${after ?? null}::uuid))
        ORDER BY i.issued_at, i.id LIMIT ${limit}`,
      );
      return rows.map(toEvent);
    },
    /** Closed days of partners. A day that late calls changed has another id, with its new total. */
    async usage(from: string, to: string, limit: number, after?: string): Promise<CloudEvent[]> {
      const rows = await database.rows(
        Day,
        sql`
        SELECT format('usage:%s:%s:%s', q.partner_id, q.period_start, q.told_units) AS id, 'usage.daily' AS type,
          q.partner_id AS subject, q.closed_at AS time, jsonb_build_object('partner_id', q.partner_id, 'day', q.period_start,
            'calls', q.requests_count, 'successful', q.successful_requests, 'failed', q.failed_requests, 'units', q.told_units,
            'apps', (SELECT coalesce(jsonb_agg(a ORDER BY a.app_id), '[]') FROM (SELECT r.app_id, sum(r.units) AS units
              FROM api_usage_rollups_day r WHERE r.partner_id = q.partner_id AND r.environment = 'live' AND r.day = q.period_start
              GROUP BY r.app_id) a)) AS data
        FROM quota_usage q WHERE q.environment = 'live' AND q.period_type = 'daily' AND q.told_units IS NOT NULL
          AND q.period_start >= ${from}::timestamptz::date AND q.period_start < ${to}::timestamptz::date
          AND (${after ?? null}::text IS NULL OR (q.period_start, q.partner_id::text) >
            (split_part(${after ?? null}::text, ':', 3)::date, split_part(${after ?? null}::text, ':', 2)))
        ORDER BY q.period_start, q.partner_id::text LIMIT ${limit}`,
      );
      return rows.map(toEvent);
    },
  };
}

export type ExportStore = ReturnType<typeof createExportStore>;
