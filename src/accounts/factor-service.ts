// The second factor of an account: set up, asked for, replaced by a recovery code, switched off.

import type { Allowances } from '../platform/allowances.ts';
import type { AccountMails } from './account-mails.ts';
import type { Account } from './account-store.ts';
import type { AuthApi } from './auth.ts';
import { type Outcome, outcomeOf, tokenOf } from './outcome.ts';
import type { SessionStore } from './session-store.ts';

interface Proven {
  token?: string;
  user?: { id: string };
}

export function createFactors(ports: {
  api: AuthApi;
  headers: Headers;
  sessions: SessionStore;
  allowances: Allowances;
  tell: AccountMails['tell'];
  find(id: string): Promise<Account | undefined>;
  /** By what tries at a factor are counted. */
  triesOf(accountId: string): Promise<string>;
}) {
  const { api, headers, sessions, allowances, tell, find, triesOf } = ports;
  const asResponse = true as const;

  /** Notes that the session, which a second factor has begun or continued, has seen one. */
  async function withFactor(answer: Promise<Response>): Promise<Outcome<Proven>> {
    const outcome = await outcomeOf<Proven>(answer);
    const token = tokenOf(outcome.cookies) ?? outcome.data?.token;
    if (outcome.ok && token) await sessions.proveFactor(token);
    return outcome;
  }

  /** Completes a sign-in. */
  async function verifyTotp(code: string) {
    const outcome = await withFactor(api.verifyTOTP({ body: { code }, headers, asResponse }));
    // Wrong codes in a row are what counts.
    const id = outcome.data?.user?.id;
    if (outcome.ok && id) await allowances.restore('factor', await triesOf(id));
    return outcome;
  }

  return {
    verifyTotp,
    enableTwoFactor: (password: string) =>
      outcomeOf<{ totpURI: string; backupCodes: string[] }>(
        api.enableTwoFactor({ body: { password, method: 'totp' }, headers, asResponse }),
      ),
    /** Completes the set-up. */
    async confirmFactor(account: Account, code: string) {
      const outcome = await verifyTotp(code);
      if (outcome.ok) tell(account, 'factorOn');
      return outcome;
    },
    async verifyRecoveryCode(code: string, known?: Account) {
      const outcome = await withFactor(api.verifyBackupCode({ body: { code }, headers, asResponse }));
      const id = known?.id ?? outcome.data?.user?.id;
      const account = outcome.ok && id ? (known ?? (await find(id))) : undefined;
      if (account) tell(account, 'recoveryCodeUsed');
      return outcome;
    },
    async newRecoveryCodes(account: Account, password: string) {
      const outcome = await outcomeOf<{ backupCodes: string[] }>(
        api.generateBackupCodes({ body: { password }, headers, asResponse }),
      );
      if (outcome.ok) tell(account, 'newCodes');
      return outcome;
    },
    async disableTwoFactor(account: Account, password: string) {
      const outcome = await outcomeOf(api.disableTwoFactor({ body: { password }, headers, asResponse }));
      if (outcome.ok) {
        await sessions.forgetFactor(account.id);
        tell(account, 'factorOff');
      }
      return outcome;
    },
  };
}
