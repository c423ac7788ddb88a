// From a request to the record of a usable key: by the key, by a signature, or by an OAuth client's access token. A malformed
// credential is refused with no I/O at all; unknown, revoked, expired and suspended keys are refused with the same words. Fails
// closed: a key that cannot be looked up is `service_unavailable`, never bad. Its surfaces ask through admission.ts.

import { dropOldest } from '../core/bounded.ts';
import { type Denied, deny, ENDED_EARLY, type Reason } from '../core/denied.ts';
import { sha256Hex } from '../core/encoding.ts';
import { after, type Soon } from '../core/soon.ts';
import { type KeyEncryptionKeys, openEnvelope } from '../crypto/envelope.ts';
import type { Nonce } from '../limits/protocol.ts';
import type { AbuseGuard } from '../platform/abuse-guard.ts';
import { type AccessTokens, hasTokenShape } from './access-token.ts';
import type { Found, KeyDirectory } from './key-directory.ts';
import { isWellFormedBearer, MAX_CREDENTIAL_CHARS, parseSigned } from './key-format.ts';
import { type KeyRecord, type RecordSource, unusable, validSecrets } from './key-record.ts';
import type { Lookup } from './key-store.ts';
import {
  hmacKey,
  readClaim,
  type SignatureForm,
  type SignatureRule,
  signedBytes,
  verifySignature,
} from './signature.ts';
import { unsignedHeader } from './signed-headers.ts';
import { resourceOf, type ShownToken, type TokenCheck, tokenExpired, tokenUnknown } from './token-check.ts';

export interface Presented {
  request: Pick<Request, 'method' | 'url' | 'headers' | 'cf'>;
  ip: string;
  /** The signatures that the surface or the route takes; the key and its partner may take fewer. */
  rule: SignatureRule;
  /** Whether whoever answers is told a header of this name, lower case, beside those that are always signed. */
  isHeard(name: string): boolean;
  /** The whole body, for a signature over it. */
  body(): Promise<Uint8Array<ArrayBuffer> | 'too_large' | 'cut_short'>;
  keepAlive(work: Promise<unknown>): void;
}

/** Who it is, if its nonce was not used before: not to be acted upon until that is used up. */
export interface Identified {
  record: KeyRecord;
  /** Where the record was. */
  from?: RecordSource;
  /** The rotated secret that was used, while its grace period lasts: SHA-256, hex. */
  retiredHash?: string;
  /** Of a signed request. */
  form?: SignatureForm;
  /** Of one that is signed whole: the headers that are. */
  signed?: readonly string[];
  nonce: Nonce | undefined;
}

/** Nothing is left to use up. */
export type Authenticated = Identified & { nonce: undefined };

/** `record`: the key is known, but may not be used. `isProven`: it is the caller's, but may not be used from there. */
export type Unauthenticated = Denied & { record?: KeyRecord; from?: RecordSource; isProven?: true };

export interface AuthenticatorPorts {
  directory: KeyDirectory;
  guard: AbuseGuard;
  keyEncryptionKeys: KeyEncryptionKeys;
  accessTokens: Pick<AccessTokens, 'read'>;
  checkToken: TokenCheck;
  now(): number;
}

type Credential = { lookup: Lookup; hash?: string; signature?: string; token?: ShownToken };

/** The Authorization scheme is compared without case (RFC 9110, 11.1). */
const SCHEME = /^(bearer|dpop) (.*)$/i;
const MAX_HMAC_KEYS = 1000;
/** Bearer keys that were presented lately, with their hashes, and access tokens, with what they say. */
const MAX_READ = 10_000;

async function readToken(
  text: string,
  scheme: ShownToken['scheme'],
  accessTokens: AuthenticatorPorts['accessTokens'],
): Promise<Credential | Denied> {
  const token = await accessTokens.read(text);
  if (token === 'expired') return tokenExpired();
  const resource = token === 'forged' ? undefined : resourceOf(token.audience);
  if (token === 'forged' || !resource) return tokenUnknown();
  return { lookup: { by: 'key_id', value: token.subject }, token: { ...token, text, scheme, resource } };
}

async function parseCredential(
  authorization: string | null,
  headers: Headers,
  accessTokens: AuthenticatorPorts['accessTokens'],
): Promise<Credential | Denied> {
  const signed = authorization === null ? headers.get('x-api-key') : null;
  if (signed !== null) {
    const parsed = parseSigned(signed);
    if (!parsed)
      return deny('invalid_api_key_format', { message: 'X-API-Key must be in format: KEY_ID:HEX_HMAC' });
    return { lookup: { by: 'key_id', value: parsed.id }, signature: parsed.signature };
  }
  if (authorization === null) return deny('missing_api_key', { fields: { docs: '/docs' } });
  const [, scheme, token] = SCHEME.exec(authorization) ?? [];
  if (scheme === undefined || token === undefined) {
    return deny('invalid_auth_format', { fields: { example: 'Authorization: Bearer pk_live_...' } });
  }
  const isBearer = scheme.toLowerCase() === 'bearer';
  if (!isBearer || hasTokenShape(token)) return readToken(token, isBearer ? 'bearer' : 'dpop', accessTokens);
  if (token.length > MAX_CREDENTIAL_CHARS || !(await isWellFormedBearer(token)))
    return deny('invalid_api_key_format');
  const hash = await sha256Hex(token);
  return { lookup: { by: 'hash', value: hash }, hash };
}

/** Each may be somebody else's: neither is believed. */
const twoCredentials = (): Denied =>
  deny('invalid_auth_format', {
    message: 'Send Authorization or X-API-Key, not both',
    fields: { example: 'Authorization: Bearer pk_live_...' },
  });

const needsBound = (): Denied =>
  deny(
    'invalid_signature',
    {
      message:
        'This needs a signature of the whole request (X-Signature-Version: 2), not of its body alone. See /docs/signing',
    },
    'body_form_refused',
  );

const claimRefused = (): Denied =>
  deny(
    'invalid_signature',
    { message: "The signature's version, time, nonce or list of headers was refused. See /docs/signing" },
    'claim_refused',
  );

const needsSigned = (name: string): Denied =>
  deny(
    'invalid_signature',
    {
      message: `The header ${name} would not reach the API as it was signed: it has to be in X-Signature-Headers, and not in Connection. See /docs/signing`,
    },
    'header_not_signed',
    name,
  );

const heldOff = (seconds: number): Denied =>
  deny('rate_limit_exceeded', {
    message: 'Too many attempts with keys that cannot be used from this address',
    fields: { limit_type: 'address', retry_after: seconds },
    headers: { 'retry-after': String(seconds) },
  });

/** Reads the credential of a request. A bearer key or a token that was seen before is not hashed or verified again. */
function createCredentialReader(accessTokens: AuthenticatorPorts['accessTokens']) {
  const read = new Map<string, Credential>();
  async function readAnew(authorization: string | null, headers: Headers): Promise<Credential | Denied> {
    const credential = await parseCredential(authorization, headers, accessTokens);
    if (authorization === null || 'denied' in credential) return credential;
    read.set(authorization, credential);
    dropOldest(read, MAX_READ);
    return credential;
  }
  return (headers: Headers): Soon<Credential | Denied> => {
    const authorization = headers.get('authorization');
    const beside = authorization === null ? null : headers.get('x-api-key');
    if (beside !== null && parseSigned(beside)) return twoCredentials();
    const known = authorization === null ? undefined : read.get(authorization);
    return known ?? readAnew(authorization, headers);
  };
}

/** The HMAC keys of signing keys' secrets, opened once and kept in memory. */
function createHmacKeys(keyEncryptionKeys: KeyEncryptionKeys) {
  const hmacKeys = new Map<string, CryptoKey>();
  /** By the key as well: an envelope opens for its own key only, also when it is in memory. */
  return async (keyId: string, envelope: string, form: SignatureForm): Promise<CryptoKey> => {
    const name = `${form} ${keyId} ${envelope}`;
    const known = hmacKeys.get(name);
    if (known) return known;
    const key = await hmacKey(await openEnvelope(keyEncryptionKeys, envelope, keyId), form);
    if (hmacKeys.size >= MAX_HMAC_KEYS) hmacKeys.clear();
    hmacKeys.set(name, key);
    return key;
  };
}

/** Refusals that count: whoever goes on is held off. */
const createRefusals = (guard: AbuseGuard) => ({
  /** Against this key alone: a neighbour behind the same address has no part in it. */
  refuseKnown(caller: Presented, record: KeyRecord, denied: Denied): Unauthenticated {
    caller.keepAlive(guard.noteFailure(caller.ip, record.keyId));
    const seconds = guard.heldOffSeconds(caller.ip, record.keyId);
    return { ...(seconds > 0 ? heldOff(seconds) : denied), record };
  },
  /** Nobody sends by mistake what we did not sign, and each costs a verification. */
  refuseUnread(caller: Presented, denied: Denied): Denied {
    if (denied.denied !== 'invalid_token' || denied.reason !== 'unknown') return denied;
    caller.keepAlive(guard.noteFailure(caller.ip));
    const seconds = guard.heldOffSeconds(caller.ip);
    return seconds > 0 ? heldOff(seconds) : denied;
  },
});

const refusalOf = (token: ShownToken | undefined, why: Reason): Denied =>
  token ? { ...tokenUnknown(), reason: why } : deny('invalid_api_key', undefined, why);

export function createAuthenticator(ports: AuthenticatorPorts) {
  const { directory, guard, keyEncryptionKeys, now, checkToken } = ports;
  const readCredential = createCredentialReader(ports.accessTokens);
  const hmacKeyOf = createHmacKeys(keyEncryptionKeys);
  const { refuseKnown, refuseUnread } = createRefusals(guard);

  async function verify(
    caller: Presented,
    record: KeyRecord,
    signature: string,
  ): Promise<Identified | Unauthenticated> {
    const claim = readClaim(caller.request.headers, now());
    if (!claim) return { ...claimRefused(), record };
    const { form } = claim;
    const body = await caller.body();
    if (body === 'too_large') return { ...deny('payload_too_large'), record };
    if (body === 'cut_short') return { ...deny('invalid_request', { message: ENDED_EARLY }), record };
    const signed = await signedBytes(form, caller.request, body);
    if (!signed) return { ...needsBound(), record };
    for (const { envelope, hash, expiresMs } of validSecrets(record, now())) {
      if (!envelope) continue;
      if (!(await verifySignature(await hmacKeyOf(record.keyId, envelope, form), signature, signed)))
        continue;
      if (form === 'body' && (caller.rule === 'bound' || record.signatureRule === 'bound'))
        return { ...needsBound(), record };
      const retired = expiresMs !== null && { retiredHash: hash };
      if (claim.form === 'body') return { record, ...retired, form, nonce: undefined };
      const unsigned = unsignedHeader(caller.request.headers, claim.signed, caller.isHeard);
      if (unsigned !== undefined) return { ...needsSigned(unsigned), record };
      return { record, ...retired, ...claim };
    }
    return refuseKnown(caller, record, deny('invalid_signature', undefined, 'signature_mismatch'));
  }

  /** Whether it may be used by whoever shows this. */
  function judge(
    caller: Presented,
    { hash, signature, token }: Credential,
    found: Found,
  ): Soon<Identified | Unauthenticated> {
    if (found === 'unavailable') return deny('service_unavailable', undefined, 'key_directory_unavailable');
    const { record, from } = found;
    if (!record) {
      caller.keepAlive(guard.noteFailure(caller.ip));
      return refusalOf(token, 'unknown');
    }
    const why = unusable(record, hash, now());
    if (why) return { ...refuseKnown(caller, record, refusalOf(token, why)), from };
    const sourced = (proven: Identified | Unauthenticated) => ({ ...proven, from });
    if (token) return checkToken(caller, record, token).then(sourced);
    if (signature !== undefined) return verify(caller, record, signature).then(sourced);
    const isRetired = record.secrets.some((secret) => secret.hash === hash && secret.expiresMs !== null);
    return { record, from, retiredHash: isRetired ? hash : undefined, nonce: undefined };
  }

  /** `fresh`: past memory and KV. */
  return (caller: Presented, fresh: boolean): Soon<Identified | Unauthenticated> =>
    after(readCredential(caller.request.headers), (credential) => {
      if ('denied' in credential) return refuseUnread(caller, credential);
      const { lookup } = credential;
      const heldOffSeconds = guard.heldOffSeconds(caller.ip);
      if (heldOffSeconds > 0 && !directory.remembers(lookup)) return heldOff(heldOffSeconds);
      const found = fresh ? directory.fresh(lookup) : directory.find(lookup, caller.keepAlive);
      return after(found, (each) => judge(caller, credential, each));
    });
}

export type Identifier = ReturnType<typeof createAuthenticator>;
