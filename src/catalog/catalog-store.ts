// What was published, in Postgres. Of each API the row with the highest version is in force.

import { sql } from 'drizzle-orm';
import type { Database } from '../platform/database.ts';
import { query } from '../platform/query.ts';
import { json, number, oneOf, row, text, uuid } from '../platform/row.ts';
import { textArray } from '../platform/sql.ts';
import { type CatalogDocument, type OfferedApi, offeredApi, parseDocument } from './catalog.ts';
import { BY_DOCUMENT, type InstalledPolicy, needsRules } from './policies/installed.ts';
import type { UpstreamTarget } from './routes.ts';

/** The catalogue without its documents. */
export interface Published {
  version: number;
  apis: readonly OfferedApi[];
  /** Ids of APIs that came with the Worker and are not offered any more. */
  retired: readonly string[];
  /** Whose document is none any more: after a deployment, or by hand. They are not offered, and keep no other from it. */
  unreadable: readonly string[];
  /** Of all APIs, those too that came with the Worker. */
  upstreams: readonly { api: string; targets: readonly UpstreamTarget[] }[];
  policies: readonly InstalledPolicy[];
}

/** An API as it is stored: its targets are in rows of their own. */
type StoredApi = Omit<OfferedApi, 'version' | 'targets'>;

const State = row('catalogue', { version: number });
const PublishedApi = row('published API', {
  api: text,
  version: number,
  state: oneOf(['live', 'retired']),
  offered: json<StoredApi>().nullable(),
  /** Only where `offered` has still to be made, or a policy asks for more. */
  document: json<unknown>().nullable(),
});
const TargetRow = row('target of an API', {
  api: text,
  url: text,
  weight: number,
  credential: text.nullable(),
});
const PolicyRow = row('installed policy', {
  id: uuid,
  api: text.nullable(),
  route: text.nullable(),
  partnerId: uuid.nullable(),
  position: number,
  policy: text,
  settings: json<unknown>(),
});
const PublishedDocument = row('published document', {
  document: json<unknown>().notNull('live ones have one'),
});

/** The newest row of each API. */
const IN_FORCE = sql`(SELECT DISTINCT ON (api) * FROM api_document ORDER BY api, version DESC)`;

const STATE = sql`SELECT version FROM catalog_state`;
const TARGETS = sql`SELECT api, url, weight, credential_envelope AS credential FROM api_upstream ORDER BY api, url`;
const INSTALLED = sql`SELECT id, api, route, partner_id AS "partnerId", position, policy, settings FROM api_policy`;
const PUBLISHED = sql`
  SELECT d.api, d.version, d.state, d.offered, CASE WHEN d.offered IS NULL OR EXISTS (
      SELECT FROM api_policy p WHERE p.policy = ANY (${textArray(BY_DOCUMENT)}::text[]) AND (p.api IS NULL OR p.api = d.api)) THEN d.document END AS document
  FROM ${IN_FORCE} d ORDER BY d.api`;

export function createCatalogStore(database: Database) {
  return {
    async version(): Promise<number> {
      const [state] = await database.rows(State, STATE);
      return state?.version ?? 0;
    },
    async published(): Promise<Published> {
      // The number first: rows may be newer than it, and are read again then; never older.
      const [[state], rows, targets, policies] = await database.batch(
        query(State, STATE),
        query(PublishedApi, PUBLISHED),
        query(TargetRow, TARGETS),
        query(PolicyRow, INSTALLED),
      );
      const byApi = Map.groupBy(targets, ({ api }) => api);
      const targetsOf = (id: string): UpstreamTarget[] =>
        (byApi.get(id) ?? []).map(({ api: _api, ...target }) => target);
      const unreadable: string[] = [];
      const apis = rows
        .filter(({ state: is }) => is === 'live')
        .flatMap(({ api, version, offered, document }) => {
          const published = { version, targets: targetsOf(api) };
          try {
            return offered && document === null
              ? { ...offered, ...published }
              : offeredApi(parseDocument(document, api), published, needsRules(policies, api));
          } catch {
            unreadable.push(api);
            return [];
          }
        });
      const retired = rows.filter(({ state: is }) => is === 'retired').map(({ api }) => api);
      return {
        version: state?.version ?? 0,
        apis,
        retired: [...retired, ...unreadable],
        unreadable,
        upstreams: [...byApi.keys()].map((api) => ({ api, targets: targetsOf(api) })),
        policies,
      };
    },
    /** That described a version of an API, when that was its newest, last. */
    async documentOf(api: string, date: string): Promise<CatalogDocument | undefined> {
      const [found] = await database.rows(
        PublishedDocument,
        sql`SELECT document FROM api_document WHERE api = ${api} AND state = 'live'
          AND document->'x-passerelle'->'versions'->-1->>'date' = ${date} ORDER BY version DESC LIMIT 1`,
      );
      return found && parseDocument(found.document, api);
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
