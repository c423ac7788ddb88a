// What our mails of money say, in both languages: plans, invoices, suspensions. `detail` has the amounts, dates and reasons;
// `foot` how to pay, the terms and whom to ask.

import type { Letter, MailText } from './texts.ts';

export const MONEY_MAILS = {
  planChanged: {
    en: ({ product, name, url, detail = '', foot = '' }: Letter): MailText => ({
      subject: `Your plan at ${product}: ${name}`,
      body: `Hello,\n\n${detail}\n\nYour plan and your next invoice:\n\n${url}${foot}\n\n${product}`,
    }),
    fr: ({ product, name, url, detail = '', foot = '' }: Letter): MailText => ({
      subject: `Votre forfait chez ${product} : ${name}`,
      body: `Bonjour,\n\n${detail}\n\nVotre forfait et votre prochaine facture :\n\n${url}${foot}\n\n${product}`,
    }),
  },
  invoice: {
    en: ({ product, name, url, detail = '', foot = '' }: Letter): MailText => ({
      subject: `Your invoice ${name}`,
      body: `Hello,\n\nyour invoice ${name} is ready, with its details, online and as a PDF:\n\n${url}\n\n${detail}${foot}\n\n${product}`,
    }),
    fr: ({ product, name, url, detail = '', foot = '' }: Letter): MailText => ({
      subject: `Votre facture ${name}`,
      body: `Bonjour,\n\nvotre facture ${name} est disponible, avec son détail, en ligne et en PDF :\n\n${url}\n\n${detail}${foot}\n\n${product}`,
    }),
  },
  invoiceOverdue: {
    en: ({ product, name, url, detail = '', foot = '' }: Letter): MailText => ({
      subject: `Reminder: invoice ${name} is overdue`,
      body: `Hello,\n\n${detail}\n\nThe invoice, online and as a PDF:\n\n${url}\n\nIf you have paid it in the meantime, ignore this email.${foot}\n\n${product}`,
    }),
    fr: ({ product, name, url, detail = '', foot = '' }: Letter): MailText => ({
      subject: `Rappel : la facture ${name} est échue`,
      body: `Bonjour,\n\n${detail}\n\nLa facture, en ligne et en PDF :\n\n${url}\n\nSi vous l’avez réglée entre-temps, ignorez cet e-mail.${foot}\n\n${product}`,
    }),
  },
  invoiceVoided: {
    en: ({ product, name, url, detail = '', foot = '' }: Letter): MailText => ({
      subject: `Invoice ${name} was voided`,
      body: `Hello,\n\nwe voided your invoice ${name}: nothing is owed for it.\n\n${detail}\n\nThe invoice:\n\n${url}${foot}\n\n${product}`,
    }),
    fr: ({ product, name, url, detail = '', foot = '' }: Letter): MailText => ({
      subject: `La facture ${name} a été annulée`,
      body: `Bonjour,\n\nnous avons annulé votre facture ${name} : elle n’est plus due.\n\n${detail}\n\nLa facture :\n\n${url}${foot}\n\n${product}`,
    }),
  },
  creditIssued: {
    en: ({ product, name, url, detail = '', foot = '' }: Letter): MailText => ({
      subject: `Credit note ${name}`,
      body: `Hello,\n\n${detail}\n\nThe credit note, online and as a PDF:\n\n${url}${foot}\n\n${product}`,
    }),
    fr: ({ product, name, url, detail = '', foot = '' }: Letter): MailText => ({
      subject: `Avoir ${name}`,
      body: `Bonjour,\n\n${detail}\n\nL’avoir, en ligne et en PDF :\n\n${url}${foot}\n\n${product}`,
    }),
  },
  suspended: {
    en: ({ product, name, url, detail = '–', support }: Letter): MailText => ({
      subject: `${name} is suspended`,
      body: `Hello,\n\nwe suspended your account ${name}. All its keys are refused from now on. You can still sign in, view your data and pay.\n\nReason: ${detail}\n\n${url}${support ? `\n\nQuestions? ${support}` : ''}\n\n${product}`,
    }),
    fr: ({ product, name, url, detail = '–', support }: Letter): MailText => ({
      subject: `${name} est suspendu`,
      body: `Bonjour,\n\nnous avons suspendu votre compte ${name}. Toutes ses clés sont désormais refusées. Vous pouvez encore vous connecter, consulter vos données et payer.\n\nMotif : ${detail}\n\n${url}${support ? `\n\nUne question ? ${support}` : ''}\n\n${product}`,
    }),
  },
} as const;
