// What operators see of the offered APIs: what is in force, what was published when and by whom, and what waits as a draft.

import { sql } from 'drizzle-orm';
import { AppError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import type { Database } from '../platform/database.ts';
import { query } from '../platform/query.ts';
import { boolean, json, number, oneOf, type RowOf, row, text, time, uuid } from '../platform/row.ts';
import type { Problem } from './adopt/problems.ts';
import type { Catalog, CatalogDocument } from './catalog.ts';

export interface UpstreamView {
  url: string;
  weight: number;
  has_credential: boolean;
}

export interface ApiView {
  id: string;
  title: string;
  /** `bundled`: as it came with the Worker. */
  source: 'published' | 'bundled';
  state: 'live' | 'retired';
  /** Number of what is in force; 0 where nothing was published. */
  version: number;
  prefix: string;
  routes: number;
  upstreams: UpstreamView[];
  /** Variables that name an upstream where there is none above. */
  upstream_variables: string[];
  published_at: string | null;
  published_by: string | null;
  /** Of its document and its upstreams. */
  etag: string;
}

export interface Draft {
  id: string;
  api: string;
  document: CatalogDocument;
  notes: Problem[];
  created_at: string;
}

const PublishedRow = row('API and its state', {
  api: text,
  version: number,
  state: oneOf(['live', 'retired']),
  created_at: time,
  created_by: text,
});
const UpstreamRow = row('upstream of an API', {
  api: text,
  url: text,
  weight: number,
  has_credential: boolean.notNull('a test for null'),
});
const DraftRow = row('draft of an API', {
  id: uuid,
  api: text,
  document: json<CatalogDocument>(),
  notes: json<Problem[]>(),
  created_at: time,
});
const VersionRow = row('version of an API', {
  version: number,
  state: oneOf(['live', 'retired']),
  created_at: time,
  created_by: text,
});
const MarkRow = row('upstreams of an API, as one hash', {
  api: text,
  mark: text.notNull('an API here has upstreams'),
});
/** The ETag of what is not offered yet. */
export const NEW_API = 'new';
const DRAFT_DAYS = 1;
const MAX_VERSIONS = 100;

const PUBLISHED = sql`SELECT DISTINCT ON (api) api, version, state, created_at, created_by FROM api_document
  ORDER BY api, version DESC`;
const UPSTREAMS = sql`SELECT api, url, weight, credential_envelope IS NOT NULL AS has_credential FROM api_upstream ORDER BY api, url`;

const MARKS = sql`SELECT api, md5(string_agg(ROW(url, weight, credential_envelope)::text, ',' ORDER BY url)) AS mark
  FROM api_upstream GROUP BY api ORDER BY api`;

interface Rows {
  published: RowOf<typeof PublishedRow>[];
  upstreams: RowOf<typeof UpstreamRow>[];
  marks: RowOf<typeof MarkRow>[];
}

const etagOf = (id: string, version: number, { marks }: Rows): string =>
  `${version}-${marks.find(({ api }) => api === id)?.mark ?? 'none'}`;

const upstreamsOf = (id: string, { upstreams }: Rows): UpstreamView[] =>
  upstreams.filter(({ api }) => api === id).map(({ api: _api, ...upstream }) => upstream);

function liveViews({ apis, documents }: Catalog, rows: Rows): ApiView[] {
  const titles = new Map(documents.map(({ info, 'x-passerelle': { id } }) => [id, info.title]));
  return apis.map(({ id, version, prefix, variables, routes }) => {
    const found = rows.published.find(({ api }) => api === id);
    return {
      id,
      title: titles.get(id) ?? id,
      source: version === 0 ? 'bundled' : 'published',
      state: 'live',
      version,
      prefix,
      routes: routes.length,
      upstreams: upstreamsOf(id, rows),
      upstream_variables: [...variables],
      published_at: found?.created_at ?? null,
      published_by: found?.created_by ?? null,
      etag: etagOf(id, version, rows),
    };
  });
}

const retiredViews = ({ apis }: Catalog, rows: Rows): ApiView[] =>
  rows.published
    .filter(({ api, state }) => state === 'retired' && !apis.some(({ id }) => id === api))
    .map(({ api, version, created_at, created_by }) => ({
      id: api,
      title: api,
      source: 'published',
      state: 'retired',
      version,
      prefix: '',
      routes: 0,
      upstreams: upstreamsOf(api, rows),
      upstream_variables: [],
      published_at: created_at,
      published_by: created_by,
      etag: etagOf(api, version, rows),
    }));

/** What waits to be looked at. */
const createDrafts = (database: Database) => ({
  async keepDraft(document: CatalogDocument, notes: readonly Problem[], actor: string): Promise<string> {
    const id = newId();
    await database.run(
      sql`DELETE FROM api_draft WHERE created_at < now() - make_interval(days => ${DRAFT_DAYS})`,
    );
    await database.run(sql`INSERT INTO api_draft (id, api, document, notes, created_by)
      VALUES (${id}, ${document['x-passerelle'].id}, ${JSON.stringify(document)}::json, ${JSON.stringify(notes)}::json, ${actor})`);
    return id;
  },

  /** @throws AppError not_found */
  async draft(id: string): Promise<Draft> {
    const [draft] = await database.rows(
      DraftRow,
      sql`SELECT id, api, document, notes, created_at FROM api_draft WHERE id = ${id}`,
    );
    if (!draft) throw new AppError('not_found', 'No such draft: drafts are kept for a day');
    return draft;
  },
});

export function createApiViews(database: Database) {
  return {
    ...createDrafts(database),

    /** Those that are offered in their order, and then those that are retired. */
    async list(catalog: Catalog): Promise<ApiView[]> {
      const [published, upstreams, marks] = await database.batch(
        query(PublishedRow, PUBLISHED),
        query(UpstreamRow, UPSTREAMS),
        query(MarkRow, MARKS),
      );
      const rows = { published, upstreams, marks };
      return [...liveViews(catalog, rows), ...retiredViews(catalog, rows)];
    },

    /** Newest first. */
    versions: (api: string) =>
      database.rows(
        VersionRow,
        sql`SELECT version, state, created_at, created_by FROM api_document WHERE api = ${api} ORDER BY version DESC LIMIT ${MAX_VERSIONS}`,
      ),
  };
}

export type ApiViews = ReturnType<typeof createApiViews>;
