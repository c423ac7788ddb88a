// A local issuer of developers' and operators' access tokens (RFC 9068), in the place of Molam ID or any OIDC issuer.

import { existsSync, readFileSync } from 'node:fs';
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import { writePrivate } from './files.ts';

export const ISSUER = 'https://id.passerelle.localhost';
export const AUDIENCE = 'passerelle';
const CLIENT = 'passerelle-local';
const KEY_ID = 'local';

export interface Issuer {
  jwks: { keys: JWK[] };
  /** `wrong`: claims, or a header's `typ`, that a good issuer would not set; undefined leaves one out. */
  token(
    claims: { sub: string; email: string; roles?: string[] },
    lifetime?: string,
    issuer?: string,
    audience?: string,
    wrong?: Record<string, unknown>,
  ): Promise<string>;
}

export async function openIssuer(file: string): Promise<Issuer> {
  if (!existsSync(file)) {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    writePrivate(file, JSON.stringify(await exportJWK(privateKey)));
  }
  const secret: JWK = JSON.parse(readFileSync(file, 'utf8'));
  const key = await importJWK(secret, 'ES256');
  const { d: _private, ...shown } = secret;
  return {
    jwks: { keys: [{ ...shown, kid: KEY_ID, alg: 'ES256', use: 'sig' }] },
    token: (
      { sub, email, roles = [] },
      lifetime = '1h',
      issuer = ISSUER,
      audience = AUDIENCE,
      wrong = {},
    ) => {
      const { typ = 'at+jwt', iat, ...claims } = wrong;
      return new SignJWT({
        email,
        email_verified: true,
        roles,
        client_id: CLIENT,
        amr: ['pwd', 'otp', 'mfa'],
        country: 'SN',
        currency: 'XOF',
        lang: 'fr',
        sub,
        ...claims,
      })
        .setProtectedHeader({ alg: 'ES256', kid: KEY_ID, typ: String(typ) })
        .setIssuer(issuer)
        .setAudience(audience)
        .setIssuedAt(typeof iat === 'number' ? iat : undefined)
        .setExpirationTime(lifetime)
        .sign(key);
    },
  };
}
