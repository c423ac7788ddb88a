// What a person works for: the partner chosen last, the role there, and all others.

import { sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import { AppError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { OVERAGE_ACTIONS, type OverageAction } from '../limits/limit.ts';
import type { Database } from '../platform/database.ts';
import { boolean, json, number, oneOf, row, text } from '../platform/row.ts';
import { PARTNER, PartnerView } from './partner-view-store.ts';
import { ROLES, type Role } from './permissions.ts';

export interface Membership {
  partnerId: string;
  name: string;
  role: Role;
}

export interface Attention {
  /** Open ones. */
  alerts: number;
  /** Webhook endpoints that fail, or were switched off because they did. */
  endpoints: number;
}

export interface Workspace {
  partner: PartnerView;
  role: Role;
  /** The member: an account's id, or issuer and `sub` of a token (src/accounts/subject.ts). */
  subject: string;
  /** All partners of this person, by name. */
  partners: Membership[];
  /** For its limiter: the version of the partner's record, and what happens beyond the quota. */
  version: number;
  overageInForce: OverageAction;
  /** Its members act in sessions that have shown a second factor. */
  requiresFactor: boolean;
  /** This member's account has one. */
  hasFactor: boolean;
  /** What is wrong now. */
  attention: Attention;
}

const WorkspaceRow = row('workspace', {
  ...PartnerView.columns,
  version: number,
  role: oneOf(ROLES),
  subject: text,
  requiresFactor: boolean,
  hasFactor: boolean.notNull('EXISTS'),
  overageInForce: oneOf(OVERAGE_ACTIONS).notNull('overage_in_force() of a partner is never null'),
  attention: json<Attention>().notNull('two counts'),
  partners: json<Membership[]>().notNull('this membership is one of them'),
});

export function createWorkspaces(database: Database) {
  /** `partnerId`: for which partner, where it is not the one chosen last. */
  async function workspace(subject: string, partnerId?: string): Promise<Workspace | undefined> {
    const [found] = await database.rows(
      WorkspaceRow,
      sql`
      SELECT ${PARTNER}, p.version, m.role, m.subject, p.requires_factor AS "requiresFactor",
        EXISTS (SELECT 1 FROM dev_accounts a WHERE a.id = m.subject AND a.two_factor_enabled) AS "hasFactor",
        overage_in_force(p.overage_action, plan_price(t, p.currency, 'overage_per_1000')) AS "overageInForce",
        jsonb_build_object(
          'alerts', (SELECT count(*) FROM alert_episode e WHERE e.owner = p.id::text AND e.resolved_at IS NULL),
          'endpoints', (SELECT count(*) FROM webhook_endpoint e WHERE e.partner_id = p.id AND e.deleted_at IS NULL
            AND (e.state = 'disabled' OR e.state = 'active' AND e.failing_since IS NOT NULL))) AS attention,
        (SELECT jsonb_agg(jsonb_build_object('partnerId', o.partner_id, 'name', q.name, 'role', o.role) ORDER BY q.name, q.id)
          FROM partner_member o JOIN partner q ON q.id = o.partner_id WHERE o.subject = m.subject) AS partners
      FROM partner_member m JOIN partner p ON p.id = m.partner_id JOIN tier_config t ON t.tier = p.tier
      WHERE m.subject IN (${subject}, (SELECT c.account_id FROM dev_credential c WHERE c.provider_id || '|' || c.subject = ${subject}))
        AND (${partnerId ?? null}::uuid IS NULL OR m.partner_id = ${partnerId ?? null}::uuid)
      ORDER BY m.chosen_at DESC, p.id LIMIT 1`,
    );
    if (!found) return undefined;
    const { role, partners, version, requiresFactor, hasFactor, overageInForce, attention, ...rest } = found;
    const { subject: member, ...partner } = rest;
    return {
      partner,
      role,
      partners,
      version,
      requiresFactor,
      hasFactor,
      overageInForce,
      attention,
      subject: member,
    };
  }

  return {
    workspace,

    /**
     * The workspace of a developer; a new developer gets a sandbox-only partner of its own. undefined: another partner
     * has the address. `isNew`: this call made it, and no other did.
     */
    async ofDeveloper(
      subject: string,
      email: string | undefined,
      actor: Actor,
      name = email,
    ): Promise<(Workspace & { isNew: boolean }) | undefined> {
      const known = await workspace(subject);
      if (known) return { ...known, isNew: false };
      if (!email) throw new AppError('forbidden', 'The token carries no e-mail address to register with');
      const id = newId();
      const made = await database.run(sql`
        WITH owner AS (
          INSERT INTO partner (id, name, email, status, tier, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month)
          SELECT ${id}::uuid, ${name}, ${email}, 'sandbox_only', tier, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month
          FROM tier_config WHERE tier = 'free' AND NOT EXISTS (SELECT 1 FROM partner_member WHERE subject = ${subject})
          ON CONFLICT DO NOTHING RETURNING id),
        changed AS (
          INSERT INTO partner_member (partner_id, subject, email, role) SELECT id, ${subject}, ${email}, 'owner' FROM owner
          RETURNING partner_id),
        audit AS (${auditRow(actor, 'partner.registered', { partner_id: id })})
        SELECT * FROM changed`);
      // Nothing was made where another partner has this address, or this developer was registered a moment ago.
      const own = await workspace(subject);
      return own && { ...own, isNew: made > 0 };
    },
  };
}
