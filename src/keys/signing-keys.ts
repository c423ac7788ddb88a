// The keys that this instance signs with: identity tokens for upstreams, and access tokens. Ed25519, from the configuration;
// the one in use signs, all of them are published, so that they can be rotated.

import type { JWK } from 'jose';
import { fromBase64 } from '../core/encoding.ts';

export const SIGNING_ALGORITHM = 'EdDSA';

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
  return { kty: 'OKP', crv: 'Ed25519', x, kid, use: 'sig', alg: SIGNING_ALGORITHM };
}

export function createSigningKeys({ current, keys }: IdentityKeys) {
  let signing: CryptoKey | undefined;
  let published: JWK[] | undefined;

  async function jwks(): Promise<{ keys: JWK[] }> {
    published ??= await Promise.all(
      Object.entries(keys).map(async ([kid, seed]) => publicJwk(kid, await importSeed(seed))),
    );
    return { keys: published };
  }

  return {
    /** The public keys. */
    jwks,
    async current(): Promise<{ kid: string; key: CryptoKey }> {
      signing ??= await importSeed(keys[current] ?? '');
      return { kid: current, key: signing };
    },
  };
}

export type SigningKeys = ReturnType<typeof createSigningKeys>;
