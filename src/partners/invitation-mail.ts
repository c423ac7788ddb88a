// Invitations by mail: the link is in the mail only. Nobody owns or joins anything by an address alone.

import type { Actor } from '../audit/audit-store.ts';
import { AppError } from '../core/errors.ts';
import type { Mailer } from '../mail/mailer.ts';
import { MAILS, type MailLanguage } from '../mail/texts.ts';
import type { MemberService } from './member-service.ts';
import type { Role } from './permissions.ts';

interface Ports {
  members: MemberService;
  mailer: Mailer;
  config: { PRODUCT_NAME: string };
}

/** Who invites, whose link it is, and in which language. */
export interface Inviting {
  actor: Actor;
  origin: string;
  language: MailLanguage;
}

/** @throws AppError also when the invitation was made and its mail could not be sent. */
export async function inviteByMail(
  { members, mailer, config }: Ports,
  partner: { id: string; name: string },
  { email, role }: { email: string; role: Role },
  { actor, origin, language }: Inviting,
): Promise<{ id: string }> {
  const { id, token } = await members.invite(partner.id, email, role, actor);
  const letter = { product: config.PRODUCT_NAME, name: partner.name, url: `${origin}/invite/${token}` };
  if (!(await mailer({ to: email, ...MAILS.invitation[language](letter) })))
    throw new AppError('service_unavailable', 'The mail of this invitation could not be sent. Invite again');
  return { id };
}

/** Whether a link was sent: the address is of a partner without members that nobody was invited to. */
export async function inviteOwner(ports: Ports, email: string, inviting: Inviting): Promise<boolean> {
  const partner = await ports.members.ownerless(email);
  if (!partner) return false;
  await inviteByMail(ports, partner, { email, role: 'owner' }, inviting);
  return true;
}
