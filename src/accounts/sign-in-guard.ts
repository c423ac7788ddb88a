// Bounds tries at sign-in, sign-up, reset and second factor, for an address and for an account, before any hashing.
// Approximate is right here. Fails open, and says so in the log.

import { sha256Hex } from '../core/encoding.ts';

/** What the Workers rate-limiting binding offers. */
export interface TryCounter {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

export function createSignInGuard(
  counter: TryCounter | undefined,
  log: (line: Record<string, unknown>) => void,
) {
  return async (ip: string | null, email?: string): Promise<boolean> => {
    if (!counter) return true;
    const keys = [
      `ip:${ip ?? 'unknown'}`,
      ...(email ? [`email:${await sha256Hex(email.toLowerCase())}`] : []),
    ];
    try {
      const tries = await Promise.all(keys.map((key) => counter.limit({ key })));
      return tries.every(({ success }) => success);
    } catch (error) {
      log({ message: 'sign-in guard unavailable', level: 'warn', error: String(error) });
      return true;
    }
  };
}

export type SignInGuard = ReturnType<typeof createSignInGuard>;
