// Short JWTs that prove to an upstream who calls, through this gateway: `iss`, `aud` (the API's id: no other upstream takes
// it), `sub` (the partner), `key`, `app`, `tier`, `env`, `jti`, `exp`. EdDSA: upstreams verify by our public keys, and can
// make none. Signed once for each key and upstream while it is young, not once for each request: it names the caller, and
// X-Request-Id the call.

import { SignJWT } from 'jose';
import type { Soon } from '../core/soon.ts';
import type { KeyRecord } from './key-record.ts';
import { SIGNING_ALGORITHM, type SigningKeys } from './signing-keys.ts';

const VALID_SECONDS = 60;
/** What is sent is valid for half of it at least. */
const REUSED_MS = 30_000;
const MAX_TOKENS = 10_000;

export function createIdentityTokens(signingKeys: SigningKeys, now: () => number, newId: () => string) {
  const tokens = new Map<string, { token: string; untilMs: number; caller: KeyRecord }>();

  async function sign(name: string, caller: KeyRecord, audience: string): Promise<string> {
    const { kid, key } = await signingKeys.current();
    const issued = Math.floor(now() / 1000);
    const token = await new SignJWT({
      key: caller.keyId,
      app: caller.appId,
      tier: caller.tier,
      env: caller.environment,
    })
      .setProtectedHeader({ alg: SIGNING_ALGORITHM, typ: 'JWT', kid })
      .setIssuer('passerelle')
      .setAudience(audience)
      .setSubject(caller.partnerId)
      .setJti(newId())
      .setIssuedAt(issued)
      .setExpirationTime(issued + VALID_SECONDS)
      .sign(key);
    if (tokens.size >= MAX_TOKENS) tokens.clear();
    tokens.set(name, { token, untilMs: now() + REUSED_MS, caller });
    return token;
  }

  return {
    /** `audience`: the API's id. */
    tokenFor(caller: KeyRecord, audience: string): Soon<string> {
      const name = `${caller.id} ${audience}`;
      const known = tokens.get(name);
      if (known && now() < known.untilMs && saysTheSame(known.caller, caller)) return known.token;
      return sign(name, caller, audience);
    },
  };
}

const saysTheSame = (a: KeyRecord, b: KeyRecord): boolean =>
  a === b || (a.tier === b.tier && a.appId === b.appId);
