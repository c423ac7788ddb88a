// Invitations as they are looked at: a partner's, an address's, and what a link leads to.

import { sql } from 'drizzle-orm';
import { sha256Hex } from '../core/encoding.ts';
import type { Database } from '../platform/database.ts';
import { oneOf, type RowOf, row, text, time, uuid } from '../platform/row.ts';
import { ROLES, type Role } from './permissions.ts';

const role = oneOf(ROLES);
const InvitationView = row('invitation', { id: uuid, email: text, role, createdAt: time, expiresAt: time });
export type InvitationView = RowOf<typeof InvitationView>;
const Offer = row('what an invitation offers', { email: text, role, partner: text });
const OfferOfAddress = row('invitation of an address', { id: uuid, role, partner: text });
const Ownerless = row('partner without members', { id: uuid, name: text });

export const OPEN = sql`accepted_at IS NULL AND withdrawn_at IS NULL AND expires_at > now()`;

export const createInvitationViews = (database: Database) => ({
  invitations: (partnerId: string): Promise<InvitationView[]> =>
    database.rows(
      InvitationView,
      sql`
      SELECT id, email, role, created_at AS "createdAt", expires_at AS "expiresAt" FROM partner_invitation
      WHERE partner_id = ${partnerId} AND accepted_at IS NULL AND withdrawn_at IS NULL AND expires_at > now()
      ORDER BY id DESC LIMIT 100`,
    ),

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
});
