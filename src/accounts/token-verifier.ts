// Verifies access tokens of the configured issuer (RFC 9068): `typ: at+jwt`, signature by its JWKS, iss, aud, exp, and not
// older than an hour; algorithms pinned; where clients are listed, one of these. Fails closed: without an issuer no token is good.

import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import type { Config } from '../config.ts';
import { AppError } from '../core/errors.ts';
import { saysSecondFactor } from './second-factor.ts';
import { subjectOf } from './subject.ts';

/** Whatever its `exp` says. Issued in the future is refused, too. */
const MAX_AGE = '1h';
const TOLERANCE_SECONDS = 5;
const MAX_SUB_CHARS = 255;

export interface Claims {
  issuer: string;
  sub: string;
  /** Both in one word: never the id of an account. */
  subject: string;
  /** Lower case; only when the issuer says that it is verified. */
  email?: string;
  roles: string[];
  /** The issuer says that a second factor was used. */
  hasSecondFactor: boolean;
}

/** undefined: a token of nobody, or for another client. Pure. */
export function claimsOf(
  payload: JWTPayload,
  issuer: string,
  clients: readonly string[],
): Claims | undefined {
  const { sub = '', email, email_verified: isVerified, roles, client_id: client, azp } = payload;
  if (sub.trim() === '' || sub.length > MAX_SUB_CHARS) return undefined;
  if (clients.length > 0 && !clients.includes(String(client ?? azp))) return undefined;
  return {
    issuer,
    sub,
    subject: subjectOf(issuer, sub),
    email: typeof email === 'string' && isVerified === true ? email.toLowerCase() : undefined,
    roles: Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [],
    hasSecondFactor: saysSecondFactor(payload),
  };
}

export function createTokenVerifier(config: Config) {
  const { JWT_ISSUER: issuer, JWT_JWKS_URL: jwksUrl } = config;
  const jwks = jwksUrl ? createRemoteJWKSet(new URL(jwksUrl), { timeoutDuration: 3000 }) : undefined;

  return async (authorization: string | undefined): Promise<Claims> => {
    const token = /^bearer (\S+)$/i.exec(authorization ?? '')?.[1];
    if (!token || !jwks || !issuer) throw new AppError('invalid_token');
    try {
      const { payload } = await jwtVerify(token, jwks, {
        issuer,
        audience: config.JWT_AUDIENCE,
        algorithms: config.JWT_ALGORITHMS,
        typ: 'at+jwt',
        requiredClaims: ['exp', 'iat', 'sub'],
        maxTokenAge: MAX_AGE,
        clockTolerance: TOLERANCE_SECONDS,
      });
      const claims = claimsOf(payload, issuer, config.JWT_CLIENTS);
      if (claims) return claims;
    } catch (error) {
      if (error instanceof errors.JWKSTimeout) throw new AppError('service_unavailable');
    }
    throw new AppError('invalid_token');
  };
}

export type TokenVerifier = ReturnType<typeof createTokenVerifier>;
