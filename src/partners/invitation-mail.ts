// Invitations by mail: the link is in the mail only. Nobody joins anybody by an address alone.

import type { Actor } from '../audit/audit-store.ts';
import { AppError } from '../core/errors.ts';
import type { MailLanguage } from '../mail/letter.ts';
import type { Mailer } from '../mail/mailer.ts';
import { MAILS } from '../mail/texts.ts';
import type { MemberService } from './member-service.ts';
import type { Role } from './permissions.ts';

interface Ports<Command extends keyof MemberService> {
  members: Pick<MemberService, Command>;
  mailer: Mailer;
  brand: { name: string };
}

/** Who invites, whose link it is, and in which language where the reader has chosen none. */
export interface Inviting {
  actor: Actor;
  origin: string;
  language: MailLanguage;
}

async function send(
  { mailer, brand }: Ports<never>,
  { email, token, partner }: { email: string; token: string; partner: string },
  { origin, language }: Pick<Inviting, 'origin' | 'language'>,
): Promise<void> {
  const letter = { product: brand.name, name: partner, url: `${origin}/invite/${token}` };
  if (!(await mailer({ to: email, language, ...MAILS.invitation[language](letter) })))
    throw new AppError('service_unavailable', 'The mail of this invitation could not be sent. Invite again');
}

/**
 * Also sends an open invitation again: the earlier link of the address ends.
 * @throws AppError also when the invitation was made and its mail could not be sent
 */
export async function inviteByMail(
  ports: Ports<'invite'>,
  partner: { id: string; name: string },
  { email, role }: { email: string; role: Role },
  { actor, origin, language }: Inviting,
): Promise<{ id: string }> {
  const { id, token, language: own } = await ports.members.invite(partner.id, email, role, actor);
  await send(ports, { email, token, partner: partner.name }, { origin, language: own ?? language });
  return { id };
}

/**
 * The link again, to the address that was invited: only the mail opens what the mail invites to.
 * @throws AppError not_found; service_unavailable, when it was renewed and its mail could not be sent
 */
export async function inviteAgain(
  ports: Ports<'renewInvitation'>,
  id: string,
  email: string,
  wording: Pick<Inviting, 'origin' | 'language'>,
): Promise<void> {
  const renewed = await ports.members.renewInvitation(id, email);
  if (!renewed) throw new AppError('not_found', 'No such invitation');
  await send(ports, { email, ...renewed }, wording);
}

/** Whether a link was sent: the address is of a partner without members that nobody was invited to. */
export async function inviteOwner(
  ports: Ports<'invite' | 'ownerless'>,
  email: string,
  inviting: Inviting,
): Promise<boolean> {
  const partner = await ports.members.ownerless(email);
  if (!partner) return false;
  await inviteByMail(ports, partner, { email, role: 'owner' }, inviting);
  return true;
}
