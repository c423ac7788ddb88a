// Short JWTs that prove to an upstream who calls, through this gateway: `iss`, `aud` (the API's id: no other upstream takes
// it), `sub` (the partner), `key`, `app`, `tier`, `env`, `jti`, `exp`. EdDSA: upstreams verify by our public keys, and can
// make none. Signed once for each key and upstream while it is young, not once for each request: it names the caller, and
// X-Request-Id the call.

import { type JWK, SignJWT } from 'jose';
import { fromBase64 } from '../core/encoding.ts';
import type { KeyRecord } from './key-record.ts';

const VALID_SECONDS = 60;
/** What is sent is valid for half of it at least. */
const REUSED_MS = 30_000;
const MAX_TOKENS = 10_000;
const ALGORITHM = 'EdDSA';

export interface IdentityKeys {
  /** Signs. The others are published, too: before their turn, and until what they signed has ended. */
  current: string;
  /** Seeds of Ed25519 keys by id: base64 of 32 bytes. */
  keys: Record<string, string>;
}

/** What stands before the seed in PKCS #8 (RFC 8410, 7). */
const PKCS8_PREFIX = Uint8Array.from([
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
]);

const importSeed = (seed: string): Promise<CryptoKey> =>
  crypto.subtle.importKey(
    'pkcs8',
    new Uint8Array([...PKCS8_PREFIX, ...fromBase64(seed)]),
    { name: 'Ed25519' },
    true,
    ['sign'],
  );

async function publicJwk(kid: string, key: CryptoKey): Promise<JWK> {
  const { x } = (await crypto.subtle.exportKey('jwk', key)) as JsonWebKey;
  return { kty: 'OKP', crv: 'Ed25519', x, kid, use: 'sig', alg: ALGORITHM };
}

export function createIdentityTokens(
  { current, keys }: IdentityKeys,
  now: () => number,
  newId: () => string,
) {
  const tokens = new Map<string, { token: string; untilMs: number; caller: KeyRecord }>();
  let signingKey: CryptoKey | undefined;
  let published: JWK[] | undefined;

  async function sign(caller: KeyRecord, audience: string): Promise<string> {
    signingKey ??= await importSeed(keys[current] ?? '');
    const issued = Math.floor(now() / 1000);
    return new SignJWT({ key: caller.keyId, app: caller.appId, tier: caller.tier, env: caller.environment })
      .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT', kid: current })
      .setIssuer('passerelle')
      .setAudience(audience)
      .setSubject(caller.partnerId)
      .setJti(newId())
      .setIssuedAt(issued)
      .setExpirationTime(issued + VALID_SECONDS)
      .sign(signingKey);
  }

  return {
    /** The public keys, for upstreams. */
    async jwks(): Promise<{ keys: JWK[] }> {
      published ??= await Promise.all(
        Object.entries(keys).map(async ([kid, seed]) => publicJwk(kid, await importSeed(seed))),
      );
      return { keys: published };
    },
    /** `audience`: the API's id. */
    async tokenFor(caller: KeyRecord, audience: string): Promise<string> {
      const name = `${caller.id} ${audience}`;
      const known = tokens.get(name);
      if (known && now() < known.untilMs && saysTheSame(known.caller, caller)) return known.token;
      const token = await sign(caller, audience);
      if (tokens.size >= MAX_TOKENS) tokens.clear();
      tokens.set(name, { token, untilMs: now() + REUSED_MS, caller });
      return token;
    },
  };
}

const saysTheSame = (a: KeyRecord, b: KeyRecord): boolean =>
  a === b || (a.tier === b.tier && a.appId === b.appId);
