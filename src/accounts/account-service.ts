// Accounts of people: sign-up, verification, sign-in, reset, sessions, second factor. A thin shell around better-auth:
// outcomes are values, cookies are handed back for the answer. Hashing costs some 0.3 s of CPU: ask the guard first.

import { sql } from 'drizzle-orm';
import { sha256Hex } from '../core/encoding.ts';
import type { Mailer } from '../mail/mailer.ts';
import { MAILS, type MailLanguage } from '../mail/texts.ts';
import type { Allowances } from '../platform/allowances.ts';
import type { Database } from '../platform/database.ts';
import { createAuth } from './auth.ts';
import type { ExternalIdentity } from './external-identity.ts';

export interface Account {
  id: string;
  name: string;
  email: string;
  language: MailLanguage;
  isOperator: boolean;
  twoFactorEnabled: boolean;
}
export interface SessionView {
  id: string;
  ipAddress: string | null;
  userAgent: string | null;
  createdAt: string;
  updatedAt: string;
}

/** `cookies`: Set-Cookie values for the answer. */
export interface Outcome<Data = Record<string, unknown>> {
  ok: boolean;
  /** better-auth's code when it is not: `INVALID_EMAIL_OR_PASSWORD`, `EMAIL_NOT_VERIFIED`, … */
  code?: string;
  data?: Data;
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
  allowances: Allowances;
}

/** What of the request the service needs. */
export interface Caller {
  origin: string;
  headers: Headers;
  language: MailLanguage;
  keepAlive(work: Promise<unknown>): void;
}

const languageOf = (text: unknown): MailLanguage => (text === 'fr' ? 'fr' : 'en');

async function outcomeOf<Data>(answer: Promise<Response>): Promise<Outcome<Data>> {
  const response = await answer;
  const cookies = response.headers.getSetCookie();
  const body = (await response.json().catch(() => ({}))) as { code?: string };
  return response.ok ? { ok: true, data: body as Data, cookies } : { ok: false, code: body.code, cookies };
}

export function createAccountService({ database, mailer, allowances, ...settings }: AccountPorts) {
  return function accountsFor({ origin, headers, language, keepAlive }: Caller) {
    const mail = (kind: keyof typeof MAILS, email: string, name: string, path: string) =>
      mailer({ to: email, ...MAILS[kind][language]({ product, name, url: origin + path }) });
    const send = (...letter: Parameters<typeof mail>) => keepAlive(mail(...letter));
    /** What anybody can have sent to anybody: a few an hour, of each kind. */
    const sendIfFew = (...letter: Parameters<typeof mail>) =>
      keepAlive(
        sha256Hex(letter[1].toLowerCase())
          .then((address) => allowances.take('mail', `${letter[0]} ${address}`))
          .then((isLeft) => isLeft && mail(...letter)),
      );
    const { product } = settings;
    const { api } = createAuth(
      { ...settings, database: database.drizzle, origin },
      {
        verify: (email, name, token) => sendIfFew('verify', email, name, `/verify?token=${token}`),
        reset: (email, name, token) => sendIfFew('reset', email, name, `/reset/${token}`),
        alreadyHere: (email, name) => sendIfFew('alreadyHere', email, name, '/sign-in'),
      },
    );
    const asResponse = true as const;

    return {
      /** The same answer whether the address has an account or not. */
      signUp: (body: { name: string; email: string; password: string }) =>
        outcomeOf(api.signUpEmail({ body: { ...body, language }, headers, asResponse })),
      /** `data.twoFactorRedirect`: a second factor is asked for. */
      signIn: (body: { email: string; password: string }) =>
        outcomeOf<{ twoFactorRedirect?: boolean }>(api.signInEmail({ body, headers, asResponse })),
      /** Cookies of the session of whom an issuer vouches for. */
      async signInWith(identity: ExternalIdentity): Promise<string[]> {
        const outcome = await outcomeOf(api.signInExternal({ body: identity, headers, asResponse }));
        if (!outcome.ok) throw new Error(`external sign-in: ${outcome.code}`);
        return outcome.cookies;
      },
      signOut: () => outcomeOf(api.signOut({ headers, asResponse })),
      async verify(token: string): Promise<Outcome<{ user?: Account | null }>> {
        const outcome = await outcomeOf<{ user?: Account | null }>(
          api.verifyEmail({ query: { token }, headers, asResponse }),
        );
        const user = outcome.data?.user;
        if (outcome.ok && user && outcome.cookies.length > 0)
          send('welcome', user.email, user.name, '/portal');
        return outcome;
      },
      sendVerification: (email: string) =>
        outcomeOf(api.sendVerificationEmail({ body: { email }, asResponse })),
      /** The same answer whether the address has an account or not. */
      requestReset: (email: string) => outcomeOf(api.requestPasswordReset({ body: { email }, asResponse })),
      reset: (token: string, newPassword: string) =>
        outcomeOf(api.resetPassword({ body: { token, newPassword }, asResponse })),
      changePassword: (currentPassword: string, newPassword: string) =>
        outcomeOf(
          api.changePassword({
            body: { currentPassword, newPassword, revokeOtherSessions: true },
            headers,
            asResponse,
          }),
        ),
      async session(): Promise<{ account: Account; sessionId: string; cookies: string[] } | undefined> {
        const { ok, data, cookies } = await outcomeOf<{ session: { id: string }; user: Account } | null>(
          api.getSession({ headers, asResponse }),
        );
        if (!ok || !data?.user) return undefined;
        const { id, name, email, isOperator, twoFactorEnabled } = data.user;
        const account = {
          id,
          name,
          email,
          isOperator,
          twoFactorEnabled,
          language: languageOf(data.user.language),
        };
        return { account, sessionId: data.session.id, cookies };
      },
      enableTwoFactor: (password: string) =>
        outcomeOf<{ totpURI: string; backupCodes: string[] }>(
          api.enableTwoFactor({ body: { password, method: 'totp' }, headers, asResponse }),
        ),
      /** Confirms the set-up, or completes a sign-in. */
      verifyTotp: (code: string) => outcomeOf(api.verifyTOTP({ body: { code }, headers, asResponse })),
      verifyRecoveryCode: (code: string) =>
        outcomeOf(api.verifyBackupCode({ body: { code }, headers, asResponse })),
      newRecoveryCodes: (password: string) =>
        outcomeOf<{ backupCodes: string[] }>(
          api.generateBackupCodes({ body: { password }, headers, asResponse }),
        ),
      disableTwoFactor: (password: string) =>
        outcomeOf(api.disableTwoFactor({ body: { password }, headers, asResponse })),

      /** Sessions of the account that live, latest first. */
      sessions: (accountId: string): Promise<SessionView[]> =>
        database.rows<SessionView>(sql`
          SELECT id, ip_address AS "ipAddress", user_agent AS "userAgent", created_at AS "createdAt", updated_at AS "updatedAt"
          FROM dev_session WHERE account_id = ${accountId} AND expires_at > now() ORDER BY updated_at DESC LIMIT 100`),
      /** Ends one session of the account, or all but one. */
      async endSession(accountId: string, id: string): Promise<boolean> {
        const ended = await database.rows(
          sql`DELETE FROM dev_session WHERE account_id = ${accountId} AND id = ${id} RETURNING id`,
        );
        return ended.length > 0;
      },
      endOtherSessions: (accountId: string, kept: string): Promise<unknown> =>
        database.rows(sql`DELETE FROM dev_session WHERE account_id = ${accountId} AND id <> ${kept}`),
      /** Name, and language of mails. */
      change: (accountId: string, name: string, to: MailLanguage): Promise<unknown> =>
        database.rows(
          sql`UPDATE dev_accounts SET name = ${name}, language = ${to}, updated_at = now() WHERE id = ${accountId}`,
        ),
    };
  };
}

export type AccountsFor = ReturnType<typeof createAccountService>;
export type Accounts = ReturnType<AccountsFor>;
