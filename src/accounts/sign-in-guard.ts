// Bounds tries at sign-in, sign-up, reset and second factor, and look-ups of tokens, before anything is hashed or looked
// up. By address only: who it is about is never kept out by what somebody else does elsewhere (ASVS 6.1.1). A browser in
// which the account was signed in before has tries of its own, so that neighbours behind one address do not share theirs
// (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). Approximate is right here. Fails open, and says so in
// the log.

import { sha256Hex, toBase64Url, utf8 } from '../core/encoding.ts';
import { hmacSha256 } from '../crypto/hmac.ts';
import { countedAddress } from '../platform/counted-address.ts';

/** What the Workers rate-limiting binding offers. */
export interface TryCounter {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/** Each is counted by itself: asking for mails leaves tries at signing in. */
export type Tried = 'sign-in' | 'mail' | 'token';

export interface Attempt {
  ip: string | null;
  /** Whose account it is about. */
  email?: string;
  /** The device cookie that came along. */
  device?: string;
}

export function createSignInGuard(ports: {
  counter: TryCounter | undefined;
  /** Signs device cookies. */
  secret: string;
  log(line: Record<string, unknown>): void;
}) {
  const { counter, secret, log } = ports;

  /** What a browser shows in which the account of this address was signed in. */
  const deviceOf = async (email: string): Promise<string> =>
    toBase64Url(await hmacSha256(utf8(secret), `device\n${email.toLowerCase()}`));

  return {
    deviceOf,
    /** Guessing from many addresses keeps nobody out; it is seen. */
    async noteFailure(email: string): Promise<void> {
      const account = await sha256Hex(email.toLowerCase());
      const isRare = await counter?.limit({ key: `failed:${account}` }).catch(() => undefined);
      if (isRare?.success === false) log({ message: 'sign-in is being guessed', level: 'warn', account });
    },
    async allows(what: Tried, { ip, email, device }: Attempt): Promise<boolean> {
      if (!counter) return true;
      try {
        const isKnown = device !== undefined && email !== undefined && device === (await deviceOf(email));
        const subject = isKnown ? `device:${await sha256Hex(device)}` : countedAddress(ip);
        return (await counter.limit({ key: `${what}:${subject}` })).success;
      } catch (error) {
        log({ message: 'sign-in guard unavailable', level: 'warn', error: String(error) });
        return true;
      }
    },
  };
}

export type SignInGuard = ReturnType<typeof createSignInGuard>;
