// HMAC-SHA256 signatures of requests: over the exact body bytes, or over `timestamp.nonce.body` when both are sent.

import { fromHex, utf8 } from '../core/encoding.ts';

export const MOST_SKEW_MS = 5 * 60_000;
const MOST_NONCE_CHARS = 128;

export interface SignedWith {
  timestamp: string | null;
  nonce: string | null;
}

/** The prefix that is signed before the body; undefined when timestamp or nonce is refused. */
export function signedPrefix({ timestamp, nonce }: SignedWith, nowMs: number): string | undefined {
  if (timestamp === null && nonce === null) return '';
  if (timestamp === null || nonce === null) return undefined;
  if (!/^\d{1,12}$/.test(timestamp) || nonce.length === 0 || nonce.length > MOST_NONCE_CHARS)
    return undefined;
  if (Math.abs(Number(timestamp) * 1000 - nowMs) > MOST_SKEW_MS) return undefined;
  return `${timestamp}.${nonce}.`;
}

export async function hmacKey(secret: string): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', utf8(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
    'verify',
  ]);
}

/** Compares in constant time. `signature`: 64 hex digits. */
export async function verifySignature(
  key: CryptoKey,
  signature: string,
  prefix: string,
  body: Uint8Array,
): Promise<boolean> {
  const expected = fromHex(signature);
  if (!expected) return false;
  const head = utf8(prefix);
  const signed = new Uint8Array(head.length + body.length);
  signed.set(head);
  signed.set(body, head.length);
  return crypto.subtle.verify('HMAC', key, expected, signed);
}
