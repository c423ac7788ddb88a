// Finds the record of a key: isolate memory, then KV, then Neon. All are caches that may be wrong: the limiter says when a
// record is older than what it has seen, and a refusal by one that may be is decided again: then `fresh` goes past them.
// Each request reads for itself: one that waited for another's promise would be cancelled with it.
// Fails open to a stale record while the database is down, and closed (`unavailable`) where there is none.

import { dropOldest } from '../core/bounded.ts';
import type { Soon } from '../core/soon.ts';
import type { KeyRecord, RecordSource } from './key-record.ts';
import type { KeyStore, Lookup } from './key-store.ts';

/** What is in memory for less than this is used as it is. */
const FRESH_MS = 60_000;
/** For longer than this, it is read again before it is used; in between, it is used and read again behind the request. */
const USABLE_MS = 110_000;
/** In KV a record is used for this long after it was read from the database: a write to KV costs as much as 16 requests. */
const KV_FRESH_MS = 3600_000;
/** An unknown key is not looked up again for this long. */
const UNKNOWN_MS = 30_000;
/** After a failed read, stale records are served without another try for this long. */
const DOWN_MS = 2000;
/** A reading behind a request is not waited for longer than this. */
const MAX_REFRESH_MS = 10_000;
/** KV keeps records this long, for the hours when the database is down. */
const KV_TTL_SECONDS = 24 * 3600;
const MAX_IN_MEMORY = 10_000;

export interface RecordCache {
  get(key: string): Promise<KeyRecord | null>;
  put(key: string, record: KeyRecord, ttlSeconds: number): Promise<void>;
  delete(key: string): Promise<void>;
}

export type Found = Sourced | 'unavailable';
interface Sourced {
  record: KeyRecord | undefined;
  from: RecordSource;
}

const cacheKey = ({ by, value }: Lookup): string => `${by}:${value}`;

/** What was read, and when; undefined is an unknown key. */
interface Remembered {
  record: KeyRecord | undefined;
  heldSinceMs: number;
}

/** Reads past the memory, into it. */
function createRecordReader(
  store: KeyStore,
  kv: RecordCache,
  memory: Map<string, Remembered>,
  now: () => number,
) {
  let downUntilMs = 0;

  function remember(key: string, record: KeyRecord | undefined): void {
    memory.delete(key);
    memory.set(key, { record, heldSinceMs: now() });
    dropOldest(memory, MAX_IN_MEMORY);
  }

  async function readDatabase(lookup: Lookup): Promise<KeyRecord | undefined> {
    try {
      const record = await store.find(lookup);
      downUntilMs = 0;
      remember(cacheKey(lookup), record);
      if (record) await kv.put(cacheKey(lookup), record, KV_TTL_SECONDS).catch(() => undefined);
      return record;
    } catch (error) {
      downUntilMs = now() + DOWN_MS;
      throw error;
    }
  }

  async function readThrough(lookup: Lookup): Promise<Sourced> {
    const cached = await kv.get(cacheKey(lookup)).catch(() => null);
    if (cached && now() - cached.loadedMs < KV_FRESH_MS) {
      remember(cacheKey(lookup), cached);
      return { record: cached, from: 'kv' };
    }
    if (cached && now() < downUntilMs) return { record: cached, from: 'kv' };
    try {
      return { record: await readDatabase(lookup), from: 'postgres' };
    } catch (error) {
      if (cached) return { record: cached, from: 'kv' };
      throw error;
    }
  }

  return { readDatabase, readThrough, isDown: (): boolean => now() < downUntilMs };
}

export function createKeyDirectory(store: KeyStore, kv: RecordCache, now: () => number) {
  const memory = new Map<string, Remembered>();
  const { readDatabase, readThrough, isDown } = createRecordReader(store, kv, memory, now);
  /** Being read behind a request, and since when: a request that ends may take its reading with it. */
  const refreshing = new Map<string, number>();

  function refresh(lookup: Lookup, keepAlive: (work: Promise<unknown>) => void): void {
    const key = cacheKey(lookup);
    if (now() - (refreshing.get(key) ?? Number.NEGATIVE_INFINITY) < MAX_REFRESH_MS) return;
    refreshing.set(key, now());
    dropOldest(refreshing, MAX_IN_MEMORY);
    const work = readThrough(lookup).finally(() => refreshing.delete(key));
    keepAlive(work.catch(() => undefined));
  }

  return {
    /** `keepAlive`: lets a read behind the request outlive it. */
    find(lookup: Lookup, keepAlive: (work: Promise<unknown>) => void): Soon<Found> {
      const known = memory.get(cacheKey(lookup));
      const ageMs = known ? now() - known.heldSinceMs : Number.POSITIVE_INFINITY;
      if (known && ageMs < (known.record ? FRESH_MS : UNKNOWN_MS))
        return { record: known.record, from: 'memory' };
      if (known?.record && (ageMs < USABLE_MS || isDown())) {
        if (!isDown()) refresh(lookup, keepAlive);
        return { record: known.record, from: 'memory' };
      }
      return readThrough(lookup).catch(
        (): Found => (known?.record ? { record: known.record, from: 'memory' } : 'unavailable'),
      );
    },
    /** Whether a record is in memory: then its key is no stranger. */
    remembers: (lookup: Lookup): boolean => memory.get(cacheKey(lookup))?.record !== undefined,
    /** As the database has it; where that cannot be asked, as it was known last. */
    async newest(lookup: Lookup, keepAlive: (work: Promise<unknown>) => void): Promise<Found> {
      const found = await this.fresh(lookup);
      return found === 'unavailable' ? this.find(lookup, keepAlive) : found;
    },
    /** Past memory and KV. */
    async fresh(lookup: Lookup): Promise<Found> {
      try {
        return { record: await readDatabase(lookup), from: 'postgres' };
      } catch {
        return 'unavailable';
      }
    },
    /** After a change made here: forgets the record in this isolate and in KV. */
    async forget(lookups: readonly Lookup[]): Promise<void> {
      for (const lookup of lookups) memory.delete(cacheKey(lookup));
      await Promise.all(lookups.map((lookup) => kv.delete(cacheKey(lookup)).catch(() => undefined)));
    },
  };
}

export type KeyDirectory = ReturnType<typeof createKeyDirectory>;
