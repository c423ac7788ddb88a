// A list that every edge knows: in KV, kept in memory and read again in the background, so that a request never waits
// for it. Staleness: REFRESH_MS here, and up to a minute in KV. While KV does not answer, the list stays as it was.

const REFRESH_MS = 20_000;
/** KV's own edge cache: the shortest it takes. */
const EDGE_CACHE_SECONDS = 30;

export function createEdgeList<Item>(
  kv: KVNamespace,
  key: string,
  now: () => number,
  log: (line: Record<string, unknown>) => void,
) {
  let items: readonly Item[] | undefined;
  let readMs = 0;

  async function read(): Promise<readonly Item[] | undefined> {
    readMs = now();
    try {
      const published = await kv.get<Item[]>(key, { type: 'json', cacheTtl: EDGE_CACHE_SECONDS });
      if (published) items = published;
    } catch (error) {
      log({ message: 'edge list not read', level: 'warn', list: key, error: String(error) });
    }
    return items;
  }

  async function publish(wanted: readonly Item[]): Promise<void> {
    items = wanted;
    // For so long the edge's cache may still say what was before.
    readMs = now() + EDGE_CACHE_SECONDS * 1000;
    await kv.put(key, JSON.stringify(wanted));
  }

  return {
    /** From memory; undefined until it was read or published. */
    current(keepAlive: (work: Promise<unknown>) => void): readonly Item[] | undefined {
      if (now() - readMs >= REFRESH_MS) keepAlive(read());
      return items;
    },
    /** From KV, unless that was done less than `atMostEveryMs` ago. */
    async fresh(atMostEveryMs: number): Promise<readonly Item[] | undefined> {
      return now() - readMs < atMostEveryMs ? items : read();
    },
    /** To all edges. */
    publish,
    /** To all edges, where KV has another. What it had long ago may look like what it has: asked again, it will not. */
    async republish(wanted: readonly Item[]): Promise<void> {
      if (JSON.stringify(wanted) !== JSON.stringify(await read())) await publish(wanted);
    },
  };
}

export type EdgeList<Item> = ReturnType<typeof createEdgeList<Item>>;
