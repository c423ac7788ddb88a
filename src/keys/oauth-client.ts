// What an OAuth client's record says beside what every key's does: how it proves itself at the token endpoint, and what its
// tokens are bound to. Names are those of client metadata (RFC 7591, 2; RFC 8705, 3.4; RFC 9449, 5.2).

import * as z from 'zod';
import { isRedirectUri } from '../core/redirect-uri.ts';
import type { KeyKind } from './key-columns-store.ts';

/** By which assertions may be signed. */
export const ASSERTION_ALGORITHMS = [
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
  'RS256',
  'PS256',
] as const;

export const AUTH_METHODS = ['client_secret', 'private_key_jwt', 'self_signed_tls_client_auth'] as const;
export type AuthMethod = (typeof AUTH_METHODS)[number];

const MAX_KEYS = 5;
const MIN_RSA_BYTES = 256;
const base64url = z.string().regex(/^[\w-]{1,1400}$/);
/** What tools write beside, and nobody needs. */
const unused = { ext: z.boolean().optional(), key_ops: z.array(z.string().max(20)).max(8).optional() };
const common = {
  ...unused,
  kid: z.string().max(200).optional(),
  use: z.literal('sig').optional(),
  alg: z.enum(ASSERTION_ALGORITHMS).optional(),
};
const rsaModulus = base64url.refine(
  (n) => (n.length * 3) / 4 >= MIN_RSA_BYTES - 1,
  'RSA keys have at least 2,048 bits',
);

/** Public keys alone: a private member is refused with its whole key, as a secret that was shown to us is none. */
const publicKey = z.discriminatedUnion('kty', [
  z.strictObject({
    ...common,
    kty: z.literal('EC'),
    crv: z.enum(['P-256', 'P-384', 'P-521']),
    x: base64url,
    y: base64url,
  }),
  z.strictObject({ ...common, kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: base64url }),
  z.strictObject({ ...common, kty: z.literal('RSA'), n: rsaModulus, e: base64url }),
]);

const FINGERPRINT = /^(?:[0-9a-fA-F]{2}:?){31}[0-9a-fA-F]{2}$/;

/** Of keys as they are shown, too. */
export const clientShape = z.strictObject({
  /** `client_secret`: client_secret_basic and client_secret_post. */
  token_endpoint_auth_method: z.enum(AUTH_METHODS),
  /** Of `private_key_jwt`. */
  jwks: z.strictObject({ keys: z.array(publicKey).min(1).max(MAX_KEYS) }).optional(),
  /** Of `self_signed_tls_client_auth`: SHA-256 of the certificate in DER, hexadecimal, with colons or without. */
  tls_client_certificate_sha256: z
    .string()
    .regex(FINGERPRINT, 'The SHA-256 of a certificate is 64 hexadecimal digits')
    .optional(),
  /** Where people are sent back to who allow it something: it acts for them by codes (RFC 6749, 4.1). */
  redirect_uris: z
    .array(
      z
        .string()
        .refine(isRedirectUri, 'A redirect URI is https, on this machine, or of the scheme of a program'),
    )
    .min(1)
    .max(20)
    .optional(),
  /** Its tokens are bound to a DPoP key, always. Without it, where it shows one. */
  dpop_bound_access_tokens: z.boolean().optional(),
  /** Its tokens are bound to its certificate, always. */
  tls_client_certificate_bound_access_tokens: z.boolean().optional(),
});
export type OAuthClient = z.infer<typeof clientShape>;

export const oauthClient = clientShape
  .refine(
    ({ token_endpoint_auth_method: method, jwks }) => (method === 'private_key_jwt') === (jwks !== undefined),
    { path: ['jwks'], message: 'Public keys go with private_key_jwt, and with nothing else' },
  )
  .refine(
    ({ token_endpoint_auth_method: method, tls_client_certificate_sha256: fingerprint }) =>
      method !== 'self_signed_tls_client_auth' || fingerprint !== undefined,
    {
      path: ['tls_client_certificate_sha256'],
      message: 'self_signed_tls_client_auth needs the SHA-256 of a certificate',
    },
  );

/** Of a client that nobody said more of. */
export const SECRET_CLIENT: OAuthClient = { token_endpoint_auth_method: 'client_secret' };

/** Whether a key has a secret that is shown once, and rotated. */
export const hasSecret = ({ kind, client }: { kind: KeyKind; client: OAuthClient | null }): boolean =>
  kind !== 'grant' && (client ?? SECRET_CLIENT).token_endpoint_auth_method === 'client_secret';
