// Signatures of Standard Webhooks (github.com/standard-webhooks/standard-webhooks, spec 1.0.0): HMAC-SHA256 over
// `id.timestamp.body`, base64, one `v1,…` for each secret that is valid now.

import { fromBase64, toBase64 } from '../core/encoding.ts';
import { hmacSha256 } from '../crypto/hmac.ts';

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;

export const newSecret = (random: (length: number) => Uint8Array<ArrayBuffer>): string =>
  PREFIX + toBase64(random(SECRET_BYTES));

/** `secret`: `whsec_` and base64. */
export async function signatureOf(
  secret: string,
  id: string,
  timestampSeconds: number,
  body: string,
): Promise<string> {
  const bytes = fromBase64(secret.slice(PREFIX.length));
  return `v1,${toBase64(await hmacSha256(bytes, `${id}.${timestampSeconds}.${body}`))}`;
}

export async function signedHeaders(
  secrets: readonly string[],
  id: string,
  timestampSeconds: number,
  body: string,
): Promise<Record<string, string>> {
  const signatures = await Promise.all(
    secrets.map((secret) => signatureOf(secret, id, timestampSeconds, body)),
  );
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': signatures.join(' '),
  };
}
