// Whether whoever shows a token holds what it is bound to: a DPoP key (RFC 9449) or a client certificate (RFC 8705).

import { calculateJwkThumbprint, EmbeddedJWK, errors, jwtVerify } from 'jose';
import { PROOF_ALGORITHMS } from '../core/challenge.ts';
import { fromHex, sha256Bytes, sha256Hex, toBase64Url } from '../core/encoding.ts';
import type { Nonce } from '../limits/protocol.ts';

const MAX_PROOF_CHARS = 4096;
/** A proof is of now: older ones are refused, and each is taken once. */
const MAX_AGE_SECONDS = 60;
const LEEWAY_SECONDS = 5;

export interface Proof {
  /** Of its key (RFC 7638): what tokens are bound to. */
  thumbprint: string;
  /** To be used up: a proof is for one request. */
  nonce: Nonce;
}

/** What of a JWT cannot be verified, whoever made it; anything else is ours. */
export const isUnverifiable = (error: unknown): boolean =>
  error instanceof errors.JOSEError || error instanceof TypeError || error instanceof DOMException;

/** SHA-256 of a certificate, however it is written: with colons or without. */
export const fingerprintOf = (text: string): string => text.replaceAll(':', '').toLowerCase();

/** Without query and fragment (RFC 9449, 4.3). */
const targetOf = (url: string): string | undefined => {
  if (!URL.canParse(url)) return undefined;
  const { origin, pathname } = new URL(url);
  return origin + pathname;
};

/** What the header `DPoP` proves of this request, and of the token that it shows; undefined where it proves nothing. */
export async function readProof(
  { method, url, headers }: Pick<Request, 'method' | 'url' | 'headers'>,
  token: string | undefined,
  nowMs: number,
): Promise<Proof | undefined> {
  const header = headers.get('dpop');
  if (header === null || header.length > MAX_PROOF_CHARS) return undefined;
  try {
    const { payload, protectedHeader } = await jwtVerify(header, EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: PROOF_ALGORITHMS,
      maxTokenAge: MAX_AGE_SECONDS,
      clockTolerance: LEEWAY_SECONDS,
      currentDate: new Date(nowMs),
      requiredClaims: ['jti', 'htm', 'htu', 'iat'],
    });
    const { jti, htm, htu, ath, iat = 0 } = payload;
    if (htm !== method || typeof htu !== 'string' || targetOf(htu) !== targetOf(url)) return undefined;
    if (typeof jti !== 'string' || jti === '' || !protectedHeader.jwk) return undefined;
    const expected = token === undefined ? undefined : toBase64Url(await sha256Bytes(token));
    if (expected !== undefined && ath !== expected) return undefined;
    return {
      thumbprint: await calculateJwkThumbprint(protectedHeader.jwk),
      nonce: {
        value: `dpop ${await sha256Hex(jti)}`,
        expiresMs: (iat + MAX_AGE_SECONDS + 2 * LEEWAY_SECONDS) * 1000,
      },
    };
  } catch (error) {
    if (isUnverifiable(error)) return undefined;
    throw error;
  }
}

/** SHA-256 of the certificate that the caller's TLS showed, hex; undefined where it showed none. */
export function certificateOf(cf: unknown): string | undefined {
  const tls = (cf as { tlsClientAuth?: Partial<IncomingRequestCfPropertiesTLSClientAuth> } | null | undefined)
    ?.tlsClientAuth;
  if (tls?.certPresented !== '1' || tls.certRevoked === '1') return undefined;
  const hex = fingerprintOf(tls.certFingerprintSHA256 ?? '');
  return /^[0-9a-f]{64}$/.test(hex) ? hex : undefined;
}

/** As `cnf` says it. */
export const certificateThumbprint = (hex: string): string => toBase64Url(fromHex(hex) ?? new Uint8Array());
