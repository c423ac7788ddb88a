// The audit trail. Rows are written by the statement that makes the change (`auditRow`); nothing else writes them.

import { type SQL, sql } from 'drizzle-orm';
import type { Database } from '../platform/database.ts';
import { json, number, type RowOf, row, text, time, uuid } from '../platform/row.ts';
import { objectOf } from '../platform/sql.ts';

/** Who did it, from where. */
export interface Actor {
  /** `developer:<sub>`, `operator:<sub>`, `key:<key id>`, `job:<name>` */
  name: string;
  ip: string | null;
  requestId: string | null;
}

export const AuditEntry = row('audit entry', {
  id: number,
  partnerId: uuid.nullable(),
  actor: text,
  action: text,
  target: json<Record<string, unknown>>(),
  details: json<Record<string, unknown>>(),
  ip: text.nullable(),
  requestId: text.nullable(),
  createdAt: time,
  hash: text,
  /** Address of the actor's account, where it has one. */
  email: text.nullable(),
  partner: text.nullable(),
  /** What it was done to, by the name that people know it by; null where nothing is left of it. */
  object: text.nullable(),
});
export type AuditEntry = RowOf<typeof AuditEntry>;

export interface AuditFilter {
  /** How the action begins: `key.`, `app.created`. */
  action?: string;
  /** Id of a key. */
  target?: string;
  /** The actor's address, its whole name, or its id. */
  who?: string;
  /** First and last day, `YYYY-MM-DD`, UTC. */
  from?: string;
  to?: string;
}

export const job = (name: string): Actor => ({ name: `job:${name}`, ip: null, requestId: null });

/** What may be done. Those of documents that Postgres functions issue are written there. */
export const AUDIT_ACTIONS = [
  'access_token.revoked',
  'account.deleted',
  'address.blocked',
  'address.unblocked',
  'alert.rule_changed',
  'api.published',
  'api.retired',
  'api.upstreams_changed',
  'app.archived',
  'app.changed',
  'app.created',
  'app.restored',
  'billing.changed',
  'config.applied',
  'dead_letter.replayed',
  'incident.opened',
  'incident.updated',
  'invitation.withdrawn',
  'invoice.paid',
  'invoice.voided',
  'key.changed',
  'key.created',
  'key.day_travelled',
  'key.limits_changed',
  'key.quarantined',
  'key.revoked',
  'key.rotated',
  'live_access.declined',
  'live_access.requested',
  'member.address_changed',
  'member.address_restored',
  'member.invited',
  'member.joined',
  'member.mails_changed',
  'member.removed',
  'member.role_changed',
  'partner.approved',
  'partner.changed',
  'partner.created',
  'partner.factor_changed',
  'partner.limits_changed',
  'partner.registered',
  'partner.reinstated',
  'partner.signatures_changed',
  'partner.suspended',
  'plan.change_cancelled',
  'plan.change_scheduled',
  'plan.change_undone',
  'plan.changed',
  'plan.created',
  'plan.edited',
  'policy.changed',
  'policy.installed',
  'policy.removed',
  'sandbox.reset',
  'token.created',
  'token.revoked',
  'webhook.changed',
  'webhook.created',
  'webhook.deleted',
  'webhook.disabled',
  'webhook.paused',
  'webhook.recovered',
  'webhook.replayed',
  'webhook.resumed',
  'webhook.secret_rotated',
  'webhook.tested',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/**
 * A CTE that writes the audit row for the rows of `from` (a CTE before it that has `partner_id`), and none when nothing
 * changed. Members of `target` and `details`: as they are, or expressions of those rows.
 */
export const auditRow = (
  actor: Actor,
  action: AuditAction,
  target: object,
  details: object = {},
  from: SQL = sql`changed`,
): SQL => sql`
  INSERT INTO dev_portal_audit (partner_id, actor, action, target, details, ip, request_id)
  SELECT partner_id, ${actor.name}, ${action}, ${objectOf(target)}, ${objectOf(details)}, ${actor.ip}, ${actor.requestId}
  FROM ${from}`;

/** Ids in a target are ours to write, and may have been typed by hand. */
const idOf = (name: string): SQL =>
  sql`CASE WHEN d.target->>${name} ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN (d.target->>${name})::uuid END`;

const OBJECT = sql`coalesce(
  (SELECT k.name FROM api_key k WHERE k.key_id = d.target->>'key_id'),
  (SELECT x.name FROM dev_apps x WHERE x.id = ${idOf('app_id')}),
  d.target->>'token', d.target->>'api', d.target->>'invoice', d.target->>'tier', d.target->>'rule',
  (SELECT e.url FROM webhook_endpoint e WHERE e.id = ${idOf('endpoint_id')}),
  (SELECT i.email FROM partner_invitation i WHERE i.id = ${idOf('invitation_id')}),
  (SELECT m.email FROM partner_member m WHERE m.partner_id = d.partner_id AND m.subject = d.target->>'subject'),
  (SELECT s.email FROM dev_accounts s WHERE s.id = d.target->>'subject'),
  (SELECT n.title_en FROM incident n WHERE n.id = ${idOf('incident_id')}),
  (SELECT b.range::text FROM address_block b WHERE b.id = ${idOf('block_id')}))`;

export function createAuditStore(database: Database) {
  return {
    /** For what changes no row of Postgres: the row by itself. */
    write: (
      partnerId: string | null,
      actor: Actor,
      action: AuditAction,
      target: Record<string, unknown>,
      details: object = {},
    ): Promise<unknown> =>
      database.run(sql`WITH changed AS (SELECT ${partnerId}::uuid AS partner_id)
        ${auditRow(actor, action, target, details)}`),
    /** Newest first. `before`: the id of the last one seen. */
    list: (
      partnerId: string | null,
      limit: number,
      before?: number,
      { action, target, who, from, to }: AuditFilter = {},
    ): Promise<AuditEntry[]> =>
      database.rows(
        AuditEntry,
        sql`
        SELECT d.id, partner_id AS "partnerId", actor, action, target, details, ip, request_id AS "requestId",
          d.created_at AS "createdAt", hash, a.email, (SELECT p.name FROM partner p WHERE p.id = d.partner_id) AS partner,
          ${OBJECT} AS object
        FROM dev_portal_audit d LEFT JOIN dev_accounts a ON a.id = split_part(d.actor, ':', 2)
        WHERE (${partnerId}::uuid IS NULL OR partner_id = ${partnerId}::uuid)
          AND (${before ?? null}::bigint IS NULL OR d.id < ${before ?? null}::bigint)
          AND (${action ?? null}::text IS NULL OR starts_with(action, ${action ?? null}::text))
          AND (${who ?? null}::text IS NULL OR ${who ?? null}::text IN (a.email, actor, split_part(actor, ':', 2)))
          AND (${from ?? null}::date IS NULL OR d.created_at >= ${from ?? null}::date::timestamp AT TIME ZONE 'UTC')
          AND (${to ?? null}::date IS NULL OR d.created_at < (${to ?? null}::date + 1)::timestamp AT TIME ZONE 'UTC')
          AND (${target ?? null}::text IS NULL OR target->>'key_id' = ${target ?? null}::text)
        ORDER BY d.id DESC LIMIT ${limit}`,
      ),
  };
}

export type AuditStore = ReturnType<typeof createAuditStore>;
