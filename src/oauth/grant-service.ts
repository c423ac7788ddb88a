// What members let programs do: a grant is a key, which nobody sees, and whose tokens the program gets by a code and keeps up by
// refresh tokens (RFC 6749, 4.1 and 6; 7636; 9700). Each of those is for one use: whoever shows one again ends the grant.

import type { Actor } from '../audit/audit-store.ts';
import { equalInConstantTime, sha256Bytes, sha256Hex, toBase64Url } from '../core/encoding.ts';
import { AppError } from '../core/errors.ts';
import type { KeyDirectory } from '../keys/key-directory.ts';
import { type Environment, newOneUseSecret } from '../keys/key-format.ts';
import { hasEnded, type KeyRecord, unusable } from '../keys/key-record.ts';
import { random } from '../keys/key-secrets.ts';
import type { KeyBudget, KeyService } from '../keys/key-service.ts';
import type { KeyView } from '../keys/key-view-store.ts';
import type { AuthorizationRequest } from './authorization-request.ts';
import type { Form } from './form.ts';
import { type GrantStore, grantRows, type NextToken } from './grant-store.ts';
import { OAuthError } from './oauth-error.ts';

export interface Allowed {
  appId: string;
  environment: Environment;
  scopes: string[];
  budget: KeyBudget | undefined;
  /** RFC 3339. */
  expiresAt: string;
}

interface Member {
  partnerId: string;
  subject: string;
}

/** Shown, and good so far: `use` takes it, and says what it is replaced by. */
export interface Redeemable {
  record: KeyRecord;
  clientId: string;
  /** Where its tokens are to work; undefined: everywhere. */
  resource: string | undefined;
  /** Of the DPoP key that is to be shown, where one was. */
  jkt: string | undefined;
  /** `jkt`: of the DPoP key that was shown. @throws OAuthError invalid_grant where somebody was faster */
  use(jkt: string | undefined): Promise<string>;
}

type KeepAlive = (work: Promise<unknown>) => void;

export interface GrantPorts {
  store: GrantStore;
  keys: Pick<KeyService, 'create' | 'revoke' | 'list' | 'get'>;
  directory: Pick<KeyDirectory, 'newest'>;
  now(): number;
}

const MAX_LISTED = 200;
const MAX_ENDED = 50;
const MAX_GRANTS = 100;
const VERIFIER = /^[\w.~-]{43,128}$/;
const invalid = (why: string) => new OAuthError('invalid_grant', why);
const NO_CODE = 'The code is unknown, of another client, used, or too old';
const NO_TOKEN = 'The refresh token is unknown, of another client, used, or too old';

const missing = (name: string) => new OAuthError('invalid_request', `${name} is missing`);

async function requireVerifier(verifier: string | undefined, challenge: string): Promise<void> {
  if (verifier === undefined) throw missing('code_verifier');
  const isProven =
    VERIFIER.test(verifier) && equalInConstantTime(toBase64Url(await sha256Bytes(verifier)), challenge);
  if (!isProven) throw invalid('code_verifier does not belong to the code');
}

const newSecret = async (kind: 'ok' | 'or') => {
  const secret = newOneUseSecret(kind, random);
  return { secret, hash: await sha256Hex(secret) };
};

type Shown = Awaited<ReturnType<GrantStore['code']>>;
interface Found {
  what: 'its code' | 'its refresh token';
  why: string;
  hash: string;
  shown: Shown;
  use(hash: string, next: NextToken): Promise<boolean>;
}

/** Of what was found by what a program showed. */
function createRedemption({ keys, directory, now }: Omit<GrantPorts, 'store'>) {
  /** Of a grant that has not ended. @throws OAuthError */
  async function recordOf(keyId: string, keepAlive: KeepAlive): Promise<KeyRecord> {
    const found = await directory.newest({ by: 'key_id', value: keyId }, keepAlive);
    if (found === 'unavailable')
      throw new OAuthError('temporarily_unavailable', 'The grant cannot be looked up right now');
    const { record } = found;
    if (!record || hasEnded(record, now())) throw invalid('The grant has ended');
    return record;
  }

  /** Somebody holds what was used: nobody knows who of the two it is. */
  async function endStolen(record: Pick<KeyRecord, 'partnerId' | 'keyId'>, what: string): Promise<void> {
    const actor = { name: `key:${record.keyId}`, ip: null, requestId: null };
    await keys.revoke(record.partnerId, record.keyId, `${what} was used twice`, actor);
  }

  return async function redeem(
    { what, why, hash, shown, use }: Found,
    clientId: string,
    keepAlive: KeepAlive,
  ): Promise<Redeemable> {
    if (!shown || shown.clientId !== clientId) throw invalid(why);
    const record = await recordOf(shown.keyId, keepAlive);
    if (shown.isUsed) {
      await endStolen(record, what);
      throw invalid(why);
    }
    // Its program keeps what it holds, and does not ask its member again.
    if (unusable(record, undefined, now()))
      throw new OAuthError('unauthorized_client', 'The grant may not be used at present');
    if (shown.isOver) throw invalid(why);
    return {
      record,
      clientId,
      resource: shown.resource ?? undefined,
      jkt: shown.jkt ?? undefined,
      async use(jkt) {
        const next = await newSecret('or');
        if (await use(hash, { hash: next.hash, jkt })) return next.secret;
        await endStolen(record, what);
        throw invalid(why);
      },
    };
  };
}

/** What programs show. */
function createTokens({ store, ...ports }: GrantPorts) {
  const { keys } = ports;
  const redeem = createRedemption(ports);
  return {
    /** @throws OAuthError */
    async ofCode(form: Form, clientId: string, keepAlive: KeepAlive): Promise<Redeemable> {
      const { code, redirect_uri: redirectUri, code_verifier: verifier } = form;
      if (code === undefined) throw missing('code');
      const hash = await sha256Hex(code);
      const shown = await store.code(hash);
      const found: Found = { what: 'its code', why: NO_CODE, hash, shown, use: store.useCode };
      const redeemable = await redeem(found, clientId, keepAlive);
      if (redirectUri !== undefined && redirectUri !== shown?.redirectUri)
        throw invalid('redirect_uri is not the one that the code was asked for with');
      await requireVerifier(verifier, shown?.challenge ?? '');
      return redeemable;
    },

    /** @throws OAuthError */
    async ofRefreshToken(form: Form, clientId: string, keepAlive: KeepAlive): Promise<Redeemable> {
      const { refresh_token: token } = form;
      if (token === undefined) throw missing('refresh_token');
      const hash = await sha256Hex(token);
      const shown = await store.refreshToken(hash);
      const use = store.useRefreshToken;
      return redeem({ what: 'its refresh token', why: NO_TOKEN, hash, shown, use }, clientId, keepAlive);
    },

    /** Ends the grant of a refresh token, where it is this client's (RFC 7009, 2.1). Whether there was one. */
    async endByRefreshToken(token: string, clientId: string, by: Omit<Actor, 'name'>): Promise<boolean> {
      const shown = await store.refreshToken(await sha256Hex(token));
      if (!shown || shown.clientId !== clientId) return false;
      const { partnerId } = await keys.get(null, shown.keyId);
      const { ip, requestId } = by;
      const name = `key:${shown.keyId}`;
      await keys.revoke(partnerId, shown.keyId, 'ended by the program', { name, ip, requestId });
      return true;
    },
  };
}

export function createGrantService(ports: GrantPorts) {
  const { keys } = ports;
  const ofMember = ({ partnerId, subject }: Member, isActive: boolean, limit: number): Promise<KeyView[]> =>
    keys.list(partnerId, { grantedBy: subject, isActive }, { limit });
  const active = (member: Member) => ofMember(member, true, MAX_LISTED);

  return {
    ...createTokens(ports),

    /** Makes the grant, and the code that its program gets. @throws AppError */
    async allow(
      member: Member,
      { program, redirectUri, challenge, resource, jkt }: AuthorizationRequest,
      { appId, environment, scopes, budget, expiresAt }: Allowed,
      actor: Actor,
    ): Promise<string> {
      if ((await active(member)).length >= MAX_GRANTS)
        throw new AppError('conflict', `At most ${MAX_GRANTS} programs. End those that you do not need`);
      const code = await newSecret('ok');
      const { clientId, name } = program;
      const { subject } = member;
      const grant = { subject, clientId, codeHash: code.hash, redirectUri, challenge, resource, jkt };
      await keys.create(
        member.partnerId,
        { kind: 'grant', name, environment, scopes, expiresAt, appId, budget },
        actor,
        (id) => grantRows(id, grant),
      );
      return code.secret;
    },

    /** Those that have not ended, and the newest of the others. */
    list: async (member: Member): Promise<KeyView[]> =>
      (await Promise.all([active(member), ofMember(member, false, MAX_ENDED)])).flat(),

    /** @throws AppError not_found where it is not this member's */
    async end(member: Member, keyId: string, actor: Actor): Promise<void> {
      const key = await keys.get(member.partnerId, keyId);
      if (key.grantedBy !== member.subject) throw new AppError('not_found', 'No such grant');
      await keys.revoke(member.partnerId, key.keyId, 'ended by the member who allowed it', actor);
    },
  };
}

export type GrantService = ReturnType<typeof createGrantService>;
