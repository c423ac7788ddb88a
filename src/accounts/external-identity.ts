// Sign-in through any OIDC issuer: authorization code with PKCE, state and nonce (OpenID Connect Core 1.0; RFC 9700).
// The tokens are used once, to learn who it is, and are not kept. Time bound: OIDC_TIMEOUT_MS a request.

import { jwtVerify, SignJWT } from 'jose';
import * as oauth from 'oauth4webapi';
import * as z from 'zod';
import { utf8 } from '../core/encoding.ts';
import { saysSecondFactor } from './second-factor.ts';

const OIDC_TIMEOUT_MS = 5000;
const ATTEMPT_SECONDS = 600;
const METADATA_MS = 3_600_000;

export interface IdentitySettings {
  issuer: string;
  clientId: string;
  clientSecret?: string;
  /** Signs the attempt that the browser carries. */
  secret: string;
  /** Plain HTTP is for your machine alone. */
  allowHttp: boolean;
}

const identity = z.object({
  issuer: z.string().min(1),
  subject: z.string().min(1).max(255),
  /** Verified by the issuer; lower case. */
  email: z.email(),
  name: z.string().min(1),
  /** The issuer says that a second factor was used. */
  hasSecondFactor: z.boolean(),
});
export type ExternalIdentity = z.infer<typeof identity>;

const kept = identity.extend({ back: z.string(), purpose: z.enum(['sign-in', 'link']) });
/** An identity that waits for a button in the browser that asked. */
export type KeptIdentity = z.infer<typeof kept>;
export type Purpose = KeptIdentity['purpose'];

/** The issuer refused, or answered what cannot be trusted. `reason` is for the log. */
export class IdentityRefused extends Error {
  override name = 'IdentityRefused';
}

interface Attempt {
  state: string;
  nonce: string;
  verifier: string;
  back: string;
  purpose: Purpose;
}

const requestOptions = ({ allowHttp }: IdentitySettings) => ({
  [oauth.allowInsecureRequests]: allowHttp,
  signal: AbortSignal.timeout(OIDC_TIMEOUT_MS),
});

/** The issuer's metadata (OpenID Connect Discovery), kept for METADATA_MS. */
function createDiscovery(settings: IdentitySettings, now: () => number) {
  const issuer = new URL(settings.issuer);
  let known: { server: oauth.AuthorizationServer; untilMs: number } | undefined;
  return async (): Promise<oauth.AuthorizationServer> => {
    if (known && now() < known.untilMs) return known.server;
    const response = await oauth.discoveryRequest(issuer, { ...requestOptions(settings), algorithm: 'oidc' });
    known = { server: await oauth.processDiscoveryResponse(issuer, response), untilMs: now() + METADATA_MS };
    return known.server;
  };
}

const newAttempt = (target: Pick<Attempt, 'back' | 'purpose'>): Attempt => ({
  state: oauth.generateRandomState(),
  nonce: oauth.generateRandomNonce(),
  verifier: oauth.generateRandomCodeVerifier(),
  ...target,
});

/** Where the browser goes to sign in. */
async function authorizationUrl(
  endpoint: string,
  clientId: string,
  redirectUri: string,
  { state, nonce, verifier }: Attempt,
): Promise<string> {
  const url = new URL(endpoint);
  const parameters = {
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid email profile',
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

/** Whom the issuer vouched for. @throws IdentityRefused */
function identityOf(claims: oauth.IDToken | undefined): ExternalIdentity {
  if (!claims || typeof claims.email !== 'string') throw new IdentityRefused('no e-mail address');
  if (claims.email_verified !== true) throw new IdentityRefused('the address is not verified');
  return {
    issuer: claims.iss,
    subject: claims.sub,
    email: claims.email.toLowerCase(),
    name: typeof claims.name === 'string' && claims.name !== '' ? claims.name : claims.email,
    hasSecondFactor: saysSecondFactor(claims),
  };
}

export function createExternalIdentity(settings: IdentitySettings, now: () => number) {
  const client: oauth.Client = { client_id: settings.clientId };
  const authentication = settings.clientSecret
    ? oauth.ClientSecretBasic(settings.clientSecret)
    : oauth.None();
  const key = utf8(`oidc attempt ${settings.secret}`);
  const keptKey = utf8(`oidc identity ${settings.secret}`);
  const sign = (content: object, by: Uint8Array) =>
    new SignJWT({ ...content })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime(Math.floor(now() / 1000) + ATTEMPT_SECONDS)
      .sign(by);
  const options = () => requestOptions(settings);
  const server = createDiscovery(settings, now);

  return {
    /** Where to send the browser, and the signed attempt that it carries in a cookie until it is back. */
    async begin(
      redirectUri: string,
      target: Pick<Attempt, 'back' | 'purpose'>,
    ): Promise<{ url: string; attempt: string }> {
      const { authorization_endpoint: endpoint } = await server();
      if (!endpoint) throw new IdentityRefused('the issuer names no authorization endpoint');
      const attempt = newAttempt(target);
      const url = await authorizationUrl(endpoint, settings.clientId, redirectUri, attempt);
      return { url, attempt: await sign(attempt, key) };
    },

    /** The text of a cookie: whom the issuer vouched for. */
    keep: (content: KeptIdentity): Promise<string> => sign(content, keptKey),
    /** undefined: of nobody, or too old. */
    async kept(text: string | undefined): Promise<KeptIdentity | undefined> {
      try {
        const { payload } = await jwtVerify(text ?? '', keptKey, { algorithms: ['HS256'] });
        return kept.safeParse(payload).data;
      } catch {
        return undefined;
      }
    },

    /** @throws IdentityRefused */
    async finish(callback: URL, redirectUri: string, attemptText: string | undefined): Promise<KeptIdentity> {
      try {
        const { payload } = await jwtVerify<Attempt>(attemptText ?? '', key, { algorithms: ['HS256'] });
        const issuer = await server();
        const parameters = oauth.validateAuthResponse(issuer, client, callback, payload.state);
        const response = await oauth.authorizationCodeGrantRequest(
          issuer,
          client,
          authentication,
          parameters,
          redirectUri,
          payload.verifier,
          options(),
        );
        const tokens = await oauth.processAuthorizationCodeResponse(issuer, client, response, {
          expectedNonce: payload.nonce,
          requireIdToken: true,
        });
        await oauth.validateApplicationLevelSignature(issuer, response, options());
        const claims = identityOf(oauth.getValidatedIdTokenClaims(tokens));
        return kept.parse({ ...claims, back: payload.back, purpose: payload.purpose });
      } catch (error) {
        if (error instanceof IdentityRefused) throw error;
        throw new IdentityRefused(error instanceof Error ? error.message : 'refused', { cause: error });
      }
    },
  };
}

export type ExternalIdentityClient = ReturnType<typeof createExternalIdentity>;
