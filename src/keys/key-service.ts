// Making, rotating, changing and revoking keys. Every change is one transaction with its audit row, and is announced to
// the key's limiter before the answer: from then on, older records are stale everywhere. What ends between the two, the
// announcement service finds.

import { type SQL, sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { sha256Hex } from '../core/encoding.ts';
import { AppError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { type KeyEncryptionKeys, sealEnvelope } from '../crypto/envelope.ts';
import type { LimiterClient } from '../limiter/limiter-client.ts';
import type { Notify, Recipient } from '../mail/notices.ts';
import { recipientsOf } from '../mail/recipients-store.ts';
import { eventRow } from '../outbox/event-store.ts';
import type { Database } from '../platform/database.ts';
import { command, query } from '../platform/query.ts';
import { boolean, json, number, type RowOf, row, text, time } from '../platform/row.ts';
import { textArray } from '../platform/sql.ts';
import { KEY_OF_EVENT } from './key-columns-store.ts';
import type { KeyDirectory } from './key-directory.ts';
import {
  displayPrefix,
  type Environment,
  newBearerKey,
  newSigningId,
  newSigningSecret,
} from './key-format.ts';
import { createKeyLimits } from './key-limits-service.ts';
import { limitSubject } from './key-record.ts';
import type { KeyStore } from './key-store.ts';
import { createKeyViews, type KeyView } from './key-view-store.ts';
import type { SignatureRule } from './signature.ts';

const PARENT_REPLACED = 'the secret of the key that made it was ended at once';
/** Scopes that are Passerelle's own, beside those of the catalogue. */
const OWN_SCOPES = ['keys:read', 'keys:write', 'write:data'];
/** Of keys made without any. A signing key is for the payment API, whose document makes keys without scopes. */
const DEFAULT_SCOPES = {
  bearer: ['read:routes'],
  signing: ['read:routes', 'read:payments', 'write:payments'],
};
const DEFAULT_GRACE_DAYS = 7;

export interface KeyServicePorts {
  database: Database;
  keyStore: KeyStore;
  directory: KeyDirectory;
  limiter: LimiterClient;
  keyEncryptionKeys: KeyEncryptionKeys;
  catalog: Catalog;
  notify: Notify;
  now(): number;
}

export interface NewKey {
  name: string;
  description?: string | null;
  kind: 'bearer' | 'signing';
  environment: Environment;
  scopes?: string[];
  /** RFC 3339. */
  expiresAt?: string | null;
  allowedIps?: string[] | null;
  appId?: string | null;
  /** Of signing keys; `any` where nothing is said, which is what the source document's programs need. */
  signatureRule?: SignatureRule;
  /** The key that makes it: it never goes beyond that one. */
  parentId?: string;
}

export interface KeyChange {
  name?: string;
  description?: string | null;
  scopes?: string[];
  allowedIps?: string[] | null;
  expiresAt?: string | null;
  signatureRule?: SignatureRule;
}

export interface Rotated {
  key: KeyView;
  /** In this answer and nowhere else. */
  secret: string;
  /** Until when the secret before works, too; null when it ended. */
  retiredUntil: string | null;
}

export function createKeyService(ports: KeyServicePorts) {
  const { database, keyStore, directory, limiter, keyEncryptionKeys, notify } = ports;
  const views = createKeyViews(database, ports.now);
  const { get } = views;
  const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));

  const knownScopes = [...new Set([...ports.catalog.scopes, ...OWN_SCOPES])];
  /** @throws AppError validation_error when one of them is unknown */
  function checkScopes(scopes: readonly string[] | undefined): void {
    const unknown = scopes?.some((scope) => !knownScopes.includes(scope));
    if (!unknown) return;
    const message = `Scopes are: ${knownScopes.join(', ')}`;
    throw new AppError('validation_error', undefined, { details: [{ field: 'scopes', message }] });
  }

  /** Makes the change immediate, also for keys that this one made: forgets records, tells limiters the new version. */
  async function announce(id: string): Promise<void> {
    const family = await keyStore.findFamily(id);
    await directory.forget(
      family.flatMap(({ keyId, secrets }) => [
        { by: 'key_id' as const, value: keyId },
        ...secrets.map(({ hash }) => ({ by: 'hash' as const, value: hash })),
      ]),
    );
    await Promise.all(family.map((record) => limiter.announceKey(record.id, record.versions)));
  }

  async function makeSecret(kind: NewKey['kind'], environment: Environment, keyId: string) {
    const secret =
      kind === 'signing' ? newSigningSecret(environment, random) : newBearerKey(environment, random);
    return {
      secret,
      hash: await sha256Hex(secret),
      prefix: displayPrefix(secret),
      envelope: kind === 'signing' ? await sealEnvelope(keyEncryptionKeys, secret, keyId) : null,
    };
  }

  const changed = (partnerId: string | null, id: string, set: SQL, where: SQL = sql`true`): SQL =>
    sql`WITH changed AS (UPDATE api_key SET ${set} WHERE id = ${id}::uuid
      AND (${partnerId}::uuid IS NULL OR partner_id = ${partnerId}::uuid) AND ${where} RETURNING partner_id)`;

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
    ...views,
    knownScopes,
    checkScopes,
    announce,
    ...createKeyLimits({ database, get, announce }),
    /** The secret is in this answer and nowhere else. */
    async create(partnerId: string, wanted: NewKey, actor: Actor): Promise<{ key: KeyView; secret: string }> {
      checkScopes(wanted.scopes);
      const id = newId();
      const keyId = wanted.kind === 'signing' ? newSigningId(wanted.environment, random) : id;
      const made = await makeSecret(wanted.kind, wanted.environment, keyId);
      const scopes = wanted.scopes ?? DEFAULT_SCOPES[wanted.kind];
      const details = { name: wanted.name, environment: wanted.environment, kind: wanted.kind, scopes };
      const { name, environment, appId = null } = wanted;
      const told = { key_id: keyId, name, environment, app_id: appId };
      // Each key counts for itself: what holds its holder to less than the plan does is not multiplied.
      const isRepeatable = sql`NOT EXISTS (SELECT 1 FROM tightest_limits(${wanted.parentId ?? null}::uuid) up
        WHERE tighter(up.daily_quota, t.key_daily_quota) <> t.key_daily_quota
          OR tighter(up.monthly_quota, t.key_monthly_quota) <> t.key_monthly_quota)`;
      const [, [owner], inserted] = await database.batch(
        // Locks the partner, so that keys made at the same moment are counted one after the other: by the statements after.
        command(sql`SELECT 1 FROM partner WHERE id = ${partnerId} FOR UPDATE`),
        query(
          Owner,
          sql`SELECT p.status, t.max_keys, ${isRepeatable} AS is_repeatable, (SELECT count(*) FROM api_key k WHERE k.partner_id = p.id AND k.is_active
            AND (k.expires_at IS NULL OR k.expires_at > now())) AS active
          FROM partner p JOIN tier_config t ON t.tier = p.tier WHERE p.id = ${partnerId}`,
        ),
        command(sql`WITH changed AS (
          INSERT INTO api_key (id, partner_id, app_id, parent_id, key_id, kind, environment, key_hash, secret_envelope, key_prefix,
            name, description, scopes, expires_at, allowed_ips, signature_rule)
          SELECT ${id}, p.id, ${wanted.appId ?? null}::uuid, ${wanted.parentId ?? null}::uuid, ${keyId}, ${wanted.kind}, ${wanted.environment}, ${made.hash},
            ${made.envelope}, ${made.prefix}, ${wanted.name}, ${wanted.description ?? null}, ${textArray(scopes)},
            ${wanted.expiresAt ?? null}::timestamptz, ${textArray(wanted.allowedIps)}::inet[],
            ${wanted.signatureRule ?? 'any'}
          FROM partner p JOIN tier_config t ON t.tier = p.tier
          WHERE p.id = ${partnerId} AND (${wanted.environment} = 'test' OR p.status = 'active') AND ${isRepeatable}
            AND (${wanted.appId ?? null}::uuid IS NULL OR EXISTS (SELECT 1 FROM dev_apps a
              WHERE a.id = ${wanted.appId ?? null}::uuid AND a.partner_id = p.id AND a.archived_at IS NULL))
            AND (t.max_keys < 0 OR (SELECT count(*) FROM api_key k WHERE k.partner_id = p.id AND k.is_active
              AND (k.expires_at IS NULL OR k.expires_at > now())) < t.max_keys)
          RETURNING partner_id),
          event AS (${eventRow('key.created', told, { appId })}),
          audit AS (${auditRow(actor, 'key.created', { key_id: keyId }, details)})
        SELECT * FROM changed`),
      );
      if (inserted === 0) throw refusalOf(owner, wanted);
      return { key: await get(partnerId, keyId), secret: made.secret };
    },

    /**
     * A new secret. The one before stays valid for the grace period (0: it ends now), all older ones end: of a key, at most
     * two secrets are valid. A secret that was found in public ends now, whatever the grace.
     */
    async rotate(
      partnerId: string | null,
      keyId: string,
      graceDays: number = DEFAULT_GRACE_DAYS,
      actor: Actor,
    ): Promise<Rotated> {
      const key = await get(partnerId, keyId);
      const made = await makeSecret(key.kind, key.environment, key.keyId);
      const grace = { grace_days: sql`grace_days` };
      const [, , [rotated]] = await database.batch(
        // Locks the key, so that what follows sees what was changed before it: another rotation, or a report of a leak.
        command(sql`SELECT 1 FROM api_key WHERE id = ${key.id} FOR UPDATE`),
        command(sql`UPDATE api_key_retired_secret SET expires_at = now() WHERE api_key_id = ${key.id} AND expires_at > now()
          AND EXISTS (SELECT 1 FROM api_key WHERE id = ${key.id} AND is_active)`),
        query(
          Retired,
          sql`WITH before AS (
            SELECT *, CASE WHEN quarantined_at IS NULL THEN ${graceDays}::int ELSE 0 END AS grace_days FROM api_key
            WHERE id = ${key.id} AND is_active),
          retired AS (INSERT INTO api_key_retired_secret (key_hash, api_key_id, secret_envelope, key_prefix, expires_at)
            SELECT key_hash, id, secret_envelope, key_prefix, now() + make_interval(days => grace_days) FROM before
            RETURNING expires_at),
          changed AS (UPDATE api_key k SET key_hash = ${made.hash}, key_prefix = ${made.prefix},
              secret_envelope = ${made.envelope}, quarantined_at = NULL FROM before b WHERE k.id = b.id
            RETURNING k.partner_id, b.grace_days),
          event AS (${eventRow('key.rotated', { ...toldOf(key), ...grace }, { appId: key.appId })}),
          audit AS (${auditRow(actor, 'key.rotated', { key_id: key.keyId }, grace)})
          SELECT CASE WHEN grace_days > 0 THEN expires_at END AS "retiredUntil" FROM changed, retired`,
        ),
        // Whoever ends a secret at once ends what may have been made with it: only the current one makes keys.
        command(sql`WITH changed AS (UPDATE api_key k SET is_active = false, revoked_at = now(), revoked_reason = ${PARENT_REPLACED}
            WHERE parent_id = ${key.id} AND is_active AND EXISTS (SELECT 1 FROM api_key_retired_secret s
              WHERE s.api_key_id = ${key.id} AND s.expires_at = now() AND k.created_at <= s.retired_at) RETURNING partner_id, key_id)
          ${auditRow(actor, 'key.revoked', { made_by: key.keyId }, { reason: PARENT_REPLACED })}`),
      );
      if (!rotated) throw new AppError('conflict', 'A revoked key cannot be rotated');
      await announce(key.id);
      return { key: await get(partnerId, keyId), secret: made.secret, ...rotated };
    },

    revoke: async (partnerId: string, keyId: string, reason: string, actor: Actor): Promise<KeyView> =>
      (await revoke(partnerId, keyId, reason, actor)).key,

    /** Any key, by an operator: its owners are told. `origin`: of the portal. */
    async revokeAny(keyId: string, reason: string, actor: Actor, origin: string): Promise<KeyView> {
      const { key, owners } = await revoke(null, keyId, reason, actor);
      const about = { name: key.name, path: '/portal/audit', origin };
      await Promise.all(owners.map((owner) => notify(owner, 'keyRevoked', about)));
      return key;
    },

    async change(partnerId: string, keyId: string, change: KeyChange, actor: Actor): Promise<KeyView> {
      checkScopes(change.scopes);
      const key = await get(partnerId, keyId);
      const sets = [
        ...(change.name !== undefined ? [sql`name = ${change.name}`] : []),
        ...(change.description !== undefined ? [sql`description = ${change.description}`] : []),
        ...(change.scopes !== undefined ? [sql`scopes = ${textArray(change.scopes)}`] : []),
        ...(change.allowedIps !== undefined
          ? [sql`allowed_ips = ${textArray(change.allowedIps)}::inet[]`]
          : []),
        ...(change.expiresAt !== undefined ? [sql`expires_at = ${change.expiresAt}::timestamptz`] : []),
        ...(change.signatureRule !== undefined ? [sql`signature_rule = ${change.signatureRule}`] : []),
      ];
      if (sets.length === 0) return key;
      await database.run(sql`${changed(partnerId, key.id, sql.join(sets, sql`, `))},
        audit AS (${auditRow(actor, 'key.changed', { key_id: key.keyId }, change)}) SELECT * FROM changed`);
      await announce(key.id);
      return get(partnerId, keyId);
    },

    /** Spends a test key's day, or begins a new one. @throws AppError forbidden for a live key */
    async travel(partnerId: string, keyId: string, to: 'spent' | 'new_day', actor: Actor): Promise<void> {
      const key = await get(partnerId, keyId);
      if (key.environment !== 'test') throw new AppError('forbidden', 'Only test keys travel in time');
      const record = await keyStore.findById(key.id);
      if (!record || !key.isActive) throw new AppError('conflict', 'A revoked key does not travel in time');
      await limiter.travel(limitSubject(record), to);
      await database.run(sql`WITH changed AS (SELECT partner_id FROM api_key WHERE id = ${key.id})
        ${auditRow(actor, 'key.day_travelled', { key_id: key.keyId }, { to })}`);
    },

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

/** What events say of a key. */
const toldOf = ({ keyId, name, environment, appId }: KeyView) => ({
  key_id: keyId,
  name,
  environment,
  app_id: appId,
});

const Owner = row('owner of a new key', {
  status: text,
  max_keys: number,
  active: number,
  is_repeatable: boolean,
});
const Revoked = row('revoked key', { owners: json<Recipient[]>().nullable() });
/** Null where the secret before ended at once. */
const Retired = row('rotated key', { retiredUntil: time.nullable() });

function refusalOf(owner: RowOf<typeof Owner> | undefined, wanted: NewKey): AppError {
  if (!owner) return new AppError('not_found', 'No such partner');
  if (wanted.environment === 'live' && owner.status !== 'active') return new AppError('live_access_required');
  if (!owner.is_repeatable)
    return new AppError(
      'forbidden',
      'This key has a quota of its own, which each key that it makes would have once more: its owner makes them',
    );
  if (owner.max_keys >= 0 && owner.active >= owner.max_keys) {
    return new AppError('limit_exceeded', undefined, { limit: owner.max_keys });
  }
  return new AppError('not_found', 'No such app');
}

export type KeyService = ReturnType<typeof createKeyService>;
