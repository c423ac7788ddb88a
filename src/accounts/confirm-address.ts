// The step of better-auth that confirms an address: by its link, in the browser that signed up, or with the password.
// Called by our own code only: no route leads here.

import { APIError, createAuthEndpoint } from 'better-auth/api';
import { setSessionCookie } from 'better-auth/cookies';
import * as z from 'zod';
import { readAddressLink } from './address-link.ts';

const confirmAddress = createAuthEndpoint(
  '/confirm-address',
  {
    method: 'POST',
    body: z.object({ token: z.string(), asked: z.string().optional(), password: z.string().optional() }),
    metadata: { SERVER_ONLY: true },
  },
  async (context) => {
    const { token, asked, password } = context.body;
    const { internalAdapter, secret, password: passwords } = context.context;
    const pending = await readAddressLink(secret, token);
    const user = pending && (await internalAdapter.findUserById(pending.userId));
    // Who signed up anew for an address has another account, and a link of its own.
    if (!user || user.email !== pending.email) throw new APIError('BAD_REQUEST', { code: 'INVALID_TOKEN' });
    if (user.emailVerified) throw new APIError('CONFLICT', { code: 'ALREADY_CONFIRMED' });
    if (asked !== user.id) {
      const hash = (await internalAdapter.findCredentialAccount(user.id))?.password;
      if (!password || !hash || !(await passwords.verify({ hash, password })))
        throw new APIError('FORBIDDEN', { code: 'PROOF_NEEDED' });
    }
    const confirmed = await internalAdapter.updateUser(user.id, { emailVerified: true });
    const session = await internalAdapter.createSession(user.id);
    await setSessionCookie(context, { session, user: confirmed });
    return context.json({ userId: user.id });
  },
);

export const addressConfirmation = () => ({
  id: 'address-confirmation' as const,
  endpoints: { confirmAddress },
});
