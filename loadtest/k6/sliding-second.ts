// Whether more calls were admitted in some second than a limit allows, as a client can know it. Pure: no k6.

/** Of an admitted call: when it was sent and when its answer was there, ms. It was counted somewhere in between. */
export interface Admitted {
  sentMs: number;
  answeredMs: number;
}

const SECOND_MS = 1000;

/**
 * The most admitted calls that lie within one second for certain, wherever that second begins: from the sending of its
 * first to the answer of its last.
 */
export function worstSecond(admitted: readonly Admitted[]): number {
  const calls = [...admitted].sort((a, b) => a.sentMs - b.sentMs);
  let worst = 0;
  for (const [first, { sentMs }] of calls.entries()) {
    const within = calls.slice(first).filter(({ answeredMs }) => answeredMs < sentMs + SECOND_MS);
    worst = Math.max(worst, within.length);
  }
  return worst;
}
