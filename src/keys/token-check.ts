// Whether an access token is the caller's, for this API, and still good, by the record of its client. Its own time and
// signature were read before; everything that can change is looked at with each call.

import { type Denied, deny } from '../core/denied.ts';
import type { AccessToken } from './access-token.ts';
import type { Identified, Presented, Unauthenticated } from './authenticator.ts';
import type { KeyRecord } from './key-record.ts';
import { certificateOf, certificateThumbprint, readProof } from './possession.ts';

/** What an audience names: an origin, and what is under a path of it; without a slash at its end. */
export interface Resource {
  origin: string;
  host: string;
  path: string;
}

/** undefined where it is no address of the web, or has a query or a fragment (RFC 8707, 2). */
export function resourceOf(audience: string): Resource | undefined {
  if (!URL.canParse(audience) || /[?#]/.test(audience)) return undefined;
  const { origin, host, pathname, protocol, username, password } = new URL(audience);
  if (!/^https?:$/.test(protocol) || username || password) return undefined;
  return { origin, host, path: pathname.replace(/\/+$/, '') };
}

/** Whether it is at an address of ours: the issuer's, or another at which this Worker answers. */
export const isOwnResource = (
  { origin, host }: Resource,
  issuer: string,
  ownHosts: readonly string[],
): boolean => origin === issuer || ownHosts.includes(host);

/** As it was shown. */
export interface ShownToken extends AccessToken {
  text: string;
  scheme: 'bearer' | 'dpop';
  resource: Resource;
  /** The record as the token narrows it, made once for each. */
  narrowed?: { of: KeyRecord; record: KeyRecord };
}

export interface TokenCheckPorts {
  now(): number;
  /** Who issues our tokens, of the URL of a request. */
  issuerOf(url: string): string;
  /** Other hosts at which this Worker answers. */
  ownHosts: readonly string[];
}

export const tokenExpired = (): Denied =>
  deny('invalid_token', { message: 'The access token has expired. Get another one' }, 'expired');
const notForHere = (): Denied =>
  deny(
    'invalid_token',
    { message: 'The access token is for another resource or of another issuer' },
    'token_elsewhere',
  );
export const tokenUnknown = (): Denied =>
  deny('invalid_token', { message: 'The access token is not valid, or has been revoked' }, 'unknown');
const tokenRevoked = (): Denied => ({ ...tokenUnknown(), reason: 'revoked' });
const notProven = (message: string): Denied => deny('invalid_token', { message }, 'token_not_proven');

/** Whether a URL is what the audience names, or under it. Most audiences are an origin, which has everything under it. */
function isWithin(path: string, url: string): boolean {
  if (path === '') return true;
  const { pathname } = new URL(url);
  return pathname === path || pathname.startsWith(`${path}/`);
}

/** Before its time: it was revoked, or all of that time were, as the secret or the keys that it was got with are no more. */
export const hasEnded = (
  { jti, issuedMs }: Pick<AccessToken, 'jti' | 'issuedMs'>,
  { revokedTokens, tokensFromMs = 0 }: Pick<KeyRecord, 'revokedTokens' | 'tokensFromMs'>,
): boolean => issuedMs < tokensFromMs || revokedTokens?.includes(jti) === true;

/** Clients, and what members allowed programs. */
export const hasTokens = ({ kind }: Pick<KeyRecord, 'kind'>): boolean => kind === 'oauth' || kind === 'grant';

/** Its scopes are those that both have: the client's may have become fewer since. */
function narrowedBy(token: ShownToken, record: KeyRecord): KeyRecord {
  if (token.narrowed?.of === record) return token.narrowed.record;
  const scopes = record.scopes.filter((scope) => token.scopes.includes(scope));
  const narrowed = scopes.length === record.scopes.length ? record : { ...record, scopes };
  token.narrowed = { of: record, record: narrowed };
  return narrowed;
}

export function createTokenCheck({ now, issuerOf, ownHosts }: TokenCheckPorts) {
  /** Whether the caller holds what the token is bound to: then the proof's nonce, where there is one. */
  async function prove(
    { request }: Presented,
    { confirmation, scheme, text }: ShownToken,
    { client }: KeyRecord,
  ): Promise<Denied | Identified['nonce']> {
    const isUnbound =
      (client?.dpop_bound_access_tokens && confirmation?.jkt === undefined) ||
      (client?.tls_client_certificate_bound_access_tokens && confirmation?.['x5t#S256'] === undefined);
    if (isUnbound)
      return notProven('The tokens of this client are bound, and this one is not. Get another one');
    if (confirmation?.jkt === undefined) {
      if (scheme === 'dpop')
        return notProven('The access token is not bound to a DPoP key: send it as Bearer');
    } else if (scheme === 'bearer') {
      return notProven('The access token is bound to a DPoP key: send it as DPoP, with a proof');
    }
    if (confirmation?.['x5t#S256'] !== undefined) {
      const certificate = certificateOf(request.cf);
      if (!certificate || certificateThumbprint(certificate) !== confirmation['x5t#S256'])
        return notProven('The access token is bound to a client certificate that was not shown');
    }
    if (confirmation?.jkt === undefined) return undefined;
    const proof = await readProof(request, text, now());
    return proof?.thumbprint === confirmation.jkt
      ? proof.nonce
      : notProven('The DPoP proof is missing, not of this request and token, or too old');
  }

  return async function check(
    caller: Presented,
    record: KeyRecord,
    token: ShownToken,
  ): Promise<Identified | Unauthenticated> {
    const { url } = caller.request;
    if (!hasTokens(record) || hasEnded(token, record)) return { ...tokenRevoked(), record };
    if (token.expiresMs <= now()) return { ...tokenExpired(), record };
    const issuer = issuerOf(url);
    if (
      token.issuer !== issuer ||
      !isOwnResource(token.resource, issuer, ownHosts) ||
      !isWithin(token.resource.path, url)
    )
      return { ...notForHere(), record };
    const nonce = await prove(caller, token, record);
    if (nonce && 'denied' in nonce) return { ...nonce, record };
    return { record: narrowedBy(token, record), nonce };
  };
}

export type TokenCheck = ReturnType<typeof createTokenCheck>;
