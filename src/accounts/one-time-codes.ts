// A code of an authenticator works once, also for two who send it at once (RFC 6238, section 5.2): it is taken before
// better-auth judges it, and whoever comes second is told that it is wrong. How many are judged is counted here as well, at
// sign-in and in sessions. Recovery codes are too long to be guessed: no count keeps them out.

import type { BetterAuthPlugin } from 'better-auth';
import { APIError, createAuthMiddleware, getSessionFromCtx } from 'better-auth/api';

/** A code is good in its half minute, and in the ones before and after. */
const TAKEN_MS = 120_000;
const SIGN_IN_COOKIE = 'two_factor';

export const oneTimeCodes = (mayTry: (accountId: string) => Promise<boolean>): BetterAuthPlugin => ({
  id: 'one-time-codes',
  hooks: {
    before: [
      {
        matcher: ({ path }) => path === '/two-factor/verify-totp',
        handler: createAuthMiddleware(async (context) => {
          const { internalAdapter, secret, createAuthCookie } = context.context;
          const signingIn = async () => {
            const challenge = await context.getSignedCookie(createAuthCookie(SIGN_IN_COOKIE).name, secret);
            return challenge ? (await internalAdapter.findVerificationValue(challenge))?.value : undefined;
          };
          const account = (await getSessionFromCtx(context))?.user.id ?? (await signingIn());
          if (!account) return;
          if (!(await mayTry(account))) throw new APIError('TOO_MANY_REQUESTS', { code: 'FACTOR_LOCKED' });
          const isFirst = await internalAdapter.reserveVerificationValue({
            identifier: `code-${account}-${String(context.body?.code)}`,
            value: 'taken',
            expiresAt: new Date(Date.now() + TAKEN_MS),
          });
          if (!isFirst) throw new APIError('UNAUTHORIZED', { code: 'INVALID_CODE' });
        }),
      },
    ],
  },
});
