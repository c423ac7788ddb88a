// What publishing a document changes for those who call: routes that come, go, and are different. Pure.

import type { CatalogDocument } from './catalog.ts';
import { type RouteData, routesOf } from './routes.ts';

export interface OfferChanges {
  added: string[];
  removed: string[];
  /** What the gateway does differently with it. */
  changed: { route: string; fields: string[] }[];
}

const nameOf = ({ method, path }: RouteData): string => `${method} ${path}`;

/** What the gateway itself acts upon. Summaries and examples are words. */
const FIELDS = [
  'scope',
  'cost',
  'cacheSeconds',
  'timeoutMs',
  'bodyBytes',
  'signatureRule',
  'cacheSharedBy',
  'encodedSlashes',
  'declared',
  'secretParameters',
  'versions',
] as const;

export function offerChanges(before: CatalogDocument | undefined, after: CatalogDocument): OfferChanges {
  const old = new Map((before ? routesOf(before) : []).map((route) => [nameOf(route), route]));
  const now = new Map(routesOf(after).map((route) => [nameOf(route), route]));
  const changed = [...now].flatMap(([route, data]) => {
    const was = old.get(route);
    const fields = was
      ? FIELDS.filter((field) => JSON.stringify(was[field]) !== JSON.stringify(data[field]))
      : [];
    return fields.length > 0 ? [{ route, fields: [...fields] }] : [];
  });
  return {
    added: [...now.keys()].filter((route) => !old.has(route)),
    removed: [...old.keys()].filter((route) => !now.has(route)),
    changed,
  };
}
