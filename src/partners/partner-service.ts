// Partners: making, access, tier and limits.

import { type SQL, sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import type { Expected } from '../audit/version-store.ts';
import type { Currency } from '../billing/amounts.ts';
import type { OriginService } from '../blocks/origin-service.ts';
import { AppError, invalid } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import type { KeyDirectory } from '../keys/key-directory.ts';
import type { SignatureRule } from '../keys/signature.ts';
import type { LimiterClient } from '../limiter/limiter-client.ts';
import type { OverageAction } from '../limits/limit.ts';
import type { Notify } from '../mail/notices.ts';
import { type Database, isViolation } from '../platform/database.ts';
import { row, text } from '../platform/row.ts';
import { assignments, textArray } from '../platform/sql.ts';
import { createAccessChanges } from './access-service.ts';
import { createFactorDuty } from './factor-duty-service.ts';
import { createPartnerAnnouncements } from './partner-announcement-service.ts';
import { createPartnerViews, type PartnerView } from './partner-view-store.ts';
import { createWriter } from './partner-write-store.ts';
import { createWorkspaces } from './workspace-service.ts';

export type { PartnerView } from './partner-view-store.ts';

const Tier = row('plan of everybody', { tier: text });

export interface NewPartner {
  name: string;
  email: string;
  company?: string | null;
  tier: string;
  status: string;
  currency?: Currency;
}

export interface PartnerLimitsChange {
  perSecond: number;
  perDay: number;
  perMonth: number;
  overageAction?: OverageAction;
}

/** By an operator, and so also beside the plan: `tier`, which is the partner's unless the same statement changes it. */
export const overageGiven = (action: OverageAction, tier = sql`tier`) =>
  sql`overage_action = ${action},
    granted_overage_actions = CASE WHEN overage_is_allowed(${action}, ${tier}, '{}') THEN '{}' ELSE ARRAY[${action}] END`;

interface Ports {
  database: Database;
  directory: KeyDirectory;
  limiter: LimiterClient;
  origins: Pick<OriginService, 'publish'>;
  notify: Notify;
}

/** Of a partner that is made: one that was made for a partner is not everybody's. */
async function checkTier(database: Database, tier: string): Promise<void> {
  const tiers = await database.rows(
    Tier,
    sql`SELECT tier FROM tier_config
    WHERE partner_id IS NULL ORDER BY price_cents, tier`,
  );
  if (tiers.some((each) => each.tier === tier)) return;
  const message = `Tiers are: ${tiers.map((each) => each.tier).join(', ')}`;
  throw invalid('tier', message);
}

/** A CTE: `changed` has the partner, where there is such a plan. */
export const partnerInsertion = (id: string, wanted: NewPartner): SQL => sql`
  changed AS (INSERT INTO partner (id, name, email, company, status, currency, tier, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month)
    SELECT ${id}::uuid, ${wanted.name}, ${wanted.email.toLowerCase()}, ${wanted.company ?? null}, ${wanted.status},
      ${wanted.currency ?? 'EUR'}, tier, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month
    FROM tier_config WHERE tier = ${wanted.tier} RETURNING id AS partner_id)`;

/** Assignments of a partner: its own limits, which beat the plan's; or the plan's again. */
export const ownLimits = ({ perSecond, perDay, perMonth }: Omit<PartnerLimitsChange, 'overageAction'>): SQL =>
  sql`rate_limit_per_second = ${perSecond}, rate_limit_per_day = ${perDay}, rate_limit_per_month = ${perMonth}, custom_limits = true`;
export const limitsOfPlan = (tier: SQL): SQL => sql`custom_limits = false,
  (rate_limit_per_second, rate_limit_per_day, rate_limit_per_month) =
    (SELECT t.rate_limit_per_second, t.rate_limit_per_day, t.rate_limit_per_month FROM tier_config t WHERE t.tier = ${tier})`;

async function insertPartner(database: Database, wanted: NewPartner, actor: Actor): Promise<string> {
  await checkTier(database, wanted.tier);
  const id = newId();
  try {
    await database.run(sql`WITH ${partnerInsertion(id, wanted)},
      audit AS (${auditRow(actor, 'partner.created', { partner_id: id }, { tier: wanted.tier, status: wanted.status })})
      SELECT * FROM changed`);
  } catch (error) {
    if (isViolation(error, 'unique')) {
      throw new AppError('conflict', 'A partner with this e-mail exists');
    }
    if (isViolation(error, 'check'))
      throw new AppError('conflict', 'This plan has no price in this currency');
    throw error;
  }
  return id;
}

interface PartnerChange {
  name?: string;
  company?: string | null;
  allowedOrigins?: string[];
  /** Day of the version of dated APIs that it is pinned to; null: that of when it came. */
  apiVersion?: string | null;
}

export function createPartnerService(ports: Ports) {
  const { database, notify } = ports;
  const views = createPartnerViews(database);
  const { get } = views;
  const announce = createPartnerAnnouncements(ports);
  const { write, published, update } = createWriter(ports, announce, get);

  return {
    ...views,
    announce,
    ...createWorkspaces(database),
    ...createFactorDuty(ports),
    ...createAccessChanges({ write, published, get, notify }),
    create: async (wanted: NewPartner, actor: Actor): Promise<PartnerView> =>
      get(await insertPartner(database, wanted, actor)),

    change(id: string, change: PartnerChange, actor: Actor, expected?: Expected): Promise<PartnerView> {
      const { name, company, allowedOrigins: origins, apiVersion: pin } = change;
      const set = assignments({
        name,
        company,
        allowed_origins: origins && textArray(origins),
        api_version: pin === undefined ? undefined : sql`${pin}::date`,
      });
      return set ? update(id, set, actor, 'partner.changed', change, expected) : get(id);
    },

    /** The partner's own limits, which beat the tier's; `null` goes back to the tier's. */
    async setLimits(
      id: string,
      limits: PartnerLimitsChange | null,
      actor: Actor,
      { reason, expected }: { reason?: string; expected?: Expected } = {},
    ) {
      const { tier } = await get(id);
      const set = limits
        ? sql`${ownLimits(limits)},
            ${limits.overageAction ? overageGiven(limits.overageAction) : sql`overage_action = overage_action`}`
        : sql`${overageGiven('block')}, ${limitsOfPlan(sql`${tier}`)}`;
      const details = { ...(limits ?? { limits: 'tier' }), reason };
      return update(id, set, actor, 'partner.limits_changed', details, expected);
    },

    /** `bound`: none of its keys may sign the body alone any more, in force at once. */
    setSignatureRule: (
      id: string,
      rule: SignatureRule,
      actor: Actor,
      { reason, expected }: { reason?: string; expected?: Expected } = {},
    ) => {
      const set = sql`signature_rule = ${rule}`;
      return update(id, set, actor, 'partner.signatures_changed', { rule, reason }, expected);
    },
  };
}

export type PartnerService = ReturnType<typeof createPartnerService>;
