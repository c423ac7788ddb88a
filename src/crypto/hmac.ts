// HMAC with SHA-256.

import { utf8 } from '../core/encoding.ts';

const ALGORITHM = { name: 'HMAC', hash: 'SHA-256' };

/** @returns 32 bytes */
export async function hmacSha256(
  secret: Uint8Array<ArrayBuffer>,
  text: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const key = await crypto.subtle.importKey('raw', secret, ALGORITHM, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8(text)));
}
