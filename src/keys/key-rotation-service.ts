// A new secret for a key: of a key, at most two are valid.

import { sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import { AppError } from '../core/errors.ts';
import { eventRow } from '../outbox/event-store.ts';
import type { Database } from '../platform/database.ts';
import { command, query } from '../platform/query.ts';
import { row, time } from '../platform/row.ts';
import type { SecretMaker } from './key-secrets.ts';
import type { KeyView } from './key-view-store.ts';
import { hasSecret } from './oauth-client.ts';

const PARENT_REPLACED = 'the secret of the key that made it was ended at once';
const DEFAULT_GRACE_DAYS = 7;

export interface Rotated {
  key: KeyView;
  /** In this answer and nowhere else. */
  secret: string;
  /** Until when the secret before works, too; null when it ended. */
  retiredUntil: string | null;
}

/** What events say of a key. */
export const toldOf = ({ keyId, name, environment, appId }: KeyView) => ({
  key_id: keyId,
  name,
  environment,
  app_id: appId,
});

/** Null where the secret before ended at once. */
const Retired = row('rotated key', { retiredUntil: time.nullable() });

export function createKeyRotation(ports: {
  database: Database;
  makeSecret: SecretMaker;
  get(partnerId: string | null, keyId: string): Promise<KeyView>;
  announce(id: string): Promise<void>;
}) {
  const { database, makeSecret, get, announce } = ports;
  /**
   * A new secret. The one before stays valid for the grace period (0: it ends now), all older ones end: of a key, at most
   * two secrets are valid. A secret that was found in public ends now, whatever the grace.
   */
  return async function rotate(
    partnerId: string | null,
    keyId: string,
    graceDays: number = DEFAULT_GRACE_DAYS,
    actor: Actor,
  ): Promise<Rotated> {
    const key = await get(partnerId, keyId);
    if (!hasSecret(key)) throw new AppError('conflict', 'This client has no secret: change its keys instead');
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
            secret_envelope = ${made.envelope}, quarantined_at = NULL,
            tokens_from = CASE WHEN b.grace_days = 0 THEN clock_timestamp() ELSE k.tokens_from END FROM before b WHERE k.id = b.id
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
  };
}
