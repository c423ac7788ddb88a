// The signature of GitHub's secret scanning partner programme: ECDSA P-256 with SHA-256 over the raw body, DER, base64; the
// key is named by an identifier among those that GitHub publishes.
// docs.github.com/code-security/secret-scanning/secret-scanning-partner-program

import { fromBase64, utf8 } from '../core/encoding.ts';

const COORDINATE_BYTES = 32;
const SEQUENCE = 0x30;
const INTEGER = 0x02;

/** r and s, 32 bytes each, from `SEQUENCE { INTEGER r, INTEGER s }`; undefined when it is anything else. */
export function rawSignature(der: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  if (der[0] !== SEQUENCE || der[1] !== der.length - 2) return undefined;
  const raw = new Uint8Array(2 * COORDINATE_BYTES);
  let at = 2;
  for (const end of [COORDINATE_BYTES, 2 * COORDINATE_BYTES]) {
    const length = der[at + 1];
    if (der[at] !== INTEGER || length === undefined || at + 2 + length > der.length) return undefined;
    let number = der.subarray(at + 2, at + 2 + length);
    while (number.length > COORDINATE_BYTES && number[0] === 0) number = number.subarray(1);
    if (number.length > COORDINATE_BYTES) return undefined;
    raw.set(number, end - number.length);
    at += 2 + length;
  }
  return at === der.length ? raw : undefined;
}

/** `pem`: SubjectPublicKeyInfo. */
export async function isSignedBy(pem: string, signature: string, body: string): Promise<boolean> {
  try {
    const raw = rawSignature(fromBase64(signature));
    if (!raw) return false;
    const spki = fromBase64(pem.replace(/-----[A-Z ]+-----|\s/g, ''));
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const key = await crypto.subtle.importKey('spki', spki, algorithm, false, ['verify']);
    return await crypto.subtle.verify(algorithm, key, raw, utf8(body));
  } catch {
    return false;
  }
}
