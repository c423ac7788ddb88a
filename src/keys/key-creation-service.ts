// Making keys: within what the partner, its plan and the key that makes them allow.

import { type SQL, sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import { AppError, invalid } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { eventRow } from '../outbox/event-store.ts';
import type { Database } from '../platform/database.ts';
import { command, query } from '../platform/query.ts';
import { boolean, number, type RowOf, row, text } from '../platform/row.ts';
import { textArray } from '../platform/sql.ts';
import { heldKeys, MAX_TEST_KEYS } from './key-allowance-store.ts';
import {
  budgetFits,
  budgetRefusal,
  isMakerBound,
  type KeyBudget,
  keysWithBudgets,
} from './key-budget-store.ts';
import type { KeyKind } from './key-columns-store.ts';
import { type Environment, newClientId, newGrantId, newSigningId } from './key-format.ts';
import { random, type SecretMaker } from './key-secrets.ts';
import type { KeyView } from './key-view-store.ts';
import type { OAuthClient } from './oauth-client.ts';
import type { SignatureRule } from './signature.ts';

export interface NewKey {
  name: string;
  description?: string | null;
  kind: KeyKind;
  environment: Environment;
  scopes?: string[];
  /** RFC 3339. */
  expiresAt?: string | null;
  allowedIps?: string[] | null;
  appId?: string | null;
  /** Of signing keys; `any` where nothing is said, which is what the source document's programs need. */
  signatureRule?: SignatureRule;
  /** Of OAuth clients: how they prove themselves; by a secret where nothing is said. */
  client?: OAuthClient;
  /** The key that makes it: it never goes beyond that one. */
  parentId?: string;
  /** Of keys that a key makes: what it may spend in its whole life. */
  budget?: KeyBudget;
}

const Owner = row('owner of a new key', {
  status: text,
  max_keys: number,
  held: number,
  is_repeatable: boolean,
  with_budgets: number,
  is_maker_bound: boolean,
});
/** Below 0: as many as wanted. */
const mostOf = (environment: Environment, maxKeys: number): number =>
  environment === 'live' || maxKeys < 0 ? maxKeys : MAX_TEST_KEYS;

function refusalOf(owner: RowOf<typeof Owner> | undefined, wanted: NewKey): AppError {
  if (!owner) return new AppError('not_found', 'No such partner');
  if (wanted.environment === 'live' && owner.status !== 'active') return new AppError('live_access_required');
  if (wanted.budget) return budgetRefusal(owner.is_maker_bound, owner.with_budgets);
  if (!owner.is_repeatable)
    return new AppError(
      'forbidden',
      'This key has a quota of its own, which each key that it makes would have once more: its owner makes them',
    );
  const limit = mostOf(wanted.environment, owner.max_keys);
  if (limit >= 0 && owner.held >= limit) {
    if (wanted.environment === 'live') return new AppError('limit_exceeded', undefined, { limit });
    return new AppError('conflict', `At most ${MAX_TEST_KEYS} test keys. Revoke those that are not needed`);
  }
  return new AppError('not_found', 'No such app');
}

interface Identity {
  id: string;
  keyId: string;
}

/** Of a bearer key, its id is its row's. */
const NEW_ID: Partial<Record<KeyKind, typeof newSigningId>> = {
  signing: newSigningId,
  oauth: newClientId,
  grant: newGrantId,
};

/** Each key counts for itself, but for budgets: what holds its holder to less than the plan does is not multiplied. */
const isRepeatable = ({ parentId, budget }: NewKey) =>
  budget
    ? sql`true`
    : sql`NOT EXISTS (
  SELECT 1 FROM tightest_limits(${parentId ?? null}::uuid) up
  WHERE tighter(up.daily_quota, t.key_daily_quota) <> t.key_daily_quota
    OR tighter(up.monthly_quota, t.key_monthly_quota) <> t.key_monthly_quota)`;

/** The key, where its partner may have it. */
function insertion(
  partnerId: string,
  { id, keyId }: Identity,
  wanted: NewKey & { scopes: string[] },
  made: Awaited<ReturnType<SecretMaker>>,
  actor: Actor,
) {
  const { name, kind, environment, scopes, appId = null, parentId = null } = wanted;
  const { units = null, minor = null } = wanted.budget ?? {};
  return sql`WITH changed AS (
      INSERT INTO api_key (id, partner_id, app_id, parent_id, key_id, kind, environment, key_hash, secret_envelope,
        key_prefix, name, description, scopes, expires_at, allowed_ips, signature_rule, client, budget_units, budget_minor, budget_currency)
      SELECT ${id}, p.id, ${appId}::uuid, ${parentId}::uuid, ${keyId}, ${kind}, ${environment}, ${made.hash},
        ${made.envelope}, ${made.prefix}, ${name}, ${wanted.description ?? null}, ${textArray(scopes)},
        ${wanted.expiresAt ?? null}::timestamptz, ${textArray(wanted.allowedIps)}::inet[],
        ${wanted.signatureRule ?? 'any'}, ${kind === 'oauth' && wanted.client ? JSON.stringify(wanted.client) : null}::jsonb,
        ${units}::bigint, ${minor}::bigint, CASE WHEN ${minor}::bigint IS NOT NULL THEN p.currency END
      FROM partner p JOIN tier_config t ON t.tier = p.tier
      WHERE p.id = ${partnerId} AND (${environment} = 'test' OR p.status = 'active') AND ${isRepeatable(wanted)}
        AND (${appId}::uuid IS NULL OR EXISTS (SELECT 1 FROM dev_apps a
          WHERE a.id = ${appId}::uuid AND a.partner_id = p.id AND a.archived_at IS NULL))
        AND ${budgetFits(wanted)}
        AND (${wanted.budget !== undefined || kind === 'grant'} OR t.max_keys < 0
          OR ${heldKeys(environment)} < CASE ${environment} WHEN 'live' THEN t.max_keys ELSE ${MAX_TEST_KEYS} END)
      RETURNING partner_id),
    event AS (${eventRow('key.created', { key_id: keyId, name, environment, app_id: appId }, { appId })}),
    audit AS (${auditRow(actor, 'key.created', { key_id: keyId }, { name, environment, kind, scopes, budget: wanted.budget })})
    SELECT * FROM changed`;
}

export function createKeyCreation(ports: {
  database: Database;
  makeSecret: SecretMaker;
  get(partnerId: string, keyId: string): Promise<KeyView>;
  checkScopes(scopes: readonly string[] | undefined): void;
  /** Of keys made without any. */
  keyScopes(): Record<'bearer' | 'signing', readonly string[]>;
}) {
  const { database, makeSecret, get, checkScopes, keyScopes } = ports;

  /** The secret is in this answer and nowhere else. A client that proves itself by other means has no use for it. */
  return async function create(
    partnerId: string,
    wanted: NewKey,
    actor: Actor,
    /** In the same transaction, of the id of its row: which is not there where the partner may not have it. */
    also: (id: string) => SQL[] = () => [],
  ): Promise<{ key: KeyView; secret: string }> {
    checkScopes(wanted.scopes);
    if (wanted.client && wanted.kind !== 'oauth') throw invalid('client', 'Only OAuth clients have this');
    const scopes = wanted.scopes ?? [...keyScopes()[wanted.kind === 'signing' ? wanted.kind : 'bearer']];
    const id = newId();
    const keyId = NEW_ID[wanted.kind]?.(wanted.environment, random) ?? id;
    const made = await makeSecret(wanted.kind, wanted.environment, keyId);
    const [, [owner], inserted] = await database.batch(
      // Locks the partner, so that keys made at the same moment are counted one after the other: by the statements after.
      command(sql`SELECT 1 FROM partner WHERE id = ${partnerId} FOR UPDATE`),
      query(
        Owner,
        sql`SELECT p.status, t.max_keys, ${isRepeatable(wanted)} AS is_repeatable, ${heldKeys(wanted.environment)} AS held,
            ${keysWithBudgets(wanted.parentId)} AS with_budgets, ${isMakerBound(wanted.parentId)} AS is_maker_bound
          FROM partner p JOIN tier_config t ON t.tier = p.tier WHERE p.id = ${partnerId}`,
      ),
      command(insertion(partnerId, { id, keyId }, { ...wanted, scopes }, made, actor)),
      ...also(id).map(command),
    );
    if (inserted === 0) throw refusalOf(owner, wanted);
    return { key: await get(partnerId, keyId), secret: made.secret };
  };
}
