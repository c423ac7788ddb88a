// A short JWT (HS256) that proves to the upstream who calls, through this gateway: iss, sub (the partner), key, tier,
// env, exp. Signed once a minute for each key, not once for each request.

import { SignJWT } from 'jose';
import type { KeyRecord } from '../keys/key-record.ts';

const REUSED_MS = 60_000;
const VALID_SECONDS = 300;
const MOST_TOKENS = 10_000;

export function createIdentityTokens(secret: Uint8Array, now: () => number) {
  const tokens = new Map<string, { token: string; untilMs: number; tier: string }>();
  return async (caller: KeyRecord): Promise<string> => {
    const known = tokens.get(caller.id);
    if (known && now() < known.untilMs && known.tier === caller.tier) return known.token;
    const issued = Math.floor(now() / 1000);
    const token = await new SignJWT({
      key: caller.keyId,
      app: caller.appId,
      tier: caller.tier,
      env: caller.environment,
    })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer('passerelle')
      .setSubject(caller.partnerId)
      .setIssuedAt(issued)
      .setExpirationTime(issued + VALID_SECONDS)
      .sign(secret);
    if (tokens.size >= MOST_TOKENS) tokens.clear();
    tokens.set(caller.id, { token, untilMs: now() + REUSED_MS, tier: caller.tier });
    return token;
  };
}
