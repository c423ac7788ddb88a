// Addresses that operators have blocked, as an edge knows them: a list in KV, kept in memory and read again in the
// background, so that a request never waits for it. Staleness: REFRESH_MS here, and up to a minute in KV.
// Fails open: while KV does not answer, the list stays as it was.

import { isInRanges } from '../keys/ip-list.ts';

const REFRESH_MS = 20_000;
/** KV's own edge cache: the shortest it takes. */
const EDGE_CACHE_SECONDS = 30;
const KEY = 'address-blocks';

export interface BlockedRange {
  range: string;
  /** ms; null is until it is lifted. */
  untilMs: number | null;
}

export function createAddressBlocks(
  kv: KVNamespace,
  now: () => number,
  log: (line: Record<string, unknown>) => void,
) {
  let ranges: readonly BlockedRange[] = [];
  let readMs = 0;

  async function refresh(): Promise<void> {
    try {
      ranges = (await kv.get<BlockedRange[]>(KEY, { type: 'json', cacheTtl: EDGE_CACHE_SECONDS })) ?? [];
    } catch (error) {
      log({ message: 'address blocks not read', level: 'warn', error: String(error) });
    }
  }

  return {
    /** From memory. */
    isBlocked(ip: string, keepAlive: (work: Promise<unknown>) => void): boolean {
      if (now() - readMs >= REFRESH_MS) {
        readMs = now();
        keepAlive(refresh());
      }
      if (ranges.length === 0) return false;
      return ranges.some(
        ({ range, untilMs }) => (untilMs === null || untilMs > now()) && isInRanges(ip, [range]),
      );
    },
    /** To all edges. */
    async publish(current: readonly BlockedRange[]): Promise<void> {
      await kv.put(KEY, JSON.stringify(current));
      ranges = current;
    },
  };
}

export type AddressBlocks = ReturnType<typeof createAddressBlocks>;
