// The password of an account: signed in with, reset by a mailed link, changed, and shown again to prove who holds a session.

import { sha256Hex } from '../core/encoding.ts';
import type { AccountMails, Caller } from './account-mails.ts';
import type { Account, AccountStore } from './account-store.ts';
import type { AuthApi } from './auth.ts';
import type { createFactors } from './factor-service.ts';
import { outcomeOf } from './outcome.ts';
import type { SessionStore } from './session-store.ts';

/** By which better-auth finds the link again: what is mailed is a key, and the table keeps its hash. */
export const resetIdentifierOf = (token: string): Promise<string> => sha256Hex(`reset-password:${token}`);

export function createPasswords(ports: {
  api: AuthApi;
  caller: Pick<Caller, 'headers' | 'actorOf'>;
  accounts: AccountStore;
  sessions: SessionStore;
  factors: Pick<ReturnType<typeof createFactors>, 'verifyTotp' | 'verifyRecoveryCode'>;
  tell: AccountMails['tell'];
}) {
  const { api, accounts, sessions, factors, tell } = ports;
  const { headers, actorOf } = ports.caller;
  const asResponse = true as const;
  return {
    /** `data.twoFactorRedirect`: a second factor is asked for. */
    signIn: (body: { email: string; password: string }) =>
      outcomeOf<{ twoFactorRedirect?: boolean }>(api.signInEmail({ body, headers, asResponse })),
    /** The same answer whether the address has an account or not. */
    requestReset: (email: string) => outcomeOf(api.requestPasswordReset({ body: { email }, asResponse })),
    /** Whose password a link may set. */
    resetOwner: async (token: string) => accounts.resetOwner(await resetIdentifierOf(token)),
    reset: (token: string, newPassword: string) =>
      outcomeOf(api.resetPassword({ body: { token, newPassword }, asResponse })),
    async changePassword(account: Account, currentPassword: string, newPassword: string) {
      const body = { currentPassword, newPassword, revokeOtherSessions: true };
      const outcome = await outcomeOf<{ token: string }>(api.changePassword({ body, headers, asResponse }));
      if (outcome.ok) {
        await accounts.endAccess(account.id, actorOf(account.id), outcome.data?.token);
        tell(account, 'passwordChanged');
      }
      return outcome;
    },
    /** Proves again who holds the session: by a code where a factor is on, otherwise by the password. */
    async prove(account: Account, sessionId: string, proof: string): Promise<boolean> {
      if (!account.twoFactorEnabled) {
        const outcome = await outcomeOf(
          api.verifyPassword({ body: { password: proof }, headers, asResponse }),
        );
        if (outcome.ok) await sessions.prove(sessionId);
        return outcome.ok;
      }
      const outcome = await (/^\d{6}$/.test(proof)
        ? factors.verifyTotp(proof)
        : factors.verifyRecoveryCode(proof, account));
      return outcome.ok;
    },
  };
}
