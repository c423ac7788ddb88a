// Partners: making, approving, suspending, tier and limits. Every change is one transaction with its audit row, and is
// announced to the limiters of the partner and of its keys.

import { type SQL, sql } from 'drizzle-orm';
import { type Actor, type AuditAction, auditRow } from '../audit/audit-store.ts';
import type { OriginService } from '../blocks/origin-service.ts';
import { AppError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import type { KeyDirectory } from '../keys/key-directory.ts';
import { partnerObjectName } from '../keys/key-record.ts';
import type { Lookup } from '../keys/key-store.ts';
import type { SignatureRule } from '../keys/signature.ts';
import type { LimiterClient } from '../limiter/limiter-client.ts';
import type { OverageAction } from '../limits/limit.ts';
import type { Notify, Recipient } from '../mail/notices.ts';
import { recipientsOf } from '../mail/recipients-store.ts';
import { eventRow } from '../outbox/event-store.ts';
import { type Database, DatabaseRejected } from '../platform/database.ts';
import { json, number, row, text } from '../platform/row.ts';
import { PARTNER, type PartnerStatus, PartnerView } from './partner-view-store.ts';
import { createWorkspaces } from './workspace-service.ts';

export type { PartnerView } from './partner-view-store.ts';

const Tier = row('plan of everybody', { tier: text });
const Changed = row('changed status of a partner', { before: text, owners: json<Recipient[]>().nullable() });
const Waiting = row('partners that wait', { waiting: number });
const Announced = row('partner to announce', {
  version: number,
  /** Null where it has none. */
  keys: json<{ id: string; version: number; lookups: Lookup[] }[]>().nullable(),
});

export interface NewPartner {
  name: string;
  email: string;
  company?: string | null;
  tier: string;
  status: string;
}

export interface PartnerLimitsChange {
  perSecond: number;
  perDay: number;
  perMonth: number;
  overageAction?: OverageAction;
}

const VIEW = sql`SELECT ${PARTNER} FROM partner p`;

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

const UNIQUE_VIOLATION = '23505';
const MOST_ANNOUNCED = 1000;

export function createPartnerService(ports: {
  database: Database;
  directory: KeyDirectory;
  limiter: LimiterClient;
  origins: Pick<OriginService, 'publish'>;
  notify: Notify;
}) {
  const { database, directory, limiter, origins, notify } = ports;

  async function get(id: string): Promise<PartnerView> {
    const [partner] = await database.rows(PartnerView, sql`${VIEW} WHERE id = ${id}::uuid`);
    if (!partner) throw new AppError('not_found', 'No such partner');
    return partner;
  }

  /** Of a partner that is made: one that was made for a partner is not everybody's. */
  async function checkTier(tier: string): Promise<void> {
    const tiers = await database.rows(
      Tier,
      sql`SELECT tier FROM tier_config
      WHERE partner_id IS NULL ORDER BY price_cents, tier`,
    );
    if (tiers.some((each) => each.tier === tier)) return;
    const message = `Tiers are: ${tiers.map((each) => each.tier).join(', ')}`;
    throw new AppError('validation_error', undefined, { details: [{ field: 'tier', message }] });
  }

  /** The partner's own objects first: keys that draw from them learn of the change with their next lease. */
  async function announce(id: string): Promise<void> {
    const [partner] = await database.rows(
      Announced,
      sql`SELECT p.version, (SELECT jsonb_agg(recent) FROM (
            SELECT k.id, k.version, jsonb_build_array(jsonb_build_object('by', 'hash', 'value', k.key_hash),
              jsonb_build_object('by', 'key_id', 'value', k.key_id)) AS lookups
            FROM api_key k WHERE k.partner_id = p.id ORDER BY k.last_used_at DESC NULLS LAST LIMIT ${MOST_ANNOUNCED}) recent) AS keys
          FROM partner p WHERE p.id = ${id}`,
    );
    if (!partner) return;
    await Promise.all(
      ['live', 'test'].map((environment) =>
        limiter.announcePartner(partnerObjectName(id, environment), partner.version),
      ),
    );
    const keys = partner.keys ?? [];
    await directory.forget(keys.flatMap(({ lookups }) => lookups));
    await Promise.allSettled(
      keys.map((key) => limiter.announceKey(key.id, { key: key.version, partner: partner.version })),
    );
  }

  async function write(
    id: string,
    set: ReturnType<typeof sql>,
    actor: Actor,
    action: AuditAction,
    details: object,
    event: SQL = sql`SELECT 1`,
  ) {
    const [changed] = await database.rows(
      Changed,
      sql`
      WITH before AS (SELECT id, status FROM partner WHERE id = ${id}::uuid FOR UPDATE),
      changed AS (UPDATE partner p SET ${set}, updated_at = now() FROM before b WHERE p.id = b.id
        RETURNING p.id AS partner_id, b.status AS before),
      event AS (${event}),
      audit AS (${auditRow(actor, action, { partner_id: id }, details)})
      SELECT before, ${recipientsOf(sql`changed.partner_id`)} AS owners FROM changed`,
    );
    if (!changed) throw new AppError('not_found', 'No such partner');
    return changed;
  }

  /** What was written, in force everywhere. */
  async function published(id: string): Promise<PartnerView> {
    await announce(id);
    await origins.publish();
    return get(id);
  }

  async function update(...change: Parameters<typeof write>): Promise<PartnerView> {
    await write(...change);
    return published(change[0]);
  }

  return {
    get,
    announce,
    ...createWorkspaces(database),
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

    async create(wanted: NewPartner, actor: Actor): Promise<PartnerView> {
      await checkTier(wanted.tier);
      const id = newId();
      try {
        await database.run(sql`WITH changed AS (
            INSERT INTO partner (id, name, email, company, status, tier, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month)
            SELECT ${id}::uuid, ${wanted.name}, ${wanted.email.toLowerCase()}, ${wanted.company ?? null}, ${wanted.status}, tier,
              rate_limit_per_second, rate_limit_per_day, rate_limit_per_month
            FROM tier_config WHERE tier = ${wanted.tier} RETURNING id AS partner_id),
          audit AS (${auditRow(actor, 'partner.created', { partner_id: id }, { tier: wanted.tier, status: wanted.status })})
          SELECT * FROM changed`);
      } catch (error) {
        if (error instanceof DatabaseRejected && error.code === UNIQUE_VIOLATION) {
          throw new AppError('conflict', 'A partner with this e-mail exists');
        }
        throw error;
      }
      return get(id);
    },

    change: (
      id: string,
      change: { name?: string; company?: string | null; allowedOrigins?: string[] },
      actor: Actor,
    ) =>
      update(
        id,
        sql.join(
          [
            ...(change.name !== undefined ? [sql`name = ${change.name}`] : []),
            ...(change.company !== undefined ? [sql`company = ${change.company}`] : []),
            ...(change.allowedOrigins !== undefined
              ? [
                  sql`allowed_origins = (SELECT coalesce(array_agg(value), '{}') FROM jsonb_array_elements_text(${JSON.stringify(change.allowedOrigins)}::jsonb))`,
                ]
              : []),
            sql`last_active_at = last_active_at`,
          ],
          sql`, `,
        ),
        actor,
        'partner.changed',
        change,
      ),

    /** active, suspended, sandbox_only, …: whoever is let in for the first time is told. `origin`: of the portal. */
    async setStatus(id: string, status: PartnerStatus, reason: string | null, actor: Actor, origin: string) {
      const action = `partner.${status === 'active' ? 'approved' : status}` as const;
      const event = statusEvent(status, id, reason);
      const { before, owners } = await write(id, sql`status = ${status}`, actor, action, { reason }, event);
      const partner = await published(id);
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
