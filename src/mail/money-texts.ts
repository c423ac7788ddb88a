// What our mails of money say, in both languages: plans, invoices, suspensions. `detail` has the amounts, dates and reasons;
// `foot` how to pay, the terms and whom to ask.

import type { Letter, MailText } from './letter.ts';

export const MONEY_MAILS = {
  planChanged: {
    en: ({ product, name, url, detail = '', foot = [] }: Letter): MailText => ({
      subject: `Your plan at ${product}: ${name}`,
      body: ['Hello,', detail, { label: 'Your plan and your next invoice', url }, ...foot],
    }),
    fr: ({ product, name, url, detail = '', foot = [] }: Letter): MailText => ({
      subject: `Votre forfait chez ${product} : ${name}`,
      body: ['Bonjour,', detail, { label: 'Votre forfait et votre prochaine facture', url }, ...foot],
    }),
  },
  priceChanged: {
    en: ({ name, url, detail = '', foot = [] }: Letter): MailText => ({
      subject: `The price of your plan ${name} changes`,
      body: ['Hello,', detail, { label: 'Your plan and other plans', url }, ...foot],
    }),
    fr: ({ name, url, detail = '', foot = [] }: Letter): MailText => ({
      subject: `Le prix de votre forfait ${name} change`,
      body: ['Bonjour,', detail, { label: 'Votre forfait et les autres forfaits', url }, ...foot],
    }),
  },
  invoice: {
    en: ({ name, url, detail = '', foot = [] }: Letter): MailText => ({
      subject: `Your invoice ${name}`,
      body: [
        'Hello,',
        `Your invoice ${name} is ready, with its details, online and as a PDF.`,
        { label: 'See the invoice', url },
        detail,
        ...foot,
      ],
    }),
    fr: ({ name, url, detail = '', foot = [] }: Letter): MailText => ({
      subject: `Votre facture ${name}`,
      body: [
        'Bonjour,',
        `Votre facture ${name} est disponible, avec son détail, en ligne et en PDF.`,
        { label: 'Voir la facture', url },
        detail,
        ...foot,
      ],
    }),
  },
  invoiceOverdue: {
    en: ({ name, url, detail = '', foot = [] }: Letter): MailText => ({
      subject: `Reminder: invoice ${name} is overdue`,
      body: [
        'Hello,',
        detail,
        { label: 'See the invoice', url },
        'If you have paid it in the meantime, ignore this email.',
        ...foot,
      ],
    }),
    fr: ({ name, url, detail = '', foot = [] }: Letter): MailText => ({
      subject: `Rappel : la facture ${name} est échue`,
      body: [
        'Bonjour,',
        detail,
        { label: 'Voir la facture', url },
        'Si vous l’avez réglée entre-temps, ignorez cet e-mail.',
        ...foot,
      ],
    }),
  },
  invoiceVoided: {
    en: ({ name, url, detail = '', foot = [] }: Letter): MailText => ({
      subject: `Invoice ${name} was voided`,
      body: [
        'Hello,',
        `We voided your invoice ${name}: nothing is owed for it.`,
        detail,
        { label: 'See the invoice', url },
        ...foot,
      ],
    }),
    fr: ({ name, url, detail = '', foot = [] }: Letter): MailText => ({
      subject: `La facture ${name} a été annulée`,
      body: [
        'Bonjour,',
        `Nous avons annulé votre facture ${name} : elle n’est plus due.`,
        detail,
        { label: 'Voir la facture', url },
        ...foot,
      ],
    }),
  },
  creditIssued: {
    en: ({ name, url, detail = '', foot = [] }: Letter): MailText => ({
      subject: `Credit note ${name}`,
      body: ['Hello,', detail, { label: 'See the credit note', url }, ...foot],
    }),
    fr: ({ name, url, detail = '', foot = [] }: Letter): MailText => ({
      subject: `Avoir ${name}`,
      body: ['Bonjour,', detail, { label: 'Voir l’avoir', url }, ...foot],
    }),
  },
  suspended: {
    en: ({ name, url, detail = '–', support }: Letter): MailText => ({
      subject: `${name} is suspended`,
      body: [
        'Hello,',
        `We suspended your account ${name}. All its keys are refused from now on. You can still sign in, view your data and pay.`,
        `Reason: ${detail}`,
        { label: 'Open the portal', url },
        ...(support ? [`Questions? ${support}`] : []),
      ],
    }),
    fr: ({ name, url, detail = '–', support }: Letter): MailText => ({
      subject: `${name} est suspendu`,
      body: [
        'Bonjour,',
        `Nous avons suspendu votre compte ${name}. Toutes ses clés sont désormais refusées. Vous pouvez encore vous connecter, consulter vos données et payer.`,
        `Motif : ${detail}`,
        { label: 'Ouvrir le portail', url },
        ...(support ? [`Une question ? ${support}`] : []),
      ],
    }),
  },
} as const;
