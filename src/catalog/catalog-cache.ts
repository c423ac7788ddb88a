// The catalogue in KV: what edges need of it. What one edge writes, another may read a minute later.

import type { Published } from './catalog-store.ts';
import type { CatalogCache } from './live-catalog.ts';

/** KV's own edge cache: the shortest it takes. */
const EDGE_CACHE_SECONDS = 30;
/** Its number rises when `Published` has another form: Workers of before and after a deployment read their own. */
const KEY = 'catalog:3';

export const createCatalogCache = (kv: KVNamespace): CatalogCache => ({
  get: () => kv.get<Published>(KEY, { type: 'json', cacheTtl: EDGE_CACHE_SECONDS }),
  put: (published) => kv.put(KEY, JSON.stringify(published)),
});
