// Changing the address of an account: what is mailed where, and by which link it is confirmed and undone. Whoever asks has just
// shown the password or the factor; the link works in a session of that account only, because a mistyped address is a
// stranger's. Undoing needs no session: whoever changed the address has them all.

import type { Actor } from '../audit/audit-store.ts';
import { sha256Hex, toBase64Url } from '../core/encoding.ts';
import { newId } from '../core/ids.ts';
import { isViolation } from '../platform/database.ts';
import type { AccountMails } from './account-mails.ts';
import type { Account } from './account-store.ts';
import type { AddressChange, AddressChangeStore } from './address-change-store.ts';
import { resetIdentifierOf } from './password-service.ts';

const TOKEN_BYTES = 32;
const newToken = (): string => toBase64Url(crypto.getRandomValues(new Uint8Array(TOKEN_BYTES)));

interface Ports {
  store: AddressChangeStore;
  mails: AccountMails;
  hasAccount(email: string): Promise<boolean>;
}

export function createAddressChanges({ store, mails, hasAccount }: Ports) {
  return {
    addressAsked: store.asked,
    forgetAddress: (account: Account) => store.forget(account.id),
    /** The same answer whether another account has the address or not. `tooMany`: nothing was mailed. */
    async askAddress(account: Account, to: string): Promise<'asked' | 'tooMany'> {
      if (!(await mails.mayAskBy(account.id, to))) return 'tooMany';
      const token = newToken();
      const hash = await sha256Hex(token);
      await store.ask({ id: newId(), account: account.id, from: account.email, to, hash });
      const words = { to: account.language };
      if (await hasAccount(to)) mails.send('alreadyHere', to, account.name, '/sign-in', words);
      else mails.send('confirmAddress', to, account.name, `/email/${token}`, words);
      return 'asked';
    },
    addressChange: async (token: string) => store.byLink(await sha256Hex(token)),
    addressUndo: async (token: string) => store.byUndo(await sha256Hex(token)),
    /** `session`: the one that stays. undefined: over, or another account has the address. */
    async confirmNewAddress(
      account: Account,
      token: string,
      { session, actor }: { session: string; actor: Actor },
    ): Promise<AddressChange | undefined> {
      const undo = newToken();
      const wanted = { undoHash: await sha256Hex(undo), session, actor };
      const changed = await store.confirm(await sha256Hex(token), account.id, wanted).catch((error) => {
        // Somebody else confirmed this address at the same moment.
        if (isViolation(error, 'unique')) return undefined;
        throw error;
      });
      if (changed)
        mails.send('addressChanged', changed.from, account.name, `/email/undo/${undo}`, {
          to: account.language,
          detail: changed.to,
        });
      return changed;
    },
    /**
     * Of the link to choose a password: the one that there was is whoever changed the address's, too. It is not mailed again,
     * as the link of the undoing came by that mailbox. undefined: over, or another account has the address.
     */
    async undoAddress(token: string, actor: Actor): Promise<string | undefined> {
      const reset = newToken();
      const undoing = store.undo(await sha256Hex(token), await resetIdentifierOf(reset), actor);
      const undone = await undoing.catch((error) => {
        if (isViolation(error, 'unique')) return undefined;
        throw error;
      });
      return undone && reset;
    },
  };
}
