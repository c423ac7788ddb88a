// Who calls which dated version, by day, as the fold of usage counts it; and whom we told that one ends.

import { type SQL, sql } from 'drizzle-orm';
import type { DatedApi, Ending } from '../catalog/version-ends.ts';
import type { Recipient } from '../mail/notices.ts';
import { recipientsOf } from '../mail/recipients-store.ts';
import { eventRow } from '../outbox/event-store.ts';
import type { Database } from '../platform/database.ts';
import { json, number, type RowOf, row, text, time, uuid } from '../platform/row.ts';

/** Days that are looked back at: who calls no more is not told. */
export const USE_DAYS = 30;
/** Of one version. */
const MAX_USES = 100;
/** Of `called c`: an end that moves within its day is the same. */
const DAY = sql`date_trunc('day', c."sunsetAt", 'UTC')`;

const VersionUse = row('use of a version of an API', {
  api: text.notNull('as it was asked for'),
  version: text,
  partner_id: uuid,
  partner: text.nullable(),
  key_id: text,
  key: text.nullable(),
  calls: number.notNull('a sum'),
  /** Of all who call the version, those too that are not listed. */
  all_calls: number.notNull('a sum'),
  last_day: text.notNull('a maximum'),
});
export type VersionUse = RowOf<typeof VersionUse>;

const Told = row('partner that is told of the end of a version', {
  partner_id: uuid,
  api: text,
  version: text,
  sunset_at: time,
  days_before: number,
  recipients: json<Recipient[]>().nullable(),
});
export type ToldOfEnd = RowOf<typeof Told>;

const recordset = (rows: readonly object[], columns: SQL): SQL =>
  sql`jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS w(${columns})`;

const USES = (apis: readonly DatedApi[], partnerId: string | undefined): SQL =>
  sql`SELECT api, version, partner_id, partner, key_id, key, calls, all_calls, last_day FROM (
          SELECT w.api, u.api_version AS version, u.partner_id, p.name AS partner, u.key_id, k.name AS key,
            sum(u.calls)::bigint AS calls, (sum(sum(u.calls)) OVER (PARTITION BY w.api, u.api_version))::bigint AS all_calls,
            max(u.day)::text AS last_day,
            row_number() OVER (PARTITION BY w.api, u.api_version ORDER BY sum(u.calls) DESC, u.key_id) AS place
          FROM ${recordset(
            apis.flatMap(({ api, routes }) => routes.map((route) => ({ api, route }))),
            sql`api text, route text`,
          )}
          JOIN api_version_use u ON u.route = w.route AND u.day > current_date - ${USE_DAYS}::int
            AND ${partnerId === undefined ? sql`true` : sql`u.partner_id = ${partnerId}::uuid`}
          LEFT JOIN partner p ON p.id = u.partner_id LEFT JOIN api_key k ON k.key_id = u.key_id
          GROUP BY 1, 2, 3, 4, 5, 6) used
          WHERE place <= ${MAX_USES} ORDER BY api, version, place`;

export function createVersionUses(database: Database) {
  return {
    /** By version, partner and key, of each version those that call most; of one partner, or of all. */
    uses: (apis: readonly DatedApi[], partnerId?: string): Promise<VersionUse[]> =>
      database.rows(VersionUse, USES(apis, partnerId)),

    /**
     * Claims whom to tell that a version ends, each once for each of its moments: its event at once, a mail when it is near.
     * What is claimed is the caller's to mail, or to release.
     */
    claim: (endings: readonly Ending[]): Promise<ToldOfEnd[]> =>
      database.rows(
        Told,
        sql`WITH ending AS (SELECT * FROM ${recordset(
          endings.flatMap(({ api, version, newest, deprecatedAt, sunsetAt, daysBefore, routes }) =>
            routes.map((route) => ({ api, version, newest, deprecatedAt, sunsetAt, daysBefore, route })),
          ),
          sql`api text, version text, newest text, "deprecatedAt" timestamptz, "sunsetAt" timestamptz, "daysBefore" int, route text`,
        )}),
        called AS (
          SELECT e.api, e.version, e.newest, e."deprecatedAt", e."sunsetAt", e."daysBefore", u.partner_id, max(u.day) AS last_day
          FROM ending e JOIN api_version_use u ON u.route = e.route AND u.api_version = e.version
            AND u.day > current_date - ${USE_DAYS}::int
          JOIN api_key k ON k.key_id = u.key_id AND k.is_active
          JOIN partner p ON p.id = u.partner_id AND p.status NOT IN ('suspended', 'inactive') GROUP BY 1, 2, 3, 4, 5, 6, 7),
        noted AS (
          INSERT INTO version_notice AS n (partner_id, api, api_version, sunset_at, days_before)
          SELECT c.partner_id, c.api, c.version, ${DAY}, d.days FROM called c
            CROSS JOIN LATERAL (VALUES (-1), (c."daysBefore")) AS d(days) WHERE d.days IS NOT NULL
          ORDER BY 1, 2, 3, 4, 5
          ON CONFLICT DO NOTHING RETURNING n.partner_id, n.api, n.api_version, n.sunset_at, n.days_before),
        event AS (${eventRow(
          'version.sunset_scheduled',
          {
            api: sql`c.api`,
            version: sql`c.version`,
            newest: sql`c.newest`,
            deprecated_at: sql`c."deprecatedAt"`,
            sunset_at: sql`c."sunsetAt"`,
            last_called: sql`c.last_day`,
          },
          {
            from: sql`noted n JOIN called c ON n.days_before = -1 AND c.partner_id = n.partner_id AND c.api = n.api
              AND c.version = n.api_version AND ${DAY} = n.sunset_at`,
            partnerId: sql`n.partner_id`,
          },
        )})
        SELECT n.partner_id, n.api, n.api_version AS version, n.sunset_at, n.days_before,
          ${recipientsOf(sql`n.partner_id`)} AS recipients
        FROM noted n WHERE n.days_before >= 0 ORDER BY 1, 2, 3`,
      ),

    /** A mail that could not be sent is sent by the next run. */
    release: ({ partner_id: partnerId, api, version, sunset_at: sunsetAt, days_before: days }: ToldOfEnd) =>
      database.run(sql`DELETE FROM version_notice WHERE partner_id = ${partnerId}::uuid AND api = ${api}
        AND api_version = ${version} AND sunset_at = ${sunsetAt}::timestamptz AND days_before = ${days}::int`),
  };
}
