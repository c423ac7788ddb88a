// Verifies bearer JWTs of the configured issuer: signature by its JWKS, iss, aud, exp; algorithms pinned.
// Fails closed: without an issuer no token is good.

import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import type { Config } from '../config.ts';
import { AppError } from '../core/errors.ts';

export interface Claims {
  sub: string;
  email?: string;
  roles: string[];
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
        requiredClaims: ['exp', 'sub'],
        clockTolerance: 5,
      });
      const { sub, email, roles, email_verified } = payload;
      return {
        sub: sub ?? '',
        email: typeof email === 'string' && email_verified !== false ? email : undefined,
        roles: Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [],
      };
    } catch (error) {
      if (error instanceof errors.JWKSTimeout) throw new AppError('service_unavailable');
      throw new AppError('invalid_token');
    }
  };
}

export type TokenVerifier = ReturnType<typeof createTokenVerifier>;
