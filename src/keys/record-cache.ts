// Key records in KV. What one edge writes, another may read a minute later.

import type { RecordCache } from './key-directory.ts';
import type { KeyRecord } from './key-record.ts';

/** KV's own edge cache: the shortest it takes. */
const EDGE_CACHE_SECONDS = 60;

export const createRecordCache = (kv: KVNamespace): RecordCache => ({
  get: (key) => kv.get<KeyRecord>(key, { type: 'json', cacheTtl: EDGE_CACHE_SECONDS }),
  put: (key, record, ttlSeconds) => kv.put(key, JSON.stringify(record), { expirationTtl: ttlSeconds }),
  delete: (key) => kv.delete(key),
});
