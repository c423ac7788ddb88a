// Mails that no request asked for: of invoices, alerts, endpoints, leaked keys. Each links to its page of the portal.

import type { Mailer } from './mailer.ts';
import { MAILS, type MailLanguage } from './texts.ts';

export interface Recipient {
  email: string;
  language: string | null;
}

export type Notify = (
  recipient: Recipient,
  mail: keyof typeof MAILS,
  about: { name: string; path: string; detail?: string },
) => Promise<boolean>;

/** `origin`: of the portal; without one, mails say where to look by path alone. */
export function createNotices(ports: {
  mailer: Mailer;
  product: string;
  origin: string | undefined;
}): Notify {
  return ({ email, language }, mail, { name, path, detail }) => {
    const words: MailLanguage = language === 'fr' ? 'fr' : 'en';
    const url = `${ports.origin ?? ''}${path}`;
    const letter = MAILS[mail][words]({ product: ports.product, name, url, detail });
    return ports.mailer({ to: email, ...letter });
  };
}
