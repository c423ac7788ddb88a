// Whom partners ask, how they pay and under which terms: as the settings say, for pages, invoices and mails. Pure.

import type { Config } from '../config.ts';
import type { Language } from './format.ts';

/** As far as the settings say it. */
export interface Contact {
  email?: string;
  url?: string;
  termsUrl?: string;
  /** How to pay in a currency. */
  paymentFor(currency: string): string | undefined;
}

export function contactOf(
  config: Pick<Config, 'SUPPORT_EMAIL' | 'SUPPORT_URL' | 'TERMS_URL' | 'PAYMENT_INSTRUCTIONS'>,
  language: Language,
): Contact {
  const instructions: Partial<Record<string, Config['PAYMENT_INSTRUCTIONS']['EUR']>> =
    config.PAYMENT_INSTRUCTIONS;
  return {
    email: config.SUPPORT_EMAIL,
    url: config.SUPPORT_URL,
    termsUrl: config.TERMS_URL,
    paymentFor(currency) {
      const text = instructions[currency];
      return typeof text === 'object' ? text[language] : text;
    },
  };
}

/** Where a link to whom partners ask leads; undefined where nobody is named. */
export const supportHref = ({ url, email }: Pick<Contact, 'url' | 'email'>): string | undefined =>
  url ?? (email && `mailto:${email}`);

/** The same to read, where nothing can be pressed. */
export const supportText = ({ url, email }: Pick<Contact, 'url' | 'email'>): string | undefined =>
  [email, url].filter(Boolean).join(', ') || undefined;
