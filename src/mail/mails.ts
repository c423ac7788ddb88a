// All that sends mails, and what of them is kept, from the configuration of a deployment.

import type { Brand } from '../brand/brand.ts';
import type { Config } from '../config.ts';
import { createAllowances } from '../platform/allowances.ts';
import type { Database } from '../platform/database.ts';
import { createChoiceStore } from './choice-store.ts';
import { createMailBudget } from './mail-budget.ts';
import { createMailer } from './mailer.ts';
import { createNotices } from './notices.ts';
import { createOutboxStore } from './outbox-store.ts';
import { createStopLinks } from './stop-link.ts';

interface Ports {
  config: Config;
  isLocal: boolean;
  database: Database;
  binding: SendEmail | undefined;
  brand: Brand;
  /** Whom readers ask. */
  support: string | undefined;
  /** Of links: any of which may have signed one, the newest first. */
  secrets: readonly string[];
  log(line: Record<string, unknown>): void;
}

export function createMails({ config, isLocal, database, binding, brand, support, secrets, log }: Ports) {
  const allowances = createAllowances(database);
  const outbox = createOutboxStore(database);
  const mailChoices = createChoiceStore(database);
  const stopLinks = createStopLinks(secrets);
  const { MAIL_HTTP_URL: url, MAIL_HTTP_TOKEN: token } = config;
  const mailer = createMailer({
    from: config.MAIL_FROM ?? `${brand.name} <portal@mail.invalid>`,
    sender: brand,
    binding,
    http: url && token ? { url, token } : undefined,
    outbox: isLocal ? outbox : undefined,
    log,
  });
  const notify = createNotices({
    mailer,
    product: brand.name,
    origin: config.PORTAL_ORIGIN,
    localOrigin: config.LOCAL_ORIGIN,
    support,
    choices: mailChoices,
    stopLinks,
    stopAddress: config.MAIL_UNSUBSCRIBE_ADDRESS,
    log,
  });
  const mayMail = createMailBudget(allowances);
  return { allowances, outbox, mailer, notify, mailChoices, stopLinks, mayMail };
}
