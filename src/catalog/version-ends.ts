// Which dated versions the catalogue has, and what is said of those that end. Pure.

import { DAY_MS } from '../core/time.ts';
import type { Catalog, OfferedApi } from './catalog.ts';
import type { RouteVersion } from './versions.ts';

/** Days before its end on which who calls a version is mailed. */
const MAILED_DAYS = [7, 30, 90];

/** An API's routes, by which its use is found. */
export interface DatedApi {
  api: string;
  routes: readonly string[];
}

export interface DatedVersion {
  date: string;
  isNewest: boolean;
  deprecatedAt: string | null;
  sunsetAt: string | null;
  brownouts: { from: string; to: string }[];
  isEnded: boolean;
}

/** A version that ends, and is called until then. */
export interface Ending {
  api: string;
  version: string;
  newest: string;
  deprecatedAt: string | null;
  sunsetAt: string;
  /** The mail that is due; null: none yet. */
  daysBefore: number | null;
  routes: readonly string[];
}

const iso = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());

/** All routes of an API have the same dates. */
const datesOf = ({ routes }: OfferedApi): readonly RouteVersion[] => routes[0]?.versions ?? [];

export const datedApis = ({ apis }: Pick<Catalog, 'apis'>): DatedApi[] =>
  apis
    .filter((api) => datesOf(api).length > 0)
    .map(({ id, routes }) => ({ api: id, routes: [...new Set(routes.map(({ path }) => path))] }));

/** Newest first. */
export const versionsOf = ({ apis }: Pick<Catalog, 'apis'>, id: string, nowMs: number): DatedVersion[] =>
  apis
    .filter((api) => api.id === id)
    .flatMap(datesOf)
    .map(
      ({ date, deprecatedMs, sunsetMs, brownouts }, i, all): DatedVersion => ({
        date,
        isNewest: i === all.length - 1,
        deprecatedAt: iso(deprecatedMs),
        sunsetAt: iso(sunsetMs),
        brownouts: brownouts.map(({ fromMs, toMs }) => ({
          from: new Date(fromMs).toISOString(),
          to: new Date(toMs).toISOString(),
        })),
        isEnded: sunsetMs !== undefined && nowMs >= sunsetMs,
      }),
    )
    .reverse();

/** Those that have an end, and have not come to it. */
export const endingsOf = (catalog: Pick<Catalog, 'apis'>, nowMs: number): Ending[] =>
  datedApis(catalog).flatMap(({ api, routes }) => {
    const versions = versionsOf(catalog, api, nowMs);
    return versions.flatMap(({ date, deprecatedAt, sunsetAt, isEnded }) => {
      if (sunsetAt === null || isEnded) return [];
      const days = (Date.parse(sunsetAt) - nowMs) / DAY_MS;
      const daysBefore = MAILED_DAYS.find((each) => days <= each) ?? null;
      return [
        { api, version: date, newest: versions[0]?.date ?? date, deprecatedAt, sunsetAt, daysBefore, routes },
      ];
    });
  });

/** All dates to which somebody can be pinned, newest first. */
export const pinsOf = ({ apis }: Pick<Catalog, 'apis'>): string[] =>
  [...new Set(apis.flatMap((api) => datesOf(api).map(({ date }) => date)))].sort().reverse();
