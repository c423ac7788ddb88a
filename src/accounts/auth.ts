// better-auth, set up for this system: e-mail and password, verification, reset, sessions, two-factor. No route of its
// own is mounted; our pages call `auth.api`.
//
// One instance for each request: it holds promises that belong to the request that made them.

import { betterAuth } from 'better-auth/minimal';
import { twoFactor } from 'better-auth/plugins/two-factor';
import { sha256Hex } from '../core/encoding.ts';
import { authDatabase } from '../platform/auth-database.ts';
import type { Drizzle } from '../platform/database.ts';
import { confirmedAccount } from './confirmed-account.ts';
import { externalSignIn } from './external-sign-in.ts';
import { oneTimeCodes } from './one-time-codes.ts';

export const PASSWORD_CHARS = { fewest: 10, most: 128 } as const;
/** A session lives this long after its last use. */
const SESSION_SECONDS = 14 * 86_400;
const SESSION_RENEWED_SECONDS = 86_400;
const PROOF_SECONDS = 3600;

export interface AuthSettings {
  database: Drizzle;
  secret: string;
  /** Of rotations, the newest first. */
  secrets?: { version: number; value: string }[];
  origin: string;
  product: string;
  /** Cookies with the `__Host-` prefix: everywhere but on your machine's plain HTTP. */
  isSecure: boolean;
  /** Ends the names of cookies: where they are not secure, two systems on one machine would share them. */
  cookieSuffix: string;
}

export interface AuthEvents {
  reset(email: string, name: string, token: string): void;
  /** Whoever was mailed chose a new password: done before it is answered. */
  wasReset(accountId: string): Promise<void>;
  /** Whether one more code of the account's factor is judged. */
  mayTryCode(accountId: string): Promise<boolean>;
}

export function createAuth(
  { database, secret, secrets, origin, product, isSecure, cookieSuffix }: AuthSettings,
  events: AuthEvents,
) {
  const cookie = (name: string) => ({
    name: isSecure ? `__Host-${name}` : name + cookieSuffix,
    attributes: { secure: isSecure, httpOnly: true, sameSite: 'lax' as const, path: '/' },
  });
  return betterAuth({
    appName: product,
    baseURL: origin,
    basePath: '/auth',
    secret,
    ...(secrets && { secrets }),
    trustedOrigins: [origin],
    database: authDatabase(database),
    user: {
      additionalFields: {
        language: { type: 'string', required: false, defaultValue: 'en' },
        isOperator: { type: 'boolean', required: false, defaultValue: false, input: false },
      },
    },
    session: {
      expiresIn: SESSION_SECONDS,
      updateAge: SESSION_RENEWED_SECONDS,
      additionalFields: {
        provenAt: { type: 'date', required: false, input: false, defaultValue: () => new Date() },
        factorAt: { type: 'date', required: false, input: false },
      },
    },
    // What is mailed is a key: the table keeps its hash.
    verification: { storeIdentifier: { hash: sha256Hex } },
    emailAndPassword: {
      enabled: true,
      // An account is made when its address is confirmed: src/accounts/sign-up-store.ts.
      disableSignUp: true,
      requireEmailVerification: true,
      minPasswordLength: PASSWORD_CHARS.fewest,
      maxPasswordLength: PASSWORD_CHARS.most,
      resetPasswordTokenExpiresIn: PROOF_SECONDS,
      revokeSessionsOnPasswordReset: true,
      sendResetPassword: async ({ user, token }) => events.reset(user.email, user.name, token),
      onPasswordReset: ({ user }) => events.wasReset(user.id),
    },
    plugins: [
      // Its lock keeps an account's owner out as well: ours is one-time-codes.ts.
      twoFactor({ issuer: product, accountLockout: { enabled: false } }),
      oneTimeCodes(events.mayTryCode),
      confirmedAccount(),
      externalSignIn(),
    ],
    // Ours stands in front of the hash: src/accounts/sign-in-guard.ts.
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { disabled: true },
    advanced: {
      useSecureCookies: false,
      cookies: {
        session_token: cookie('session'),
        dont_remember: cookie('short-session'),
        two_factor: cookie('second-factor'),
        trust_device: cookie('trusted-device'),
      },
      ipAddress: { ipAddressHeaders: ['cf-connecting-ip'] },
    },
  });
}

export type AuthApi = ReturnType<typeof createAuth>['api'];
