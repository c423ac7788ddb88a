// Accounts of people: sign-up, verification, sign-in, reset, sessions, second factor. A thin shell around better-auth:
// outcomes are values, cookies are handed back for the answer. Hashing costs some 0.3 s of CPU: ask the guard first.

import { sql } from 'drizzle-orm';
import { sha256Hex } from '../core/encoding.ts';
import type { MailBudget } from '../mail/mail-budget.ts';
import type { Mailer } from '../mail/mailer.ts';
import { ACCOUNT_CHANGES, type AccountChange, MAILS, type MailLanguage } from '../mail/texts.ts';
import type { Allowances } from '../platform/allowances.ts';
import { countedAddress } from '../platform/counted-address.ts';
import type { Database } from '../platform/database.ts';
import { boolean, oneOf, type RowOf, row, text } from '../platform/row.ts';
import { createAuth } from './auth.ts';
import type { ExternalIdentity } from './external-identity.ts';
import { createIdentityStore } from './identity-store.ts';
import { type Outcome, outcomeOf, tokenOf } from './outcome.ts';
import { createSessionStore } from './session-store.ts';
import { createSignUpStore } from './sign-up-store.ts';
import { createSignUps } from './sign-ups.ts';

const Account = row('account', {
  id: text,
  name: text,
  email: text,
  language: oneOf(['en', 'fr']),
  isOperator: boolean,
  twoFactorEnabled: boolean,
});
export type Account = RowOf<typeof Account>;
const AccountOfReset = row('owner of a reset', { name: text, email: text });
const ACCOUNT = sql`id, name, email, language, is_operator AS "isOperator", two_factor_enabled AS "twoFactorEnabled"`;

/** Who looks, and what was proven when. */
export interface SignedIn {
  account: Account;
  session: { id: string; provenAtMs: number; factorAtMs: number | undefined };
  cookies: string[];
}

export interface AccountPorts {
  database: Database;
  secret: string;
  /** Of rotations, the newest first. */
  secrets?: { version: number; value: string }[];
  product: string;
  isSecure: boolean;
  cookieSuffix: string;
  mailer: Mailer;
  mayMail: MailBudget;
  allowances: Allowances;
}

/** What of the request the service needs. */
export interface Caller {
  origin: string;
  headers: Headers;
  language: MailLanguage;
  ip: string | null;
  /** Whether the account of this address was signed in before in this browser. */
  isKnownTo(email: string): Promise<boolean>;
  keepAlive(work: Promise<unknown>): void;
}

const languageOf = (text: unknown): MailLanguage => (text === 'fr' ? 'fr' : 'en');

const HOUR_MS = 3_600_000;
/** However often a session is used, it ends: an operator's after half a day. */
const MOST_SESSION_MS = { operator: 12 * HOUR_MS, other: 90 * 24 * HOUR_MS } as const;

const msOf = (time: string | null | undefined): number | undefined => (time ? Date.parse(time) : undefined);

export function createAccountService({ database, mailer, mayMail, allowances, ...settings }: AccountPorts) {
  const { product } = settings;
  // The one that better-auth signs by.
  const secret = settings.secrets?.[0]?.value ?? settings.secret;
  const identities = createIdentityStore(database);
  const sessions = createSessionStore(database);
  const signUpStore = createSignUpStore(database);

  return function accountsFor({ origin, headers, language, ip, isKnownTo, keepAlive }: Caller) {
    const mail = (
      kind: keyof typeof MAILS,
      email: string,
      name: string,
      path: string,
      { to = language, detail }: { to?: MailLanguage; detail?: string } = {},
    ) => mailer({ to: email, ...MAILS[kind][to]({ product, name, url: origin + path, detail }) });
    const send = (...letter: Parameters<typeof mail>) => keepAlive(mail(...letter));
    /** What anybody can have sent to anybody: a few an hour. */
    async function mayAsk(kind: 'verify' | 'reset' | 'alreadyHere', email: string): Promise<boolean> {
      const sender = (await isKnownTo(email)) ? 'owner' : { from: countedAddress(ip) };
      return mayMail(email, sender, { isWayIn: kind !== 'alreadyHere' });
    }

    /** Tells an account's owner of what was changed about it. */
    const tell = (account: Account, change: AccountChange, issuer = '') =>
      send('accountChanged', account.email, account.name, '/reset', {
        to: account.language,
        detail: ACCOUNT_CHANGES[change][account.language](issuer),
      });

    /** By what tries at a factor are counted: what others do keeps nobody out of a browser that is known. */
    async function triesOf(accountId: string): Promise<string> {
      const account = await service.byId(accountId);
      return account && (await isKnownTo(account.email)) ? `known ${accountId}` : accountId;
    }

    /** Every link, challenge and trusted device of the account ends. */
    const endProofs = (accountId: string) =>
      database.run(sql`DELETE FROM dev_verification WHERE value = ${accountId}`);

    const { api } = createAuth(
      { ...settings, database: database.drizzle, origin },
      {
        reset: (email, name, token) =>
          keepAlive(
            mayAsk('reset', email).then((isLeft) => isLeft && mail('reset', email, name, `/reset/${token}`)),
          ),
        async mayTryCode(accountId) {
          return allowances.take('factor', await triesOf(accountId));
        },
        async wasReset(accountId) {
          await endProofs(accountId);
          // Whoever could open the mail owns the address.
          const [account] = await database.rows(
            Account,
            sql`
            UPDATE dev_accounts SET email_verified = true, updated_at = now() WHERE id = ${accountId} RETURNING ${ACCOUNT}`,
          );
          if (account) tell({ ...account, language: languageOf(account.language) }, 'passwordReset');
        },
      },
    );
    const asResponse = true as const;

    /** Notes that the session, which a second factor has begun or continued, has seen one. */
    async function withFactor<Data extends { token?: string }>(
      outcome: Outcome<Data>,
    ): Promise<Outcome<Data>> {
      const token = tokenOf(outcome.cookies) ?? outcome.data?.token;
      if (outcome.ok && token) await sessions.proveFactor(token);
      return outcome;
    }

    async function verifyTotp(code: string) {
      const outcome = await withFactor(
        await outcomeOf<{ token?: string; user?: { id: string } }>(
          api.verifyTOTP({ body: { code }, headers, asResponse }),
        ),
      );
      // Wrong codes in a row are what counts.
      const id = outcome.data?.user?.id;
      if (outcome.ok && id) await allowances.restore('factor', await triesOf(id));
      return outcome;
    }

    const signUps = createSignUps({ store: signUpStore, secret, mayAsk, mail, keepAlive });

    const service = {
      identities: (accountId: string) => identities.of(accountId),

      signUp: signUps.begin,
      sendLinkAgain: signUps.sendAgain,
      pendingAddress: signUps.pending,
      /** Makes the account of the address, and signs in. `back`: where the browser that signed up wanted to go. */
      async confirmAddress(token: string, proof: Parameters<typeof signUps.confirm>[1]) {
        const confirmed = await signUps.confirm(token, proof);
        if (!confirmed) return undefined;
        const { back, ...body } = confirmed;
        const { data, cookies } = await outcomeOf<{ userId: string }>(
          api.makeAccount({ body: { ...body, language }, headers, asResponse }),
        );
        const account = data && (await service.byId(data.userId));
        if (!account) return undefined;
        send('welcome', account.email, account.name, '/portal');
        return { account, back, cookies };
      },
      async byId(id: string): Promise<Account | undefined> {
        const [account] = await database.rows(
          Account,
          sql`SELECT ${ACCOUNT} FROM dev_accounts WHERE id = ${id}`,
        );
        return account && { ...account, language: languageOf(account.language) };
      },
      /** `data.twoFactorRedirect`: a second factor is asked for. */
      signIn: (body: { email: string; password: string }) =>
        outcomeOf<{ twoFactorRedirect?: boolean }>(api.signInEmail({ body, headers, asResponse })),
      /**
       * Signs in whom an issuer vouches for. `PROOF_NEEDED`: the address has an account, whose owner has to link it.
       * `data.twoFactorRedirect`: a second factor is asked for.
       */
      async signInWith({ issuer, subject, email, name, hasSecondFactor }: ExternalIdentity) {
        const body = { issuer, subject, email, name, hasSecondFactor };
        const outcome = await outcomeOf<{ twoFactorRedirect: boolean; isNew: boolean; userId: string }>(
          api.signInExternal({ body, headers, asResponse }),
        );
        const account = outcome.data && (await service.byId(outcome.data.userId));
        if (account && outcome.data?.isNew) tell(account, 'identityLinked', issuer);
        return { ...outcome, account };
      },
      async link(account: Account, identity: ExternalIdentity) {
        const result = await identities.link(account.id, identity);
        if (result === 'linked') tell(account, 'identityLinked', identity.issuer);
        return result;
      },
      async unlink(account: Account, id: string) {
        const result = await identities.unlink(account.id, id);
        if (typeof result === 'object') tell(account, 'identityUnlinked', result.issuer);
        return result;
      },
      signOut: () => outcomeOf(api.signOut({ headers, asResponse })),
      /** The same answer whether the address has an account or not. */
      requestReset: (email: string) => outcomeOf(api.requestPasswordReset({ body: { email }, asResponse })),
      /** Whose password a link may set. */
      async resetOwner(token: string): Promise<{ name: string; email: string } | undefined> {
        const identifier = await sha256Hex(`reset-password:${token}`);
        const [owner] = await database.rows(
          AccountOfReset,
          sql`
          SELECT a.name, a.email FROM dev_verification v JOIN dev_accounts a ON a.id = v.value
          WHERE v.identifier = ${identifier} AND v.expires_at > now()`,
        );
        return owner;
      },
      reset: (token: string, newPassword: string) =>
        outcomeOf(api.resetPassword({ body: { token, newPassword }, asResponse })),
      async changePassword(account: Account, currentPassword: string, newPassword: string) {
        const body = { currentPassword, newPassword, revokeOtherSessions: true };
        const outcome = await outcomeOf(api.changePassword({ body, headers, asResponse }));
        if (outcome.ok) {
          await endProofs(account.id);
          tell(account, 'passwordChanged');
        }
        return outcome;
      },
      /** Whoever looks. A session that is too old ends here. */
      async session(): Promise<SignedIn | undefined> {
        const { ok, data, cookies } = await outcomeOf<{
          session: { id: string; createdAt: string; provenAt?: string | null; factorAt?: string | null };
          user: Account;
        } | null>(api.getSession({ headers, asResponse }));
        if (!ok || !data?.user) return undefined;
        const { id, name, email, isOperator, twoFactorEnabled } = data.user;
        const { createdAt, provenAt, factorAt } = data.session;
        const mostMs = MOST_SESSION_MS[isOperator ? 'operator' : 'other'];
        if (Date.now() - Date.parse(createdAt) > mostMs) {
          await sessions.end(id, data.session.id);
          return undefined;
        }
        return {
          account: {
            id,
            name,
            email,
            isOperator,
            twoFactorEnabled,
            language: languageOf(data.user.language),
          },
          session: {
            id: data.session.id,
            provenAtMs: msOf(provenAt) ?? 0,
            factorAtMs: msOf(factorAt),
          },
          cookies,
        };
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
          ? verifyTotp(proof)
          : service.verifyRecoveryCode(proof, account));
        return outcome.ok;
      },
      enableTwoFactor: (password: string) =>
        outcomeOf<{ totpURI: string; backupCodes: string[] }>(
          api.enableTwoFactor({ body: { password, method: 'totp' }, headers, asResponse }),
        ),
      /** Completes a sign-in. */
      verifyTotp,
      /** Completes the set-up. */
      async confirmFactor(account: Account, code: string) {
        const outcome = await verifyTotp(code);
        if (outcome.ok) tell(account, 'factorOn');
        return outcome;
      },
      async verifyRecoveryCode(code: string, known?: Account) {
        const outcome = await withFactor(
          await outcomeOf<{ token?: string; user?: { id: string } }>(
            api.verifyBackupCode({ body: { code }, headers, asResponse }),
          ),
        );
        const id = known?.id ?? outcome.data?.user?.id;
        const account = outcome.ok && id ? (known ?? (await service.byId(id))) : undefined;
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
        if (outcome.ok) tell(account, 'factorOff');
        return outcome;
      },
      sessions: sessions.of,
      endSession: sessions.end,
      endOtherSessions: sessions.endOthers,
      /** Name, and language of mails. */
      change: (accountId: string, name: string, to: MailLanguage): Promise<unknown> =>
        database.run(
          sql`UPDATE dev_accounts SET name = ${name}, language = ${to}, updated_at = now() WHERE id = ${accountId}`,
        ),
    };
    return service;
  };
}

export type AccountsFor = ReturnType<typeof createAccountService>;
export type Accounts = ReturnType<AccountsFor>;
