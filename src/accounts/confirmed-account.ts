// The step of better-auth that makes the account of a confirmed address, and signs in. Called by our own code only, which
// has seen the link: no route leads here.

import { APIError, createAuthEndpoint } from 'better-auth/api';
import { setSessionCookie } from 'better-auth/cookies';
import * as z from 'zod';

const makeAccount = createAuthEndpoint(
  '/confirmed-account',
  {
    method: 'POST',
    body: z.object({
      email: z.email(),
      name: z.string(),
      passwordHash: z.string(),
      language: z.enum(['en', 'fr']),
    }),
    metadata: { SERVER_ONLY: true },
  },
  async (context) => {
    const { email, name, passwordHash, language } = context.body;
    const { internalAdapter } = context.context;
    const user = await internalAdapter
      .createUser({ email, name, language, emailVerified: true }, { method: 'email-password' })
      .catch(async (error) => {
        // Two links of one address at once: the first made the account.
        if (await internalAdapter.findUserByEmail(email)) return null;
        throw error;
      });
    if (!user) throw new APIError('CONFLICT', { code: 'ALREADY_CONFIRMED' });
    await internalAdapter.linkAccount({
      userId: user.id,
      providerId: 'credential',
      accountId: user.id,
      password: passwordHash,
    });
    const session = await internalAdapter.createSession(user.id);
    await setSessionCookie(context, { session, user });
    return context.json({ userId: user.id });
  },
);

export const confirmedAccount = () => ({
  id: 'confirmed-account' as const,
  endpoints: { makeAccount },
});
