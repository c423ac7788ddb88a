// Mails that their readers did not ask for: of invoices, alerts, endpoints, leaked keys, what operators did. Each is in its
// reader's language, and links to its page of the portal.

import type { MailLanguage } from './letter.ts';
import type { Mailer } from './mailer.ts';
import { MAILS } from './texts.ts';

export interface Recipient {
  email: string;
  language: string | null;
}

export type Notify = (
  recipient: Recipient,
  mail: keyof typeof MAILS,
  /** `origin`: of the request, where one asked for it. */
  about: { name: string; path: string; detail?: string; foot?: readonly string[]; origin?: string },
) => Promise<boolean>;

/** `origin`: of the portal; without one, mails say where to look by path alone. */
export function createNotices(ports: {
  mailer: Mailer;
  product: string;
  origin: string | undefined;
  /** Whom readers ask. */
  support: string | undefined;
}): Notify {
  return ({ email, language }, mail, { name, path, detail, foot, origin = '' }) => {
    const own: MailLanguage = language === 'fr' ? 'fr' : 'en';
    const url = `${ports.origin ?? origin}${path}`;
    const letter = MAILS[mail][own]({
      product: ports.product,
      name,
      url,
      detail,
      foot,
      support: ports.support,
    });
    return ports.mailer({ to: email, language: own, ...letter });
  };
}
