// The step of better-auth that lets in whom an external issuer vouches for: known by its subject, or linked by a
// verified address, or new. Called by our own code only: no route leads here.

import { createAuthEndpoint } from 'better-auth/api';
import { setSessionCookie } from 'better-auth/cookies';
import * as z from 'zod';

const PROVIDER = 'oidc';

const signInExternal = createAuthEndpoint(
  '/sign-in/external',
  {
    method: 'POST',
    body: z.object({ subject: z.string().min(1), email: z.email(), name: z.string().min(1) }),
    metadata: { SERVER_ONLY: true },
  },
  async (context) => {
    const { subject, email, name } = context.body;
    const { internalAdapter } = context.context;
    const identity = { providerId: PROVIDER, accountId: subject };

    const linked = await internalAdapter.findAccountByKey(identity);
    let user = linked ? await internalAdapter.findUserById(linked.userId) : null;
    if (!user) {
      const known = await internalAdapter.findUserByEmail(email, { includeAccounts: true });
      if (known) {
        // Whoever signed up with this address never proved that it is theirs: their password must not open the account.
        if (!known.user.emailVerified) {
          for (const account of known.accounts) await internalAdapter.deleteAccount(account.id);
          await internalAdapter.deleteUserSessions(known.user.id);
          await internalAdapter.updateUser(known.user.id, { emailVerified: true, name });
        }
        user = known.user;
      } else {
        user = await internalAdapter.createUser({ email, name, emailVerified: true }, { method: PROVIDER });
      }
      await internalAdapter.linkAccount({ ...identity, userId: user.id });
    }
    const session = await internalAdapter.createSession(user.id);
    await setSessionCookie(context, { session, user });
    return context.json({ userId: user.id });
  },
);

export const externalSignIn = () => ({ id: 'external-sign-in' as const, endpoints: { signInExternal } });
