// Secrets of keys: made here, handed out once, and kept as a hash; those of signing keys also in an envelope.

import { sha256Hex } from '../core/encoding.ts';
import { type KeyEncryptionKeys, sealEnvelope } from '../crypto/envelope.ts';
import { displayPrefix, type Environment, newBearerKey, newSigningSecret } from './key-format.ts';

export const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

export const createSecretMaker = (keyEncryptionKeys: KeyEncryptionKeys) =>
  async function makeSecret(kind: 'bearer' | 'signing', environment: Environment, keyId: string) {
    const secret =
      kind === 'signing' ? newSigningSecret(environment, random) : newBearerKey(environment, random);
    return {
      secret,
      hash: await sha256Hex(secret),
      prefix: displayPrefix(secret),
      envelope: kind === 'signing' ? await sealEnvelope(keyEncryptionKeys, secret, keyId) : null,
    };
  };
export type SecretMaker = ReturnType<typeof createSecretMaker>;
