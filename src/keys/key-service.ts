// Making, rotating, changing and revoking keys. Every change is one transaction with its audit row, and is announced to
// the key's limiter before the answer: from then on, older records are stale everywhere. What ends between the two, the
// announcement service finds.

import { type SQL, sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import type { LiveCatalog } from '../catalog/live-catalog.ts';
import { sha256Hex } from '../core/encoding.ts';
import { AppError, invalid } from '../core/errors.ts';
import type { KeyEncryptionKeys } from '../crypto/envelope.ts';
import type { LimiterClient } from '../limiter/limiter-client.ts';
import type { Notify, Recipient } from '../mail/notices.ts';
import { recipientsOf } from '../mail/recipients-store.ts';
import { eventRow } from '../outbox/event-store.ts';
import type { Database } from '../platform/database.ts';
import { command } from '../platform/query.ts';
import { json, row } from '../platform/row.ts';
import { assignments, textArray } from '../platform/sql.ts';
import { createKeyAllowance } from './key-allowance-store.ts';
import { createBudgetKeys, type KeyBudget, requireFitting } from './key-budget-service.ts';
import { KEY_OF_EVENT } from './key-columns-store.ts';
import { createKeyCreation } from './key-creation-service.ts';
import type { KeyDirectory } from './key-directory.ts';
import { createKeyLimits } from './key-limits-service.ts';
import { limitSubject } from './key-record.ts';
import { createKeyRotation, toldOf } from './key-rotation-service.ts';
import { createSecretMaker, random } from './key-secrets.ts';
import type { KeyStore } from './key-store.ts';
import { createKeyViews, type KeyView } from './key-view-store.ts';
import { hasSecret, type OAuthClient } from './oauth-client.ts';
import type { SignatureRule } from './signature.ts';

export type { KeyBudget } from './key-budget-service.ts';
export type { NewKey } from './key-creation-service.ts';
export type { Rotated } from './key-rotation-service.ts';

/** Scopes that are our own, beside those of the catalogue. */
const OWN_SCOPES = ['keys:read', 'keys:write', 'write:data'];
const Revoked = row('revoked key', { owners: json<Recipient[]>().nullable() });

export interface KeyServicePorts {
  database: Database;
  keyStore: KeyStore;
  directory: KeyDirectory;
  limiter: LimiterClient;
  keyEncryptionKeys: KeyEncryptionKeys;
  catalogs: Pick<LiveCatalog, 'current'>;
  notify: Notify;
  now(): number;
}

export interface KeyChange {
  name?: string;
  description?: string | null;
  scopes?: string[];
  allowedIps?: string[] | null;
  expiresAt?: string | null;
  signatureRule?: SignatureRule;
  apiVersion?: string | null;
  /** Of OAuth clients alone. */
  client?: OAuthClient;
  /** Of keys with budgets, in what it is in. */
  budget?: KeyBudget;
}

type Announce = (id: string) => Promise<void>;
type KeyViews = ReturnType<typeof createKeyViews>;

/** Makes the change immediate, also for keys that this one made: forgets records, tells limiters the new version. */
const createAnnounce = ({ keyStore, directory, limiter }: KeyServicePorts) =>
  async function announce(id: string): Promise<void> {
    const family = await keyStore.findFamily(id);
    await directory.forget(
      family.flatMap(({ keyId, secrets }) => [
        { by: 'key_id' as const, value: keyId },
        ...secrets.map(({ hash }) => ({ by: 'hash' as const, value: hash })),
      ]),
    );
    await limiter.announceKeys(
      family.map(({ id: each, counterId, versions }) => ({
        id: each,
        counterId: counterId ?? null,
        ...versions,
      })),
    );
  };

/** In its plan: budgets and grants hold none. */
const holdsPlace = ({ counterId, kind }: KeyView): boolean => counterId === null && kind !== 'grant';

const changed = (partnerId: string | null, id: string, set: SQL, where: SQL = sql`true`): SQL =>
  sql`WITH changed AS (UPDATE api_key SET ${set} WHERE id = ${id}::uuid
    AND (${partnerId}::uuid IS NULL OR partner_id = ${partnerId}::uuid) AND ${where} RETURNING partner_id)`;

function createRevocation({ database, notify }: KeyServicePorts, { get }: KeyViews, announce: Announce) {
  /** At once and final. Repeating it changes nothing, and then there is nobody to tell. */
  async function revoke(partnerId: string | null, keyId: string, reason: string, actor: Actor) {
    const key = await get(partnerId, keyId);
    const [done] = await database.rows(
      Revoked,
      sql`
      ${changed(partnerId, key.id, sql`is_active = false, revoked_at = now(), revoked_reason = ${reason}`, sql`is_active`)},
      event AS (${eventRow('key.revoked', { ...toldOf(key), reason }, { appId: key.appId })}),
      audit AS (${auditRow(actor, 'key.revoked', { key_id: key.keyId }, { reason })})
      SELECT ${recipientsOf(sql`changed.partner_id`)} AS owners FROM changed`,
    );
    await announce(key.id);
    return { key: await get(partnerId, keyId), owners: done?.owners ?? [] };
  }

  return {
    revoke: async (partnerId: string, keyId: string, reason: string, actor: Actor): Promise<KeyView> =>
      (await revoke(partnerId, keyId, reason, actor)).key,

    /** Any key, by an operator: its owners are told. `origin`: of the portal. */
    async revokeAny(keyId: string, reason: string, actor: Actor, origin: string): Promise<KeyView> {
      const { key, owners } = await revoke(null, keyId, reason, actor);
      const optional = { partnerId: key.partnerId, kind: 'keys' } as const;
      const about = { name: key.name, path: '/portal/audit', origin, optional };
      await Promise.all(owners.map((owner) => notify(owner, 'keyRevoked', about)));
      return key;
    },
  };
}

/** Spends a test key's day, or begins a new one. @throws AppError forbidden for a live key */
const createTravel = ({ database, keyStore, limiter }: KeyServicePorts, { get }: KeyViews) =>
  async function travel(
    partnerId: string,
    keyId: string,
    to: 'spent' | 'new_day',
    actor: Actor,
  ): Promise<void> {
    const key = await get(partnerId, keyId);
    if (key.environment !== 'test') throw new AppError('forbidden', 'Only test keys travel in time');
    const record = await keyStore.findById(key.id);
    if (!record || !key.isActive) throw new AppError('conflict', 'A revoked key does not travel in time');
    await limiter.travel(limitSubject(record), to);
    await database.run(sql`WITH changed AS (SELECT partner_id FROM api_key WHERE id = ${key.id})
      ${auditRow(actor, 'key.day_travelled', { key_id: key.keyId }, { to })}`);
  };

function createScopeCheck(catalogs: KeyServicePorts['catalogs']) {
  const knownScopes = (): string[] => [...new Set([...catalogs.current.scopes, ...OWN_SCOPES])];
  return {
    knownScopes,
    /** @throws AppError validation_error when one of them is unknown */
    checkScopes(scopes: readonly string[] | undefined): void {
      const known = knownScopes();
      if (scopes?.every((scope) => known.includes(scope)) ?? true) return;
      const message = `Scopes are: ${known.join(', ')}`;
      throw invalid('scopes', message);
    },
  };
}

/** What a change of a key asks of the rest of its service. */
interface ChangePorts {
  announce: Announce;
  requireRoom(key: KeyView): Promise<void>;
  checkScopes(scopes: readonly string[] | undefined): void;
}

/**
 * Another way to prove itself ends the tokens that were got before. A secret that is not used any more is no more: nobody finds it
 * in public, and it does not come back.
 */
async function clientChange(key: KeyView, client: OAuthClient) {
  const endsSecrets = hasSecret(key) && !hasSecret({ kind: 'oauth', client });
  const set = {
    client: sql`${JSON.stringify(client)}::jsonb`,
    tokens_from: sql`CASE WHEN client - 'redirect_uris' = ${JSON.stringify(client)}::jsonb - 'redirect_uris' THEN tokens_from ELSE clock_timestamp() END`,
    key_hash: endsSecrets ? await sha256Hex(random(32) as Uint8Array<ArrayBuffer>) : undefined,
    quarantined_at: endsSecrets ? sql`NULL` : undefined,
  };
  return { set, endsSecrets };
}

/** What a member allowed a program is theirs to widen, by allowing it again. @throws AppError */
function requireNarrower(key: KeyView, { scopes, expiresAt, budget }: KeyChange): void {
  const why = 'What a member let a program do can only be narrowed: the program may ask again';
  if (scopes?.some((scope) => !key.scopes.includes(scope))) throw invalid('scopes', why);
  const isLater = expiresAt === null || Date.parse(expiresAt ?? '') > Date.parse(key.expiresAt ?? '');
  if (isLater) throw invalid('expires_at', why);
  const limit = key.budgetUnits ?? key.budgetMinor;
  if (budget && limit !== null && (budget.units ?? budget.minor) > limit) throw invalid('budget', why);
}

const createKeyChange = (
  { database }: KeyServicePorts,
  { get }: KeyViews,
  { announce, requireRoom, checkScopes }: ChangePorts,
) => {
  /** Whether it can be changed so. @throws AppError */
  async function checkChange(key: KeyView, change: KeyChange): Promise<void> {
    checkScopes(change.scopes);
    if (key.state === 'expired' && change.expiresAt !== undefined && holdsPlace(key)) await requireRoom(key);
    if (key.kind === 'grant') requireNarrower(key, change);
    if (change.client && key.kind !== 'oauth') throw invalid('client', 'Only OAuth clients have this');
    if (change.budget) await requireFitting(get, key, change.budget);
  }

  async function change(partnerId: string, keyId: string, change: KeyChange, actor: Actor): Promise<KeyView> {
    const key = await get(partnerId, keyId);
    await checkChange(key, change);
    const { scopes, allowedIps, expiresAt } = change;
    const ends = change.client ? await clientChange(key, change.client) : undefined;
    const set = assignments({
      ...ends?.set,
      budget_units: change.budget?.units,
      budget_minor: change.budget?.minor,
      name: change.name,
      description: change.description,
      scopes: scopes && textArray(scopes),
      allowed_ips: allowedIps !== undefined ? sql`${textArray(allowedIps)}::inet[]` : undefined,
      expires_at: expiresAt !== undefined ? sql`${expiresAt}::timestamptz` : undefined,
      signature_rule: change.signatureRule,
      api_version: change.apiVersion === undefined ? undefined : sql`${change.apiVersion}::date`,
    });
    if (!set) return key;
    await database.batch(
      command(sql`${changed(partnerId, key.id, set)},
        audit AS (${auditRow(actor, 'key.changed', { key_id: key.keyId }, change)}) SELECT * FROM changed`),
      ...(ends?.endsSecrets
        ? [
            command(sql`UPDATE api_key_retired_secret SET expires_at = now()
              WHERE api_key_id = ${key.id}::uuid AND expires_at > now()`),
          ]
        : []),
    );
    await announce(key.id);
    return get(partnerId, keyId);
  }

  return { checkChange, change };
};

export function createKeyService(ports: KeyServicePorts) {
  const { database, catalogs } = ports;
  const views = createKeyViews(database, ports.now);
  const { get } = views;
  const makeSecret = createSecretMaker(ports.keyEncryptionKeys);

  const { knownScopes, checkScopes } = createScopeCheck(catalogs);
  const announce = createAnnounce(ports);
  const { allowance, requireRoom } = createKeyAllowance(database);

  const create = createKeyCreation({
    database,
    makeSecret,
    get,
    checkScopes,
    keyScopes: () => catalogs.current.keyScopes,
  });

  return {
    ...views,
    knownScopes,
    checkScopes,
    announce,
    allowance,
    ...createKeyLimits({ database, get, announce }),
    create,
    budgets: createBudgetKeys({ limiter: ports.limiter, views, create }),
    rotate: createKeyRotation({ database, makeSecret, get, announce }),
    ...createRevocation(ports, views, announce),
    travel: createTravel(ports, views),
    ...createKeyChange(ports, views, { announce, requireRoom, checkScopes }),

    /** Tells of keys that end within seven days, and again within one: once each. How many it told of. */
    tellExpiring: (): Promise<number> =>
      database.run(sql`
        WITH due AS (
          SELECT k.id, CASE WHEN k.expires_at < now() + interval '1 day' THEN 1 ELSE 7 END AS days FROM api_key k
          WHERE k.is_active AND k.expires_at > now() AND k.expires_at < now() + interval '7 days'),
        told AS (
          UPDATE api_key k SET expiry_notice = k.expires_at::text || ' ' || due.days FROM due
          WHERE k.id = due.id AND k.expiry_notice IS DISTINCT FROM k.expires_at::text || ' ' || due.days
          RETURNING k.partner_id, k.app_id, k.key_id, k.name, k.environment, k.expires_at, due.days)
        ${eventRow(
          'key.expiring',
          { ...KEY_OF_EVENT, expires_at: sql`expires_at`, days_left: sql`days` },
          { from: sql`told`, appId: sql`app_id` },
        )}`),
  };
}

export type KeyService = ReturnType<typeof createKeyService>;
