// Envelope encryption of secrets at rest: each has a data key of its own, wrapped by a key-encryption key with an id.
// `v1.<kek id>.<iv + wrapped data key>.<iv + ciphertext>`, base64. Rotating the key-encryption key rewraps only.

import { fromBase64, toBase64, utf8 } from '../core/encoding.ts';

export interface KeyEncryptionKeys {
  /** Id of the key that wraps new secrets. */
  current: string;
  /** 32 bytes each, base64, by id. Old ones stay until everything is rewrapped. */
  keys: Record<string, string>;
}

const IV_BYTES = 12;
const decoder = new TextDecoder();

async function aesKey(bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
}

async function seal(key: CryptoKey, plain: Uint8Array<ArrayBuffer>, context: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const sealed = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv, additionalData: utf8(context) },
    key,
    plain,
  );
  const bytes = new Uint8Array(IV_BYTES + sealed.byteLength);
  bytes.set(iv);
  bytes.set(new Uint8Array(sealed), IV_BYTES);
  return toBase64(bytes);
}

async function open(key: CryptoKey, sealed: string, context: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = fromBase64(sealed);
  const parameters = { name: 'AES-GCM', iv: bytes.slice(0, IV_BYTES), additionalData: utf8(context) };
  return new Uint8Array(await crypto.subtle.decrypt(parameters, key, bytes.slice(IV_BYTES)));
}

function keyEncryptionKey(keks: KeyEncryptionKeys, id: string): Promise<CryptoKey> {
  const encoded = keks.keys[id];
  if (!encoded) throw new Error(`key-encryption key ${id} is not configured`);
  return aesKey(fromBase64(encoded));
}

/** `context` is bound to the ciphertext: an envelope copied to another row does not open. */
export async function sealEnvelope(keks: KeyEncryptionKeys, plain: string, context: string): Promise<string> {
  const dataKey = crypto.getRandomValues(new Uint8Array(32));
  const wrapped = await seal(await keyEncryptionKey(keks, keks.current), dataKey, context);
  return `v1.${keks.current}.${wrapped}.${await seal(await aesKey(dataKey), utf8(plain), context)}`;
}

function parts(envelope: string): [kekId: string, wrapped: string, sealed: string] {
  const [version, kekId, wrapped, sealed] = envelope.split('.');
  if (version !== 'v1' || !kekId || !wrapped || !sealed) throw new Error('not an envelope');
  return [kekId, wrapped, sealed];
}

/** @throws when the key is unknown, or the envelope or its context was changed. */
export async function openEnvelope(
  keks: KeyEncryptionKeys,
  envelope: string,
  context: string,
): Promise<string> {
  const [kekId, wrapped, sealed] = parts(envelope);
  const dataKey = await open(await keyEncryptionKey(keks, kekId), wrapped, context);
  return decoder.decode(await open(await aesKey(dataKey), sealed, context));
}

/** The same secret under the current key-encryption key. */
export async function rewrapEnvelope(
  keks: KeyEncryptionKeys,
  envelope: string,
  context: string,
): Promise<string> {
  const [kekId, wrapped, sealed] = parts(envelope);
  const dataKey = await open(await keyEncryptionKey(keks, kekId), wrapped, context);
  return `v1.${keks.current}.${await seal(await keyEncryptionKey(keks, keks.current), dataKey, context)}.${sealed}`;
}
