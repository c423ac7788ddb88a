// What was published, in Postgres. Of each API the row with the highest version is in force.

import { sql } from 'drizzle-orm';
import type { Database } from '../platform/database.ts';
import { query } from '../platform/query.ts';
import { json, number, oneOf, row, text } from '../platform/row.ts';
import { type CatalogDocument, type OfferedApi, offeredApi, parseDocument } from './catalog.ts';
import type { UpstreamTarget } from './routes.ts';

/** The catalogue without its documents. */
export interface Published {
  version: number;
  apis: readonly OfferedApi[];
  /** Ids of APIs that came with the Worker and are not offered any more. */
  retired: readonly string[];
}

/** An API as it is stored: its targets are in rows of their own. */
type StoredApi = Omit<OfferedApi, 'version' | 'targets'>;

const State = row('catalogue', { version: number });
const PublishedApi = row('published API', {
  api: text,
  version: number,
  state: oneOf(['live', 'retired']),
  offered: json<StoredApi>().nullable(),
  /** Only where `offered` has still to be made. */
  document: json<unknown>().nullable(),
  targets: json<UpstreamTarget[]>().notNull('coalesce gives an empty list'),
});
const PublishedDocument = row('published document', {
  document: json<unknown>().notNull('live ones have one'),
});

/** The newest row of each API. */
const IN_FORCE = sql`(SELECT DISTINCT ON (api) * FROM api_document ORDER BY api, version DESC)`;

const PUBLISHED = sql`
  SELECT d.api, d.version, d.state, d.offered, CASE WHEN d.offered IS NULL THEN d.document END AS document,
    coalesce((SELECT json_agg(json_build_object('url', u.url, 'weight', u.weight, 'credential', u.credential_envelope)
      ORDER BY u.url) FROM api_upstream u WHERE u.api = d.api), '[]') AS targets
  FROM ${IN_FORCE} d ORDER BY d.api`;

export function createCatalogStore(database: Database) {
  return {
    async version(): Promise<number> {
      const [state] = await database.rows(State, sql`SELECT version FROM catalog_state`);
      return state?.version ?? 0;
    },
    async published(): Promise<Published> {
      // The number first: rows may be newer than it, and are read again then; never older.
      const [[state], rows] = await database.batch(
        query(State, sql`SELECT version FROM catalog_state`),
        query(PublishedApi, PUBLISHED),
      );
      const apis = rows
        .filter(({ state }) => state === 'live')
        .map(({ api, version, offered, document, targets }) =>
          offered
            ? { ...offered, version, targets }
            : offeredApi(parseDocument(document, api), { version, targets }),
        );
      return {
        version: state?.version ?? 0,
        apis,
        retired: rows.filter(({ state }) => state === 'retired').map(({ api }) => api),
      };
    },
    /** Of these APIs, as far as they were published. */
    async documents(apis: readonly Pick<OfferedApi, 'id' | 'version'>[]): Promise<CatalogDocument[]> {
      const wanted = JSON.stringify(apis.map(({ id, version }) => ({ id, version })));
      const rows = await database.rows(
        PublishedDocument,
        sql`SELECT d.document FROM jsonb_to_recordset(${wanted}::jsonb) AS w(id text, version bigint)
          JOIN api_document d ON d.api = w.id AND d.version = w.version WHERE d.state = 'live' ORDER BY d.api`,
      );
      return rows.map(({ document }, i) => parseDocument(document, apis[i]?.id ?? String(i)));
    },
  };
}

export type CatalogStore = ReturnType<typeof createCatalogStore>;
