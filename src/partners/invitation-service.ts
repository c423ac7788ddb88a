// Invitations: made, renewed, withdrawn, accepted. An address has one of a partner at most that is neither accepted nor
// withdrawn; its token is in the answer and in the mail only.

import { type SQL, sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import { sha256Hex, toBase64Url } from '../core/encoding.ts';
import { AppError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import type { MailLanguage } from '../mail/letter.ts';
import type { MailBudget } from '../mail/mail-budget.ts';
import type { Allowances } from '../platform/allowances.ts';
import type { Database } from '../platform/database.ts';
import { command, type Query, query } from '../platform/query.ts';
import { boolean, oneOf, row, text, uuid } from '../platform/row.ts';
import { createInvitationViews, OPEN } from './invitation-store.ts';
import { ROLES, type Role } from './permissions.ts';

const Approval = row('approval of a partner', { isApproved: boolean });
const Locked = row('locked partner', { status: text });
const Invited = row('invited address', { language: oneOf(['en', 'fr']).nullable() });
const Renewed = row('renewed invitation', { partner: text.notNull('every invitation has a partner') });
const Joined = row('member who joined', { partner_id: uuid, role: oneOf(ROLES) });

const Entered = row('partner that was entered', { partner_id: uuid });

const INVITATION_DAYS = 7;
const TOKEN_BYTES = 32;
const newToken = (): string => toBase64Url(crypto.getRandomValues(new Uint8Array(TOKEN_BYTES)));
/** Of an invitation's partner. */
const MAY_GROW = sql`NOT EXISTS (SELECT 1 FROM partner WHERE id = partner_id AND status = 'suspended')`;
/** Who is let in, and by which invitation, is changed one after the other: the statements after this one see what was. */
const lockPartner = (partnerId: string | SQL) =>
  sql`SELECT status FROM partner WHERE id = ${partnerId} FOR NO KEY UPDATE`;

interface Ports {
  database: Database;
  allowances: Allowances;
  mayMail: MailBudget;
  tellFirstOwner(partnerId: string, subject: string): Promise<void>;
}

const tooMany = (message: string) => new AppError('rate_limit_exceeded', message);

/** @throws AppError when the partner has invited too many today, or too much was mailed to this address. */
async function checkInvitation(
  { database, allowances, mayMail }: Ports,
  partnerId: string,
  address: string,
): Promise<void> {
  if (!(await allowances.take('invitation', partnerId)))
    throw tooMany('Your partner account has sent as many invitations as it may in a day. Try again tomorrow');
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
async function useInvitation<Row>(
  database: Database,
  invited: SQL,
  change: Query<Row[]>,
): Promise<Row | undefined> {
  const [[partner], [changed]] = await database.batch(
    query(Locked, lockPartner(sql`(SELECT partner_id FROM partner_invitation WHERE ${invited})`)),
    change,
  );
  if (partner?.status === 'suspended') throw new AppError('partner_suspended');
  return changed;
}

function createInviting(ports: Ports) {
  const { database, mayMail } = ports;
  return {
    /**
     * An earlier invitation of the same address ends. The token is in the answer and in the mail only. `language`: of the
     * account that has the address.
     */
    async invite(
      partnerId: string,
      email: string,
      role: Role,
      actor: Actor,
    ): Promise<{ id: string; token: string; language: MailLanguage | null }> {
      const token = newToken();
      const id = newId();
      const address = email.toLowerCase();
      await checkInvitation(ports, partnerId, address);
      const [, , [invited]] = await database.batch(
        command(lockPartner(partnerId)),
        command(sql`UPDATE partner_invitation SET withdrawn_at = now() WHERE partner_id = ${partnerId}
          AND email = ${address} AND accepted_at IS NULL AND withdrawn_at IS NULL`),
        query(
          Invited,
          sql`WITH changed AS (INSERT INTO partner_invitation (id, partner_id, email, role, token_hash, invited_by, expires_at)
            SELECT ${id}::uuid, ${partnerId}::uuid, ${address}, ${role}, ${await sha256Hex(token)}, ${actor.name},
              now() + make_interval(days => ${INVITATION_DAYS}::int)
            WHERE NOT EXISTS (SELECT 1 FROM partner_member WHERE partner_id = ${partnerId} AND lower(email) = ${address})
            RETURNING partner_id),
          audit AS (${auditRow(actor, 'member.invited', { invitation_id: id }, { role })})
        SELECT (SELECT language FROM dev_accounts WHERE email = ${address}) FROM changed`,
        ),
      );
      if (!invited) throw new AppError('conflict', 'This person is a member already');
      return { id, token, ...invited };
    },

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
        database,
        invited,
        query(
          Renewed,
          sql`UPDATE partner_invitation SET token_hash = ${await sha256Hex(token)} WHERE ${invited} AND ${MAY_GROW}
          RETURNING (SELECT name FROM partner WHERE id = partner_id) AS partner`,
        ),
      );
      return renewed && { token, partner: renewed.partner };
    },
  };
}

/**
 * Lets whoever has verified the address of a partner without members in, as its owner: one that an operator created, or that
 * was moved here. An open invitation of the address is thereby accepted. Whether there was one.
 */
const createEntering = ({ database }: Ports) =>
  async function enter(subject: string, email: string, actor: Actor): Promise<boolean> {
    const address = email.toLowerCase();
    const [, entered] = await database.batch(
      command(sql`SELECT 1 FROM partner WHERE lower(email) = ${address} FOR NO KEY UPDATE`),
      query(
        Entered,
        sql`WITH changed AS (INSERT INTO partner_member (partner_id, subject, email, role)
            SELECT p.id, ${subject}, ${address}, 'owner' FROM partner p
            WHERE lower(p.email) = ${address} AND p.status NOT IN ('suspended', 'inactive')
              AND NOT EXISTS (SELECT 1 FROM partner_member WHERE partner_id = p.id) RETURNING partner_id),
          accepted AS (UPDATE partner_invitation i SET accepted_at = now() FROM changed c
            WHERE i.partner_id = c.partner_id AND i.email = ${address} AND ${OPEN}),
          audit AS (${auditRow(actor, 'member.joined', { subject })}) SELECT * FROM changed`,
      ),
    );
    return entered.length > 0;
  };

export function createInvitationService(ports: Ports) {
  const { database, tellFirstOwner } = ports;
  return {
    ...createInvitationViews(database),
    ...createInviting(ports),
    enter: createEntering(ports),
    async withdraw(partnerId: string, id: string, actor: Actor): Promise<void> {
      const changed = await database.run(sql`
        WITH changed AS (UPDATE partner_invitation SET withdrawn_at = now() WHERE id = ${id}::uuid
            AND partner_id = ${partnerId} AND accepted_at IS NULL AND withdrawn_at IS NULL RETURNING partner_id),
          audit AS (${auditRow(actor, 'invitation.withdrawn', { invitation_id: id })}) SELECT * FROM changed`);
      if (changed === 0) throw new AppError('not_found', 'No such invitation');
    },

    /** Only by the token, which the mail carries; only the invited address, and once. */
    async accept(token: string, subject: string, email: string, actor: Actor): Promise<void> {
      const invited = sql`token_hash = ${await sha256Hex(token)} AND email = ${email.toLowerCase()} AND ${OPEN}`;
      const joined = await useInvitation(
        database,
        invited,
        query(
          Joined,
          sql`WITH accepted AS (UPDATE partner_invitation SET accepted_at = now() WHERE ${invited} AND ${MAY_GROW}
            RETURNING partner_id, role),
          changed AS (INSERT INTO partner_member (partner_id, subject, email, role)
            SELECT partner_id, ${subject}, ${email}, role FROM accepted
            ON CONFLICT (partner_id, subject) DO UPDATE SET chosen_at = now() RETURNING partner_id, role),
          audit AS (${auditRow(actor, 'member.joined', { subject })}) SELECT * FROM changed`,
        ),
      );
      if (!joined) throw new AppError('not_found', 'This invitation is not open, or is for another address');
      if (joined.role === 'owner') await tellFirstOwner(joined.partner_id, subject);
    },
  };
}
