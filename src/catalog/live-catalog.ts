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

  /** One that does not fit is not taken: what was in force stays. */
  function adopt(next: Published): void {
    try {
      held.adopt(next);
    } catch (error) {
      log({ message: 'catalogue not adopted', level: 'error', version: next.version, error: String(error) });
    }
  }

  return {
    isDown: (): boolean => now() < downUntilMs,
    failed(error: unknown): void {
      downUntilMs = now() + DOWN_MS;
      const { version } = held.current;
      log({ message: 'catalogue not read', level: 'warn', version, error: String(error) });
    },
    async fromStore(): Promise<void> {
      const next = await store.published();
      adopt(next);
      await cache.put(next).catch(() => undefined);
    },
    /** Whether there was one. */
    async fromCache(): Promise<boolean> {
      const cached = await cache.get().catch(() => null);
      if (cached) adopt(cached);
      return cached !== null;
    },
  };
}

export function createLiveCatalog(ports: LiveCatalogPorts) {
  const { store, now } = ports;
  const held = new PublishedCatalog(ports.bundled);
  const { fromStore, fromCache, isDown, failed } = createReader(ports, held);
  let isLoaded = false;
  /** When somebody began to look, last, and when they did whose answer is here. */
  let lookedMs = Number.NEGATIVE_INFINITY;
  let confirmedMs = Number.NEGATIVE_INFINITY;

  /** From KV, or Postgres where there is nothing. What neither has came with the Worker. */
  async function load(): Promise<void> {
    if (!(await fromCache()) && !isDown()) await fromStore().catch(failed);
    isLoaded = true;
  }

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
    loading: (): Promise<void> | undefined => (isLoaded ? undefined : load()),
    refresh,
    confirm,
    /** The document of a version of an API. */
    documentOf: (api: string, date: string) => store.documentOf(api, date),
    /**
     * With all of its documents, for those who show them: as it was half a second ago, or while another request looks; or as it
     * is `now`, for those who change it.
     */
    async whole(asOf?: 'now'): Promise<Catalog> {
      if (!isLoaded) await load();
      if (asOf === 'now')
        await store.version().then((version) => version > held.current.version && refresh());
      else if (now() - lookedMs >= CONFIRMED_MS) await confirm(held.current.version);
      if (!held.isWhole) await held.complete((apis) => store.documents(apis)).catch(failed);
      return held.current;
    },
  };
}

export type LiveCatalog = ReturnType<typeof createLiveCatalog>;
