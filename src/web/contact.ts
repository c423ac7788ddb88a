// Whom partners ask, how they pay and under which terms: as the brand says, for pages, invoices and mails. Pure.

import { type Brand, textIn } from '../brand/brand.ts';
import type { Language } from './format.ts';

/** As far as the brand says it. */
export interface Contact {
  email?: string;
  url?: string;
  termsUrl?: string;
  privacyUrl?: string;
  statusUrl?: string;
  /** How to pay in a currency. */
  paymentFor(currency: string): string | undefined;
}

export function contactOf({ links, payment }: Pick<Brand, 'links' | 'payment'>, language: Language): Contact {
  return {
    email: links.supportEmail,
    url: links.support,
    termsUrl: links.terms,
    privacyUrl: links.privacy,
    statusUrl: links.status,
    paymentFor(currency) {
      const text = payment[currency];
      return typeof text === 'object' ? textIn(text, language) : text;
    },
  };
}

/** Where a link to whom partners ask leads; undefined where nobody is named. */
export const supportHref = ({ url, email }: Pick<Contact, 'url' | 'email'>): string | undefined =>
  url ?? (email && `mailto:${email}`);

/** The same to read, where nothing can be pressed. */
export const supportText = ({ url, email }: Pick<Contact, 'url' | 'email'>): string | undefined =>
  [email, url].filter(Boolean).join(', ') || undefined;
