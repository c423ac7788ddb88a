// How many mails others can have sent to somebody. Whoever asks is counted by sender and recipient; what all of them have
// sent to one recipient has a bound of its own, all kinds together. Invitations have another: nobody signs up with an address
// so often that it cannot be invited. The owner of an address, known by the browser or by being signed in, is counted apart:
// nobody fills that.
//
// The last mails of the bound are kept for those that let their reader in: to confirm an address, to choose a password.
// Their links hold as long as the bound's window, whoever asked for them. So whenever no more is sent, mails that let the
// owner in have come within the hour.

import { sha256Hex } from '../core/encoding.ts';
import type { Allowances } from '../platform/allowances.ts';

/** `from`: an address. `partner`: whose invitation it is. */
export type Sender = 'owner' | { from: string } | { partner: string; isApproved: boolean };

/** Of the bound by recipient, for mails that let their reader in. */
const KEPT_FOR_WAYS_IN = 2;
/** Of invitations: anybody who signs up has a partner, and an operator approves it. */
const KEPT_FOR_APPROVED = 3;

export function createMailBudget(allowances: Allowances) {
  /** Whether one more may be sent; then it is counted. */
  return async (
    recipient: string,
    sender: Sender,
    { isWayIn = false }: { isWayIn?: boolean } = {},
  ): Promise<boolean> => {
    const to = await sha256Hex(recipient.toLowerCase());
    if (sender === 'owner') return allowances.take('mail', `owner ${to}`);
    const isInvitation = 'partner' in sender;
    const from = await sha256Hex(isInvitation ? sender.partner : sender.from);
    if (!(await allowances.take('mail', `${from} ${to}`))) return false;
    if (isInvitation)
      return allowances.take('invitation_total', to, sender.isApproved ? 0 : KEPT_FOR_APPROVED);
    return allowances.take('mail_total', to, isWayIn ? 0 : KEPT_FOR_WAYS_IN);
  };
}

export type MailBudget = ReturnType<typeof createMailBudget>;
