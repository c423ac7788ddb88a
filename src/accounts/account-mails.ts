// Mails about accounts: those that anybody can have sent to anybody, a few an hour, and those that tell an account's owner
// of what was changed about it.

import type { Actor } from '../audit/audit-store.ts';
import { ACCOUNT_CHANGES, type AccountChange } from '../mail/account-texts.ts';
import type { MailLanguage } from '../mail/letter.ts';
import type { MailBudget } from '../mail/mail-budget.ts';
import type { Mailer } from '../mail/mailer.ts';
import { MAILS } from '../mail/texts.ts';
import { countedAddress } from '../platform/counted-address.ts';
import type { Account } from './account-store.ts';

/** What of the request the service needs. */
export interface Caller {
  origin: string;
  headers: Headers;
  language: MailLanguage;
  ip: string | null;
  /** Who did what is audited. */
  actorOf(accountId: string): Actor;
  /** Whether the account of this address was signed in before in this browser. */
  isKnownTo(email: string): Promise<boolean>;
  keepAlive(work: Promise<unknown>): void;
}

export function createAccountMails(
  { mailer, mayMail, product }: { mailer: Mailer; mayMail: MailBudget; product: string },
  { origin, language, ip, isKnownTo, keepAlive }: Caller,
) {
  const mail = (
    kind: keyof typeof MAILS,
    email: string,
    name: string,
    path: string,
    { to = language, detail }: { to?: MailLanguage; detail?: string } = {},
  ) => mailer({ to: email, language: to, ...MAILS[kind][to]({ product, name, url: origin + path, detail }) });
  const send = (...letter: Parameters<typeof mail>) => keepAlive(mail(...letter));
  return {
    mail,
    send,
    async mayAsk(kind: 'verify' | 'reset' | 'alreadyHere', email: string): Promise<boolean> {
      const sender = (await isKnownTo(email)) ? 'owner' : { from: countedAddress(ip) };
      return mayMail(email, sender, { isWayIn: kind !== 'alreadyHere' });
    },
    /** Of mails that an account has sent to an address of others. */
    mayAskBy: (accountId: string, email: string): Promise<boolean> => mayMail(email, { from: accountId }),
    tell: (account: Account, change: AccountChange, issuer = '') =>
      send('accountChanged', account.email, account.name, '/reset', {
        to: account.language,
        detail: ACCOUNT_CHANGES[change][account.language](issuer),
      }),
  };
}

export type AccountMails = ReturnType<typeof createAccountMails>;
