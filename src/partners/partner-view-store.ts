// A partner as it is shown, to operators and to itself.

import { sql } from 'drizzle-orm';
import { SIGNATURE_RULES } from '../keys/signature.ts';
import { OVERAGE_ACTIONS } from '../limits/limit.ts';
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
});
export type PartnerView = RowOf<typeof PartnerView>;

/** Its columns, of `partner p`. */
export const PARTNER = sql`p.id, p.name, p.email, p.company, p.status, p.tier, p.rate_limit_per_second, p.rate_limit_per_day,
  p.rate_limit_per_month, p.custom_limits, p.overage_action, p.signature_rule,
  coalesce(p.allowed_origins, '{}') AS allowed_origins, p.created_at, p.last_active_at`;
