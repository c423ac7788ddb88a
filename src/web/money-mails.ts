// Mails of money: to a partner's owners and billing members, each in its reader's language, with amounts, dates and reasons,
// how to pay, and whom to ask.

import type { InvoiceSummary } from '../billing/invoice-service.ts';
import type { IssuedInvoice, MoneyNotices } from '../billing/money-notices.ts';
import type { PlanReview } from '../billing/plan-service.ts';
import type { PriceNotice } from '../billing/price-notice-service.ts';
import type { Brand } from '../brand/brand.ts';
import type { OptionalMail } from '../mail/kinds.ts';
import type { MONEY_MAILS } from '../mail/money-texts.ts';
import type { Notify, Recipient } from '../mail/notices.ts';
import { contactOf, supportText } from './contact.ts';
import { createFormat, type Format, type Language } from './format.ts';
import { type Messages, messagesOf } from './messages/messages.ts';
import { planName } from './plan-text.ts';

interface Words {
  language: Language;
  m: Messages;
  format: Format;
}

interface Ports {
  notify: Notify;
  /** A partner's owners and billing members. */
  recipients(partnerId: string): Promise<Recipient[]>;
  brand: Pick<Brand, 'links' | 'payment' | 'seller'>;
  now(): number;
}

function planText({ m, format, language }: Words, review: PlanReview, undoUntil: string | null): string[] {
  const { billing: words } = m;
  const plan = planName({ language }, review.to);
  const monthly = format.money(review.monthlyMinor, review.monthlyCurrency);
  if (!review.isNow) return [words.laterMail(plan, format.date(review.startsAt), monthly)];
  const amount = format.money(review.dueNowMinor, review.currency);
  return [
    review.isBilled
      ? words.nowMail(plan, amount, format.date(review.invoicedAt), monthly)
      : `${words.nowUnbilledMail(plan)} ${words.notBilled}`,
    ...(undoUntil ? [words.undoUntil(planName({ language }, review.from), format.time(undoUntil))] : []),
  ];
}

function priceText(words: Words, { currency, reason, ...notice }: PriceNotice): string[] {
  const { m, format } = words;
  const money = (minor: number) => format.money(minor, currency);
  const { priceBefore, priceAfter, overageBefore, overageAfter } = notice;
  return [
    m.billing.priceMail(planName(words, notice), format.date(notice.since)),
    [
      ...(priceBefore === priceAfter ? [] : [m.billing.monthlyMail(money(priceBefore), money(priceAfter))]),
      ...(overageBefore === overageAfter
        ? []
        : [m.billing.overageMail(money(overageBefore), money(overageAfter))]),
    ].join('\n'),
    m.billing.proratedMail,
    ...(reason ? [m.common.reasonIs(reason)] : []),
  ];
}

type About = (words: Words) => {
  name: string;
  path: string;
  text: readonly string[];
  optional?: OptionalMail;
};

/** How to pay, from whom it is, under which terms, and whom to ask: what of it there is. */
function footOf(brand: Ports['brand'], { m, language }: Words, currencies: readonly string[]): string[] {
  const contact = contactOf(brand, language);
  const ask = supportText(contact);
  const pay = [...new Set(currencies)].flatMap((currency) => contact.paymentFor(currency) ?? []);
  const seller = [brand.seller.name, brand.seller.address].filter(Boolean).join('\n');
  return [
    ...(pay.length > 0 ? [`${m.invoice.howToPay}\n${pay.join('\n\n')}`] : []),
    ...(contact.termsUrl ? [m.invoice.termsAt(contact.termsUrl)] : []),
    ...(seller ? [`${m.invoice.from}\n${seller}`] : []),
    ...(ask ? [`${m.common.questions} ${ask}`] : []),
  ];
}

function createSender({ notify, recipients, brand, now }: Ports) {
  const send = (recipient: Recipient, mail: keyof typeof MONEY_MAILS, about: About, currencies: string[]) => {
    const language: Language = recipient.language === 'fr' ? 'fr' : 'en';
    const words = { language, m: messagesOf(language), format: createFormat(language, now()) };
    const { text, ...rest } = about(words);
    return notify(recipient, mail, {
      ...rest,
      detail: text.join('\n\n'),
      foot: footOf(brand, words, currencies),
    });
  };
  return {
    send,
    /** To each of them; whether it reached anybody. `currencies`: those in which something is to be paid. */
    async sendAll(
      partnerId: string,
      mail: keyof typeof MONEY_MAILS,
      about: About,
      currencies: string[] = [],
    ): Promise<boolean> {
      const people = await recipients(partnerId);
      const sent = await Promise.all(people.map((each) => send(each, mail, about, currencies)));
      return sent.includes(true);
    },
  };
}
type Sender = ReturnType<typeof createSender>;

type PlanMail = 'planChanged' | 'planAssigned' | 'planUndone' | 'priceChanged';

const planMails = ({ sendAll }: Sender): Pick<MoneyNotices, PlanMail> => ({
  planChanged: (partnerId, review, undoUntil) =>
    sendAll(partnerId, 'planChanged', (words) => ({
      name: planName(words, review.to),
      path: '/portal/billing',
      text: planText(words, review, undoUntil),
    })),
  planAssigned: (partnerId, plan, currency, reason) =>
    sendAll(partnerId, 'planChanged', (words) => ({
      name: planName(words, plan),
      path: '/portal/billing',
      text: [
        words.m.billing.assignedMail(
          planName(words, plan),
          words.format.money(plan.prices[currency]?.price ?? 0, currency),
        ),
        ...(reason ? [words.m.common.reasonIs(reason)] : []),
      ],
    })),
  planUndone: (partnerId, plan) =>
    sendAll(partnerId, 'planChanged', (words) => ({
      name: planName(words, plan),
      path: '/portal/billing',
      text: [words.m.billing.undoneMail(planName(words, plan))],
    })),
  priceChanged: (notice) =>
    sendAll(notice.partnerId, 'priceChanged', (words) => ({
      name: planName(words, notice),
      path: '/portal/billing',
      text: priceText(words, notice),
    })),
});

const issuedText = ({ m, format }: Words, { number, currency, total_minor, due_at }: IssuedInvoice): string =>
  m.invoice.dueMail(number, format.money(total_minor, currency), format.date(due_at));

const invoicePath = ({ id }: Pick<InvoiceSummary, 'id'>): string => `/portal/invoices/${id}`;

const invoiceMails = ({ send, sendAll }: Sender): Omit<MoneyNotices, PlanMail> => ({
  invoicesIssued: (recipient, invoices) =>
    send(
      recipient,
      'invoice',
      (words) => ({
        name: invoices.map(({ number }) => number).join(', '),
        path: '/portal/billing',
        text: [invoices.map((invoice) => issuedText(words, invoice)).join('\n')],
      }),
      invoices.map(({ currency }) => currency),
    ),
  invoiceOverdue: (invoice) =>
    sendAll(
      invoice.partner_id,
      'invoiceOverdue',
      ({ m, format }) => ({
        name: invoice.number,
        path: invoicePath(invoice),
        optional: { partnerId: invoice.partner_id, kind: 'reminders' },
        text: [
          m.invoice.overdueMail(
            invoice.number,
            format.money(invoice.total_minor - invoice.credited_minor, invoice.currency),
            format.date(invoice.due_at),
          ),
        ],
      }),
      [invoice.currency],
    ),
  invoiceVoided: (invoice) =>
    sendAll(invoice.partner_id, 'invoiceVoided', ({ m }) => ({
      name: invoice.number,
      path: invoicePath(invoice),
      text: [m.common.reasonIs(invoice.reason ?? '–')],
    })),
  creditIssued: (note) =>
    sendAll(note.partner_id, 'creditIssued', ({ m, format }) => ({
      name: note.number,
      path: invoicePath(note),
      text: [
        m.invoice.creditMail(format.money(-note.total_minor, note.currency), note.credits ?? '–'),
        m.common.reasonIs(note.reason ?? '–'),
      ],
    })),
});

export function createMoneyMails(ports: Ports): MoneyNotices {
  const sender = createSender(ports);
  return { ...planMails(sender), ...invoiceMails(sender) };
}
