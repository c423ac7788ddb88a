// Members of a partner. Every change is one transaction with its audit row. A partner always has an owner:
// owners are locked in one order, so that two who change each other wait, and do not deadlock. Their
// invitations are invitation-service.ts's.

import { sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import { AppError } from '../core/errors.ts';
import type { MailBudget } from '../mail/mail-budget.ts';
import type { Notify } from '../mail/notices.ts';
import type { Allowances } from '../platform/allowances.ts';
import type { Database } from '../platform/database.ts';
import { boolean, oneOf, type RowOf, row, text, time, uuid } from '../platform/row.ts';
import { createInvitationService } from './invitation-service.ts';
import { ROLES, type Role } from './permissions.ts';

const role = oneOf(ROLES);
const MemberView = row('member', {
  subject: text,
  email: text,
  name: text.nullable(),
  role,
  createdAt: time,
});
export type MemberView = RowOf<typeof MemberView>;
const FirstOwner = row('first owner', {
  email: text,
  language: text.nullable(),
  partner: text,
  joined: text,
});
const Found = row('member who was searched for', { partnerId: uuid, partner: text, email: text });
const Outcome = row('outcome of a change of a member', { known: boolean, done: boolean });

export type { InvitationView } from './invitation-store.ts';

interface Ports {
  database: Database;
  allowances: Allowances;
  mayMail: MailBudget;
  notify: Notify;
  /** What a member let programs do may have ended: tells the limiters. What is not told now, is told within a minute. */
  announce(): Promise<unknown>;
}

/** The first owner hears of every other one, whoever let them in. */
const createOwnerNotice = ({ database, notify }: Ports) =>
  async function tellFirstOwner(partnerId: string, subject: string): Promise<void> {
    const [first] = await database.rows(
      FirstOwner,
      sql`
      SELECT m.email, a.language, p.name AS partner, j.email AS joined FROM partner_member m
      JOIN partner p ON p.id = m.partner_id JOIN partner_member j ON j.partner_id = m.partner_id AND j.subject = ${subject}
      LEFT JOIN dev_accounts a ON a.id = m.subject
      WHERE m.partner_id = ${partnerId}::uuid AND m.role = 'owner' AND m.subject <> ${subject}
      ORDER BY m.created_at, m.subject LIMIT 1`,
    );
    if (first)
      await notify(first, 'ownerJoined', {
        name: first.partner,
        detail: first.joined,
        path: '/portal/members',
      });
  };

const createMemberViews = (database: Database) => ({
  async choose(subject: string, partnerId: string): Promise<void> {
    const chosen = await database.run(sql`
      UPDATE partner_member SET chosen_at = clock_timestamp() WHERE subject = ${subject} AND partner_id = ${partnerId}::uuid`);
    if (chosen === 0) throw new AppError('not_found', 'No such partner');
  },

  members: (partnerId: string): Promise<MemberView[]> =>
    database.rows(
      MemberView,
      sql`
      SELECT m.subject, m.email, a.name, m.role, m.created_at AS "createdAt" FROM partner_member m
      LEFT JOIN dev_accounts a ON a.id = m.subject WHERE m.partner_id = ${partnerId}
      ORDER BY m.created_at, m.subject LIMIT 500`,
    ),

  /** Of all partners, by a part of the address. */
  byAddress: (address: string, limit: number): Promise<RowOf<typeof Found>[]> =>
    database.rows(
      Found,
      sql`
      SELECT m.partner_id AS "partnerId", p.name AS partner, m.email FROM partner_member m JOIN partner p ON p.id = m.partner_id
      WHERE strpos(lower(m.email), lower(${address})) > 0 ORDER BY m.email, m.partner_id LIMIT ${limit}`,
    ),
});

export function createMemberService(ports: Ports) {
  const { database } = ports;
  const tellFirstOwner = createOwnerNotice(ports);
  const announceEnded = () => ports.announce().catch(() => undefined);
  const lastOwner = () =>
    new AppError('conflict', 'A partner needs an owner: make someone else an owner first');

  return {
    ...createInvitationService({ ...ports, tellFirstOwner }),
    ...createMemberViews(database),

    /** What one who is an owner no more has offered to others ends with it. */
    async setRole(partnerId: string, subject: string, role: Role, actor: Actor): Promise<void> {
      const [result] = await database.rows(
        Outcome,
        sql`
        WITH owners AS (SELECT subject FROM partner_member WHERE partner_id = ${partnerId} AND role = 'owner' ORDER BY subject FOR UPDATE),
          changed AS (UPDATE partner_member SET role = ${role} WHERE partner_id = ${partnerId} AND subject = ${subject}
            AND (${role} = 'owner' OR EXISTS (SELECT 1 FROM owners WHERE subject <> ${subject})) RETURNING partner_id),
          ended AS (UPDATE partner_invitation SET withdrawn_at = now() WHERE partner_id = ${partnerId}
            AND invited_by = ${`developer:${subject}`} AND accepted_at IS NULL AND withdrawn_at IS NULL AND ${role} <> 'owner' AND EXISTS (SELECT 1 FROM changed)),
          audit AS (${auditRow(actor, 'member.role_changed', { subject }, { role })})
        SELECT EXISTS (SELECT 1 FROM partner_member WHERE partner_id = ${partnerId} AND subject = ${subject}) AS known,
          EXISTS (SELECT 1 FROM changed) AS done`,
      );
      if (!result?.known) throw new AppError('not_found', 'No such member');
      if (!result.done) throw lastOwner();
      await announceEnded();
      if (role === 'owner') await tellFirstOwner(partnerId, subject);
    },

    /** Removes a member, or lets one leave. What the member was invited by, or has offered to others, ends with it. */
    async remove(partnerId: string, subject: string, actor: Actor): Promise<void> {
      const [result] = await database.rows(
        Outcome,
        sql`
        WITH owners AS (SELECT subject FROM partner_member WHERE partner_id = ${partnerId} AND role = 'owner' ORDER BY subject FOR UPDATE),
          changed AS (DELETE FROM partner_member WHERE partner_id = ${partnerId} AND subject = ${subject}
            AND EXISTS (SELECT 1 FROM owners WHERE subject <> ${subject}) RETURNING partner_id, lower(email) AS email),
          ended AS (UPDATE partner_invitation i SET withdrawn_at = now() FROM changed c WHERE i.partner_id = c.partner_id
            AND (i.invited_by = ${`developer:${subject}`} OR i.email = c.email) AND accepted_at IS NULL AND withdrawn_at IS NULL),
          audit AS (${auditRow(actor, 'member.removed', { subject })})
        SELECT EXISTS (SELECT 1 FROM partner_member WHERE partner_id = ${partnerId} AND subject = ${subject}) AS known,
          EXISTS (SELECT 1 FROM changed) AS done`,
      );
      if (!result?.known) throw new AppError('not_found', 'No such member');
      if (!result.done) throw lastOwner();
      await announceEnded();
    },
  };
}

export type MemberService = ReturnType<typeof createMemberService>;
