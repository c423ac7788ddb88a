// A local issuer of developers' and operators' tokens, in the place of Molam ID or any OIDC issuer.

import { existsSync, readFileSync } from 'node:fs';
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import { writePrivate } from './files.ts';

export const ISSUER = 'https://id.passerelle.localhost';
export const AUDIENCE = 'passerelle';
const KEY_ID = 'local';

export interface Issuer {
  jwks: { keys: JWK[] };
  token(
    claims: { sub: string; email: string; roles?: string[] },
    lifetime?: string,
    issuer?: string,
    audience?: string,
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
    token: ({ sub, email, roles = [] }, lifetime = '30d', issuer = ISSUER, audience = AUDIENCE) =>
      new SignJWT({ email, email_verified: true, roles, country: 'SN', currency: 'XOF', lang: 'fr' })
        .setProtectedHeader({ alg: 'ES256', kid: KEY_ID })
        .setSubject(sub)
        .setIssuer(issuer)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime(lifetime)
        .sign(key),
  };
}
