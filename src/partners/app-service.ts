// Apps: what groups a partner's keys, with their allowed addresses and origins.

import { sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import type { OriginService } from '../blocks/origin-service.ts';
import { AppError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { heldKeys } from '../keys/key-allowance-store.ts';
import { KEY_ID } from '../keys/key-columns-store.ts';
import type { KeyDirectory } from '../keys/key-directory.ts';
import type { LimiterClient } from '../limiter/limiter-client.ts';
import type { Database } from '../platform/database.ts';
import { command, query } from '../platform/query.ts';
import { boolean, number, type RowOf, row, text, uuid } from '../platform/row.ts';
import { assignments, textArray } from '../platform/sql.ts';
import { type AppView, createAppViews, RESTORE_DAYS } from './app-view-store.ts';

export type { AppUse, AppView } from './app-view-store.ts';

/** Its versions, and what it is looked up by. */
const KeyOfApp = row('key of an app', {
  id: uuid,
  counterId: uuid.nullable(),
  key: number,
  partner: number,
  hash: text,
  keyId: KEY_ID,
});

export interface AppChange {
  name?: string;
  description?: string | null;
  website?: string | null;
  allowed_ips?: string[];
  allowed_origins?: string[];
  scopes?: string[];
  api_version?: string | null;
}

const MAX_APPS = 100;

interface Ports {
  database: Database;
  directory: KeyDirectory;
  limiter: LimiterClient;
  origins: Pick<OriginService, 'publish'>;
}

/** Keys of the app, and what people allowed its clients: their records are read again, everywhere. */
const createAnnouncements = ({ database, directory, limiter }: Ports) =>
  async function announce(id: string): Promise<void> {
    const keys = await database.rows(
      KeyOfApp,
      sql`
      SELECT k.id, k.counter_id AS "counterId", k.version AS key, p.version AS partner, k.key_hash AS hash, k.key_id AS "keyId"
      FROM api_key k JOIN partner p ON p.id = k.partner_id WHERE k.id IN (SELECT keys_of_app(${id}::uuid))`,
    );
    await directory.forget(
      keys.flatMap(({ hash, keyId }) => [
        { by: 'hash' as const, value: hash },
        { by: 'key_id' as const, value: keyId },
      ]),
    );
    await limiter.announceKeys(keys);
  };

const Archived = row('app to be restored', {
  isArchived: boolean.notNull('a comparison'),
  isRecent: boolean.nullable(),
  apps: number,
  /** Live keys that would hold a place again. */
  returning: number,
  held: number,
  limit: number,
});

function refusalOf(archived: RowOf<typeof Archived> | undefined): AppError | undefined {
  if (!archived) return new AppError('not_found', 'No such app');
  const { isArchived, isRecent, apps, returning, held, limit } = archived;
  if (!isArchived) return undefined;
  if (!isRecent)
    return new AppError(
      'conflict',
      `This app was archived more than ${RESTORE_DAYS} days ago, and cannot be restored`,
    );
  if (apps >= MAX_APPS)
    return new AppError('conflict', `At most ${MAX_APPS} apps. Archive one that is not needed`);
  return limit >= 0 && returning > 0 && held + returning > limit
    ? new AppError('limit_exceeded', undefined, { limit, needed: held + returning })
    : undefined;
}

/** Brings an archived app back, and its keys with it, where the plan has room for them. Repeating it changes nothing. */
const createRestoring = (
  { database, origins }: Ports,
  announce: (id: string) => Promise<void>,
  get: (partnerId: string, id: string) => Promise<AppView>,
) =>
  async function restore(partnerId: string, id: string, actor: Actor): Promise<AppView> {
    const returning = heldKeys('live', sql`k.app_id = ${id}::uuid`);
    const isRecent = sql`archived_at > now() - make_interval(days => ${RESTORE_DAYS})`;
    const apps = sql`(SELECT count(*) FROM dev_apps o WHERE o.partner_id = p.id AND o.archived_at IS NULL)`;
    const [, [archived], restored] = await database.batch(
      // What is made at the same moment is counted one after the other.
      command(sql`SELECT 1 FROM partner WHERE id = ${partnerId} FOR UPDATE`),
      query(
        Archived,
        sql`SELECT d.archived_at IS NOT NULL AS "isArchived", d.${isRecent} AS "isRecent", ${apps} AS apps,
            ${returning} AS returning, ${heldKeys('live')} AS held, t.max_keys AS "limit"
          FROM dev_apps d JOIN partner p ON p.id = d.partner_id JOIN tier_config t ON t.tier = p.tier
          WHERE d.id = ${id}::uuid AND p.id = ${partnerId}`,
      ),
      command(sql`WITH changed AS (
          UPDATE dev_apps d SET archived_at = NULL, updated_at = now() FROM partner p JOIN tier_config t ON t.tier = p.tier
          WHERE d.id = ${id}::uuid AND d.partner_id = p.id AND p.id = ${partnerId} AND d.${isRecent} AND ${apps} < ${MAX_APPS}
            AND (t.max_keys < 0 OR ${returning} = 0 OR ${heldKeys('live')} + ${returning} <= t.max_keys)
          RETURNING d.partner_id),
        audit AS (${auditRow(actor, 'app.restored', { app_id: id })}) SELECT * FROM changed`),
    );
    const refusal = refusalOf(archived);
    if (refusal) throw refusal;
    if (restored > 0) {
      await announce(id);
      await origins.publish();
    }
    return get(partnerId, id);
  };

export function createAppService(ports: Ports) {
  const { database, origins } = ports;
  const views = createAppViews(database);
  const { get } = views;
  const announce = createAnnouncements(ports);

  return {
    ...views,
    restore: createRestoring(ports, announce, get),
    async create(partnerId: string, wanted: AppChange & { name: string }, actor: Actor): Promise<AppView> {
      const id = newId();
      const [, made] = await database.batch(
        // Apps that are made at the same moment are counted one after the other.
        command(sql`SELECT 1 FROM partner WHERE id = ${partnerId} FOR UPDATE`),
        command(sql`WITH changed AS (
          INSERT INTO dev_apps (id, partner_id, name, description, website, allowed_ips, allowed_origins, scopes, api_version)
          SELECT ${id}::uuid, ${partnerId}::uuid, ${wanted.name}, ${wanted.description ?? null}, ${wanted.website ?? null},
            ${textArray(wanted.allowed_ips)}::inet[], ${textArray(wanted.allowed_origins)}, ${textArray(wanted.scopes)}, ${wanted.api_version ?? null}::date
          WHERE (SELECT count(*) FROM dev_apps WHERE partner_id = ${partnerId} AND archived_at IS NULL) < ${MAX_APPS}
          RETURNING partner_id),
        audit AS (${auditRow(actor, 'app.created', { app_id: id }, { name: wanted.name })}) SELECT * FROM changed`),
      );
      if (made === 0)
        throw new AppError('conflict', `At most ${MAX_APPS} apps. Archive one that is not needed`);
      if (wanted.allowed_origins) await origins.publish();
      return get(partnerId, id);
    },

    async change(partnerId: string, id: string, change: AppChange, actor: Actor): Promise<AppView> {
      const {
        name,
        description,
        website,
        allowed_ips: ips,
        allowed_origins: listed,
        scopes,
        api_version: pin,
      } = change;
      const set = assignments({
        name,
        description,
        website,
        allowed_ips: ips && sql`${textArray(ips)}::inet[]`,
        allowed_origins: listed && textArray(listed),
        scopes: scopes && textArray(scopes),
        api_version: pin === undefined ? undefined : sql`${pin}::date`,
        updated_at: sql`now()`,
      });
      const changed = await database.run(sql`WITH changed AS (
          UPDATE dev_apps SET ${set}
          WHERE id = ${id}::uuid AND partner_id = ${partnerId} AND archived_at IS NULL RETURNING partner_id),
        audit AS (${auditRow(actor, 'app.changed', { app_id: id }, change)}) SELECT * FROM changed`);
      if (changed === 0) throw new AppError('not_found', 'No such app');
      await announce(id);
      if (change.allowed_origins) await origins.publish();
      return get(partnerId, id);
    },

    /** Archives the app; its keys stop working at once, until it is restored. */
    async archive(partnerId: string, id: string, actor: Actor): Promise<void> {
      const changed = await database.run(sql`WITH changed AS (
          UPDATE dev_apps SET archived_at = now() WHERE id = ${id}::uuid AND partner_id = ${partnerId}
            AND archived_at IS NULL RETURNING partner_id),
        audit AS (${auditRow(actor, 'app.archived', { app_id: id })}) SELECT * FROM changed`);
      if (changed === 0) throw new AppError('not_found', 'No such app');
      await announce(id);
      await origins.publish();
    },
  };
}

export type AppService = ReturnType<typeof createAppService>;
