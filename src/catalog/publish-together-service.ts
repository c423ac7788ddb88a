// Several APIs that are published, moved or retired in one transaction, which is somebody else's: checked as each by itself is.

import { type SQL, sql } from 'drizzle-orm';
import type { Actor } from '../audit/audit-store.ts';
import { AppError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { command, type Query } from '../platform/query.ts';
import { type Catalog, type CatalogDocument, documentOf, type OfferedApi, offeredApi } from './catalog.ts';
import type { CommitPorts } from './commit-service.ts';
import { checkPlace, policyChange, policyInsertion, policyRemoval } from './policy-service.ts';
import { checkDate, checkFit, insertion, type PublishPorts } from './publish-service.ts';
import { sealedUpstreams, upstreamRows, type WantedUpstream } from './upstream-service.ts';

export interface WantedOffer {
  id: string;
  /** Left out: as it is. */
  document?: CatalogDocument;
  /** Left out: as they are. */
  upstreams?: readonly WantedUpstream[];
  isRetired?: boolean;
}

/** A policy for every partner, by its place. */
export interface FiledPolicy {
  /** Where it stands in the file. */
  place: string;
  /** Null where there is none yet. */
  id: string | null;
  api: string | null;
  route: string | null;
  policy: string;
  position: number;
  /** With all defaults. */
  settings: unknown;
  isGone: boolean;
}

/** What is wrong with one of several, by where it stands. */
export async function within<T>(place: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AppError) || !Array.isArray(error.fields.details)) throw error;
    const details = error.fields.details.map(({ field, message }) => ({
      field: `${place}${String(field).startsWith('/') ? '' : '.'}${field}`,
      message,
    }));
    throw new AppError(error.code, error.message, { details });
  }
}

/** What is offered once all of it came about. */
function offeredThen({ apis }: Catalog, offers: readonly WantedOffer[]): OfferedApi[] {
  const replaced = new Set(
    offers.flatMap(({ id, document, isRetired }) => (document || isRetired ? id : [])),
  );
  const published = offers.flatMap(({ document }) => (document ? offeredApi(document) : []));
  return [...apis.filter(({ id }) => !replaced.has(id)), ...published];
}

/** The catalogue is locked by then, and as it was looked at. */
const LOCKED = sql`locked AS (SELECT version FROM catalog_state)`;

/** Takes the lock that publishing takes. */
export const CATALOG_LOCKS: readonly SQL[] = [
  sql`INSERT INTO catalog_state DEFAULT VALUES ON CONFLICT DO NOTHING`,
  sql`SELECT version FROM catalog_state FOR UPDATE`,
];

const policyStatement = (
  { place, id, isGone, ...wanted }: FiledPolicy,
  apis: readonly OfferedApi[],
  actor: Actor,
): Promise<Query<number>> =>
  within(place, () => {
    if (!isGone) checkPlace(wanted, { apis });
    const settings = JSON.stringify(wanted.settings);
    const change =
      id === null
        ? policyInsertion(newId(), { ...wanted, settings, partnerId: null }, actor)
        : isGone
          ? policyRemoval(id)
          : policyChange(id, wanted.position, settings);
    return command(sql`WITH ${LOCKED}, ${change} SELECT version FROM changed`);
  });

export function createTogether(ports: PublishPorts & Pick<CommitPorts, 'announce'>) {
  const { catalogs, isReserved, announce } = ports;

  async function statement(
    { id, document, upstreams, isRetired }: WantedOffer,
    actor: Actor,
  ): Promise<Query<number>> {
    const changed =
      document || isRetired ? insertion(document, id, actor) : sql`changed AS (SELECT version FROM locked)`;
    const rows =
      upstreams &&
      (await within(`apis.${id}`, async () => upstreamRows(id, await sealedUpstreams(upstreams, ports))));
    return command(
      sql`WITH ${sql.join([LOCKED, changed, ...(rows ? [rows] : [])], sql`, `)} SELECT version FROM changed`,
    );
  }

  return {
    seen: () => catalogs.whole('now'),

    /** @throws AppError validation_error */
    async prepare(
      seen: Catalog,
      { offers, policies }: { offers: readonly WantedOffer[]; policies: readonly FiledPolicy[] },
      actor: Actor,
    ): Promise<Query<number>[]> {
      const apis = offeredThen(seen, offers);
      for (const { id, document } of offers)
        if (document)
          await within(`apis.${id}.document`, () => {
            checkFit(document, { apis }, isReserved);
            checkDate(document, documentOf(seen, id), ports.now());
          });
      const changes = policies.map((policy) => policyStatement(policy, apis, actor));
      return [
        ...(await Promise.all(offers.map((offer) => statement(offer, actor)))),
        ...(await Promise.all(changes)),
      ];
    },

    /** After the commit. Whether every partner's limiter has heard of it. */
    async settle(): Promise<boolean> {
      await catalogs.refresh();
      return announce();
    },
  };
}

export type PublishTogether = ReturnType<typeof createTogether>;
