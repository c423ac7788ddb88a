// A partner as it is shown, to operators and to itself.

import { sql } from 'drizzle-orm';
import { AppError } from '../core/errors.ts';
import { SIGNATURE_RULES } from '../keys/signature.ts';
import { OVERAGE_ACTIONS } from '../limits/limit.ts';
import type { Database } from '../platform/database.ts';
import { boolean, number, oneOf, type RowOf, row, text, texts, time, uuid } from '../platform/row.ts';

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
  created_at: time,
  last_active_at: time.nullable(),
  /** Since when, and why, where it is suspended. */
  suspended_at: time.nullable(),
  suspended_reason: text.nullable(),
});
export type PartnerView = RowOf<typeof PartnerView>;

/** Its columns, of `partner p`. */
export const PARTNER = sql`p.id, p.name, p.email, p.company, p.status, p.tier, p.rate_limit_per_second, p.rate_limit_per_day,
  p.rate_limit_per_month, p.custom_limits, p.overage_action, p.signature_rule,
  coalesce(p.allowed_origins, '{}') AS allowed_origins, p.created_at, p.last_active_at,
  p.suspended_at, p.suspended_reason`;

const VIEW = sql`SELECT ${PARTNER} FROM partner p`;

const Waiting = row('partners that wait', { waiting: number });

export function createPartnerViews(database: Database) {
  return {
    async get(id: string): Promise<PartnerView> {
      const [partner] = await database.rows(PartnerView, sql`${VIEW} WHERE id = ${id}::uuid`);
      if (!partner) throw new AppError('not_found', 'No such partner');
      return partner;
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

    /** Partners that wait for approval. */
    async waiting(): Promise<number> {
      const [partners] = await database.rows(
        Waiting,
        sql`SELECT count(*) AS waiting FROM partner WHERE status IN ('sandbox_only', 'pending')`,
      );
      return partners?.waiting ?? 0;
    },
  };
}
