// Whoever looks, and what was proven in the session when. However often a session is used, it ends.

import { HOUR_MS } from '../core/time.ts';
import type { Account } from './account-store.ts';
import type { AuthApi } from './auth.ts';
import { outcomeOf } from './outcome.ts';
import type { SessionStore } from './session-store.ts';

/** Who looks, and what was proven when. */
export interface SignedIn {
  account: Account;
  session: { id: string; provenAtMs: number; factorAtMs: number | undefined };
  cookies: string[];
}

/** An operator's ends after half a day. */
const MAX_SESSION_MS = { operator: 12 * HOUR_MS, other: 90 * 24 * HOUR_MS } as const;

const msOf = (time: string | null | undefined): number | undefined => (time ? Date.parse(time) : undefined);

/** A session that is too old ends here. */
export async function currentSession(
  api: AuthApi,
  headers: Headers,
  sessions: SessionStore,
): Promise<SignedIn | undefined> {
  const { ok, data, cookies } = await outcomeOf<{
    session: { id: string; createdAt: string; provenAt?: string | null; factorAt?: string | null };
    user: Account;
  } | null>(api.getSession({ headers, asResponse: true }));
  if (!ok || !data?.user) return undefined;
  const { id, name, email, isOperator, twoFactorEnabled } = data.user;
  const { createdAt, provenAt, factorAt } = data.session;
  const maxMs = MAX_SESSION_MS[isOperator ? 'operator' : 'other'];
  if (Date.now() - Date.parse(createdAt) > maxMs) {
    await sessions.end(id, data.session.id);
    return undefined;
  }
  const language = data.user.language === 'fr' ? 'fr' : 'en';
  return {
    account: { id, name, email, isOperator, twoFactorEnabled, language },
    session: { id: data.session.id, provenAtMs: msOf(provenAt) ?? 0, factorAtMs: msOf(factorAt) },
    cookies,
  };
}
