// The step of better-auth that lets in whom an external issuer vouches for: known by issuer and subject, or new. An
// account that has a password, a factor or another identity of the issuer is never linked here: whoever owns it signs in
// to it, and links. Called by our own code only: no route leads here.

import { APIError, createAuthEndpoint } from 'better-auth/api';
import { deleteSessionCookie, setSessionCookie } from 'better-auth/cookies';
import { generateRandomString } from 'better-auth/crypto';
import * as z from 'zod';

const CHALLENGE_SECONDS = 600;

/** Of the two-factor plugin, which better-auth's own types do not know. */
const hasFactor = (user: object): boolean => 'twoFactorEnabled' in user && user.twoFactorEnabled === true;

const signInExternal = createAuthEndpoint(
  '/sign-in/external',
  {
    method: 'POST',
    body: z.object({
      issuer: z.string().min(1),
      subject: z.string().min(1),
      email: z.email(),
      name: z.string().min(1),
      /** The issuer says that a second factor was used. */
      hasSecondFactor: z.boolean(),
    }),
    metadata: { SERVER_ONLY: true },
  },
  async (context) => {
    const { issuer, subject, email, name, hasSecondFactor } = context.body;
    const { internalAdapter, secret, createAuthCookie } = context.context;
    const identity = { providerId: issuer, accountId: subject };

    /** The account of a verified address, or a new one. */
    async function userByAddress() {
      const known = await internalAdapter.findUserByEmail(email, { includeAccounts: true });
      if (!known) return internalAdapter.createUser({ email, name, emailVerified: true }, { method: issuer });
      const { user, accounts } = known;
      if (user.emailVerified) {
        const isOwned = accounts.some(({ providerId, password }) => password || providerId === issuer);
        if (isOwned || hasFactor(user)) throw new APIError('FORBIDDEN', { code: 'PROOF_NEEDED' });
        return user;
      }
      // Whoever signed up with this address never proved that it is theirs: their password must not open the account.
      for (const account of accounts) await internalAdapter.deleteAccount(account.id);
      await internalAdapter.deleteUserSessions(user.id);
      return internalAdapter.updateUser(user.id, { emailVerified: true, name });
    }

    const linked = await internalAdapter.findAccountByKey(identity);
    const user = linked ? await internalAdapter.findUserById(linked.userId) : await userByAddress();
    if (!user) throw new APIError('FORBIDDEN', { code: 'PROOF_NEEDED' });
    if (!linked) await internalAdapter.linkAccount({ ...identity, userId: user.id });

    if (hasFactor(user) && !hasSecondFactor) {
      // As the two-factor plugin does after a password: its endpoints take it from here.
      const challenge = `2fa-${generateRandomString(20)}`;
      const expiresAt = new Date(Date.now() + CHALLENGE_SECONDS * 1000);
      await internalAdapter.createVerificationValue({ value: user.id, identifier: challenge, expiresAt });
      await internalAdapter.createVerificationValue({
        value: '0',
        identifier: `2fa-attempts-${challenge}`,
        expiresAt,
      });
      const { name: cookie, attributes } = createAuthCookie('two_factor', { maxAge: CHALLENGE_SECONDS });
      deleteSessionCookie(context, true);
      await context.setSignedCookie(cookie, challenge, secret, attributes);
      return context.json({ twoFactorRedirect: true, isNew: false, userId: user.id });
    }
    const factorAt = hasSecondFactor ? new Date() : null;
    const session = await internalAdapter.createSession(user.id, false, { factorAt });
    await setSessionCookie(context, { session, user });
    return context.json({ twoFactorRedirect: false, isNew: !linked, userId: user.id });
  },
);

export const externalSignIn = () => ({ id: 'external-sign-in' as const, endpoints: { signInExternal } });
