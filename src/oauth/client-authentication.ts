// Which client asks, at the token endpoint and beside it: by a secret (RFC 6749, 2.3.1), by a signed assertion (RFC 7523), or by
// a certificate (RFC 8705). A client proves itself in one way, the one that its record names; whoever cannot is told nothing
// but that. Failures count against the address, as with keys.

import {
  createLocalJWKSet,
  decodeJwt,
  errors,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose';
import { equalInConstantTime, sha256Hex } from '../core/encoding.ts';
import type { KeyDirectory } from '../keys/key-directory.ts';
import { isClientId } from '../keys/key-format.ts';
import { hasEnded, type KeyRecord, unusable, validSecrets } from '../keys/key-record.ts';
import {
  ASSERTION_ALGORITHMS,
  type AuthMethod,
  type OAuthClient,
  SECRET_CLIENT,
} from '../keys/oauth-client.ts';
import { certificateOf, fingerprintOf, isUnverifiable } from '../keys/possession.ts';
import type { LimiterClient } from '../limiter/limiter-client.ts';
import type { AbuseGuard } from '../platform/abuse-guard.ts';
import type { Form } from './form.ts';
import { OAuthError } from './oauth-error.ts';

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** An assertion is kept, so that it is taken once, for as long as it may be shown. */
const MAX_ASSERTION_SECONDS = 3600;
const LEEWAY_SECONDS = 5;
const MAX_ASSERTION_CHARS = 8192;

export interface ClientRequest {
  headers: Headers;
  /** As the edge describes the connection. */
  cf: unknown;
  form: Form;
  ip: string;
  /** Of what is ours at this address: assertions may be meant for any of them. */
  audiences: readonly string[];
  keepAlive(work: Promise<unknown>): void;
}

export interface Client {
  /** Whose its tokens are: the client's own, or that of what a member allowed it. */
  record: KeyRecord;
  /** Its id, where that is not its record's. */
  clientId?: string;
  /** How it proves itself, and must, where that is not in its record. */
  terms?: OAuthClient;
  /** Of a rotated secret that was used while its grace lasts: SHA-256, hex. */
  retiredHash?: string;
}

export interface ClientAuthenticationPorts {
  directory: Pick<KeyDirectory, 'newest' | 'remembers'>;
  guard: AbuseGuard;
  useNonce: LimiterClient['useNonce'];
  now(): number;
}

type Shown =
  | { method: Exclude<AuthMethod, 'private_key_jwt'>; clientId: string; secret?: string }
  | { method: 'private_key_jwt'; clientId: string; assertion: string };

const failed = () => new OAuthError('invalid_client', 'The client is unknown, or did not prove itself');
const twoWays = () => new OAuthError('invalid_request', 'A client authenticates in one way, not in two');

/** RFC 6749, 2.3.1: both are form-encoded within the header. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw failed();
  }
}

function readBasic(authorization: string): Shown {
  const [, encoded] = /^basic ([A-Za-z0-9+/=]+)$/i.exec(authorization) ?? [];
  let pair = '';
  try {
    pair = atob(encoded ?? '');
  } catch {
    throw failed();
  }
  const end = pair.indexOf(':');
  if (end < 0) throw failed();
  return {
    method: 'client_secret',
    clientId: decoded(pair.slice(0, end)),
    secret: decoded(pair.slice(end + 1)),
  };
}

function readAssertion(assertion: string, named: string | undefined): Shown {
  if (assertion.length > MAX_ASSERTION_CHARS) throw failed();
  let clientId: unknown;
  try {
    clientId = decodeJwt(assertion).sub;
  } catch {
    throw failed();
  }
  if (typeof clientId !== 'string' || (named !== undefined && named !== clientId)) throw failed();
  return { method: 'private_key_jwt', clientId, assertion };
}

/** In which one way it tries to. @throws OAuthError */
function read({ headers, form }: ClientRequest): Shown {
  const authorization = headers.get('authorization');
  const { client_id: named, client_secret: secret, client_assertion: assertion } = form;
  const type = form.client_assertion_type;
  if ([authorization, secret, assertion].filter((each) => (each ?? undefined) !== undefined).length > 1)
    throw twoWays();
  if (authorization !== null) {
    const basic = readBasic(authorization);
    if (named !== undefined && named !== basic.clientId) throw failed();
    return basic;
  }
  if (assertion !== undefined) {
    if (type !== ASSERTION_TYPE)
      throw new OAuthError('invalid_request', `client_assertion_type must be ${ASSERTION_TYPE}`);
    return readAssertion(assertion, named);
  }
  if (named === undefined) throw failed();
  return secret === undefined
    ? { method: 'self_signed_tls_client_auth', clientId: named }
    : { method: 'client_secret', clientId: named, secret };
}

/** Of keys that have no names, any may be it: there are five at most. */
async function verifiedBy(assertion: string, keys: JWTVerifyGetKey, options: JWTVerifyOptions) {
  try {
    return await jwtVerify(assertion, keys, options);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error)
      try {
        return await jwtVerify(assertion, key, options);
      } catch (wrong) {
        if (!(wrong instanceof errors.JWSSignatureVerificationFailed)) throw wrong;
      }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

function createProofs({ useNonce, now }: Pick<ClientAuthenticationPorts, 'useNonce' | 'now'>) {
  async function bySecret(record: KeyRecord, secret: string): Promise<Client | undefined> {
    const hash = await sha256Hex(secret);
    const known = validSecrets(record, now()).find((each) => equalInConstantTime(each.hash, hash));
    return known && { record, ...(known.expiresMs !== null && { retiredHash: known.hash }) };
  }

  function byCertificate(record: KeyRecord, cf: unknown): Client | undefined {
    const expected = record.client?.tls_client_certificate_sha256;
    return expected !== undefined && certificateOf(cf) === fingerprintOf(expected) ? { record } : undefined;
  }

  async function byAssertion(record: KeyRecord, assertion: string, audiences: readonly string[]) {
    const nowMs = now();
    try {
      const keys = createLocalJWKSet((record.client?.jwks ?? { keys: [] }) as JSONWebKeySet);
      const { payload } = await verifiedBy(assertion, keys, {
        issuer: record.keyId,
        subject: record.keyId,
        audience: [...audiences],
        algorithms: [...ASSERTION_ALGORITHMS],
        clockTolerance: LEEWAY_SECONDS,
        currentDate: new Date(nowMs),
        requiredClaims: ['jti', 'exp'],
      });
      const { jti = '', exp = 0 } = payload;
      if (jti === '' || exp * 1000 > nowMs + (MAX_ASSERTION_SECONDS + LEEWAY_SECONDS) * 1000)
        return undefined;
      const nonce = {
        value: `assertion ${await sha256Hex(jti)}`,
        expiresMs: (exp + 2 * LEEWAY_SECONDS) * 1000,
      };
      return (await useNonce(record.id, nonce)) ? { record } : undefined;
    } catch (error) {
      if (isUnverifiable(error)) return undefined;
      throw error;
    }
  }

  return async function prove(
    record: KeyRecord,
    shown: Shown,
    { cf, audiences }: ClientRequest,
  ): Promise<Client | undefined> {
    const { token_endpoint_auth_method: method } = record.client ?? SECRET_CLIENT;
    if (shown.method !== method || hasEnded(record, now())) return undefined;
    if (shown.method === 'private_key_jwt') return byAssertion(record, shown.assertion, audiences);
    return shown.method === 'client_secret'
      ? bySecret(record, shown.secret ?? '')
      : byCertificate(record, cf);
  };
}

export function createClientAuthentication(ports: ClientAuthenticationPorts) {
  const { directory, guard } = ports;
  const prove = createProofs(ports);

  /** As the database has it; where that cannot be asked, as it was known last. */
  async function recordOf(clientId: string, keepAlive: ClientRequest['keepAlive']) {
    if (!isClientId(clientId)) return undefined;
    const found = await directory.newest({ by: 'key_id', value: clientId }, keepAlive);
    if (found === 'unavailable')
      throw new OAuthError('temporarily_unavailable', 'The client cannot be looked up right now');
    return found.record?.kind === 'oauth' ? found.record : undefined;
  }

  /** @throws OAuthError */
  return async function authenticate(request: ClientRequest): Promise<Client> {
    const { ip, keepAlive } = request;
    const shown = read(request);
    const isKnown = directory.remembers({ by: 'key_id', value: shown.clientId });
    const heldOff = guard.heldOffSeconds(ip, isKnown ? shown.clientId : undefined);
    if (heldOff > 0)
      throw new OAuthError('temporarily_unavailable', 'Too many attempts from this address', heldOff);
    const record = await recordOf(shown.clientId, keepAlive);
    const client = record && (await prove(record, shown, request));
    if (client && unusable(client.record, undefined, ports.now()))
      throw new OAuthError('unauthorized_client', 'The client may not be used at present');
    if (client) return client;
    keepAlive(guard.noteFailure(ip, record?.keyId));
    throw failed();
  };
}

export type ClientAuthentication = ReturnType<typeof createClientAuthentication>;
