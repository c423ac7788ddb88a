// Members of a partner and invitations. Every change is one transaction with its audit row. A partner always has an owner:
// owners are locked in one order, so that two who change each other wait, and do not deadlock. An address has one invitation
// of a partner at most that is neither accepted nor withdrawn.

import { type SQL, sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import { sha256Hex, toBase64Url } from '../core/encoding.ts';
import { AppError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import type { MailBudget } from '../mail/mail-budget.ts';
import type { Notify } from '../mail/notices.ts';
import type { Allowances } from '../platform/allowances.ts';
import type { Database } from '../platform/database.ts';
import { command, type Query, query } from '../platform/query.ts';
import { boolean, oneOf, type RowOf, row, text, time, uuid } from '../platform/row.ts';
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
const InvitationView = row('invitation', { id: uuid, email: text, role, createdAt: time, expiresAt: time });
export type InvitationView = RowOf<typeof InvitationView>;
const FirstOwner = row('first owner', {
  email: text,
  language: text.nullable(),
  partner: text,
  joined: text,
});
const Approval = row('approval of a partner', { isApproved: boolean });
const Locked = row('locked partner', { status: text });
const Offer = row('what an invitation offers', { email: text, role, partner: text });
const OfferOfAddress = row('invitation of an address', { id: uuid, role, partner: text });
const Renewed = row('renewed invitation', { partner: text.notNull('every invitation has a partner') });
const Ownerless = row('partner without members', { id: uuid, name: text });
const Joined = row('member who joined', { partner_id: uuid, role });
const Outcome = row('outcome of a change of a member', { known: boolean, done: boolean });
const INVITATION_DAYS = 7;
const TOKEN_BYTES = 32;
const newToken = (): string => toBase64Url(crypto.getRandomValues(new Uint8Array(TOKEN_BYTES)));
const OPEN = sql`accepted_at IS NULL AND withdrawn_at IS NULL AND expires_at > now()`;
/** Of an invitation's partner. */
const MAY_GROW = sql`NOT EXISTS (SELECT 1 FROM partner WHERE id = partner_id AND status = 'suspended')`;
/** Who is let in, and by which invitation, is changed one after the other: the statements after this one see what was. */
const lockPartner = (partnerId: string | SQL) =>
  sql`SELECT status FROM partner WHERE id = ${partnerId} FOR NO KEY UPDATE`;

export function createMemberService(ports: {
  database: Database;
  allowances: Allowances;
  mayMail: MailBudget;
  notify: Notify;
}) {
  const { database, allowances, mayMail, notify } = ports;
  const lastOwner = () =>
    new AppError('conflict', 'A partner needs an owner: make someone else an owner first');

  /** The first owner hears of every other one, whoever let them in. */
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
  }

  const tooMany = (message: string) => new AppError('rate_limit_exceeded', message);

  /** @throws AppError when the partner has invited too many today, or too much was mailed to this address. */
  async function checkInvitation(partnerId: string, address: string): Promise<void> {
    if (!(await allowances.take('invitation', partnerId)))
      throw tooMany(
        'Your partner account has sent as many invitations as it may in a day. Try again tomorrow',
      );
    const [partner] = await database.rows(
      Approval,
      sql`SELECT status = 'active' AS "isApproved" FROM partner WHERE id = ${partnerId}`,
    );
    if (!(await mayMail(address, { partner: partnerId, isApproved: partner?.isApproved === true })))
      throw tooMany('Too many mails were sent to this address. Nothing was changed; try again in an hour');
  }

  /**
   * `change` is made to the invitation where its partner may grow.
   * @throws AppError partner_suspended: the invitation stays as it is
   */
  async function useInvitation<Row>(invited: SQL, change: Query<Row[]>): Promise<Row | undefined> {
    const [[partner], [changed]] = await database.batch(
      query(Locked, lockPartner(sql`(SELECT partner_id FROM partner_invitation WHERE ${invited})`)),
      change,
    );
    if (partner?.status === 'suspended') throw new AppError('partner_suspended');
    return changed;
  }

  return {
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

    invitations: (partnerId: string): Promise<InvitationView[]> =>
      database.rows(
        InvitationView,
        sql`
        SELECT id, email, role, created_at AS "createdAt", expires_at AS "expiresAt" FROM partner_invitation
        WHERE partner_id = ${partnerId} AND accepted_at IS NULL AND withdrawn_at IS NULL AND expires_at > now()
        ORDER BY id DESC LIMIT 100`,
      ),

    /** An earlier invitation of the same address ends. The token is in the answer and in the mail only. */
    async invite(
      partnerId: string,
      email: string,
      role: Role,
      actor: Actor,
    ): Promise<{ id: string; token: string }> {
      const token = newToken();
      const id = newId();
      const address = email.toLowerCase();
      await checkInvitation(partnerId, address);
      const [, , made] = await database.batch(
        command(lockPartner(partnerId)),
        command(sql`UPDATE partner_invitation SET withdrawn_at = now() WHERE partner_id = ${partnerId}
          AND email = ${address} AND accepted_at IS NULL AND withdrawn_at IS NULL`),
        command(sql`WITH changed AS (INSERT INTO partner_invitation (id, partner_id, email, role, token_hash, invited_by, expires_at)
            SELECT ${id}::uuid, ${partnerId}::uuid, ${address}, ${role}, ${await sha256Hex(token)}, ${actor.name},
              now() + make_interval(days => ${INVITATION_DAYS}::int)
            WHERE NOT EXISTS (SELECT 1 FROM partner_member WHERE partner_id = ${partnerId} AND lower(email) = ${address})
            RETURNING partner_id),
          audit AS (${auditRow(actor, 'member.invited', { invitation_id: id }, { email: address, role })})
        SELECT * FROM changed`),
      );
      if (made === 0) throw new AppError('conflict', 'This person is a member already');
      return { id, token };
    },

    async withdraw(partnerId: string, id: string, actor: Actor): Promise<void> {
      const changed = await database.run(sql`
        WITH changed AS (UPDATE partner_invitation SET withdrawn_at = now() WHERE id = ${id}::uuid
            AND partner_id = ${partnerId} AND accepted_at IS NULL AND withdrawn_at IS NULL RETURNING partner_id),
          audit AS (${auditRow(actor, 'invitation.withdrawn', { invitation_id: id })}) SELECT * FROM changed`);
      if (changed === 0) throw new AppError('not_found', 'No such invitation');
    },

    /** What an invitation's link leads to, while it is open. */
    async invitation(token: string): Promise<{ email: string; role: Role; partner: string } | undefined> {
      const [found] = await database.rows(
        Offer,
        sql`
        SELECT i.email, i.role, p.name AS partner FROM partner_invitation i JOIN partner p ON p.id = i.partner_id
        WHERE i.token_hash = ${await sha256Hex(token)} AND i.accepted_at IS NULL AND i.withdrawn_at IS NULL
          AND i.expires_at > now()`,
      );
      return found;
    },

    /** Open invitations of an address that its owner has verified: to be seen, not to be accepted by. */
    invitationsFor: (email: string): Promise<RowOf<typeof OfferOfAddress>[]> =>
      database.rows(
        OfferOfAddress,
        sql`
        SELECT i.id, i.role, p.name AS partner FROM partner_invitation i JOIN partner p ON p.id = i.partner_id
        WHERE i.email = ${email.toLowerCase()} AND ${OPEN} ORDER BY i.id DESC LIMIT 20`,
      ),

    /** A new token of an open invitation, for the mail to the address of whoever asks; the earlier link ends. */
    async renewInvitation(
      id: string,
      email: string,
    ): Promise<{ token: string; partner: string } | undefined> {
      const address = email.toLowerCase();
      if (!(await mayMail(address, 'owner')))
        throw tooMany('Too many mails were sent to your address. Try again in an hour');
      const token = newToken();
      const invited = sql`id = ${id}::uuid AND email = ${address} AND ${OPEN}`;
      const renewed = await useInvitation(
        invited,
        query(
          Renewed,
          sql`UPDATE partner_invitation SET token_hash = ${await sha256Hex(token)} WHERE ${invited} AND ${MAY_GROW}
          RETURNING (SELECT name FROM partner WHERE id = partner_id) AS partner`,
        ),
      );
      return renewed && { token, partner: renewed.partner };
    },

    /** The partner of this address that has no member yet and was invited by no open link. */
    async ownerless(email: string): Promise<{ id: string; name: string } | undefined> {
      const [partner] = await database.rows(
        Ownerless,
        sql`
        SELECT p.id, p.name FROM partner p WHERE lower(p.email) = ${email.toLowerCase()}
          AND NOT EXISTS (SELECT 1 FROM partner_member WHERE partner_id = p.id)
          AND NOT EXISTS (SELECT 1 FROM partner_invitation WHERE partner_id = p.id AND ${OPEN}) LIMIT 1`,
      );
      return partner;
    },

    /** Only by the token, which the mail carries; only the invited address, and once. */
    async accept(token: string, subject: string, email: string, actor: Actor): Promise<void> {
      const invited = sql`token_hash = ${await sha256Hex(token)} AND email = ${email.toLowerCase()} AND ${OPEN}`;
      const joined = await useInvitation(
        invited,
        query(
          Joined,
          sql`WITH accepted AS (UPDATE partner_invitation SET accepted_at = now() WHERE ${invited} AND ${MAY_GROW}
            RETURNING partner_id, role),
          changed AS (INSERT INTO partner_member (partner_id, subject, email, role)
            SELECT partner_id, ${subject}, ${email}, role FROM accepted
            ON CONFLICT (partner_id, subject) DO UPDATE SET chosen_at = now() RETURNING partner_id, role),
          audit AS (${auditRow(actor, 'member.joined', { subject }, { email })}) SELECT * FROM changed`,
        ),
      );
      if (!joined) throw new AppError('not_found', 'This invitation is not open, or is for another address');
      if (joined.role === 'owner') await tellFirstOwner(joined.partner_id, subject);
    },

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
    },
  };
}

export type MemberService = ReturnType<typeof createMemberService>;
