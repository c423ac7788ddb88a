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
  const options = () => ({
    [oauth.allowInsecureRequests]: settings.allowHttp,
    signal: AbortSignal.timeout(OIDC_TIMEOUT_MS),
  });
  let known: { server: oauth.AuthorizationServer; untilMs: number } | undefined;

  async function server(): Promise<oauth.AuthorizationServer> {
    if (known && now() < known.untilMs) return known.server;
    const issuer = new URL(settings.issuer);
    const response = await oauth.discoveryRequest(issuer, { ...options(), algorithm: 'oidc' });
    known = { server: await oauth.processDiscoveryResponse(issuer, response), untilMs: now() + METADATA_MS };
    return known.server;
  }

  return {
    /** Where to send the browser, and the signed attempt that it carries in a cookie until it is back. */
    async begin(
      redirectUri: string,
      { back, purpose }: { back: string; purpose: Purpose },
    ): Promise<{ url: string; attempt: string }> {
      const { authorization_endpoint: endpoint } = await server();
      if (!endpoint) throw new IdentityRefused('the issuer names no authorization endpoint');
      const attempt: Attempt = {
        state: oauth.generateRandomState(),
        nonce: oauth.generateRandomNonce(),
        verifier: oauth.generateRandomCodeVerifier(),
        back,
        purpose,
      };
      const url = new URL(endpoint);
      const parameters = {
        client_id: client.client_id,
        redirect_uri: redirectUri,
        response_type: 'code',
        scope: 'openid email profile',
        state: attempt.state,
        nonce: attempt.nonce,
        code_challenge: await oauth.calculatePKCECodeChallenge(attempt.verifier),
        code_challenge_method: 'S256',
      };
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
      return { url: url.href, attempt: await sign(attempt, key) };
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
        const claims = oauth.getValidatedIdTokenClaims(tokens);
        if (!claims || typeof claims.email !== 'string') throw new IdentityRefused('no e-mail address');
        if (claims.email_verified !== true) throw new IdentityRefused('the address is not verified');
        const name = typeof claims.name === 'string' && claims.name !== '' ? claims.name : claims.email;
        return kept.parse({
          issuer: claims.iss,
          subject: claims.sub,
          email: claims.email.toLowerCase(),
          name,
          hasSecondFactor: saysSecondFactor(claims),
          back: payload.back,
          purpose: payload.purpose,
        });
      } catch (error) {
        if (error instanceof IdentityRefused) throw error;
        throw new IdentityRefused(error instanceof Error ? error.message : 'refused', { cause: error });
      }
    },
  };
}

export type ExternalIdentityClient = ReturnType<typeof createExternalIdentity>;
