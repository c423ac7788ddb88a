// Secrets of keys: made here, handed out once, and kept as a hash; those of signing keys also in an envelope.

import { sha256Hex } from '../core/encoding.ts';
import { type KeyEncryptionKeys, sealEnvelope } from '../crypto/envelope.ts';
import type { KeyKind } from './key-columns-store.ts';
import {
  displayPrefix,
  type Environment,
  newBearerKey,
  newClientSecret,
  newSigningSecret,
} from './key-format.ts';

export const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

/** Of a grant nobody hears it, and nothing is proved by it. */
const NEW_SECRET = {
  bearer: newBearerKey,
  signing: newSigningSecret,
  oauth: newClientSecret,
  grant: newClientSecret,
};

export const createSecretMaker = (keyEncryptionKeys: KeyEncryptionKeys) =>
  async function makeSecret(kind: KeyKind, environment: Environment, keyId: string) {
    const secret = NEW_SECRET[kind](environment, random);
    return {
      secret,
      hash: await sha256Hex(secret),
      prefix: displayPrefix(secret),
      envelope: kind === 'signing' ? await sealEnvelope(keyEncryptionKeys, secret, keyId) : null,
    };
  };
export type SecretMaker = ReturnType<typeof createSecretMaker>;
