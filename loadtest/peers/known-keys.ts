// The key check that every peer is given, and the cheapest that is honest: the hash of what was presented is looked up
// in memory.

import { sha256Hex } from '../../src/core/encoding.ts';

export const PEER_KEY = 'pk_live_a-key-of-the-benchmark';

/** @param hashes SHA-256 of each key, hex */
export async function isKnown(
  authorization: string | undefined,
  hashes: ReadonlySet<string>,
): Promise<boolean> {
  const key = /^Bearer (.+)$/.exec(authorization ?? '')?.[1];
  return key !== undefined && hashes.has(await sha256Hex(key));
}
