// Apps: what groups a partner's keys, with their allowed addresses and origins.

import { sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import type { OriginService } from '../blocks/origin-service.ts';
import { AppError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { KEY_ID } from '../keys/key-columns-store.ts';
import type { KeyDirectory } from '../keys/key-directory.ts';
import type { LimiterClient } from '../limiter/limiter-client.ts';
import type { Database } from '../platform/database.ts';
import { command } from '../platform/query.ts';
import { number, type RowOf, row, text, texts, time, uuid } from '../platform/row.ts';
import { assignments, textArray } from '../platform/sql.ts';

const AppView = row('app', {
  id: uuid,
  name: text,
  description: text.nullable(),
  website: text.nullable(),
  allowed_ips: texts,
  allowed_origins: texts,
  scopes: texts,
  created_at: time,
  updated_at: time,
});
export type AppView = RowOf<typeof AppView>;
/** Its versions, and what it is looked up by. */
const KeyOfApp = row('key of an app', { id: uuid, key: number, partner: number, hash: text, keyId: KEY_ID });

export interface AppChange {
  name?: string;
  description?: string | null;
  website?: string | null;
  allowed_ips?: string[];
  allowed_origins?: string[];
  scopes?: string[];
}

const MAX_APPS = 100;

const VIEW = sql`SELECT id, name, description, website, coalesce(allowed_ips::text[], '{}') AS allowed_ips,
  coalesce(allowed_origins, '{}') AS allowed_origins, coalesce(scopes, '{}') AS scopes, created_at, updated_at FROM dev_apps`;

interface Ports {
  database: Database;
  directory: KeyDirectory;
  limiter: LimiterClient;
  origins: Pick<OriginService, 'publish'>;
}

function createAppViews(database: Database) {
  return {
    async get(partnerId: string, id: string): Promise<AppView> {
      const [app] = await database.rows(
        AppView,
        sql`${VIEW} WHERE id = ${id}::uuid AND partner_id = ${partnerId} AND archived_at IS NULL`,
      );
      if (!app) throw new AppError('not_found', 'No such app');
      return app;
    },
    /** Newest first. `before`: the id of the last one seen. */
    list: (partnerId: string, limit: number, before?: string): Promise<AppView[]> =>
      database.rows(
        AppView,
        sql`${VIEW} WHERE partner_id = ${partnerId} AND archived_at IS NULL
        AND (${before ?? null}::uuid IS NULL OR id < ${before ?? null}::uuid) ORDER BY id DESC LIMIT ${limit}`,
      ),
  };
}

/** Keys of the app: their records are read again, everywhere. */
const createAnnouncements = ({ database, directory, limiter }: Ports) =>
  async function announce(id: string): Promise<void> {
    const keys = await database.rows(
      KeyOfApp,
      sql`
      SELECT k.id, k.version AS key, p.version AS partner, k.key_hash AS hash, k.key_id AS "keyId"
      FROM api_key k JOIN partner p ON p.id = k.partner_id WHERE k.app_id = ${id}`,
    );
    await directory.forget(
      keys.flatMap(({ hash, keyId }) => [
        { by: 'hash' as const, value: hash },
        { by: 'key_id' as const, value: keyId },
      ]),
    );
    await Promise.all(
      keys.map(({ id: keyId, key, partner }) => limiter.announceKey(keyId, { key, partner })),
    );
  };

export function createAppService(ports: Ports) {
  const { database, origins } = ports;
  const views = createAppViews(database);
  const { get } = views;
  const announce = createAnnouncements(ports);

  return {
    ...views,
    async create(partnerId: string, wanted: AppChange & { name: string }, actor: Actor): Promise<AppView> {
      const id = newId();
      const [, made] = await database.batch(
        // Apps that are made at the same moment are counted one after the other.
        command(sql`SELECT 1 FROM partner WHERE id = ${partnerId} FOR UPDATE`),
        command(sql`WITH changed AS (
          INSERT INTO dev_apps (id, partner_id, name, description, website, allowed_ips, allowed_origins, scopes)
          SELECT ${id}::uuid, ${partnerId}::uuid, ${wanted.name}, ${wanted.description ?? null}, ${wanted.website ?? null},
            ${textArray(wanted.allowed_ips)}::inet[], ${textArray(wanted.allowed_origins)}, ${textArray(wanted.scopes)}
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
      const { name, description, website, allowed_ips: ips, allowed_origins: listed, scopes } = change;
      const set = assignments({
        name,
        description,
        website,
        allowed_ips: ips && sql`${textArray(ips)}::inet[]`,
        allowed_origins: listed && textArray(listed),
        scopes: scopes && textArray(scopes),
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

    /** Archives the app; its keys stop working at once. */
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
