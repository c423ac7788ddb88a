// Apps as they are shown: one, those in use, those that are archived, and what the keys of each do.

import { sql } from 'drizzle-orm';
import { AppError } from '../core/errors.ts';
import type { Database } from '../platform/database.ts';
import { number, type RowOf, row, text, texts, time, uuid } from '../platform/row.ts';

/** An archived app comes back within these. */
export const RESTORE_DAYS = 30;

const AppView = row('app', {
  id: uuid,
  name: text,
  description: text.nullable(),
  website: text.nullable(),
  allowed_ips: texts,
  allowed_origins: texts,
  scopes: texts,
  api_version: text.nullable(),
  created_at: time,
  updated_at: time,
  archived_at: time.nullable(),
  /** Until when an archived app can be restored. */
  restorable_until: time.nullable(),
});
export type AppView = RowOf<typeof AppView>;

const AppUse = row('use of an app', {
  id: uuid,
  /** Keys that are neither revoked nor expired. */
  live: number,
  test: number,
  lastUsedAt: time.nullable(),
  callsToday: number,
});
export type AppUse = RowOf<typeof AppUse>;

const VIEW = sql`SELECT id, name, description, website, coalesce(allowed_ips::text[], '{}') AS allowed_ips,
  coalesce(allowed_origins, '{}') AS allowed_origins, coalesce(scopes, '{}') AS scopes, api_version::text AS api_version, created_at, updated_at, archived_at,
  archived_at + make_interval(days => ${RESTORE_DAYS}) AS restorable_until FROM dev_apps`;

export function createAppViews(database: Database) {
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
    list: (
      partnerId: string,
      limit: number,
      { before, isArchived = false }: { before?: string; isArchived?: boolean } = {},
    ): Promise<AppView[]> =>
      database.rows(
        AppView,
        sql`${VIEW} WHERE partner_id = ${partnerId} AND (archived_at IS NOT NULL) = ${isArchived}
        AND (${before ?? null}::uuid IS NULL OR id < ${before ?? null}::uuid) ORDER BY id DESC LIMIT ${limit}`,
      ),
    /** Of each app of the partner. `today`: `YYYY-MM-DD`. */
    use: (partnerId: string, today: string): Promise<AppUse[]> =>
      database.rows(
        AppUse,
        sql`SELECT a.id, count(k.id) FILTER (WHERE k.environment = 'live') AS live,
          count(k.id) FILTER (WHERE k.environment = 'test') AS test, max(k.last_used_at) AS "lastUsedAt",
          coalesce((SELECT sum(r.calls) FROM api_usage_rollups_day r WHERE r.partner_id = ${partnerId}
            AND r.app_id = a.id AND r.day = ${today}::date), 0)::bigint AS "callsToday"
        FROM dev_apps a LEFT JOIN api_key k ON k.app_id = a.id AND k.is_active
          AND (k.expires_at IS NULL OR k.expires_at > now())
        WHERE a.partner_id = ${partnerId} GROUP BY a.id`,
      ),
  };
}
