// Partners: making, approving, suspending, tier and limits. Every change is one transaction with its audit row, and is
// announced to the limiters of the partner and of its keys.

import { type SQL, sql } from 'drizzle-orm';
import { type Actor, type AuditAction, auditRow } from '../audit/audit-store.ts';
import type { Currency } from '../billing/amounts.ts';
import type { OriginService } from '../blocks/origin-service.ts';
import { AppError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import type { KeyDirectory } from '../keys/key-directory.ts';
import type { SignatureRule } from '../keys/signature.ts';
import type { LimiterClient } from '../limiter/limiter-client.ts';
import type { OverageAction } from '../limits/limit.ts';
import type { Notify, Recipient } from '../mail/notices.ts';
import { recipientsOf } from '../mail/recipients-store.ts';
import { eventRow } from '../outbox/event-store.ts';
import { type Database, isViolation } from '../platform/database.ts';
import { json, row, text } from '../platform/row.ts';
import { assignments, textArray } from '../platform/sql.ts';
import { createFactorDuty } from './factor-duty-service.ts';
import { createPartnerAnnouncements } from './partner-announcement-service.ts';
import { createPartnerViews, type PartnerStatus, type PartnerView } from './partner-view-store.ts';
import { createWorkspaces } from './workspace-service.ts';

export type { PartnerView } from './partner-view-store.ts';

const Tier = row('plan of everybody', { tier: text });
const Changed = row('changed status of a partner', { before: text, owners: json<Recipient[]>().nullable() });

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

/** The event of a change of status, where it is one that the partner hears of. */
function statusEvent(status: string, id: string, reason: string | null): SQL | undefined {
  if (status === 'active') return eventRow('partner.approved', { partner_id: id });
  if (status === 'suspended') return eventRow('partner.suspended', { partner_id: id, reason });
  return undefined;
}

/** By an operator, and so also beside the plan. */
const overageGiven = (action: OverageAction) =>
  sql`overage_action = ${action},
    granted_overage_actions = CASE WHEN overage_is_allowed(${action}, tier, '{}') THEN '{}' ELSE ARRAY[${action}] END`;

type PartnerReader = (id: string) => Promise<PartnerView>;

interface Ports {
  database: Database;
  directory: KeyDirectory;
  limiter: LimiterClient;
  origins: Pick<OriginService, 'publish'>;
  notify: Notify;
}

/** One transaction with its audit row, in force everywhere when it returns. */
function createWriter(
  { database, origins }: Ports,
  announce: (id: string) => Promise<void>,
  get: PartnerReader,
) {
  async function write(
    id: string,
    set: ReturnType<typeof sql>,
    actor: Actor,
    action: AuditAction,
    details: object,
    event: SQL = sql`SELECT 1`,
    /** Of the partner as it is, `b`: where it is not so, nothing is written. */
    when: SQL = sql`true`,
  ) {
    const [changed] = await database.rows(
      Changed,
      sql`
      WITH before AS (SELECT id, status FROM partner WHERE id = ${id}::uuid FOR UPDATE),
      changed AS (UPDATE partner p SET ${set}, updated_at = now() FROM before b WHERE p.id = b.id AND ${when}
        RETURNING p.id AS partner_id, b.status AS before),
      event AS (${event}),
      audit AS (${auditRow(actor, action, { partner_id: id }, details)})
      SELECT before, ${recipientsOf(sql`changed.partner_id`)} AS owners FROM changed`,
    );
    return changed;
  }

  /** What was written, in force everywhere. */
  async function published(id: string): Promise<PartnerView> {
    await announce(id);
    await origins.publish();
    return get(id);
  }

  async function update(...change: Parameters<typeof write>): Promise<PartnerView> {
    if (!(await write(...change))) throw new AppError('not_found', 'No such partner');
    return published(change[0]);
  }
  return { write, published, update };
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
  throw new AppError('validation_error', undefined, { details: [{ field: 'tier', message }] });
}

async function insertPartner(database: Database, wanted: NewPartner, actor: Actor): Promise<string> {
  await checkTier(database, wanted.tier);
  const id = newId();
  try {
    await database.run(sql`WITH changed AS (
        INSERT INTO partner (id, name, email, company, status, currency, tier, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month)
        SELECT ${id}::uuid, ${wanted.name}, ${wanted.email.toLowerCase()}, ${wanted.company ?? null}, ${wanted.status},
          ${wanted.currency ?? 'EUR'}, tier, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month
        FROM tier_config WHERE tier = ${wanted.tier} RETURNING id AS partner_id),
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
    create: async (wanted: NewPartner, actor: Actor): Promise<PartnerView> =>
      get(await insertPartner(database, wanted, actor)),

    change(
      id: string,
      change: { name?: string; company?: string | null; allowedOrigins?: string[] },
      actor: Actor,
    ): Promise<PartnerView> {
      const { name, company, allowedOrigins: origins } = change;
      const set = assignments({ name, company, allowed_origins: origins && textArray(origins) });
      return set ? update(id, set, actor, 'partner.changed', change) : get(id);
    },

    /**
     * active, suspended, sandbox_only, …: whoever is let in for the first time, or suspended, is told. A partner that is there
     * already stays as it is, and nobody is told. `origin`: of the portal.
     */
    async setStatus(id: string, status: PartnerStatus, reason: string | null, actor: Actor, origin: string) {
      const action = `partner.${status === 'active' ? 'approved' : status}` as const;
      const event = statusEvent(status, id, reason);
      const set = sql`status = ${status}, suspended_reason = ${status === 'suspended' ? reason : null}`;
      const differs = sql`b.status <> ${status}`;
      const changed = await write(id, set, actor, action, { reason }, event, differs);
      if (!changed) return get(id);
      const { before, owners } = changed;
      const partner = await published(id);
      if (status === 'suspended' && before !== 'suspended') {
        const about = { name: partner.name, path: '/portal', detail: reason ?? undefined, origin };
        await Promise.all((owners ?? []).map((owner) => notify(owner, 'suspended', about)));
      }
      if (status === 'active' && before !== 'active' && before !== 'suspended') {
        const about = { name: partner.name, path: '/portal', origin };
        await Promise.all((owners ?? []).map((owner) => notify(owner, 'approved', about)));
      }
      return partner;
    },

    /** The partner's own limits, which beat the tier's; `null` goes back to the tier's. */
    async setLimits(id: string, limits: PartnerLimitsChange | null, actor: Actor, reason?: string) {
      const { tier } = await get(id);
      const set = limits
        ? sql`rate_limit_per_second = ${limits.perSecond}, rate_limit_per_day = ${limits.perDay},
            rate_limit_per_month = ${limits.perMonth}, custom_limits = true,
            ${limits.overageAction ? overageGiven(limits.overageAction) : sql`overage_action = overage_action`}`
        : sql`custom_limits = false, ${overageGiven('block')},
            (rate_limit_per_second, rate_limit_per_day, rate_limit_per_month) =
              (SELECT t.rate_limit_per_second, t.rate_limit_per_day, t.rate_limit_per_month FROM tier_config t WHERE t.tier = ${tier})`;
      return update(id, set, actor, 'partner.limits_changed', { ...(limits ?? { limits: 'tier' }), reason });
    },

    /** `bound`: none of its keys may sign the body alone any more, in force at once. */
    setSignatureRule: (id: string, rule: SignatureRule, actor: Actor, reason?: string) =>
      update(id, sql`signature_rule = ${rule}`, actor, 'partner.signatures_changed', { rule, reason }),
  };
}

export type PartnerService = ReturnType<typeof createPartnerService>;
