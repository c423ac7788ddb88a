// A partner as it is shown, to operators and to itself.

import { sql } from 'drizzle-orm';
import { PARTNER_ETAG } from '../audit/version-store.ts';
import { AppError } from '../core/errors.ts';
import { SIGNATURE_RULES } from '../keys/signature.ts';
import { OVERAGE_ACTIONS } from '../limits/limit.ts';
import type { Recipient } from '../mail/notices.ts';
import { recipientsOf } from '../mail/recipients-store.ts';
import type { Database } from '../platform/database.ts';
import { boolean, json, number, oneOf, type RowOf, row, text, texts, time, uuid } from '../platform/row.ts';

export const PARTNER_STATUSES = ['active', 'pending', 'sandbox_only', 'suspended', 'inactive'] as const;
export type PartnerStatus = (typeof PARTNER_STATUSES)[number];

export const PartnerView = row('partner', {
  id: uuid,
  name: text,
  email: text,
  company: text.nullable(),
  status: oneOf(PARTNER_STATUSES),
  tier: text,
  rate_limit_per_second: number,
  rate_limit_per_day: number,
  rate_limit_per_month: number,
  custom_limits: boolean,
  overage_action: oneOf(OVERAGE_ACTIONS),
  /** `bound`: signing keys must sign the whole request. */
  signature_rule: oneOf(SIGNATURE_RULES),
  allowed_origins: texts,
  api_version: text.nullable(),
  created_at: time,
  last_active_at: time.nullable(),
  /** Since when, and why, where it is suspended. */
  suspended_at: time.nullable(),
  suspended_reason: text.nullable(),
  /** Another whenever it was changed, or its terms were; not when it was merely seen. */
  etag: text.notNull('a hash of something is something'),
});
export type PartnerView = RowOf<typeof PartnerView>;

/** Its columns, of `partner p`. */
export const PARTNER = sql`p.id, p.name, p.email, p.company, p.status, p.tier, p.rate_limit_per_second, p.rate_limit_per_day,
  p.rate_limit_per_month, p.custom_limits, p.overage_action, p.signature_rule,
  coalesce(p.allowed_origins, '{}') AS allowed_origins, p.api_version::text AS api_version, p.created_at, p.last_active_at,
  p.suspended_at, p.suspended_reason, ${PARTNER_ETAG} AS etag`;

const VIEW = sql`SELECT ${PARTNER} FROM partner p`;

const Told = row('whom a partner is told by', { recipients: json<Recipient[]>().nullable() });

export function createPartnerViews(database: Database) {
  return {
    async get(id: string): Promise<PartnerView> {
      const [partner] = await database.rows(PartnerView, sql`${VIEW} WHERE id = ${id}::uuid`);
      if (!partner) throw new AppError('not_found', 'No such partner');
      return partner;
    },

    /** Whom its mails are for: its address and its owners. */
    async recipients(id: string): Promise<Recipient[]> {
      const [told] = await database.rows(Told, sql`SELECT ${recipientsOf(sql`${id}::uuid`)} AS recipients`);
      return told?.recipients ?? [];
    },

    /** Newest first. `before`: the id of the last one seen; `search`: part of name, e-mail or company. */
    list: (
      limit: number,
      before: string | undefined,
      search: string | undefined,
      status?: string,
    ): Promise<PartnerView[]> =>
      database.rows(
        PartnerView,
        sql`${VIEW}
        WHERE (${before ?? null}::uuid IS NULL OR (created_at, id) < (SELECT b.created_at, b.id FROM partner b WHERE b.id = ${before ?? null}::uuid))
          AND (${search ?? null}::text IS NULL OR strpos(lower(name || ' ' || email || ' ' || coalesce(company, '')), lower(${search ?? null})) > 0)
          AND (${status ?? null}::text IS NULL OR status = ${status ?? null}::text)
        ORDER BY created_at DESC, id DESC LIMIT ${limit}`,
      ),
  };
}
