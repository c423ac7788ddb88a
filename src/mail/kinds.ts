// The kinds of mail that a member may do without. What keeps an account or money safe is of no kind, and is always sent: signing
// in, invitations, owners, leaked and misused keys, suspensions, plans, prices, and documents of money.

export const MAIL_KINDS = ['usage', 'keys', 'webhooks', 'reminders'] as const;
export type MailKind = (typeof MAIL_KINDS)[number];

/** Of each kind, whether it is sent. */
export type MailChoices = Record<MailKind, boolean>;

/** A kind of mail about a partner. */
export interface OptionalMail {
  partnerId: string;
  kind: MailKind;
}
