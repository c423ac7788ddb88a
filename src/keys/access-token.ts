// Access tokens of OAuth clients (RFC 9068): JWTs that we sign, and read again with our own public keys. What they say is
// who, what for and until when; whether that still holds is the client's record's to say.

import { createLocalJWKSet, errors, jwtVerify, SignJWT } from 'jose';
import { SIGNING_ALGORITHM, type SigningKeys } from './signing-keys.ts';

/** As long as a token lives. */
const TOKEN_SECONDS = 15 * 60;
const TOKEN_TYPE = 'at+jwt';
/** Of the clocks of ours that made and read it. */
const LEEWAY_SECONDS = 5;
/** What is longer is none of ours. */
const MAX_TOKEN_CHARS = 4096;
const SHAPE = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** To what a token is bound (RFC 7800): the thumbprint of a DPoP key (RFC 9449) or of a certificate (RFC 8705), base64url. */
export interface Confirmation {
  jkt?: string;
  'x5t#S256'?: string;
}

export interface AccessToken {
  /** The client's id: a key id of ours, or the address at which a program describes itself. */
  clientId: string;
  /** The key id that it stands for: the client's, or that of what a member allowed it. */
  subject: string;
  scopes: readonly string[];
  jti: string;
  issuer: string;
  /** A URL: everything under it. */
  audience: string;
  issuedSeconds: number;
  /** The same as its id says it, which is finer. */
  issuedMs: number;
  expiresMs: number;
  confirmation: Confirmation | undefined;
}

export type Wish = Pick<
  AccessToken,
  'clientId' | 'subject' | 'scopes' | 'issuer' | 'audience' | 'confirmation'
> & {
  /** The client's own end, ms; null where it has none. */
  endMs: number | null;
};

/** Why it is none: `forged` is what nobody gets by mistake. */
export type Unread = 'forged' | 'expired';

export const hasTokenShape = (text: string): boolean => text.length <= MAX_TOKEN_CHARS && SHAPE.test(text);

/** Of an id of ours: the first 48 bits of a UUIDv7. */
const momentOf = (jti: string): number => Number.parseInt(jti.replace('-', '').slice(0, 12), 16) || 0;

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

const confirmationOf = (cnf: unknown): Confirmation | undefined =>
  typeof cnf === 'object' && cnf !== null ? (cnf as Confirmation) : undefined;

export function createAccessTokens(signingKeys: SigningKeys, now: () => number, newId: () => string) {
  let keySet: ReturnType<typeof createLocalJWKSet> | undefined;

  return {
    async issue(wish: Wish): Promise<{ text: string; expiresIn: number }> {
      const { kid, key } = await signingKeys.current();
      const issued = Math.floor(now() / 1000);
      const ends = wish.endMs === null ? Number.POSITIVE_INFINITY : Math.floor(wish.endMs / 1000);
      const expires = Math.min(issued + TOKEN_SECONDS, ends);
      const text = await new SignJWT({
        client_id: wish.clientId,
        scope: wish.scopes.join(' '),
        ...(wish.confirmation && { cnf: wish.confirmation }),
      })
        .setProtectedHeader({ alg: SIGNING_ALGORITHM, typ: TOKEN_TYPE, kid })
        .setIssuer(wish.issuer)
        .setSubject(wish.subject)
        .setAudience(wish.audience)
        .setJti(newId())
        .setIssuedAt(issued)
        .setExpirationTime(expires)
        .sign(key);
      return { text, expiresIn: expires - issued };
    },

    /** Its signature is ours, its type an access token's, and its time has not passed. */
    async read(text: string): Promise<AccessToken | Unread> {
      if (!hasTokenShape(text)) return 'forged';
      keySet ??= createLocalJWKSet(await signingKeys.jwks());
      try {
        const { payload } = await jwtVerify(text, keySet, {
          typ: TOKEN_TYPE,
          algorithms: [SIGNING_ALGORITHM],
          clockTolerance: LEEWAY_SECONDS,
          currentDate: new Date(now()),
          requiredClaims: ['exp', 'iat', 'jti', 'client_id', 'sub', 'scope'],
        });
        const { client_id, sub, scope, iss, aud, jti, iat, exp, cnf } = payload;
        if (typeof scope !== 'string' || ![client_id, sub, iss, aud, jti].every(isText)) return 'forged';
        return {
          clientId: String(client_id),
          subject: String(sub),
          scopes: scope.split(' ').filter(Boolean),
          jti: String(jti),
          issuer: String(iss),
          audience: String(aud),
          issuedSeconds: iat ?? 0,
          issuedMs: momentOf(String(jti)),
          expiresMs: (exp ?? 0) * 1000,
          confirmation: confirmationOf(cnf),
        };
      } catch (error) {
        return error instanceof errors.JWTExpired ? 'expired' : 'forged';
      }
    },
  };
}

export type AccessTokens = ReturnType<typeof createAccessTokens>;
