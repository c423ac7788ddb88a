// The catalogue in force. In this isolate's memory, then KV, then Postgres, then as it came with the Worker: all but Postgres
// may be old. The limiter says when a call was judged by an older one; what the catalogue itself refuses is looked up again
// before it is refused. So a change is in force everywhere as soon as the partners' objects have heard its number.
// Each request reads for itself: one that waited for another's promise would be cancelled with it.

import type { Catalog, CatalogDocument } from './catalog.ts';
import type { CatalogStore, Published } from './catalog-store.ts';
import { PublishedCatalog } from './published-catalog.ts';

/** What is older is looked up again before anybody is refused by it. Half of what is promised: looking takes time, too. */
const CONFIRMED_MS = 500;
/** After a failed look, nobody looks for this long. */
const DOWN_MS = 2000;
/** Of the documents of a catalogue that is changed again while they are read. */
const MAX_READS = 5;

export interface CatalogCache {
  get(): Promise<Published | null>;
  put(published: Published): Promise<void>;
}

export interface LiveCatalogPorts {
  /** What came with the Worker: in force until an API of the same id is published. */
  bundled: readonly CatalogDocument[];
  store: CatalogStore;
  cache: CatalogCache;
  now(): number;
  log(line: Record<string, unknown>): void;
}

/** Reads into `held`. */
function createReader({ store, cache, now, log }: LiveCatalogPorts, held: PublishedCatalog) {
  let downUntilMs = Number.NEGATIVE_INFINITY;
  let isLoaded = false;

  /** One that does not fit is not taken: what was in force stays. */
  function adopt(next: Published): void {
    const { version } = next;
    const isNewer = version > held.current.version;
    try {
      const leftOut = held.adopt(next);
      const unfit = isNewer ? held.current.unfit.map(({ id }) => id) : [];
      if (leftOut.length > 0) log({ message: 'apis left out', level: 'error', version, apis: leftOut });
      if (unfit.length > 0) log({ message: 'policies unfit', level: 'error', version, policies: unfit });
    } catch (error) {
      log({ message: 'catalogue not adopted', level: 'error', version, error: String(error) });
    }
  }

  const isDown = (): boolean => now() < downUntilMs;
  function failed(error: unknown): void {
    downUntilMs = now() + DOWN_MS;
    const { version } = held.current;
    log({ message: 'catalogue not read', level: 'warn', version, error: String(error) });
  }
  async function fromStore(): Promise<void> {
    const next = await store.published();
    adopt(next);
    await cache
      .put(next)
      .catch((error) => log({ message: 'catalogue not cached', level: 'warn', error: String(error) }));
  }
  /** Whether there was one. */
  async function fromCache(): Promise<boolean> {
    const cached = await cache.get().catch(() => null);
    if (cached) adopt(cached);
    return cached !== null;
  }

  /** From KV, or Postgres where there is nothing. What neither has came with the Worker. */
  async function load(): Promise<void> {
    if (!(await fromCache()) && !isDown()) await fromStore().catch(failed);
    isLoaded = true;
  }

  return {
    isDown,
    failed,
    fromStore,
    fromCache,
    loading: (): Promise<void> | undefined => (isLoaded ? undefined : load()),
    /** The documents of all APIs. What is published meanwhile lacks them again. */
    async complete(): Promise<void> {
      for (let reads = 0; !held.isWhole && reads < MAX_READS; reads++)
        await held.complete((apis) => store.documents(apis));
      if (!held.isWhole) throw new Error('the catalogue lacks documents');
    },
  };
}

export function createLiveCatalog(ports: LiveCatalogPorts) {
  const { store, now } = ports;
  const held = new PublishedCatalog(ports.bundled);
  const reader = createReader(ports, held);
  const { fromStore, fromCache, complete, isDown, failed } = reader;
  /** When somebody began to look, last, and when they did whose answer is here. */
  let lookedMs = Number.NEGATIVE_INFINITY;
  let confirmedMs = Number.NEGATIVE_INFINITY;

  /** Past memory and KV. Whether there is a newer one now. */
  async function refresh(): Promise<boolean> {
    const { version } = held.current;
    const startedMs = now();
    lookedMs = startedMs;
    try {
      await fromStore();
      confirmedMs = startedMs;
    } catch (error) {
      failed(error);
      // Whoever published it wrote it there, too.
      await fromCache();
    }
    return held.current.version > version;
  }

  /** Whether there is a newer one than that now: asked for twice a second, and not while nobody answers. */
  async function confirm(judgedBy: number): Promise<boolean> {
    if (held.current.version <= judgedBy && now() - confirmedMs >= CONFIRMED_MS && !isDown()) {
      const startedMs = now();
      lookedMs = startedMs;
      try {
        if ((await store.version()) > held.current.version) await refresh();
        confirmedMs = Math.max(confirmedMs, startedMs);
      } catch (error) {
        failed(error);
      }
    }
    return held.current.version > judgedBy;
  }

  return {
    get current(): Catalog {
      return held.current;
    },
    /** To be waited for before the first use; undefined afterwards. */
    loading: reader.loading,
    refresh,
    confirm,
    /** The document of a version of an API. */
    documentOf: (api: string, date: string) => store.documentOf(api, date),
    /**
     * With all of its documents, for those who show them: as it was half a second ago, or while another request looks; or as it
     * is `now`, for those who change it.
     */
    async whole(asOf?: 'now'): Promise<Catalog> {
      await reader.loading();
      if (asOf === 'now') {
        if ((await store.version()) > held.current.version) await refresh();
        await complete();
      } else {
        if (now() - lookedMs >= CONFIRMED_MS) await confirm(held.current.version);
        await complete().catch(failed);
      }
      return held.current;
    },
  };
}

export type LiveCatalog = ReturnType<typeof createLiveCatalog>;
