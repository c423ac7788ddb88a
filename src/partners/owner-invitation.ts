// Whoever an operator, or SQL, made a partner for: the address gets a link to own it. Nobody owns anything by an address alone.

import type { Actor } from '../audit/audit-store.ts';
import type { Mailer } from '../mail/mailer.ts';
import { MAILS, type MailLanguage } from '../mail/texts.ts';
import type { MemberService } from './member-service.ts';

interface Ports {
  members: MemberService;
  mailer: Mailer;
  config: { PRODUCT_NAME: string };
}

/** Whether a link was sent: the address is of a partner without members that nobody was invited to. */
export async function inviteOwner(
  { members, mailer, config }: Ports,
  email: string,
  { actor, origin, language }: { actor: Actor; origin: string; language: MailLanguage },
): Promise<boolean> {
  const partner = await members.ownerless(email);
  if (!partner) return false;
  const { token } = await members.invite(partner.id, email, 'owner', actor);
  const letter = { product: config.PRODUCT_NAME, name: partner.name, url: `${origin}/invite/${token}` };
  return mailer({ to: email, ...MAILS.invitation[language](letter) });
}
