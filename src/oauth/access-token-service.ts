// Access tokens for clients: got (RFC 6749, 4.4), looked at (RFC 7662), and ended (RFC 7009). A token is what its client's
// record allows, for less long: the record is asked again with each call, so what a client loses, its tokens lose, too.

import {
  type AccessToken,
  type AccessTokens,
  type Confirmation,
  hasTokenShape,
} from '../keys/access-token.ts';
import type { KeyDirectory } from '../keys/key-directory.ts';
import { type KeyRecord, unusable } from '../keys/key-record.ts';
import { certificateOf, certificateThumbprint, readProof } from '../keys/possession.ts';
import { hasEnded, hasTokens, isOwnResource, resourceOf } from '../keys/token-check.ts';
import type { LimiterClient } from '../limiter/limiter-client.ts';
import type { Client } from './client-authentication.ts';
import type { Form } from './form.ts';
import { OAuthError } from './oauth-error.ts';
import type { RevokedTokens } from './revoked-token-store.ts';

export interface TokenPorts {
  accessTokens: AccessTokens;
  directory: Pick<KeyDirectory, 'newest'>;
  useNonce: LimiterClient['useNonce'];
  revoked: RevokedTokens;
  /** Tells the limiters of a client's new version. */
  announce(id: string): Promise<void>;
  ownHosts: readonly string[];
  /** Those that there are. */
  knownScopes(): readonly string[];
  now(): number;
}

/** It stands in the token, which is sent with each call. */
const MAX_RESOURCE_CHARS = 512;

/** Who asks, of what, and where. */
export interface Asked {
  request: Pick<Request, 'method' | 'url' | 'headers' | 'cf'>;
  form: Form;
  client: Client;
  issuer: string;
  requestId: string;
  ip: string | null;
  keepAlive(work: Promise<unknown>): void;
}

/** RFC 6749, 5.1. */
export interface TokenAnswer {
  access_token: string;
  token_type: 'Bearer' | 'DPoP';
  expires_in: number;
  scope: string;
  /** Of what a member allowed: for one use. */
  refresh_token?: string;
}

interface TokenBounds {
  /** Of ours; everywhere where nothing is said. */
  resource?: string;
  jkt?: string;
}

interface Issued {
  answer: TokenAnswer;
  /** Of the DPoP key that was shown. */
  jkt: string | undefined;
}

/**
 * What of the client's scopes it asks for: all of them where it names none. Programs ask for all that a resource knows, and get
 * what they have (RFC 6749, 3.3); what nobody knows is a mistake. @throws OAuthError invalid_scope
 */
function scopesOf({ form, client }: Asked, known: readonly string[]): string[] {
  const { scopes } = client.record;
  if (form.scope === undefined) return scopes;
  const wanted = new Set(form.scope.split(' ').filter(Boolean));
  const granted = scopes.filter((scope) => wanted.has(scope));
  const isUnknown = [...wanted].some((scope) => !known.includes(scope) && !scopes.includes(scope));
  if (granted.length === 0 || isUnknown)
    throw new OAuthError('invalid_scope', `The client has the scopes: ${scopes.join(' ')}`);
  return granted;
}

const termsOf = ({ record, terms }: Client) => terms ?? record.client;

/** Of the certificate to which the client's tokens are bound, as `cnf` says it. @throws OAuthError where it is not shown */
function boundCertificate({ request, client }: Asked): string | undefined {
  const terms = termsOf(client);
  const isBound =
    terms?.tls_client_certificate_bound_access_tokens === true ||
    terms?.token_endpoint_auth_method === 'self_signed_tls_client_auth';
  if (!isBound) return undefined;
  const certificate = certificateOf(request.cf);
  if (certificate) return certificateThumbprint(certificate);
  throw new OAuthError('invalid_request', 'The tokens of this client are bound to its certificate: show it');
}

const tokenOf = ({ form }: Pick<Asked, 'form'>): string => {
  if (form.token === undefined) throw new OAuthError('invalid_request', 'token is missing');
  return form.token;
};

function createIssue({ accessTokens, useNonce, ownHosts, knownScopes, now }: TokenPorts) {
  /** `most`: what may be asked for. @throws OAuthError invalid_target */
  function audienceOf({ form, issuer }: Asked, most: string): string {
    if (form.resource === undefined) return most;
    if (form.resource.length > MAX_RESOURCE_CHARS)
      throw new OAuthError('invalid_target', `A resource has at most ${MAX_RESOURCE_CHARS} characters`);
    const resource = resourceOf(form.resource);
    if (!resource || !isOwnResource(resource, issuer, ownHosts))
      throw new OAuthError('invalid_target', `The resource must be ${issuer}, or an address under it`);
    const audience = resource.origin + resource.path;
    if (most !== issuer && audience !== most && !audience.startsWith(`${most}/`))
      throw new OAuthError('invalid_target', `This was allowed for ${most} alone`);
    return audience;
  }

  /** Of the key that the client shows, or must. @throws OAuthError */
  async function keyThumbprint({ request, client }: Asked): Promise<string | undefined> {
    if (!request.headers.has('dpop')) {
      if (!termsOf(client)?.dpop_bound_access_tokens) return undefined;
      throw new OAuthError(
        'invalid_dpop_proof',
        'The tokens of this client are bound to a DPoP key: send a proof',
      );
    }
    const proof = await readProof(request, undefined, now());
    if (proof && (await useNonce(client.record.id, proof.nonce))) return proof.thumbprint;
    throw new OAuthError(
      'invalid_dpop_proof',
      'The DPoP proof is not of this request, too old, or was used before',
    );
  }

  /** `most`: where it may be used at most, and the DPoP key that is to be shown. */
  return async function issue(asked: Asked, most: TokenBounds = {}): Promise<Issued> {
    const { record } = asked.client;
    const scopes = scopesOf(asked, knownScopes());
    const audience = audienceOf(asked, most.resource ?? asked.issuer);
    const certificate = boundCertificate(asked);
    const jkt = await keyThumbprint(asked);
    if (most.jkt !== undefined && jkt !== most.jkt)
      throw new OAuthError('invalid_dpop_proof', 'This is bound to a DPoP key: send a proof by that one');
    const confirmation: Confirmation = {
      ...(jkt && { jkt }),
      ...(certificate && { 'x5t#S256': certificate }),
    };
    const { text, expiresIn } = await accessTokens.issue({
      clientId: asked.client.clientId ?? record.keyId,
      subject: record.keyId,
      scopes,
      issuer: asked.issuer,
      audience,
      confirmation: jkt || certificate ? confirmation : undefined,
      endMs: record.expiresMs,
    });
    if (!hasTokenShape(text))
      throw new OAuthError('invalid_scope', 'The scopes are too many for one token: ask for fewer');
    const answer: TokenAnswer = {
      access_token: text,
      token_type: jkt === undefined ? 'Bearer' : 'DPoP',
      expires_in: expiresIn,
      scope: scopes.join(' '),
    };
    return { answer, jkt };
  };
}

function createIntrospection({ accessTokens, directory, now }: TokenPorts) {
  /** The token as it stands, and the record of its client; undefined where it is good for nothing. */
  async function active(asked: Asked): Promise<{ token: AccessToken; record: KeyRecord } | undefined> {
    const token = await accessTokens.read(tokenOf(asked));
    if (typeof token === 'string' || token.issuer !== asked.issuer || token.expiresMs <= now())
      return undefined;
    const found = await directory.newest({ by: 'key_id', value: token.subject }, asked.keepAlive);
    if (found === 'unavailable')
      throw new OAuthError('temporarily_unavailable', 'The token cannot be looked up right now');
    const { record } = found;
    if (!record || !hasTokens(record) || unusable(record, undefined, now())) return undefined;
    return hasEnded(token, record) ? undefined : { token, record };
  }

  /** What a token says, while it is good, to clients of the same partner; to others, and of others, that it is not. */
  return async function introspect(asked: Asked): Promise<Record<string, unknown>> {
    const found = await active(asked);
    const { partnerId, environment } = asked.client.record;
    const isOwn = found?.token.clientId === asked.client.record.keyId;
    if (!found || found.record.partnerId !== partnerId) return { active: false };
    if (!isOwn && found.record.environment !== environment) return { active: false };
    const { token, record } = found;
    return {
      active: true,
      scope: token.scopes.filter((scope) => record.scopes.includes(scope)).join(' '),
      client_id: token.clientId,
      sub: token.subject,
      iss: token.issuer,
      aud: token.audience,
      iat: token.issuedSeconds,
      exp: token.expiresMs / 1000,
      jti: token.jti,
      token_type: token.confirmation?.jkt === undefined ? 'Bearer' : 'DPoP',
      ...(token.confirmation && { cnf: token.confirmation }),
    };
  };
}

const createRevocation = ({ accessTokens, revoked, announce, directory }: TokenPorts) =>
  /** `clientId`: who asks. Of what is no token any more, there is nothing to end. @throws OAuthError where it is another client's */
  async function revoke(asked: Omit<Asked, 'client'>, clientId: string): Promise<void> {
    const { requestId, ip } = asked;
    const token = await accessTokens.read(tokenOf(asked));
    if (typeof token === 'string' || token.issuer !== asked.issuer) return;
    if (token.clientId !== clientId)
      throw new OAuthError('unauthorized_client', 'The token was issued to another client');
    const found = await directory.newest({ by: 'key_id', value: token.subject }, asked.keepAlive);
    if (found === 'unavailable')
      throw new OAuthError('temporarily_unavailable', 'The token cannot be looked up right now');
    if (!found.record) return;
    const { id, keyId } = found.record;
    const isRevoked = await revoked.revoke({ id, keyId }, token, { name: `key:${keyId}`, ip, requestId });
    if (!isRevoked)
      throw new OAuthError(
        'temporarily_unavailable',
        'This client has revoked too many tokens. Revoke the client, or wait until they have ended',
        60,
      );
    await announce(id);
  };

export const createAccessTokenService = (ports: TokenPorts) => ({
  issue: createIssue(ports),
  introspect: createIntrospection(ports),
  revoke: createRevocation(ports),
});

export type AccessTokenService = ReturnType<typeof createAccessTokenService>;
