// Offers APIs: a document is published, an API retired, its upstreams changed. Each is one statement with its audit row, is
// told to all partners' objects before it is answered, and loses to whoever was faster.

import { type SQL, sql } from 'drizzle-orm';
import type { Actor } from '../audit/audit-store.ts';
import { changedMeanwhile, type Expected } from '../audit/version-store.ts';
import { AppError } from '../core/errors.ts';
import { pointerTo } from '../core/json-pointer.ts';
import type { Database } from '../platform/database.ts';
import { adoptDocument } from './adopt/adopt.ts';
import { MAX_PROBLEMS, UnfitDocument } from './adopt/problems.ts';
import { type ApiViews, createApiViews, NEW_API } from './api-view-store.ts';
import { breakingChanges } from './breaking-changes.ts';
import { type Catalog, type CatalogDocument, documentOf, idOf, offeredApi } from './catalog.ts';
import type { Commit } from './commit-service.ts';
import { fetchDocument } from './fetch-document.ts';
import type { LiveCatalog } from './live-catalog.ts';
import { offerChanges } from './offer-changes.ts';
import { routesOf } from './routes.ts';
import {
  sealedUpstreams,
  type UpstreamPorts,
  upstreamRows,
  type WantedUpstream,
} from './upstream-service.ts';
import { wrongDates } from './versions.ts';

export type { WantedUpstream } from './upstream-service.ts';

export interface PublishPorts extends UpstreamPorts {
  database: Database;
  catalogs: LiveCatalog;
  commit: Commit;
  now(): number;
  /** Whether paths that begin with this part are our own. */
  isReserved(firstPart: string): boolean;
}

const UNFIT = 'This document cannot be offered as it is';

/** @throws AppError validation_error with what is wrong, by JSON pointers */
export function checked<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof UnfitDocument)) throw error;
    const details = error.problems.map(({ pointer, message }) => ({ field: pointer || '/', message }));
    throw new AppError('validation_error', UNFIT, { details });
  }
}

/** The same, of what takes a while. */
export const checkedLater = <T>(work: Promise<T>): Promise<T> =>
  work.catch((error) =>
    checked(() => {
      throw error;
    }),
  );

const firstOf = (path: string): string => path.split('/', 2)[1] ?? '';

/** Why no API may be at a path; undefined where it may. `others`: first parts of other APIs, and a route of each. */
function wrongPlace(
  path: string,
  others: ReadonlyMap<string, string>,
  isReserved: PublishPorts['isReserved'],
) {
  const first = firstOf(path);
  // Whoever decodes, or reads capitals as small letters, would take it for another.
  if (/[{}%]|^\.{1,2}$/.test(first))
    return 'must begin with a part that is plain text: give the API a prefix';
  if (isReserved(first.toLowerCase())) return 'is a path of our own: give the API another prefix';
  const other = others.get(first);
  return other && `begins like \`${other}\` of another API: give this one another prefix`;
}

/** Beside what is offered already. @throws AppError validation_error */
export function checkFit(
  document: CatalogDocument,
  { apis }: Pick<Catalog, 'apis'>,
  isReserved: PublishPorts['isReserved'],
): void {
  const id = idOf(document);
  const others = new Map(
    apis
      .filter((api) => api.id !== id)
      .flatMap(({ routes }) =>
        routes.map(({ method, path }) => [firstOf(path), `${method} ${path}`] as const),
      ),
  );
  const details = Object.keys(document.paths).flatMap((path) => {
    const message = wrongPlace(path, others, isReserved);
    return message ? [{ field: pointerTo('paths', path), message }] : [];
  });
  if (details.length > 0)
    throw new AppError('validation_error', UNFIT, { details: details.slice(0, MAX_PROBLEMS) });
}

/** A CTE: `changed` has the row that is published, or of the retirement, where `locked` has one. */
export function insertion(document: CatalogDocument | undefined, api: string, actor: Actor): SQL {
  if (!document)
    return sql`changed AS (INSERT INTO api_document (api, state, created_by)
      SELECT ${api}, 'retired', ${actor.name} FROM locked RETURNING version),
      gone AS (DELETE FROM api_upstream WHERE api = ${api} AND EXISTS (SELECT FROM changed))`;
  const { version: _version, targets: _targets, ...offered } = offeredApi(document);
  return sql`changed AS (INSERT INTO api_document (api, document, offered, created_by)
    SELECT ${api}, ${JSON.stringify(document)}::json, ${JSON.stringify(offered)}::json, ${actor.name} FROM locked RETURNING version)`;
}

/** Programs that are pinned to a date go on as they are: under it, nothing breaks, until its end. @throws AppError validation_error */
export function checkDate(
  document: CatalogDocument,
  before: CatalogDocument | undefined,
  nowMs: number,
): void {
  const wrong = before ? wrongDates(before['x-passerelle'], document['x-passerelle'], nowMs) : [];
  if (wrong.length > 0)
    throw new AppError('validation_error', UNFIT, {
      details: wrong.map((message) => ({ field: '/x-passerelle/versions', message })),
    });
  const newest = document['x-passerelle'].versions.at(-1)?.date;
  if (!before || newest === undefined || newest !== before['x-passerelle'].versions.at(-1)?.date) return;
  const broken = breakingChanges(before, document);
  if (broken.length === 0) return;
  throw new AppError(
    'validation_error',
    `This breaks what ${newest} promises: give the change a date of its own`,
    {
      details: broken.map((message) => ({ field: '/paths', message })),
    },
  );
}

interface Change {
  reason: string | null;
  /** The ETag of what its changer saw. */
  expected?: Expected;
}

const named = (upstreams: readonly WantedUpstream[]): string[] =>
  upstreams.map(({ url, weight }) => `${url} ${weight}`);

type Check = (seen: Catalog, api: string, expected: Expected) => Promise<void>;

/** That an API is as its changer saw it; what comes between this and the change, the change itself notices. */
const createCheck =
  (database: Database, views: ApiViews): Check =>
  async (seen, api, expected) => {
    if (expected === undefined) return;
    const now = (await views.list(seen)).find(({ id }) => id === api)?.etag ?? NEW_API;
    if (expected.includes(now)) return;
    const thing = sql`${`apis/${api}`}::text`;
    throw await changedMeanwhile(database, null, sql`d.target->>'api' = ${api}`, thing);
  };

/** `upstreams`: as they were where there are none. @throws AppError validation_error, precondition_failed, conflict */
const createPublish = (ports: PublishPorts, check: Check) =>
  async function publish(
    document: CatalogDocument,
    upstreams: readonly WantedUpstream[] | undefined,
    actor: Actor,
    { reason, expected }: Change,
  ) {
    const seen = await ports.catalogs.whole('now');
    const api = idOf(document);
    await check(seen, api, expected);
    checkFit(document, seen, ports.isReserved);
    const before = documentOf(seen, api);
    checkDate(document, before, ports.now());
    const changes = offerChanges(before, document);
    const { added, removed, changed } = changes;
    const details = {
      reason,
      added: added.length,
      removed: removed.length,
      changed: changed.length,
      ...(upstreams && { upstreams: named(upstreams) }),
    };
    const insert = insertion(document, api, actor);
    const change = upstreams
      ? sql`${insert}, ${upstreamRows(api, await sealedUpstreams(upstreams, ports))}`
      : insert;
    const done = await ports.commit(seen, change, {
      actor,
      action: 'api.published',
      target: { api },
      details,
    });
    return { ...done, changes };
  };

export function createPublishService(ports: PublishPorts) {
  const { catalogs, commit, isReserved, refusesUpstream } = ports;
  const views = createApiViews(ports.database);
  const checkSeen = createCheck(ports.database, views);

  /** @throws AppError not_found */
  async function catalogWith(id: string): Promise<Catalog> {
    const seen = await catalogs.whole('now');
    if (!seen.apis.some((api) => api.id === id)) throw new AppError('not_found', 'No such API');
    return seen;
  }

  return {
    views,
    list: async () => views.list(await catalogs.whole('now')),

    /** A document from its address. @throws UnfitDocument */
    fetch: (url: string): Promise<string> =>
      fetchDocument(url, { refuses: refusesUpstream, fetch: (at, init) => fetch(at, init) }),

    /** What a document would offer, and what publishing it would change. Changes nothing. @throws AppError validation_error */
    async check(text: string, id?: string) {
      const adopted = checked(() => adoptDocument(text, { id }));
      const { document } = adopted;
      const seen = await catalogs.whole('now');
      checkFit(document, seen, isReserved);
      const before = documentOf(seen, idOf(document));
      checkDate(document, before, ports.now());
      const changes = offerChanges(before, document);
      return { ...adopted, routes: routesOf(document), changes };
    },

    publish: createPublish(ports, checkSeen),

    /** @throws AppError not_found, precondition_failed, conflict */
    async retire(api: string, actor: Actor, { reason, expected }: Change) {
      const seen = await catalogWith(api);
      await checkSeen(seen, api, expected);
      const told = { actor, action: 'api.retired', target: { api }, details: { reason } } as const;
      return commit(seen, insertion(undefined, api, actor), told);
    },

    /** @throws AppError not_found, precondition_failed, validation_error, conflict */
    async setUpstreams(
      api: string,
      upstreams: readonly WantedUpstream[],
      actor: Actor,
      { reason, expected }: Change,
    ) {
      const seen = await catalogWith(api);
      await checkSeen(seen, api, expected);
      const rows = upstreamRows(api, await sealedUpstreams(upstreams, ports));
      const details = { reason, upstreams: named(upstreams) };
      const told = { actor, action: 'api.upstreams_changed', target: { api }, details } as const;
      return commit(seen, sql`changed AS (SELECT version FROM locked), ${rows}`, told);
    },
  };
}

export type PublishService = ReturnType<typeof createPublishService>;
