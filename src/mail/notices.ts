// Mails that their readers did not ask for: of invoices, alerts, endpoints, leaked keys, what operators did. Each is in its
// reader's language, and links to its page of the portal. Those of a kind are not sent to a member who does without it, and say
// to any other how to stop them (RFC 8058). Fails open: where choices cannot be read, the mail is sent.

import type { ChoiceStore } from './choice-store.ts';
import type { OptionalMail } from './kinds.ts';
import type { Action, MailLanguage } from './letter.ts';
import type { Mailer } from './mailer.ts';
import type { StopLinks } from './stop-link.ts';
import { MAILS } from './texts.ts';

export interface Recipient {
  email: string;
  language: string | null;
}

export interface About {
  name: string;
  path: string;
  detail?: string;
  foot?: readonly string[];
  /** Of the request, where one asked for it. */
  origin?: string;
  /** What its reader may do without. */
  optional?: OptionalMail;
}

/** Whether there is no more to do: it was sent, or its reader does without it. */
export type Notify = (recipient: Recipient, mail: keyof typeof MAILS, about: About) => Promise<boolean>;

interface Ports {
  mailer: Mailer;
  product: string;
  /** Of the portal, wherever it is deployed. */
  origin: string | undefined;
  /** Of your machine, for mails of its jobs. Without any of these, a mail says where to look by path alone. */
  localOrigin?: string;
  /** Whom readers ask. */
  support: string | undefined;
  choices: Pick<ChoiceStore, 'reader'>;
  stopLinks: Pick<StopLinks, 'path'>;
  /** Where a mail that asks for an end is acted upon. */
  stopAddress: string | undefined;
  log(line: Record<string, unknown>): void;
}

const STOP: Record<MailLanguage, string> = {
  en: 'Stop emails of this kind',
  fr: 'Ne plus recevoir d’e-mails de ce type',
};

/** How a mail of a kind is stopped, in its foot and in its headers. */
function stopping(stop: Action, { kind }: OptionalMail, address: string | undefined) {
  if (!URL.canParse(stop.url)) return { stop };
  const mailto = address ? `, <mailto:${address}?subject=unsubscribe%20${kind}>` : '';
  const headers = {
    'List-Unsubscribe': `<${stop.url}>${mailto}`,
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
  };
  return { stop, headers };
}

export function createNotices({
  mailer,
  product,
  support,
  choices,
  stopLinks,
  stopAddress,
  log,
  ...own
}: Ports): Notify {
  const readerOf = (optional: OptionalMail, email: string) =>
    choices.reader(optional, email).catch((error) => {
      log({ message: 'mail choices not read', level: 'error', error: String(error) });
      return undefined;
    });

  return async ({ email, language }, mail, { name, path, detail, foot, optional, ...about }) => {
    const to: MailLanguage = language === 'fr' ? 'fr' : 'en';
    const origin = own.origin ?? about.origin ?? own.localOrigin ?? '';
    const reader = optional && (await readerOf(optional, email));
    if (reader?.isOff) return true;
    const letter = MAILS[mail][to]({ product, name, url: origin + path, detail, foot, support });
    if (!optional || !reader) return mailer({ to: email, language: to, ...letter });
    const url = origin + (await stopLinks.path({ ...optional, subject: reader.subject }));
    const stop = stopping({ label: STOP[to], url }, optional, stopAddress);
    return mailer({ to: email, language: to, ...letter, ...stop });
  };
}
