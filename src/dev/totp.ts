// The code of an authenticator now (RFC 6238: six digits, 30 seconds, SHA-1), for the demo's operator. Runs in Node and workerd.

export const STEP_MS = 30_000;
const DIGITS = 6;

/** `secret`: as better-auth keeps it, whose bytes are the key. */
export async function totp(secret: string | Uint8Array<ArrayBuffer>, nowMs: number): Promise<string> {
  const bytes = typeof secret === 'string' ? new TextEncoder().encode(secret) : secret;
  const key = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-1' }, false, ['sign']);
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(Math.floor(nowMs / STEP_MS)));
  const hash = new DataView(await crypto.subtle.sign('HMAC', key, counter.buffer));
  const offset = hash.getUint8(hash.byteLength - 1) & 15;
  return String((hash.getUint32(offset) & 0x7fffffff) % 10 ** DIGITS).padStart(DIGITS, '0');
}
