// Sends mail, as plain text and HTML: by Cloudflare's `send_email` binding, by an HTTP provider, or, where neither is configured, into the
// outbox table of your machine. Time bound: MAIL_TIMEOUT_MS. A mail that cannot be sent is logged, without its text.

import type { MailLanguage, MailText } from './letter.ts';
import { partsOf, type Sender } from './mail-parts.tsx';
import type { OutboxStore } from './outbox-store.ts';

const MAIL_TIMEOUT_MS = 5000;

export interface Mail extends MailText {
  to: string;
  language: MailLanguage;
  /** By name, each of one line. */
  headers?: Record<string, string>;
}

export interface MailerPorts {
  from: string;
  sender: Sender;
  binding?: SendEmail;
  /** POST {from, to, subject, headers, text, html} as JSON with a bearer token: the form of Resend and of its likes. */
  http?: { url: string; token: string };
  outbox?: OutboxStore;
  log(line: Record<string, unknown>): void;
}

/** Whatever a name in it holds: a header is one line. */
const oneLine = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();

export function createMailer({ from, sender, binding, http, outbox, log }: MailerPorts) {
  async function deliver({ to, language, ...mail }: Mail): Promise<void> {
    if (oneLine(to) !== to) throw new Error('not an address');
    const { subject, headers } = mail;
    const sent = { to, subject, ...(headers && { headers }), ...partsOf(mail, language, sender) };
    if (binding) return void (await binding.send({ from, ...sent }));
    if (http) {
      const response = await fetch(http.url, {
        method: 'POST',
        headers: { authorization: `Bearer ${http.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ from, ...sent }),
        signal: AbortSignal.timeout(MAIL_TIMEOUT_MS),
      });
      if (!response.ok) throw new Error(`the mail provider answered ${response.status}`);
      return;
    }
    if (!outbox) throw new Error('no way to send mail is configured');
    await outbox.keep(sent);
  }
  return async (mail: Mail): Promise<boolean> => {
    try {
      await deliver({ ...mail, subject: oneLine(mail.subject) });
      return true;
    } catch (error) {
      log({ message: 'mail not sent', level: 'error', subject: mail.subject, error: String(error) });
      return false;
    }
  };
}

export type Mailer = ReturnType<typeof createMailer>;
