// From request headers to the record of a usable key. A malformed credential is refused with no I/O at all; unknown,
// revoked, expired and suspended keys are refused with the same words. Fails closed: a key that cannot be looked up is
// `service_unavailable`, never bad.

import { type Denied, deny } from '../core/denied.ts';
import { sha256Hex } from '../core/encoding.ts';
import type { AbuseGuard } from '../platform/abuse-guard.ts';
import { type KeyEncryptionKeys, openEnvelope } from './envelope.ts';
import type { KeyDirectory } from './key-directory.ts';
import { isWellFormedBearer, MOST_CREDENTIAL_CHARS, parseSigned } from './key-format.ts';
import { type KeyRecord, unusable, validSecrets } from './key-record.ts';
import type { Lookup } from './key-store.ts';
import { hmacKey, MOST_SKEW_MS, signedPrefix, verifySignature } from './signature.ts';

export interface Presented {
  headers: Headers;
  ip: string;
  /** The whole body, for a signature over it. */
  body(): Promise<Uint8Array<ArrayBuffer> | 'too_large' | 'cut_short'>;
  keepAlive(work: Promise<unknown>): void;
}

/** `nonce`: to be used up when the request is admitted. */
export interface Authenticated {
  record: KeyRecord;
  /** The rotated secret that was used, while its grace period lasts: SHA-256, hex. */
  retiredHash?: string;
  nonce?: { value: string; expiresMs: number };
}

/** `record`: the key is known, but may not be used. */
export type Unauthenticated = Denied & { record?: KeyRecord };

export interface AuthenticatorPorts {
  directory: KeyDirectory;
  guard: AbuseGuard;
  keyEncryptionKeys: KeyEncryptionKeys;
  now(): number;
}

type Credential = { lookup: Lookup; hash?: string; signature?: string };

/** The Authorization scheme is compared without case (RFC 9110, 11.1). */
const BEARER = /^bearer (.*)$/i;
const MOST_HMAC_KEYS = 1000;

async function parseCredential(headers: Headers): Promise<Credential | Denied> {
  const authorization = headers.get('authorization');
  const signed = headers.get('x-api-key');
  if (authorization === null && signed !== null) {
    const parsed = parseSigned(signed);
    if (!parsed)
      return deny('invalid_api_key_format', { message: 'X-API-Key must be in format: KEY_ID:HEX_HMAC' });
    return { lookup: { by: 'key_id', value: parsed.id }, signature: parsed.signature };
  }
  if (authorization === null) return deny('missing_api_key', { fields: { docs: '/docs' } });
  const token = BEARER.exec(authorization)?.[1];
  if (token === undefined) {
    return deny('invalid_auth_format', { fields: { example: 'Authorization: Bearer pk_live_...' } });
  }
  if (token.length > MOST_CREDENTIAL_CHARS || !(await isWellFormedBearer(token)))
    return deny('invalid_api_key_format');
  const hash = await sha256Hex(token);
  return { lookup: { by: 'hash', value: hash }, hash };
}

const heldOff = (seconds: number): Denied =>
  deny('rate_limit_exceeded', {
    message: 'Too many attempts with keys that cannot be used from this address',
    fields: { limit_type: 'burst', retry_after: seconds },
    headers: { 'retry-after': String(seconds) },
  });

export function createAuthenticator({ directory, guard, keyEncryptionKeys, now }: AuthenticatorPorts) {
  const hmacKeys = new Map<string, CryptoKey>();

  async function hmacKeyOf(keyId: string, envelope: string): Promise<CryptoKey> {
    const known = hmacKeys.get(envelope);
    if (known) return known;
    const key = await hmacKey(await openEnvelope(keyEncryptionKeys, envelope, keyId));
    if (hmacKeys.size >= MOST_HMAC_KEYS) hmacKeys.clear();
    hmacKeys.set(envelope, key);
    return key;
  }

  async function verify(
    caller: Presented,
    record: KeyRecord,
    signature: string,
  ): Promise<Authenticated | Unauthenticated> {
    const nonce = caller.headers.get('x-nonce');
    const prefix = signedPrefix({ timestamp: caller.headers.get('x-timestamp'), nonce }, now());
    if (prefix === undefined)
      return { ...deny('invalid_signature', undefined, 'timestamp or nonce refused'), record };
    const body = await caller.body();
    if (body === 'too_large') return { ...deny('payload_too_large'), record };
    if (body === 'cut_short')
      return { ...deny('invalid_request', { message: 'The request body ended early' }), record };
    for (const { envelope, hash, expiresMs } of validSecrets(record, now())) {
      if (!envelope) continue;
      if (await verifySignature(await hmacKeyOf(record.keyId, envelope), signature, prefix, body)) {
        return {
          record,
          ...(expiresMs !== null && { retiredHash: hash }),
          ...(nonce !== null && { nonce: { value: nonce, expiresMs: now() + 2 * MOST_SKEW_MS } }),
        };
      }
    }
    caller.keepAlive(guard.noteFailure(caller.ip));
    return { ...deny('invalid_signature', undefined, 'signature does not match'), record };
  }

  /** `fresh`: past memory and KV. */
  return async (caller: Presented, fresh: boolean): Promise<Authenticated | Unauthenticated> => {
    const credential = await parseCredential(caller.headers);
    if ('denied' in credential) return credential;
    const { lookup, hash, signature } = credential;
    const heldOffSeconds = guard.heldOffSeconds(caller.ip);
    if (heldOffSeconds > 0 && !directory.remembers(lookup)) return heldOff(heldOffSeconds);
    const found = fresh ? await directory.fresh(lookup) : await directory.find(lookup, caller.keepAlive);
    if (found === 'unavailable') return deny('service_unavailable', undefined, 'key directory unavailable');
    const { record } = found;
    if (!record) {
      caller.keepAlive(guard.noteFailure(caller.ip));
      return deny('invalid_api_key', undefined, 'unknown');
    }
    const why = unusable(record, hash, now());
    if (why) {
      caller.keepAlive(guard.noteFailure(caller.ip));
      return {
        ...(heldOffSeconds > 0 ? heldOff(heldOffSeconds) : deny('invalid_api_key', undefined, why)),
        record,
      };
    }
    if (signature !== undefined) return verify(caller, record, signature);
    const isRetired = record.secrets.some((secret) => secret.hash === hash && secret.expiresMs !== null);
    return { record, ...(isRetired && { retiredHash: hash }) };
  };
}

export type Authenticator = ReturnType<typeof createAuthenticator>;
