// Addresses that operators have blocked, as an edge knows them. Fails open.

import { isInRanges } from '../core/ip-list.ts';
import type { EdgeList } from './edge-list.ts';

export interface BlockedRange {
  range: string;
  /** ms; null is until it is lifted. */
  untilMs: number | null;
}

export function createAddressBlocks(list: EdgeList<BlockedRange>, now: () => number) {
  return {
    /** From memory. */
    isBlocked(ip: string, keepAlive: (work: Promise<unknown>) => void): boolean {
      const ranges = list.current(keepAlive) ?? [];
      return ranges.some(
        ({ range, untilMs }) => (untilMs === null || untilMs > now()) && isInRanges(ip, [range]),
      );
    },
    publish: list.publish,
  };
}

export type AddressBlocks = ReturnType<typeof createAddressBlocks>;
